#include "platform/guard/login_throttle.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace townhall::guard {
namespace {

using std::chrono::seconds;

struct Throttle : testing::Test {
    LoginThrottle::Time now{std::chrono::hours(1000)};
    LoginThrottle throttle{true};

    bool let_in(const std::string& account, const std::string& address) {
        return throttle.take(account, address, now).count() == 0;
    }
    int let_in_of(int attempts, const std::string& account, const std::string& address) {
        int in = 0;
        for (int i = 0; i < attempts; ++i) in += let_in(account, address);
        return in;
    }
};

TEST_F(Throttle, StopsGuessesAtOneAccountFromOneAddress) {
    EXPECT_EQ(let_in_of(50, "ann@example.com", "192.0.2.1"), 10);
    EXPECT_GE(throttle.take("ann@example.com", "192.0.2.1", now).count(), 1);
    EXPECT_TRUE(let_in("ben@example.com", "192.0.2.1")) << "others are not in the way";
    now += seconds(11);
    EXPECT_EQ(let_in_of(50, "ann@example.com", "192.0.2.1"), 1);
}

TEST_F(Throttle, StopsGuessesAtOneAccountFromManyAddresses) {
    int in = 0;
    for (int i = 0; i < 1'000; ++i) in += let_in("ann@example.com", fmt::format("10.0.{}.{}", i / 200, i % 200));
    EXPECT_EQ(in, 100);
    EXPECT_FALSE(let_in("ann@example.com", "10.9.9.9"));
    EXPECT_TRUE(let_in("ben@example.com", "10.9.9.9"));
}

TEST_F(Throttle, DoesNotLockTheOwnerOut) {
    ASSERT_TRUE(let_in("ann@example.com", "192.0.2.7"));
    throttle.succeeded("ann@example.com", "192.0.2.7", now);
    EXPECT_EQ(let_in_of(50, "ann@example.com", "198.51.100.1"), 10) << "an attacker elsewhere";
    EXPECT_TRUE(let_in("ann@example.com", "192.0.2.8")) << "also from where she never was";
    for (int i = 0; i < 1'000; ++i) (void)let_in("ann@example.com", fmt::format("10.0.{}.{}", i / 200, i % 200));
    EXPECT_FALSE(let_in("ann@example.com", "192.0.2.8"));
    EXPECT_EQ(let_in_of(50, "ann@example.com", "192.0.2.7"), 10) << "at home she has her ten attempts, and no more";
}

TEST_F(Throttle, StopsOneAddressAtManyAccounts) {
    int in = 0;
    for (int i = 0; i < 300; ++i) in += let_in(fmt::format("u{}@example.com", i), "10.0.0.1");
    EXPECT_EQ(in, 100);
}

TEST_F(Throttle, SeesThroughAddressesOfOneIpv6Network) {
    int in = 0;
    for (int i = 0; i < 300; ++i)
        in += let_in(fmt::format("u{}@example.com", i), fmt::format("2001:db8:1:2:{:x}::1", i + 1));
    EXPECT_EQ(in, 100);
    EXPECT_TRUE(let_in("v@example.com", "2001:db8:1:3::1"));
}

TEST_F(Throttle, ForgivesTheRightPassword) {
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(let_in("ann@example.com", "10.0.0.1"));
        throttle.succeeded("ann@example.com", "10.0.0.1", now);
    }
}

TEST_F(Throttle, CountsNoAttemptThatWasWithdrawn) {
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(let_in("ann@example.com", "10.0.0.1"));
        throttle.withdrew("ann@example.com", "10.0.0.1", now);
    }
    int in = 0;
    for (int i = 0; i < 1'000; ++i) in += let_in("ann@example.com", fmt::format("10.1.{}.{}", i / 200, i % 200));
    EXPECT_EQ(in, 100);
    EXPECT_FALSE(let_in("ann@example.com", "10.0.0.1")) << "and it does not make a network the account's home";
}

TEST_F(Throttle, LetsStrangersInWhileNamesAreFlooded) {
    for (int i = 0; i < 5'000; ++i)
        for (int attempt = 0; attempt < 12; ++attempt)
            (void)let_in(fmt::format("flood{}@example.com", i), fmt::format("10.{}.{}.1", i / 250, i % 250));
    int refused = 0;
    for (int i = 0; i < 1'000; ++i)
        refused += !let_in(fmt::format("honest{}@example.com", i), fmt::format("192.0.{}.{}", i / 250, i % 250));
    EXPECT_LT(refused, 150) << "whoever shares both buckets with flooded names";
}

TEST_F(Throttle, CanBeTurnedOff) {
    LoginThrottle off(false);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(off.take("ann@example.com", "10.0.0.1", now).count(), 0);
}

}  // namespace
}  // namespace townhall::guard
