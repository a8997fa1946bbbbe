#include "platform/http/multipart.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "platform/http/characters.hpp"
#include "platform/http/gate.hpp"
#include "platform/http/uri.hpp"

namespace townhall::http {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;
constexpr std::size_t kLongestBoundary = 70;
constexpr std::size_t kMostPadding = 64;  // blanks behind a boundary

[[noreturn]] void broken(const char* why) { throw BodyError(400, why); }

// Takes a quoted string off `rest`. Only \" and \\ are escapes: old browsers send C:\paths as they are.
std::optional<std::string> take_quoted(std::string_view& rest) {
    std::string value;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] == '"') {
            rest.remove_prefix(i + 1);
            return value;
        }
        if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\')) ++i;
        value += rest[i];
    }
    return std::nullopt;
}

// Takes `; name=value` off `rest`. False at the end, or when it is malformed (then `rest` is not empty).
bool take_parameter(std::string_view& rest, std::string_view& name, std::string& value) {
    rest = trimmed(rest);
    if (!rest.starts_with(';')) return false;
    const std::string_view whole = rest;
    rest = trimmed(rest.substr(1));
    if (rest.empty()) return false;  // a semicolon too many is harmless
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) {
        rest = whole;
        return false;
    }
    name = trimmed(rest.substr(0, equals));
    rest = trimmed(rest.substr(equals + 1));
    if (rest.starts_with('"')) {
        auto quoted = take_quoted(rest);
        if (!quoted) return false;
        value = *std::move(quoted);
    } else {
        const std::size_t end = std::min(rest.find(';'), rest.size());
        value.assign(trimmed(rest.substr(0, end)));
        rest.remove_prefix(end);
    }
    return true;
}

std::string_view media_type(std::string_view value) { return trimmed(value.substr(0, value.find(';'))); }

bool parse_disposition(std::string_view value, Part& part, bool& has_name) {
    if (!equal_without_case(media_type(value), "form-data")) return false;
    std::string_view rest = value.substr(std::min(value.find(';'), value.size()));
    std::string_view name;
    std::string text;
    while (take_parameter(rest, name, text)) {
        if (equal_without_case(name, "name") && !std::exchange(has_name, true)) part.name = text;
        if (equal_without_case(name, "filename") && !part.filename) part.filename = text;
    }
    const auto sound = [](std::string_view t) { return is_utf8(t) && !t.contains('\0'); };
    return rest.empty() && sound(part.name) && sound(part.filename.value_or(""));
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
    if (!equal_without_case(media_type(content_type), "multipart/form-data")) return std::nullopt;
    std::string_view rest = content_type.substr(std::min(content_type.find(';'), content_type.size()));
    std::string_view name;
    std::string value;
    while (take_parameter(rest, name, value)) {
        if (!equal_without_case(name, "boundary")) continue;
        const bool sound = !value.empty() && value.size() <= kLongestBoundary && value.back() != ' ' &&
                           std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7f; });
        return sound ? std::optional(value) : std::nullopt;
    }
    return std::nullopt;
}

std::optional<Part> parse_part_header(std::string_view fields) {
    Part part;
    bool has_disposition = false;
    bool has_name = false;
    while (!fields.empty()) {
        const std::size_t end = fields.find("\r\n");
        const std::string_view line = fields.substr(0, end);
        fields.remove_prefix(end == std::string_view::npos ? fields.size() : end + 2);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) return std::nullopt;
        const std::string_view name = line.substr(0, colon);
        const std::string_view value = trimmed(line.substr(colon + 1));
        if (equal_without_case(name, "content-disposition")) {
            if (std::exchange(has_disposition, true) || !parse_disposition(value, part, has_name)) return std::nullopt;
        } else if (equal_without_case(name, "content-type")) {
            part.content_type = value;
        }
    }
    return has_name ? std::optional(std::move(part)) : std::nullopt;
}

MultipartReader::MultipartReader(BodyReader& body, std::string_view boundary, Bounds bounds)
    : body_(body), delimiter_("\r\n--" + std::string(boundary)), bounds_(bounds), buffer_(kBuffer) {
    // The first boundary may open the body: with a line end before it, it looks like the others.
    buffer_[0] = '\r';
    buffer_[1] = '\n';
    end_ = 2;
    bounds_.part_header_bytes = std::min(bounds_.part_header_bytes, kBuffer / 2);
}

Task<void> MultipartReader::more() {
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    const std::size_t count = co_await body_.read(std::span(buffer_).subspan(end_));
    if (count == 0) broken("The multipart body ends early.");
    end_ += count;
}

// Finds out how much of what is held lies before the next delimiter. True: the delimiter itself is held, behind it.
bool MultipartReader::find_plain() {
    const std::string_view bytes = held();
    const void* found = ::memmem(bytes.data(), bytes.size(), delimiter_.data(), delimiter_.size());
    if (found != nullptr) {
        plain_ = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
        return true;
    }
    // A delimiter may begin in the last bytes, with its CR.
    const std::size_t tail = bytes.size() - std::min(bytes.size(), delimiter_.size() - 1);
    plain_ = std::min(bytes.find('\r', tail), bytes.size());
    return false;
}

// Drops everything before the next delimiter, and the delimiter.
Task<void> MultipartReader::to_delimiter() {
    std::size_t dropped = 0;
    for (;;) {
        const bool found = find_plain();
        dropped += plain_;
        drop(std::exchange(plain_, 0));
        if (state_ == State::preamble && dropped > bounds_.preamble_bytes)
            broken("The multipart body has no boundary.");
        if (found) {
            drop(delimiter_.size());
            co_return;
        }
        co_await more();
    }
}

// Reads what follows a delimiter: a line end before the next part, or "--" at the end of all.
Task<bool> MultipartReader::another_part() {
    std::size_t padding = 0;
    for (;;) {
        while (held().size() < 2) co_await more();
        const std::string_view bytes = held();
        if (padding == 0 && bytes.starts_with("--")) co_return false;
        if (bytes.starts_with("\r\n")) co_return true;
        if ((bytes.front() != ' ' && bytes.front() != '\t') || ++padding > kMostPadding) {
            broken("A multipart boundary is malformed.");
        }
        drop(1);
    }
}

// The line end of the boundary is still held: so an empty header looks like the others.
Task<Part> MultipartReader::read_part_header() {
    constexpr std::string_view kEnd = "\r\n\r\n";
    std::size_t end = held().find(kEnd);
    while (end == std::string_view::npos) {
        if (held().size() >= bounds_.part_header_bytes + kEnd.size()) break;
        co_await more();
        end = held().find(kEnd);
    }
    if (end > bounds_.part_header_bytes) broken("A part's header is too large.");
    auto part = parse_part_header(held().substr(2, end < 2 ? 0 : end - 2));
    if (!part) broken("A part's header is malformed.");
    // A part without data may end by the very line end that closes its header (RFC 2046, section 5.1.1).
    drop(end + 2);
    while (held().size() < delimiter_.size()) co_await more();
    if (!held().starts_with(delimiter_)) drop(2);
    co_return *std::move(part);
}

// What follows the last boundary means nothing, but must be read for the connection to go on.
Task<void> MultipartReader::read_epilogue() {
    std::array<char, 1024> away;
    std::size_t total = held().size();
    for (;;) {
        const std::size_t count = co_await body_.read(away);
        total += count;
        if (total > bounds_.preamble_bytes) broken("Too much follows the last boundary.");
        if (count == 0) co_return;
    }
}

Task<std::optional<Part>> MultipartReader::next_part() {
    if (state_ == State::ended) co_return std::nullopt;
    co_await to_delimiter();
    if (!co_await another_part()) {
        state_ = State::ended;
        co_await read_epilogue();
        co_return std::nullopt;
    }
    if (++parts_ > bounds_.parts) broken("There are too many parts.");
    Part part = co_await read_part_header();
    state_ = State::data;
    co_return part;
}

Task<std::size_t> MultipartReader::read(std::span<char> into) {
    if (state_ != State::data || into.empty()) co_return 0;
    while (plain_ == 0) {
        if (find_plain() && plain_ == 0) co_return 0;
        if (plain_ == 0) co_await more();
    }
    const std::size_t count = std::min(plain_, into.size());
    std::memcpy(into.data(), held().data(), count);
    plain_ -= count;
    drop(count);
    co_return count;
}

}  // namespace townhall::http
