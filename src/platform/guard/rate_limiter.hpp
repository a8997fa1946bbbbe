#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

namespace townhall::guard {

/// Counts requests of many callers, each under a limit, in fixed memory (2 MiB for 65,536 callers), and answers in
/// stages: let through; let through after a short delay, once three quarters of the limit are used; refused until some
/// of it has come back; and, for callers who go on all the same, banned for a time that doubles with each ban.
///
/// The generic cell rate algorithm: a limit of n a minute lets n come at once, and gives one back every 60/n seconds.
/// Callers sit in 64 shards, each with a lock of its own that is held for some nanoseconds; nothing is allocated after
/// construction. When a caller's place is wanted, whoever has used least goes: an attacker with very many addresses can
/// make us forget, never make us refuse strangers.
///
/// Thread-safe.
class RateLimiter {
  public:
    using Clock = std::chrono::steady_clock;

    /// Who is counted: `kind` keeps a network from a user of the same number, and one limit from another.
    struct Caller {
        std::uint32_t kind;
        std::uint64_t id;
    };

    struct Verdict {
        bool allowed = true;
        std::chrono::milliseconds delay{0};   // allowed: to be waited for first
        std::uint32_t remaining = 0;          // requests that would be let through now
        std::chrono::seconds until_full{0};   // until all of the limit has come back
        std::chrono::seconds retry_after{0};  // refused: at least one
        std::chrono::seconds ban{0};          // for how long, where this very request brought a ban; else zero
    };

    static constexpr std::chrono::seconds kWindow{60};
    static constexpr std::chrono::milliseconds kMostDelay{250};
    static constexpr std::chrono::seconds kFirstBan{15};
    static constexpr std::chrono::seconds kLongestBan{900};
    static constexpr std::chrono::seconds kForgotten{1'800};  // after the end of a ban, the next one is a first one

    RateLimiter();

    /// Takes one of the caller's `per_minute` requests (at least 1).
    [[nodiscard]] Verdict take(Caller caller, std::uint32_t per_minute, Clock::time_point now);

  private:
    using Nanoseconds = std::int64_t;  // on the steady clock

    struct Slot {
        std::uint64_t caller = 0;      // a keyed hash; 0: free
        Nanoseconds full_at = 0;       // when all of the limit will have come back
        Nanoseconds banned_until = 0;  // of the last ban
        std::uint32_t refusals = 0;    // each request let through makes up for one: who waits as told has none
        std::uint32_t bans = 0;
    };
    static constexpr std::size_t kShards = 64;
    static constexpr std::size_t kSets = 128;
    static constexpr std::size_t kWays = 8;
    using Set = std::array<Slot, kWays>;
    struct alignas(64) Shard {
        std::mutex mutex;
        std::array<Set, kSets> sets;
    };

    [[nodiscard]] std::uint64_t hash(Caller caller) const;
    [[nodiscard]] static Slot& place(Set& set, std::uint64_t caller, Nanoseconds now);
    [[nodiscard]] static Verdict refuse(Slot& slot, std::uint32_t per_minute, Nanoseconds now, Nanoseconds wait);

    std::array<std::uint64_t, 3> key_;  // so that nobody can choose addresses that fall into one set
    std::unique_ptr<std::array<Shard, kShards>> shards_;
};

}  // namespace townhall::guard
