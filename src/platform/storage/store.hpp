#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "platform/task.hpp"

/// Files by key. Keys are made by us, never taken from a client: lower-case letters, digits, `.`, `_`, `-`, and `/`
/// between parts; no part empty or beginning with a dot; at most 512 bytes.
namespace townhall::storage {

/// No room is left (or a quota is reached): answered 507.
struct StorageFull : std::runtime_error {
    StorageFull() : std::runtime_error("the storage is full") {}
};

/// The storage can't be used: answered 503.
struct StorageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// There is no object of that key.
struct NoSuchObject : std::runtime_error {
    NoSuchObject() : std::runtime_error("no such object") {}
};

/// A key that breaks the rules above: a mistake of ours.
struct InvalidKey : std::invalid_argument {
    InvalidKey() : std::invalid_argument("not a storage key") {}
};

[[nodiscard]] bool valid_key(std::string_view key);

/// Writes one object, which becomes visible, whole and durable, only by `commit`. Destroyed without it, nothing is
/// left. One call at a time.
class Writer {
  public:
    virtual ~Writer() = default;

    /// Appends. Throws `StorageFull`, `StorageError`.
    virtual Task<void> write(std::string_view bytes) = 0;

    /// Makes the object visible, in place of an older one of the same key. Call once, last.
    virtual Task<void> commit() = 0;

    /// Bytes written so far.
    [[nodiscard]] virtual std::uint64_t size() const = 0;
};

/// Reads one object from its beginning. One call at a time.
class Reader {
  public:
    virtual ~Reader() = default;

    /// Reads at least one byte into `buffer`; 0 means the end.
    virtual Task<std::size_t> read(std::span<char> buffer) = 0;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
};

struct Object {
    std::string key;
    std::uint64_t size = 0;
    std::chrono::system_clock::time_point modified = {};  // when it became visible, or shortly before
};

/// Every operation throws `InvalidKey` on a bad key and `StorageError` when the storage can't be used.
class ObjectStore {
  public:
    virtual ~ObjectStore() = default;

    /// Begins an object. With `expected_size`, throws `StorageFull` at once when that won't fit.
    virtual Task<std::unique_ptr<Writer>> create(std::string key, std::optional<std::uint64_t> expected_size = {}) = 0;

    /// Throws `NoSuchObject`.
    virtual Task<std::unique_ptr<Reader>> open(std::string key) = 0;

    /// The size in bytes, or nothing where there is no such object.
    virtual Task<std::optional<std::uint64_t>> size(std::string key) = 0;

    /// Removes the object; removing what isn't there is no error.
    virtual Task<void> remove(std::string key) = 0;

    /// Objects whose key begins with `prefix` and comes after `after`, in byte order, at most `limit`.
    virtual Task<std::vector<Object>> list(std::string prefix, std::string after = {}, std::size_t limit = 1'000) = 0;

    /// Where the object is as a file that other code may read (never write), or nothing for a store that isn't local.
    /// Says nothing about whether the object exists.
    [[nodiscard]] virtual std::optional<std::filesystem::path> local_path(std::string_view key) const = 0;

    /// Bytes that can still be written, as far as the store can tell.
    virtual Task<std::uint64_t> free_bytes() = 0;
};

}  // namespace townhall::storage
