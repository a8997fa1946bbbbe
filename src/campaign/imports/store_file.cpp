#include "campaign/imports/operations.hpp"
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

Task<std::uint64_t> copy_part(http::MultipartReader& form, storage::Writer& writer) {
    std::vector<char> buffer(256 * 1024);
    for (std::size_t used = 0;;) {
        const std::size_t got = co_await form.read(std::span(buffer).subspan(used));
        used += got;
        // Whole buffers: a write costs a trip to another thread.
        if (got == 0 || used == buffer.size()) {
            if (used > 0) co_await writer.write(std::string_view(buffer.data(), used));
            used = 0;
        }
        if (got == 0) co_return writer.size();
    }
}

}  // namespace

namespace {

Task<Result<Stored>> take_file(storage::ObjectStore& store, http::Request& request, std::uint64_t most_bytes,
                               std::string key) {
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
        if (part->name != "file" || stored) continue;
        writer = co_await store.create(key, expected);
        const std::uint64_t size = co_await copy_part(form, *writer);
        if (size > most_bytes) co_return std::unexpected(api::Error(api::kTooLarge));
        if (size == 0) co_return std::unexpected(api::invalid("/file", "required", "The file is empty."));
        stored = Stored{key, display_name(part->filename), size};
    }
    if (!stored) co_return std::unexpected(api::invalid("/file", "required", "No part is named file."));
    co_await writer->commit();  // now that the request is whole: of one that was cut, nothing stays
    co_return *std::move(stored);
}

}  // namespace

Task<Result<Stored>> store_file(storage::ObjectStore& store, http::Request& request, std::uint64_t most_bytes,
                                std::string key) {
    try {
        co_return co_await take_file(store, request, most_bytes, std::move(key));
    } catch (const storage::StorageFull&) {
        co_return std::unexpected(api::Error(api::kStorageFull));
    } catch (const storage::StorageError&) {
        co_return std::unexpected(api::unavailable(5, "The storage can't be used at the moment."));
    }
}

}  // namespace townhall::campaign
