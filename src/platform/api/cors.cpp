#include "platform/api/cors.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace townhall::api {

namespace {

constexpr std::string_view kExposed =
    "ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, Idempotent-Replayed, Allow, "
    "Content-Disposition";
constexpr std::string_view kAcceptedFields =
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, X-Request-Id, "
    "traceparent, tracestate";
constexpr std::string_view kMaxAge = "600";  // seconds; Chromium asks again after two hours at the latest

bool is_host(std::string_view host) {
    if (host.starts_with('[')) {
        return host.size() > 2 && host.ends_with(']') &&
               host.find_first_not_of("0123456789abcdef:.", 1) == host.size() - 1;
    }
    return !host.empty() && host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_") == std::string_view::npos;
}

bool is_port(std::string_view text, int scheme_port) {
    int port = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
    return fault == std::errc{} && end == text.data() + text.size() && !text.starts_with('0') && port > 0 &&
           port <= 65'535 && port != scheme_port;
}

}  // namespace

bool is_origin(std::string_view text) {
    const bool secure = text.starts_with("https://");
    if (!secure && !text.starts_with("http://")) return false;
    text.remove_prefix(secure ? 8 : 7);
    const std::size_t bracket = text.find(']');
    const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    return is_host(text.substr(0, colon)) &&
           (colon == std::string_view::npos || is_port(text.substr(colon + 1), secure ? 443 : 80));
}

Cors::Cors(const std::vector<std::string>& origins) {
    for (const std::string& origin : origins)
        allowed_.emplace_back(
            origin,
            fmt::format("Access-Control-Allow-Origin: {}\r\nAccess-Control-Expose-Headers: {}\r\n", origin, kExposed));
}

std::string_view Cors::fields(const http::Request& request) const {
    if (allowed_.empty()) return {};
    const auto origin = request.header("origin");
    if (!origin) return {};
    const auto found = std::ranges::find(allowed_, *origin, &std::pair<std::string, std::string>::first);
    return found == allowed_.end() ? std::string_view() : std::string_view(found->second);
}

bool Cors::answer_preflight(const http::Request& request, std::string_view methods, http::Response& response) const {
    if (fields(request).empty() || !request.header("access-control-request-method")) return false;
    response.status = 204;
    response.headers.emplace_back("Access-Control-Allow-Methods", methods);
    response.headers.emplace_back("Access-Control-Allow-Headers", kAcceptedFields);
    response.headers.emplace_back("Access-Control-Max-Age", kMaxAge);
    return true;
}

}  // namespace townhall::api
