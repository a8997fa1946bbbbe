#include "platform/api/limits.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "platform/api/router.hpp"
#include "platform/guard/network.hpp"
#include "platform/observe/log.hpp"

namespace townhall::api {

namespace {

constexpr std::string_view kPublicReads = "public-reads";

/// Limits of one name count together. FNV-1a: the names are ours.
std::uint32_t kind_of(std::string_view name) {
    std::uint32_t kind = 2'166'136'261U;
    for (const char c : name) kind = (kind ^ static_cast<unsigned char>(c)) * 16'777'619U;
    return kind;
}

void tell_operator(std::string_view limit, std::chrono::seconds ban, const http::Request& request,
                   std::optional<std::int64_t> user_id) {
    if (user_id)
        observe::warning(
            "a user is banned for a while: too many requests",
            {{"limit", limit}, {"seconds", ban.count()}, {"user_id", *user_id}, {"request_id", request.request_id}});
    else
        observe::warning("a network is banned for a while: too many requests", {{"limit", limit},
                                                                                {"seconds", ban.count()},
                                                                                {"remote", request.remote_address},
                                                                                {"request_id", request.request_id}});
}

}  // namespace

Limits::Limit Limits::limit_of(const Route* route, bool identified) const {
    const Limit public_reads{kPublicReads, rates_.public_reads, false};
    if (!route) return public_reads;
    if (!route->path.starts_with("/api/")) return {};
    const bool reading = route->verb == Verb::get;
    if (route->who != Who::anyone) {
        if (!identified) return public_reads;
        return reading ? Limit{"staff-reads", rates_.staff_reads, true}
                       : Limit{"staff-writes", rates_.staff_writes, true};
    }
    if (reading) return public_reads;
    return route->path.starts_with("/api/v1/auth/") ? Limit{"sign-ins", rates_.sign_ins, false}
                                                    : Limit{"public-writes", rates_.public_writes, false};
}

Limits::Taken Limits::take(const Route* route, const http::Request& request, std::optional<std::int64_t> user_id) {
    const Limit limit = limit_of(route, user_id.has_value());
    Taken taken;
    if (limit.name.empty()) return taken;
    const std::uint64_t who =
        limit.by_user ? static_cast<std::uint64_t>(*user_id) : guard::network_of(request.remote_address);
    taken.name_ = limit.name;
    taken.per_minute_ = limit.per_minute;
    taken.verdict_ = limiter_.take({kind_of(limit.name), who}, limit.per_minute, guard::RateLimiter::Clock::now());
    taken.told_ = !taken.verdict_.allowed || limit.name != kPublicReads;
    if (taken.verdict_.ban.count() > 0) tell_operator(limit.name, taken.verdict_.ban, request, user_id);
    return taken;
}

std::optional<Error> Limits::Taken::refused() const {
    if (verdict_.allowed) return std::nullopt;
    return Error(kTooManyRequests, fmt::format("At most {} a minute; wait as Retry-After says.", per_minute_))
        .with("Retry-After", fmt::format("{}", verdict_.retry_after.count()));
}

Task<void> Limits::Taken::wait() const {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, verdict_.delay);
    co_await timer.async_wait(boost::asio::use_awaitable);
}

void Limits::Taken::tell(http::Response& response) const {
    if (!told_) return;
    response.headers.emplace_back(
        "RateLimit-Policy", fmt::format("\"{}\";q={};w={}", name_, per_minute_, guard::RateLimiter::kWindow.count()));
    response.headers.emplace_back(
        "RateLimit", fmt::format("\"{}\";r={};t={}", name_, verdict_.remaining, verdict_.until_full.count()));
}

}  // namespace townhall::api
