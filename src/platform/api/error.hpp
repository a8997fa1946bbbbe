#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace townhall::api {

/// A way in which a request can fail, declared once. `code` is stable and ends the problem's `type` URI.
struct ErrorCode {
    std::string_view code;
    int status;
    std::string_view title;
};

/// One fault in the input. `where` is a JSON pointer into the body ("/email"), or the name of a parameter.
struct Fault {
    enum class In { body, parameter };
    In in = In::body;
    std::string where;
    std::string code;    // required, type, format, min, max, min_length, max_length, enum, unknown, …
    std::string detail;  // a sentence; never quotes what was sent
};

/// An expected failure of a request: becomes an application/problem+json answer (RFC 9457).
struct Error {
    ErrorCode code;  // by value: codes are small, and a reference would be taken to temporaries
    std::string detail;
    std::vector<Fault> faults;
    std::vector<std::pair<std::string, std::string>> headers;  // e.g. Retry-After, Allow

    Error(ErrorCode c, std::string d = {}, std::vector<Fault> f = {})  // NOLINT: implicit on purpose
        : code(c), detail(std::move(d)), faults(std::move(f)) {}

    /// Adds a header to the answer.
    Error&& with(std::string name, std::string value) && {
        headers.emplace_back(std::move(name), std::move(value));
        return std::move(*this);
    }
};

inline constexpr ErrorCode kMalformed{"malformed", 400, "The request can't be read"};
inline constexpr ErrorCode kUnauthorized{"unauthorized", 401, "Sign in first"};
inline constexpr ErrorCode kForbidden{"forbidden", 403, "Not allowed"};
inline constexpr ErrorCode kNotFound{"not_found", 404, "Not found"};
inline constexpr ErrorCode kMethodNotAllowed{"method_not_allowed", 405, "The path does not take this method"};
inline constexpr ErrorCode kNotAcceptable{"not_acceptable", 406, "No answer of the wanted type"};
inline constexpr ErrorCode kTimeout{"timeout", 408, "The request took too long to arrive"};
inline constexpr ErrorCode kConflict{"conflict", 409, "In conflict with what is there"};
inline constexpr ErrorCode kLengthRequired{"length_required", 411, "Content-Length is required"};
inline constexpr ErrorCode kPreconditionFailed{"precondition_failed", 412, "A condition of the request does not hold"};
inline constexpr ErrorCode kTooLarge{"too_large", 413, "The body is too large"};
inline constexpr ErrorCode kTargetTooLong{"target_too_long", 414, "The URL is too long"};
inline constexpr ErrorCode kUnsupportedMedia{"unsupported_media_type", 415, "The body's type is not supported"};
inline constexpr ErrorCode kExpectationFailed{"expectation_failed", 417, "The expectation can't be met"};
inline constexpr ErrorCode kInvalid{"invalid", 422, "The input breaks a rule"};
inline constexpr ErrorCode kCampaignRequired{"campaign_required", 422, "Say which campaign is meant"};
inline constexpr ErrorCode kIdempotencyMismatch{"idempotency_mismatch", 422, "The key was used for another request"};
inline constexpr ErrorCode kPreconditionRequired{"precondition_required", 428, "Say which version is meant"};
inline constexpr ErrorCode kTooManyRequests{"too_many_requests", 429, "Too many requests"};
inline constexpr ErrorCode kHeadersTooLarge{"headers_too_large", 431, "The header is too large"};
inline constexpr ErrorCode kInternal{"internal", 500, "Something went wrong on our side"};
inline constexpr ErrorCode kNotImplemented{"not_implemented", 501, "The method is not known"};
inline constexpr ErrorCode kUnavailable{"unavailable", 503, "Not available at the moment"};
inline constexpr ErrorCode kVersionNotSupported{"version_not_supported", 505, "HTTP/1.1 and 1.0 are spoken here"};
inline constexpr ErrorCode kStorageFull{"storage_full", 507, "The storage is full"};

/// The code that stands for a bare status (of the gate, of a body's framing).
[[nodiscard]] const ErrorCode& code_for(int status);

/// 422 with one fault in the body, or in a parameter.
[[nodiscard]] Error invalid(std::string pointer, std::string code, std::string detail);
[[nodiscard]] Error invalid_parameter(std::string name, std::string code, std::string detail);

/// 503 with Retry-After in seconds.
[[nodiscard]] Error unavailable(int retry_after, std::string detail = "The database is away; try again shortly.");

}  // namespace townhall::api

namespace townhall {

/// What an operation gives: a value, or an expected failure. Broken infrastructure throws instead.
template <class T>
using Result = std::expected<T, api::Error>;

}  // namespace townhall
