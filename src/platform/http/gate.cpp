#include "platform/http/gate.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "platform/http/characters.hpp"
#include "platform/http/uri.hpp"

namespace townhall::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_target(std::string_view target) {
    if (!target.starts_with('/')) return false;
    return std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

// A reg-name, an IPv4 address or an IP literal, with an optional port; never user information, a list, or a path.
bool is_host(std::string_view value) {
    if (!all_of(kHostCharacters, value)) return false;
    const bool literal = value.starts_with('[');
    std::size_t end = std::min(value.find(literal ? ']' : ':'), value.size());
    if (literal && end == value.size()) return false;
    const std::string_view name = value.substr(0, end).substr(literal ? 1 : 0);
    if (literal) ++end;
    const std::string_view port = value.substr(end);
    const bool port_fine = port.empty() || (port.front() == ':' && std::ranges::all_of(port.substr(1), is_digit));
    return port_fine && name.find_first_of("[]") == std::string_view::npos;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// What the fields that decide about framing say, counted: most may come once at most.
struct Deciding {
    std::size_t hosts = 0;
    std::size_t lengths = 0;
    std::size_t codings = 0;
    std::size_t expectations = 0;
    std::string_view host;
    std::string_view length;
    std::string_view coding;
    std::string_view expectation;
    bool close = false;
    bool keep_alive = false;

    void take(std::string_view name, std::string_view value) {
        switch (name.size()) {
            case 4:
                if (equal_without_case(name, "host")) ++hosts, host = value;
                break;
            case 6:
                if (equal_without_case(name, "expect")) ++expectations, expectation = value;
                break;
            case 10:
                if (equal_without_case(name, "connection")) {
                    close = close || has_token(value, "close");
                    keep_alive = keep_alive || has_token(value, "keep-alive");
                }
                break;
            case 14:
                if (equal_without_case(name, "content-length")) ++lengths, length = value;
                break;
            case 17:
                if (equal_without_case(name, "transfer-encoding")) ++codings, coding = value;
                break;
            default:
                break;
        }
    }
};

std::optional<Refusal> check_coding(const Deciding& said, int version) {
    if (said.codings == 0) return std::nullopt;
    if (said.lengths > 0) return Refusal{400, "Both Transfer-Encoding and Content-Length were sent."};
    if (version < 11) return Refusal{400, "Transfer-Encoding needs HTTP/1.1."};
    if (said.codings > 1) return Refusal{400, "Transfer-Encoding was sent more than once."};
    if (!equal_without_case(said.coding, "chunked")) return Refusal{501, "The only transfer coding known is chunked."};
    return std::nullopt;
}

std::optional<Refusal> check_host(const Deciding& said, int version) {
    if (said.hosts > 1) return Refusal{400, "More than one Host was sent."};
    if (said.hosts == 0 && version >= 11) return Refusal{400, "The Host header is missing."};
    if (!is_host(said.host)) return Refusal{400, "The Host header is malformed."};
    return std::nullopt;
}

std::optional<Refusal> check_target(const Head& head, const Limits& limits) {
    if (head.target.size() > limits.target_bytes) return Refusal{414, "The URL is too long."};
    if (!is_target(head.target)) return Refusal{400, "The request target is malformed."};
    return std::nullopt;
}

}  // namespace

std::optional<Refusal> HeadScanner::check_line(std::string_view line) {
    if (has_control(line)) return Refusal{400, "The header holds control characters."};
    if (lines_ > 0 && (line.front() == ' ' || line.front() == '\t')) {
        return Refusal{400, "The header holds a folded line."};
    }
    if (lines_ > limits_->fields) return Refusal{431, "There are too many header fields."};
    return std::nullopt;
}

std::optional<Refusal> HeadScanner::check_length(std::size_t received) const {
    constexpr std::size_t kAroundTarget = 64;  // a method, two spaces, a version
    if (lines_ == 0 && received > limits_->target_bytes + kAroundTarget) return Refusal{414, "The URL is too long."};
    if (received > limits_->header_bytes) return Refusal{431, "The header is too large."};
    return std::nullopt;
}

std::expected<std::size_t, Refusal> HeadScanner::look(std::string_view bytes) {
    // Bytes of another protocol (TLS, say) may hold no line end for long: they are refused at the first one.
    if (!bytes.empty() && (bytes.front() < 0x21 || bytes.front() > 0x7e)) {
        return std::unexpected(Refusal{400, "This is not an HTTP request."});
    }
    while (scanned_ < bytes.size()) {
        const void* found = std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_);
        if (found == nullptr) break;
        const std::size_t lf = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
        if (lf == line_begin_ || bytes[lf - 1] != '\r') return std::unexpected(Refusal{400, "A line ends without CR."});
        const std::string_view line = bytes.substr(line_begin_, lf - 1 - line_begin_);
        if (const auto fault = check_length(lf + 1)) return std::unexpected(*fault);
        if (line.empty()) return lf + 1;
        if (const auto fault = check_line(line)) return std::unexpected(*fault);
        ++lines_;
        line_begin_ = scanned_ = lf + 1;
    }
    scanned_ = bytes.size();
    if (const auto fault = check_length(bytes.size())) return std::unexpected(*fault);
    return 0;
}

std::expected<Framing, Refusal> check_head(const Head& head, const Limits& limits) {
    if (head.fields.size() > limits.fields) return std::unexpected(Refusal{431, "There are too many header fields."});
    if (const auto fault = check_target(head, limits)) return std::unexpected(*fault);
    Deciding said;
    for (const auto& [name, value] : head.fields) said.take(name, value);
    if (const auto fault = check_coding(said, head.version)) return std::unexpected(*fault);
    if (const auto fault = check_host(said, head.version)) return std::unexpected(*fault);

    Framing framing;
    framing.chunked = said.codings > 0;
    if (said.lengths > 0) {
        framing.length = whole_number(said.length);
        if (said.lengths > 1 || !framing.length) return std::unexpected(Refusal{400, "Content-Length is malformed."});
    }
    framing.keep_alive = !said.close && (head.version >= 11 || said.keep_alive);
    if (said.expectations > 0 && head.version >= 11) {
        if (said.expectations > 1 || !equal_without_case(said.expectation, "100-continue")) {
            return std::unexpected(Refusal{417, "The only expectation known is 100-continue."});
        }
        framing.expects_continue = framing.has_body();
    }
    switch (verb_of(head.method)) {
        case Verb::other:
            if (head.method == "TRACE" || head.method == "CONNECT") {
                return std::unexpected(Refusal{405, "This method is not allowed here."});
            }
            return std::unexpected(Refusal{501, "This method is not known."});
        default:
            return framing;
    }
}

Verb verb_of(std::string_view method) {
    for (const Verb verb : {Verb::get, Verb::post, Verb::put, Verb::patch, Verb::del, Verb::head, Verb::options}) {
        if (method == to_string(verb)) return verb;
    }
    return Verb::other;
}

bool decode_target(std::string_view target, std::string& path, std::string& query) {
    const std::size_t mark = target.find('?');
    query.assign(mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1));
    const std::string_view raw = target.substr(0, mark);
    if (!raw.contains('%')) {
        path.assign(raw);  // a checked target is ASCII without control characters
    } else {
        auto decoded = percent_decode(raw);
        if (!decoded || decoded->contains('\0') || !is_utf8(*decoded)) return false;
        path = *std::move(decoded);
    }
    if (path.size() > 1 && path.back() == '/') path.pop_back();
    return true;
}

bool has_token(std::string_view value, std::string_view token) {
    while (!value.empty()) {
        const std::size_t comma = value.find(',');
        std::string_view one = value.substr(0, comma);
        while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
        while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
        if (equal_without_case(one, token)) return true;
        if (comma == std::string_view::npos) break;
        value.remove_prefix(comma + 1);
    }
    return false;
}

bool equal_letters(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace townhall::http
