#include "platform/guard/login_throttle.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "platform/guard/hash.hpp"
#include "platform/guard/random.hpp"

namespace townhall::guard {

namespace {

constexpr std::size_t kBuckets = 8192;  // a row; both rows lie in one vector

/// IPv6 hosts choose among 2^64 addresses: the network counts.
std::string_view network_of(std::string_view address) {
    std::size_t end = 0;
    for (int groups = 0; groups < 4; ++groups) {
        const std::size_t colon = address.find(':', end);
        if (colon == std::string_view::npos) return address;
        if (address.substr(colon).starts_with("::") && colon != 0) return address.substr(0, colon);
        end = colon + 1;
    }
    return address.starts_with("::") ? address : address.substr(0, end);
}

}  // namespace

LoginThrottle::LoginThrottle(bool enabled, Limits limits)
    : enabled_(enabled),
      key_(random_array<32>()),
      accounts_{limits.account_burst, limits.account_per_second, std::vector<Bucket>(2 * kBuckets)},
      addresses_{limits.address_burst, limits.address_per_second, std::vector<Bucket>(2 * kBuckets)} {}

std::array<std::size_t, 2> LoginThrottle::places(std::string_view kind, std::string_view name) const {
    std::string message(reinterpret_cast<const char*>(key_.data()), key_.size());
    message.append(kind).append(name);
    const Digest digest = sha256(message);
    std::array<std::uint64_t, 2> numbers;
    std::memcpy(numbers.data(), digest.data(), sizeof numbers);
    return {numbers[0] % kBuckets, kBuckets + numbers[1] % kBuckets};
}

double LoginThrottle::Sketch::spent(std::array<std::size_t, 2> at, Time now) const {
    double least = burst;
    for (const std::size_t place : at) {
        const Bucket& bucket = buckets[place];
        const double recovered = std::chrono::duration<double>(now - bucket.at).count() * per_second;
        least = std::min(least, std::max(0.0, static_cast<double>(bucket.spent) - recovered));
    }
    return least;
}

void LoginThrottle::Sketch::add(std::array<std::size_t, 2> at, Time now, double attempts) {
    for (const std::size_t place : at) {
        const double before = spent({place, place}, now);
        buckets[place] = {static_cast<float>(std::clamp(before + attempts, 0.0, burst)), now};
    }
}

std::chrono::seconds LoginThrottle::take(std::string_view account, std::string_view address, Time now) {
    if (!enabled_) return std::chrono::seconds(0);
    const auto by_account = places("account:", account);
    const auto by_address = places("address:", network_of(address));
    const std::lock_guard lock(mutex_);
    const auto missing = [&](const Sketch& sketch, std::array<std::size_t, 2> at) {
        return std::max(0.0, (sketch.spent(at, now) + 1 - sketch.burst) / sketch.per_second);
    };
    const double wait = std::max(missing(accounts_, by_account), missing(addresses_, by_address));
    if (wait > 0) return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(wait)));
    accounts_.add(by_account, now, 1);
    addresses_.add(by_address, now, 1);
    return std::chrono::seconds(0);
}

void LoginThrottle::give_back(std::string_view account, std::string_view address, Time now) {
    if (!enabled_) return;
    const auto by_account = places("account:", account);
    const auto by_address = places("address:", network_of(address));
    const std::lock_guard lock(mutex_);
    accounts_.add(by_account, now, -1);
    addresses_.add(by_address, now, -1);
}

}  // namespace townhall::guard
