#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "platform/http/message.hpp"

/// Turning a `Response` into the bytes of an HTTP/1.1 header. Pure.
namespace townhall::http {

/// How an answer's body is delimited (RFC 9112, section 6.3).
enum class BodyKind : std::uint8_t {
    none,         // a status that never has one: no Content-Length either
    sized,        // Content-Length
    chunked,      // Transfer-Encoding: chunked
    until_close,  // a stream to an HTTP/1.0 client
};

/// What of a body is still to be sent once the header is written.
struct BodyLeft {
    BodyKind kind = BodyKind::sized;
    std::uint64_t length = 0;  // bytes, when sized
};

/// What the connection, rather than the handler, decides about an answer.
struct AnswerFrame {
    int version = 11;
    BodyKind kind = BodyKind::sized;
    std::uint64_t length = 0;  // when sized
    bool close = false;
    std::string_view date;  // IMF-fixdate
    std::string_view request_id;
};

/// Appends the status line and the header fields, up to and with the empty line. Fields that frame the message are ours
/// alone: the handler's are dropped, as are names that are no tokens. Control characters in values become spaces. What
/// comes written out already (`prepared`, `common_fields`, `origin_fields`) is trusted.
void write_head(std::string& out, const Response& response, const AnswerFrame& frame);

[[nodiscard]] std::string_view reason_of(int status);

/// Whether answers of this status never have a body (RFC 9110, section 6.4.1).
[[nodiscard]] constexpr bool is_bodiless(int status) { return status == 204 || status == 304 || status / 100 == 1; }

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7).
[[nodiscard]] std::string imf_fixdate(std::int64_t unix_seconds);

}  // namespace townhall::http
