#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "platform/api/error.hpp"
#include "platform/guard/rate_limiter.hpp"
#include "platform/http/message.hpp"
#include "platform/task.hpp"

namespace townhall::api {

struct Route;

/// Requests a minute: of a network where nobody is signed in, of a user otherwise.
struct LimitRates {
    std::uint32_t public_reads = 3'000;  // also requests for what isn't there, and with tokens that are not good
    std::uint32_t public_writes = 60;    // forms
    std::uint32_t sign_ins = 300;        // all of /api/v1/auth that needs no token: an office shares one address
    std::uint32_t staff_reads = 1'200;
    std::uint32_t staff_writes = 600;
};

/// How many requests a client may make. Signed-in users are counted as such wherever they are, so a crowd behind one
/// address is not in their way; everyone else by network (guard::network_of). System routes, outside of /api, are not
/// limited. Thread-safe; allocates only for what it tells.
class Limits {
  public:
    explicit Limits(LimitRates rates) : rates_(rates) {}

    /// One request that was counted. Answer `refused()`, or `wait()` and let it through; either way `tell` the client.
    class Taken {
      public:
        /// 429 with Retry-After.
        [[nodiscard]] std::optional<Error> refused() const;
        /// A client that nears its limit is slowed down.
        [[nodiscard]] bool must_wait() const { return verdict_.delay.count() > 0; }
        [[nodiscard]] Task<void> wait() const;
        /// RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers). Public reads carry them only when
        /// refused: a cache would hand them to others.
        void tell(http::Response& response) const;

      private:
        friend class Limits;
        std::string_view name_;  // empty: not limited
        std::uint32_t per_minute_ = 0;
        bool told_ = false;
        guard::RateLimiter::Verdict verdict_;
    };

    /// `route`: null where there is none. `user_id`: of whoever is signed in, on routes that need it.
    [[nodiscard]] Taken take(const Route* route, const http::Request& request, std::optional<std::int64_t> user_id);

  private:
    struct Limit {
        std::string_view name;
        std::uint32_t per_minute;
        bool by_user;
    };
    [[nodiscard]] Limit limit_of(const Route* route, bool identified) const;

    LimitRates rates_;
    guard::RateLimiter limiter_;
};

}  // namespace townhall::api
