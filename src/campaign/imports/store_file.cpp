#include <algorithm>

#include "campaign/imports/operations.hpp"
#include "platform/guard/hash.hpp"
#include "platform/http/multipart.hpp"

namespace townhall::campaign {

namespace {

/// The last part of whatever path the client sent, for display: bounded, without control characters.
std::optional<std::string> display_name(const std::optional<std::string>& sent) {
    if (!sent) return std::nullopt;
    std::string name = sent->substr(sent->find_last_of("/\\") + 1);
    std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (name.size() > 200 || !http::is_utf8(name)) name.resize(std::min<std::size_t>(name.size(), 200));
    while (!name.empty() && !http::is_utf8(name)) name.pop_back();
    return name.empty() ? std::nullopt : std::optional(name);
}

/// The digest of a file while it passes, made beside the requests where the pool has room.
class PassingDigest {
  public:
    explicit PassingDigest(observe::CpuPool& pool) : pool_(pool) {}

    Task<void> add(std::string_view bytes) {
        try {
            co_await pool_.run([this, bytes] { hash_.add(bytes); });
            co_return;
        } catch (const observe::Overloaded&) {
        }
        hash_.add(bytes);
    }
    [[nodiscard]] std::string text() { return guard::base64url(hash_.digest()); }

  private:
    observe::CpuPool& pool_;
    guard::Sha256 hash_;
};

Task<std::uint64_t> copy_part(http::MultipartReader& form, storage::Writer& writer, PassingDigest* digest) {
    std::vector<char> buffer(256 * 1024);
    for (std::size_t used = 0;;) {
        const std::size_t got = co_await form.read(std::span(buffer).subspan(used));
        used += got;
        // Whole buffers: a write costs a trip to another thread.
        if (got == 0 || used == buffer.size()) {
            const std::string_view bytes(buffer.data(), used);
            if (used > 0 && digest) co_await digest->add(bytes);
            if (used > 0) co_await writer.write(bytes);
            used = 0;
        }
        if (got == 0) co_return writer.size();
    }
}

/// Where a fault lies, for names that can be shown; else the whole form.
std::string pointer_to(const std::string& name) {
    const bool plain = std::ranges::none_of(
        name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '/' || c == '~'; });
    return plain && name.size() <= 200 && http::is_utf8(name) ? "/" + name : "";
}

/// An option in the form, or another file, would be ignored without a word: `dry_run` there would write data.
std::optional<api::Error> refuse_part(const http::Part& part, bool has_file) {
    if (part.name != "file")
        return api::invalid(pointer_to(part.name), "unknown",
                            "No such part: the form has one, named file. Options are query parameters.");
    if (has_file) return api::invalid("/file", "repeated", "Send one file at a time.");
    return std::nullopt;
}

Task<Result<Stored>> take_file(storage::ObjectStore& store, http::Request& request, std::uint64_t most_bytes,
                               std::string key, observe::CpuPool* hash_on) {
    const auto type = request.header("content-type");
    const auto boundary = type ? http::multipart_boundary(*type) : std::nullopt;
    if (!boundary)
        co_return std::unexpected(
            api::Error(api::kUnsupportedMedia, "Send multipart/form-data with a part named file."));
    if (!request.header("content-length") && !request.header("transfer-encoding"))
        co_return std::unexpected(api::Error(api::kLengthRequired));
    constexpr std::uint64_t kAround = 64 * 1024;  // of boundaries and part headers
    request.body->set_limit(most_bytes + kAround);

    std::optional<std::uint64_t> expected = request.body->length();
    http::MultipartReader form(*request.body, *boundary);
    std::unique_ptr<storage::Writer> writer;
    std::optional<Stored> stored;
    while (const auto part = co_await form.next_part()) {
        if (auto refused = refuse_part(*part, stored.has_value())) co_return std::unexpected(*std::move(refused));
        writer = co_await store.create(key, expected);
        std::optional<PassingDigest> digest;
        if (hash_on) digest.emplace(*hash_on);
        const std::uint64_t size = co_await copy_part(form, *writer, digest ? &*digest : nullptr);
        if (size > most_bytes) co_return std::unexpected(api::Error(api::kTooLarge));
        if (size == 0) co_return std::unexpected(api::invalid("/file", "required", "The file is empty."));
        stored = Stored{key, display_name(part->filename), size, digest ? digest->text() : ""};
    }
    if (!stored) co_return std::unexpected(api::invalid("/file", "required", "No part is named file."));
    co_await writer->commit();  // now that the request is whole: of one that was cut, nothing stays
    co_return *std::move(stored);
}

}  // namespace

Task<Result<Stored>> store_file(storage::ObjectStore& store, http::Request& request, std::uint64_t most_bytes,
                                std::string key, observe::CpuPool* hash_on) {
    try {
        co_return co_await take_file(store, request, most_bytes, std::move(key), hash_on);
    } catch (const storage::StorageFull&) {
        co_return std::unexpected(api::Error(api::kStorageFull));
    } catch (const storage::StorageError&) {
        co_return std::unexpected(api::unavailable(5, "The storage can't be used at the moment."));
    }
}

}  // namespace townhall::campaign
