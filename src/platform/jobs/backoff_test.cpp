#include "platform/jobs/backoff.hpp"

#include <gtest/gtest.h>

namespace townhall::jobs {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesUpToItsBoundWithFullJitter) {
    EXPECT_EQ(backoff(1, 2s, 1h, 1.0), 2s);
    EXPECT_EQ(backoff(2, 2s, 1h, 1.0), 4s);
    EXPECT_EQ(backoff(5, 2s, 1h, 0.5), 16s);
    EXPECT_EQ(backoff(5, 2s, 1h, 0.0), 0s);
    EXPECT_EQ(backoff(30, 2s, 1h, 1.0), 1h);
    EXPECT_EQ(backoff(2'000'000'000, 2s, 1h, 1.0), 1h);
}

}  // namespace
}  // namespace townhall::jobs
