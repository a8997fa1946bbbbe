// Multipart bodies: any bytes, read whole and in pieces, must be understood the same; and what was put together well
// must come apart into what it was made of. The first two bytes choose the sizes of the pieces.

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/multipart.hpp"
#include "platform/http/uri.hpp"

namespace {

using namespace townhall;
using namespace townhall::http;

constexpr std::string_view kBoundary = "b";
constexpr std::string_view kDelimiter = "\r\n--b";
constexpr MultipartReader::Bounds kBounds{.part_header_bytes = 128, .parts = 8, .preamble_bytes = 64};

void require(bool condition) {
    if (!condition) std::abort();
}

/// A body that comes in pieces.
class Pieces final : public BodyReader {
  public:
    Pieces(std::string_view bytes, std::size_t piece) : rest_(bytes), piece_(piece) {}
    Task<std::size_t> read(std::span<char> into) override {
        require(!into.empty());
        const std::size_t count = std::min({piece_, into.size(), rest_.size()});
        std::ranges::copy(rest_.substr(0, count), into.begin());
        rest_.remove_prefix(count);
        co_return count;
    }
    [[nodiscard]] std::optional<std::uint64_t> length() const override { return std::nullopt; }
    void set_limit(std::uint64_t /*bytes*/) override {}

  private:
    std::string_view rest_;
    std::size_t piece_;
};

struct Piece {
    std::string name;
    std::string filename;
    std::string content_type;
    std::string data;
    bool operator==(const Piece&) const = default;
};

struct Outcome {
    std::vector<Piece> parts;
    std::string fault;
    bool operator==(const Outcome&) const = default;
};

Task<void> read_all(BodyReader& body, std::size_t room, Outcome& outcome) {
    MultipartReader reader(body, kBoundary, kBounds);
    std::vector<char> buffer(room);
    while (auto part = co_await reader.next_part()) {
        require(is_utf8(part->name) && is_utf8(part->filename.value_or("")));
        outcome.parts.push_back({part->name, part->filename.value_or("-"), part->content_type, ""});
        while (const std::size_t count = co_await reader.read(buffer)) {
            outcome.parts.back().data.append(buffer.data(), count);
        }
    }
}

Outcome parts_of(std::string_view bytes, std::size_t piece, std::size_t room) {
    boost::asio::io_context context(1);
    Pieces body(bytes, piece);
    Outcome outcome;
    boost::asio::co_spawn(context, read_all(body, room, outcome), [&outcome](const std::exception_ptr& thrown) {
        try {
            if (thrown) std::rethrow_exception(thrown);
        } catch (const BodyError& error) {
            require(error.status == 400);
            outcome.fault = error.what();
        }
    });
    context.run();
    require(outcome.parts.size() <= kBounds.parts);
    return outcome;
}

/// Cuts the bytes into values, and puts those together as a browser would. Nothing when one can't be a part's data.
std::optional<std::vector<Piece>> values_of(std::string_view bytes) {
    std::vector<Piece> parts;
    while (!bytes.empty() && parts.size() < kBounds.parts) {
        const std::size_t end = std::min(bytes.find('|'), bytes.size());
        const std::string_view value = bytes.substr(0, end);
        if (value.contains(kDelimiter) || value.starts_with(kDelimiter.substr(2))) return std::nullopt;
        parts.push_back({"n" + std::to_string(parts.size()), "-", "text/plain", std::string(value)});
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
    return parts;
}

std::string put_together(const std::vector<Piece>& parts) {
    std::string body;
    for (const auto& part : parts) {
        body += body.empty() ? kDelimiter.substr(2) : kDelimiter;
        body += "\r\nContent-Disposition: form-data; name=\"" + part.name + "\"\r\nContent-Type: text/plain\r\n\r\n";
        body += part.data;
    }
    return body.append(body.empty() ? kDelimiter.substr(2) : kDelimiter).append("--\r\n");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t piece = 1 + data[0] % 64;
    const std::size_t room = 1 + data[1];
    require(parts_of(bytes, bytes.size(), 4096) == parts_of(bytes, piece, room));
    if (const auto parts = values_of(bytes)) {
        require(parts_of(put_together(*parts), piece, room) == Outcome{*parts, ""});
    }
    static_cast<void>(multipart_boundary(bytes));
    return 0;
}
