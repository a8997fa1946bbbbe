#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "platform/observe/cpu_pool.hpp"
#include "platform/storage/store.hpp"

/// Files of the local store. Everything here blocks, and runs on the pool.
namespace townhall::storage {

/// Bytes handed to the kernel at once.
inline constexpr std::size_t kChunk = 256 * 1024;

/// Throws what an errno means: StorageFull, NoSuchObject or StorageError.
[[noreturn]] void throw_failure(int error);

/// Creates a folder and its missing parents (mode 0700), durably.
void make_folders(const std::filesystem::path& folder);

/// Makes the names in a folder durable.
void sync_folder(const std::filesystem::path& folder);

/// An open descriptor.
class File {
  public:
    explicit File(int fd) : fd_(fd) {}
    File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    File& operator=(File&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~File();

    /// Opens a regular file for reading. Throws `NoSuchObject`.
    static File open(const std::filesystem::path& path);

    std::size_t read(std::span<char> buffer);
    void write(std::string_view bytes);
    void sync();
    [[nodiscard]] std::uint64_t size() const;
    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_;
};

/// A locked file of a random name that is gone again unless it is kept.
class TemporaryFile {
  public:
    explicit TemporaryFile(const std::filesystem::path& folder);
    TemporaryFile(TemporaryFile&& other) noexcept
        : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}
    TemporaryFile& operator=(TemporaryFile&&) = delete;
    ~TemporaryFile();

    void write(std::string_view bytes) { file_.write(bytes); }

    /// Syncs it and renames it.
    void keep_as(const std::filesystem::path& target);

  private:
    std::filesystem::path path_;  // empty once kept or moved from
    File file_;
};

class LocalWriter final : public Writer {
  public:
    LocalWriter(TemporaryFile file, std::filesystem::path target, observe::CpuPool& pool)
        : file_(std::move(file)), target_(std::move(target)), pool_(pool) {}
    ~LocalWriter() override;

    Task<void> write(std::string_view bytes) override;
    Task<void> commit() override;
    [[nodiscard]] std::uint64_t size() const override { return size_; }

  private:
    Task<void> write_buffer();

    std::optional<TemporaryFile> file_;  // none once committed
    std::filesystem::path target_;
    observe::CpuPool& pool_;
    std::string buffer_;  // at most kChunk
    std::uint64_t size_ = 0;
};

}  // namespace townhall::storage
