#include "platform/guard/rate_limiter.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "platform/guard/network.hpp"

namespace townhall::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Limiter : testing::Test {
    RateLimiter limiter;
    RateLimiter::Clock::time_point now{std::chrono::hours(1000)};
    static constexpr std::uint32_t kLimit = 60;
    static constexpr RateLimiter::Caller kAnn{1, 7};

    RateLimiter::Verdict take(RateLimiter::Caller caller = kAnn) { return limiter.take(caller, kLimit, now); }
    int let_in_of(int requests, RateLimiter::Caller caller = kAnn) {
        int in = 0;
        for (int i = 0; i < requests; ++i) in += take(caller).allowed;
        return in;
    }
};

TEST_F(Limiter, LetsTheLimitThroughAtOnceAndThenItsRate) {
    EXPECT_EQ(let_in_of(70), 60);
    now += seconds(1);
    EXPECT_EQ(let_in_of(3), 1);
    now += seconds(10);
    EXPECT_EQ(let_in_of(20), 10);
    now += seconds(600);
    EXPECT_EQ(let_in_of(70), 60) << "never more than the limit";
}

TEST_F(Limiter, TellsWhatIsLeft) {
    const auto first = take();
    EXPECT_EQ(first.remaining, 59U);
    EXPECT_EQ(first.until_full, seconds(1));
    EXPECT_EQ(first.delay, milliseconds(0));
    (void)let_in_of(59);
    const auto refused = take();
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.remaining, 0U);
    EXPECT_EQ(refused.retry_after, seconds(1));
    EXPECT_EQ(refused.until_full, seconds(60));
    now += refused.retry_after;
    EXPECT_TRUE(take().allowed) << "who waits as told is let in";
}

TEST_F(Limiter, SlowsDownBeforeItRefuses) {
    for (int i = 0; i < 45; ++i) ASSERT_EQ(take().delay, milliseconds(0)) << i;
    milliseconds last{0};
    for (int i = 45; i < 60; ++i) {
        const auto verdict = take();
        ASSERT_GT(verdict.delay, last) << i;
        last = verdict.delay;
    }
    EXPECT_EQ(last, RateLimiter::kMostDelay);
}

TEST_F(Limiter, BansWhoGoesOnAndEachTimeForLonger) {
    seconds expected = RateLimiter::kFirstBan;
    for (int ban = 0; ban < 9; ++ban) {
        seconds got{0};
        int told = 0;
        for (int i = 0; i < 1'000; ++i) {
            const auto verdict = take();
            if (verdict.ban.count() > 0) got = verdict.ban, ++told;
        }
        ASSERT_EQ(told, 1) << "once a ban";
        ASSERT_EQ(got, expected);
        ASSERT_FALSE(take().allowed);
        ASSERT_EQ(take().retry_after, got) << "requests within a ban don't lengthen it";
        now += got;
        expected = std::min(expected * 2, RateLimiter::kLongestBan);
    }
    now += seconds(60);
    EXPECT_TRUE(take().allowed) << "no ban is for ever";
    now += RateLimiter::kForgotten;
    seconds first{0};
    for (int i = 0; i < 1'000; ++i) first = std::max(first, take().ban);
    EXPECT_EQ(first, RateLimiter::kFirstBan) << "and in time it is forgotten";
}

TEST_F(Limiter, NeverBansWhoWaitsAsTold) {
    for (int i = 0; i < 2'000; ++i) {
        const auto verdict = take();
        ASSERT_EQ(verdict.ban.count(), 0);
        if (!verdict.allowed) now += verdict.retry_after;
    }
}

TEST_F(Limiter, KeepsCallersAndKindsApart) {
    EXPECT_EQ(let_in_of(70), 60);
    EXPECT_TRUE(take({1, 8}).allowed);
    EXPECT_TRUE(take({2, 7}).allowed);
}

TEST_F(Limiter, HoldsManyCallersInItsFixedMemory) {
    for (std::uint64_t id = 0; id < 1'000'000; ++id) ASSERT_TRUE(take({1, id}).allowed) << "no stranger is refused";
    EXPECT_EQ(let_in_of(70, {1, 5'000'000}), 60) << "and a heavy caller is still counted among them";
    for (std::uint64_t id = 2'000'000; id < 2'050'000; ++id) (void)take({1, id});
    EXPECT_EQ(let_in_of(10, {1, 5'000'000}), 0) << "who has used most is forgotten last";
}

TEST_F(Limiter, CountsExactlyFromManyThreads) {
    std::atomic<int> in{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 1'000; ++i) in += limiter.take(kAnn, 100, now).allowed;
            });
    }
    EXPECT_EQ(in, 100);
}

TEST(Networks, AreOneForAllAddressesOfAHost) {
    EXPECT_EQ(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    EXPECT_EQ(network_of("2001:db8:1:2::1"), network_of("2001:0DB8:0001:0002:0:0:0:9"));
    EXPECT_NE(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"));
    EXPECT_EQ(network_of("192.0.2.1"), network_of("::ffff:192.0.2.1"));
    EXPECT_EQ(network_of("192.0.2.1"), network_of("64:ff9b::192.0.2.1"));
    EXPECT_NE(network_of("192.0.2.1"), network_of("192.0.2.2"));
    EXPECT_NE(network_of("::ffff:192.0.2.1"), network_of("::ffff:192.0.2.2")) << "all of IPv4 is no /64";
    EXPECT_EQ(network_of("fe80::1%eth0"), network_of("fe80::2"));
    for (const char* none : {"", "unix", "1.2.3", "::g", "999.1.1.1"}) EXPECT_EQ(network_of(none), 0U) << none;
    EXPECT_EQ(network_of(std::string(10'000, '1')), 0U);
}

}  // namespace
}  // namespace townhall::guard
