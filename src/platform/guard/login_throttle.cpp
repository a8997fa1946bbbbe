#include "platform/guard/login_throttle.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

#include "platform/guard/hash.hpp"
#include "platform/guard/network.hpp"
#include "platform/guard/random.hpp"

namespace townhall::guard {

namespace {

constexpr std::size_t kBuckets = 16'384;  // a row
constexpr std::size_t kHomes = 16'384;

}  // namespace

LoginThrottle::LoginThrottle(bool enabled, Limits limits)
    : enabled_(enabled),
      key_(random_array<32>()),
      pairs_(limits.pair),
      networks_(limits.network),
      accounts_(limits.account),
      homes_(kHomes) {}

LoginThrottle::Sketch::Sketch(Budget budget) : budget_(budget), buckets_(2 * kBuckets) {}

std::array<std::size_t, 2> LoginThrottle::Sketch::places(std::uint64_t name) {
    return {name % kBuckets, kBuckets + (name >> 32) % kBuckets};
}

double LoginThrottle::Sketch::spent(const Bucket& bucket, Time now) const {
    const double recovered = std::chrono::duration<double>(now - bucket.at).count() * budget_.per_second;
    return std::max(0.0, static_cast<double>(bucket.spent) - recovered);
}

double LoginThrottle::Sketch::missing(std::uint64_t name, Time now) const {
    double least = budget_.burst;
    for (const std::size_t place : places(name)) least = std::min(least, spent(buckets_[place], now));
    return std::max(0.0, (least + 1 - budget_.burst) / budget_.per_second);
}

void LoginThrottle::Sketch::add(std::uint64_t name, Time now, double attempts) {
    for (const std::size_t place : places(name)) {
        Bucket& bucket = buckets_[place];
        bucket = {static_cast<float>(std::clamp(spent(bucket, now) + attempts, 0.0, budget_.burst)), now};
    }
}

LoginThrottle::Names LoginThrottle::names_of(std::string_view account, std::string_view address) const {
    const std::string network = fmt::format("{:016x}", network_of(address));
    const auto name = [&](std::string_view kind, std::string_view what, std::string_view whom) {
        std::string message(reinterpret_cast<const char*>(key_.data()), key_.size());
        message.append(kind).append(what).append(whom);
        const Digest digest = sha256(message);
        std::uint64_t number = 0;
        std::memcpy(&number, digest.data(), sizeof number);
        return number;
    };
    return {.pair = name("pair:", network, account),
            .network = name("network:", network, {}),
            .account = name("account:", account, {})};
}

std::chrono::seconds LoginThrottle::take(std::string_view account, std::string_view address, Time now) {
    if (!enabled_) return std::chrono::seconds(0);
    const Names names = names_of(account, address);
    const std::lock_guard lock(mutex_);
    const bool at_home = home_of(names.pair) == names.pair;
    const double wait = std::max({pairs_.missing(names.pair, now), networks_.missing(names.network, now),
                                  at_home ? 0.0 : accounts_.missing(names.account, now)});
    if (wait > 0) return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(wait)));
    pairs_.add(names.pair, now, 1);
    networks_.add(names.network, now, 1);
    accounts_.add(names.account, now, 1);
    return std::chrono::seconds(0);
}

void LoginThrottle::succeeded(std::string_view account, std::string_view address, Time now) {
    if (!enabled_) return;
    const Names names = names_of(account, address);
    const std::lock_guard lock(mutex_);
    give_back(names, now);
    home_of(names.pair) = names.pair;
}

void LoginThrottle::withdrew(std::string_view account, std::string_view address, Time now) {
    if (!enabled_) return;
    const Names names = names_of(account, address);
    const std::lock_guard lock(mutex_);
    give_back(names, now);
}

void LoginThrottle::give_back(const Names& names, Time now) {
    pairs_.add(names.pair, now, -1);
    networks_.add(names.network, now, -1);
    accounts_.add(names.account, now, -1);
}

}  // namespace townhall::guard
