#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/http/message.hpp"
#include "platform/http/server.hpp"

/// The gate between a request's header and everything else. Stricter than the parser behind it on purpose: whatever two
/// HTTP implementations could read differently is refused, so that no proxy in front disagrees with us about where a
/// message ends. All pure.
namespace townhall::http {

/// Why something never became a request. The connection closes after the answer.
struct Refusal {
    int status = 400;
    const char* why = "";
};

/// Finds the end of a header in bytes that arrive piece by piece, and refuses what no later check could see: bare LF or
/// CR, control characters, folded lines, too many or too long lines.
class HeadScanner {
  public:
    explicit HeadScanner(const Limits& limits) : limits_(&limits) {}

    /// `bytes` is all that arrived since the header's first byte. Returns the header's length with its closing empty
    /// line, or 0 when more is needed.
    [[nodiscard]] std::expected<std::size_t, Refusal> look(std::string_view bytes);

    void reset() { line_begin_ = scanned_ = lines_ = 0; }

  private:
    [[nodiscard]] std::optional<Refusal> check_line(std::string_view line);
    [[nodiscard]] std::optional<Refusal> check_length(std::size_t received) const;

    const Limits* limits_;
    std::size_t line_begin_ = 0;
    std::size_t scanned_ = 0;
    std::size_t lines_ = 0;
};

/// A parsed header: views into the bytes it was parsed from.
struct Head {
    std::string_view method;
    std::string_view target;
    int version = 11;  // 10 or 11
    std::vector<std::pair<std::string_view, std::string_view>> fields;
};

/// Parses a whole header, as `HeadScanner` found it, into `head` (whose vector is used again).
[[nodiscard]] std::optional<Refusal> parse_head(std::string_view bytes, Head& head);

/// How the body ends and what comes after it.
struct Framing {
    bool chunked = false;
    std::optional<std::uint64_t> length;  // of the body; none without Content-Length
    bool keep_alive = true;
    bool expects_continue = false;

    [[nodiscard]] bool has_body() const { return chunked || length.value_or(0) > 0; }
};

/// Decides everything that the header alone decides (RFC 9112, sections 3.2, 6.3, 9.3).
[[nodiscard]] std::expected<Framing, Refusal> check_head(const Head& head, const Limits& limits);

[[nodiscard]] Verb verb_of(std::string_view method);

/// Splits the target and decodes its path (see `Request`). False: bad escapes, NUL, or not UTF-8.
[[nodiscard]] bool decode_target(std::string_view target, std::string& path, std::string& query);

/// Whether a comma-separated header value names `token`, without case.
[[nodiscard]] bool has_token(std::string_view value, std::string_view token);

[[nodiscard]] bool equal_letters(std::string_view a, std::string_view b);  // the same for texts of one length
/// Most names that are compared differ in length, which is seen without a call.
[[nodiscard]] inline bool equal_without_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && equal_letters(a, b);
}

}  // namespace townhall::http
