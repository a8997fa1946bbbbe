#include "platform/http/pace.hpp"

#include <gtest/gtest.h>

namespace townhall::http {
namespace {

using namespace std::chrono_literals;

const Timeouts kTimeouts;  // as they are by default
const Pace::clock::time_point kNow{1h};

TEST(Pace, HasATimeOfGrace) {
    Pace pace(kTimeouts);
    EXPECT_EQ(pace.deadline(kNow), kNow + kTimeouts.pace);
    pace.add(4s, 0);
    EXPECT_EQ(pace.deadline(kNow), kNow + kTimeouts.pace - 4s);
    pace.add(60s, 0);
    EXPECT_EQ(pace.deadline(kNow), kNow) << "never before the wait begins";
}

TEST(Pace, WhatCameAtOnceBuysNoMoreThanOneStall) {
    Pace pace(kTimeouts);
    pace.add(0s, 1024ULL * 1024 * 1024);
    EXPECT_EQ(pace.deadline(kNow), kNow + kTimeouts.stall);
    pace.add(19s, 1);
    EXPECT_LT(pace.deadline(kNow), kNow + 2s);
}

TEST(Pace, WhoKeepsToItMayTakeForHours) {
    Pace pace(kTimeouts);
    for (int i = 0; i < 1000; ++i) {
        pace.add(15s, 15 * kTimeouts.bytes_per_second);
        ASSERT_GE(pace.deadline(kNow), kNow + 9s) << i;
    }
    Pace too_slow(kTimeouts);
    for (int i = 0; i < 100; ++i) too_slow.add(1s, kTimeouts.bytes_per_second / 2);
    EXPECT_EQ(too_slow.deadline(kNow), kNow);
}

}  // namespace
}  // namespace townhall::http
