#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/task.hpp"

namespace townhall::http {

enum class Verb : std::uint8_t { get, head, post, put, patch, del, options, other };

[[nodiscard]] std::string_view to_string(Verb verb);  // "GET", …

/// The request's body as it arrives. Nothing is read from the socket before `read` asks: that is the back-pressure.
class BodyReader {
  public:
    virtual ~BodyReader() = default;

    /// Reads at least one byte into `buffer`; 0 means the end. Throws `BodyError` when the framing is broken, the limit
    /// passed, the client too slow or gone; the connection closes after the answer.
    virtual Task<std::size_t> read(std::span<char> buffer) = 0;

    /// Declared length in bytes, if any (none: chunked).
    [[nodiscard]] virtual std::optional<std::uint64_t> length() const = 0;

    /// Raises or lowers the bytes accepted (default: the server's `body_limit`). Call before the first `read`. A
    /// declared length above the limit throws `BodyError{413}` at once, before `100 Continue` is sent.
    virtual void set_limit(std::uint64_t bytes) = 0;
};

/// What was wrong with a body, as the status that answers it: 400, 408, 413.
struct BodyError : std::exception {
    explicit BodyError(int s, const char* w) : status(s), why(w) {}
    [[nodiscard]] const char* what() const noexcept override { return why; }
    int status;
    const char* why;
};

/// One request, after the gate: framing is sound, there is one Host, the target is well-formed. Header names are
/// compared without case. Everything is copied out of the socket's buffer: it stays valid for the whole exchange.
struct Request {
    Verb verb = Verb::other;
    std::string method;  // as sent
    std::string path;    // decoded from %XX, without the query, never empty, one trailing slash removed
    std::string query;   // raw, without '?'
    std::vector<std::pair<std::string, std::string>> headers;
    std::string remote_address;  // of the peer, e.g. "127.0.0.1"
    bool secure = false;         // the client came by TLS: to us, or to a trusted proxy that says so
    std::string request_id;      // the client's X-Request-Id when sane, else made here
    std::string traceparent;     // as sent, where it is sound (W3C Trace Context): to be passed on; else empty
    BodyReader* body = nullptr;  // owned by the connection
    // By when the answer must have begun.
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();

    /// The first value of a header, or nothing.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;

    /// The trace that the client says this request is part of: 32 hexadecimal digits, or empty.
    [[nodiscard]] std::string_view trace_id() const;
};

/// Whether a `traceparent` is one that may be passed on (W3C Trace Context, section 3.2): a version that is known or
/// newer, ids that are not all zero, small letters.
[[nodiscard]] bool is_traceparent(std::string_view value);

/// One form of an answer that is sent many times. Made once, then only read: any thread.
struct Prepared {
    std::string fields;  // of its header, as sent ("Content-Type: …\r\nContent-Length: …\r\nETag: …\r\n")
    std::string body;
};

/// Where a streamed answer writes its body. `write` waits while the client is slow; throws when it is gone. The header
/// goes out with the first `write` (also of an empty view).
class BodyWriter {
  public:
    virtual ~BodyWriter() = default;
    virtual Task<void> write(std::string_view bytes) = 0;
};

/// One answer. `body`, or `prepared` (for cached content: not copied, and its fields stand for `content_type`), or
/// `stream` (chunked, unless `headers` announce a `Content-Length`, which must then be met). Other headers that frame
/// the message, and Date and X-Request-Id, are the server's: those given here are dropped. A HEAD is answered like its
/// GET: the server leaves the body out.
struct Response {
    int status = 200;
    std::string content_type;  // empty: no body
    std::string body;
    std::shared_ptr<const Prepared> prepared;
    std::move_only_function<Task<void>(BodyWriter&)> stream;
    std::vector<std::pair<std::string, std::string>> headers;  // CR and LF in a value are replaced by the server
    // Whole header fields, each with its CRLF, that many answers share; they must outlive the exchange.
    std::string_view common_fields;  // of every answer of this kind
    std::string_view origin_fields;  // of every answer to this origin (CORS)
    bool close = false;              // close the connection after this answer
    // For the request log and the metrics; both must live as long as the server.
    std::string_view route;    // the template ("/api/v1/voters/{id}")
    std::string_view problem;  // the code of the problem that it is ("not_found"); empty: it is none
};

/// Answers requests. Called on the connection's thread, never twice at once for one connection. What it throws becomes
/// a 500 (or, for `BodyError`, its status) and a log line.
class Handler {
  public:
    virtual ~Handler() = default;
    virtual Task<Response> handle(Request& request) = 0;

    /// The answer where there is no handler's: to what never became a request (the gate's 400, 413, 431, 408, …: all of
    /// it but its request_id and what the connection knows is empty), and where the handler threw. Every error has one
    /// shape.
    [[nodiscard]] virtual Response refuse(int status, std::string_view detail, const Request& request) = 0;
};

}  // namespace townhall::http
