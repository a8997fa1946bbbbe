#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

namespace townhall::guard {

/// Slows password guessing, in fixed memory whatever the names an attacker tries. Three budgets of attempts:
///
/// - an account from one network: narrow, so that one attacker gets nowhere;
/// - a network, at whatever accounts: wider, for offices share one;
/// - an account, from wherever: what many addresses together may try. It doesn't hold for networks from which it has
///   signed in before, or anybody could lock its owner out.
///
/// Each budget is a sketch of token buckets: a name maps to one bucket in each of two rows under a key drawn at start,
/// and is refused only when both are empty; so a stranger who shares one bucket with a flooded name still gets in.
/// Thread-safe.
class LoginThrottle {
  public:
    using Time = std::chrono::steady_clock::time_point;

    struct Budget {
        double burst;
        double per_second;
    };
    struct Limits {
        Budget pair{10, 1.0 / 10};
        Budget network{100, 1};
        Budget account{100, 1.0 / 60};
    };

    explicit LoginThrottle(bool enabled) : LoginThrottle(enabled, Limits{}) {}
    LoginThrottle(bool enabled, Limits limits);

    /// Takes one attempt. Zero: go on. Else: how long to wait before the next one.
    [[nodiscard]] std::chrono::seconds take(std::string_view account, std::string_view address, Time now);

    /// The password was right: gives the attempt back, and remembers that the account is at home in this network.
    void succeeded(std::string_view account, std::string_view address, Time now);

    /// No password was looked at after all: gives the attempt back, and remembers nothing.
    void withdrew(std::string_view account, std::string_view address, Time now);

  private:
    struct Bucket {
        float spent = 0;  // attempts not yet recovered
        Time at{};
    };
    class Sketch {
      public:
        explicit Sketch(Budget budget);
        /// Seconds until there is room for another attempt; 0: now.
        [[nodiscard]] double missing(std::uint64_t name, Time now) const;
        void add(std::uint64_t name, Time now, double attempts);

      private:
        [[nodiscard]] double spent(const Bucket& bucket, Time now) const;
        [[nodiscard]] static std::array<std::size_t, 2> places(std::uint64_t name);

        Budget budget_;
        std::vector<Bucket> buckets_;  // both rows
    };
    struct Names {
        std::uint64_t pair;
        std::uint64_t network;
        std::uint64_t account;
    };
    [[nodiscard]] Names names_of(std::string_view account, std::string_view address) const;
    /// Under the lock.
    void give_back(const Names& names, Time now);
    [[nodiscard]] std::uint64_t& home_of(std::uint64_t pair) { return homes_[pair % homes_.size()]; }

    bool enabled_;
    std::array<std::uint8_t, 32> key_;
    std::mutex mutex_;
    Sketch pairs_;
    Sketch networks_;
    Sketch accounts_;
    // Pairs that signed in, the newest in each place: only users can push others out.
    std::vector<std::uint64_t> homes_;
};

}  // namespace townhall::guard
