#include "platform/guard/rate_limiter.hpp"

#include <algorithm>
#include <cstring>

#include "platform/guard/random.hpp"

namespace townhall::guard {

namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::int64_t in_nanoseconds(seconds time) { return nanoseconds(time).count(); }

seconds rounded_up(std::int64_t time) {
    return std::chrono::ceil<seconds>(nanoseconds(std::max<std::int64_t>(time, 0)));
}

/// Both halves of a 128-bit product: every bit of the factors reaches every bit of it.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// So many refusals a client may run into before it is banned: one that has many requests on their way at once can't
/// know of the first.
std::uint32_t patience(std::uint32_t per_minute) { return std::max<std::uint32_t>(20, per_minute / 10); }

}  // namespace

RateLimiter::RateLimiter() : shards_(std::make_unique<std::array<Shard, kShards>>()) {
    const auto bytes = random_array<sizeof key_>();
    std::memcpy(key_.data(), bytes.data(), sizeof key_);
}

std::uint64_t RateLimiter::hash(Caller caller) const {
    const std::uint64_t mixed = fold(fold(caller.id ^ key_[0], caller.kind ^ key_[1]) ^ key_[2], caller.id ^ key_[1]);
    return mixed | 1;  // 0 is a free slot
}

RateLimiter::Slot& RateLimiter::place(Set& set, std::uint64_t caller, Nanoseconds now) {
    const auto remembered_until = [](const Slot& slot) {
        const Nanoseconds ban = slot.bans > 0 ? slot.banned_until + in_nanoseconds(kForgotten) : 0;
        return std::max(slot.full_at, ban);
    };
    Slot* least = set.data();
    for (Slot& slot : set) {
        if (slot.caller == caller) return slot;
        if (remembered_until(slot) < remembered_until(*least)) least = &slot;
    }
    *least = {.caller = caller, .full_at = now};
    return *least;
}

RateLimiter::Verdict RateLimiter::refuse(Slot& slot, std::uint32_t per_minute, Nanoseconds now, Nanoseconds wait) {
    Verdict verdict{.allowed = false, .until_full = rounded_up(slot.full_at - now)};
    if (++slot.refusals >= patience(per_minute)) {
        if (now > slot.banned_until + in_nanoseconds(kForgotten)) slot.bans = 0;
        verdict.ban = std::min(kFirstBan * (1U << std::min(slot.bans, 6U)), kLongestBan);
        slot.banned_until = now + in_nanoseconds(verdict.ban);
        slot.refusals = 0;
        ++slot.bans;
        wait = std::max(wait, in_nanoseconds(verdict.ban));
    }
    verdict.retry_after = std::max(rounded_up(wait), seconds(1));
    return verdict;
}

RateLimiter::Verdict RateLimiter::take(Caller caller, std::uint32_t per_minute, Clock::time_point time) {
    constexpr Nanoseconds kAll = in_nanoseconds(kWindow);
    const Nanoseconds now = time.time_since_epoch().count();
    const Nanoseconds one = kAll / std::max<std::uint32_t>(per_minute, 1);
    const std::uint64_t hashed = hash(caller);
    Shard& shard = (*shards_)[hashed >> 58];
    const std::lock_guard lock(shard.mutex);
    Slot& slot = place(shard.sets[hashed >> 32 & (kSets - 1)], hashed, now);

    if (now < slot.banned_until)
        return {.allowed = false,
                .until_full = rounded_up(slot.full_at - now),
                .retry_after = rounded_up(slot.banned_until - now)};
    const Nanoseconds used = std::max(slot.full_at - now, Nanoseconds{0}) + one;  // with this request
    if (used > kAll) return refuse(slot, per_minute, now, used - kAll);

    slot.full_at = now + used;
    if (slot.refusals > 0) --slot.refusals;
    const Nanoseconds above = std::max(used - kAll / 4 * 3, Nanoseconds{0});  // of a quarter
    return {.delay = std::chrono::duration_cast<std::chrono::milliseconds>(kMostDelay * above / (kAll / 4)),
            .remaining = static_cast<std::uint32_t>((kAll - used) / one),
            .until_full = rounded_up(used)};
}

}  // namespace townhall::guard
