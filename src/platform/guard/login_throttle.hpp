#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

namespace townhall::guard {

/// Slows password guessing, per account and per address, in fixed memory whatever the names an attacker tries.
///
/// Two sketches of token buckets: a name maps to one bucket in each of two rows under a key drawn at start, and is
/// refused only when both are empty; so a stranger who shares one bucket with a flooded name still gets in.
/// Thread-safe.
class LoginThrottle {
  public:
    using Time = std::chrono::steady_clock::time_point;

    struct Limits {
        double account_burst = 10;
        double account_per_second = 1.0 / 10;
        double address_burst = 100;
        double address_per_second = 1;
    };

    explicit LoginThrottle(bool enabled) : LoginThrottle(enabled, Limits{}) {}
    LoginThrottle(bool enabled, Limits limits);

    /// Takes one attempt. Zero: go on. Else: how long to wait before the next one.
    [[nodiscard]] std::chrono::seconds take(std::string_view account, std::string_view address, Time now);

    /// Gives the attempt back: the password was right.
    void give_back(std::string_view account, std::string_view address, Time now);

  private:
    struct Bucket {
        float spent = 0;  // attempts not yet recovered
        Time at{};
    };
    struct Sketch {
        double burst;
        double per_second;
        std::vector<Bucket> buckets;

        [[nodiscard]] double spent(std::array<std::size_t, 2> at, Time now) const;
        void add(std::array<std::size_t, 2> at, Time now, double attempts);
    };
    [[nodiscard]] std::array<std::size_t, 2> places(std::string_view kind, std::string_view name) const;

    bool enabled_;
    std::array<std::uint8_t, 32> key_;
    std::mutex mutex_;
    Sketch accounts_;
    Sketch addresses_;
};

}  // namespace townhall::guard
