#include "platform/observe/metrics.hpp"

#include <gtest/gtest.h>
#include <stdexcept>
#include <thread>

namespace townhall::observe {
namespace {

TEST(Metrics, RendersFamiliesInOrder) {
    Metrics metrics;
    metrics.counter("b_total", "Requests.\nAll \\ of them", {{"status", "200"}, {"route", "/a\"b\\c\nd"}}).add(3);
    metrics.counter("b_total", "", {{"route", "/x"}, {"status", "404"}}).add();
    metrics.gauge("a", "In flight.").add(-2);
    const auto callback = metrics.on_scrape("c", "Read while rendering.", [] { return 1.5; });
    EXPECT_EQ(metrics.render(),
              "# HELP a In flight.\n# TYPE a gauge\na -2\n"
              "# HELP b_total Requests.\\nAll \\\\ of them\n# TYPE b_total counter\n"
              "b_total{route=\"/a\\\"b\\\\c\\nd\",status=\"200\"} 3\n"
              "b_total{route=\"/x\",status=\"404\"} 1\n"
              "# HELP c Read while rendering.\n# TYPE c gauge\nc 1.5\n");
}

TEST(Metrics, HistogramBucketsAreCumulativeAndBoundsInclusive) {
    Metrics metrics;
    constexpr std::array kBounds{0.1, 1.0};
    Histogram& histogram = metrics.histogram("t_seconds", "Time.", kBounds, {{"q", "x"}});
    for (const double value : {0.1, 0.5, 2.0, 0.05}) histogram.observe(value);
    EXPECT_EQ(metrics.render(),
              "# HELP t_seconds Time.\n# TYPE t_seconds histogram\n"
              "t_seconds_bucket{q=\"x\",le=\"0.1\"} 2\n"
              "t_seconds_bucket{q=\"x\",le=\"1\"} 3\n"
              "t_seconds_bucket{q=\"x\",le=\"+Inf\"} 4\n"
              "t_seconds_sum{q=\"x\"} 2.65\n"
              "t_seconds_count{q=\"x\"} 4\n");
}

TEST(Metrics, TheSameLabelsInAnyOrderAreTheSameSeries) {
    Metrics metrics;
    Counter& one = metrics.counter("x_total", "", {{"a", "1"}, {"b", "2"}});
    EXPECT_EQ(&one, &metrics.counter("x_total", "", {{"b", "2"}, {"a", "1"}}));
}

TEST(Metrics, RefusesMistakes) {
    Metrics metrics;
    metrics.counter("x_total", "");
    EXPECT_THROW(metrics.gauge("x_total", ""), std::logic_error);
    EXPECT_THROW(metrics.counter("9x", ""), std::logic_error);
    EXPECT_THROW(metrics.counter("y", "", {{"a-b", "1"}}), std::logic_error);
}

TEST(Metrics, BoundsTheSeriesOfAFamily) {
    Metrics metrics;
    for (std::size_t i = 0; i < Metrics::kMaxSeries + 50; ++i) {
        metrics.counter("x_total", "", {{"i", std::to_string(i)}}).add();
    }
    EXPECT_EQ(metrics.counter("x_total", "", {{"i", "one more"}}).value(), 50U);
    EXPECT_NE(metrics.render().find("x_total{overflow=\"true\"} 50\n"), std::string::npos);
}

TEST(Metrics, ACallbackGoesWithItsToken) {
    Metrics metrics;
    {
        const auto token = metrics.on_scrape("x", "", [] { return 1.0; });
        EXPECT_NE(metrics.render().find("x 1\n"), std::string::npos);
    }
    EXPECT_EQ(metrics.render(), "");
}

TEST(Metrics, NothingIsLostBetweenThreads) {
    Metrics metrics;
    Counter& counter = metrics.counter("x_total", "");
    Gauge& gauge = metrics.gauge("g", "");
    constexpr std::array kBounds{1.0};
    Histogram& histogram = metrics.histogram("h", "", kBounds);
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 12; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 10'000; ++i) {
                    counter.add();
                    gauge.add(i % 2 == 0 ? 1 : -1);
                    histogram.observe(2);
                }
            });
        }
    }
    EXPECT_EQ(counter.value(), 120'000U);
    EXPECT_EQ(gauge.value(), 0);
    EXPECT_EQ(histogram.totals().count, 120'000U);
    EXPECT_DOUBLE_EQ(histogram.totals().sum, 240'000);
}

}  // namespace
}  // namespace townhall::observe
