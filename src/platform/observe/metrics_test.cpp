#include "platform/observe/metrics.hpp"

#include <chrono>
#include <deque>
#include <gtest/gtest.h>
#include <stdexcept>
#include <thread>

#include "platform/observe/process_stats.hpp"
#include "platform/observe/request_counters.hpp"

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

AnswerKind answer(std::string_view route, int status, std::string_view problem = {}) {
    return {.route = route, .method = "GET", .problem = problem, .status = status};
}

TEST(RequestCounters, CountsByRouteAndAnswer) {
    RequestCounters counters;
    for (int i = 0; i < 3; ++i) counters.count(answer("/a", 200), std::chrono::milliseconds(2));
    counters.count(answer("/a", 404, "not_found"), std::chrono::seconds(20));
    counters.count(answer("/b", 200), std::chrono::nanoseconds(1));
    RequestTotals totals;
    counters.add_to(totals);
    EXPECT_EQ(totals.answers.size(), 3U);
    EXPECT_EQ(totals.answers[answer("/a", 200)], 3U);
    EXPECT_EQ(totals.answers[answer("/a", 404, "not_found")], 1U);
    const auto& seconds = totals.seconds[{.route = "/a", .method = "GET", .problem = {}}];
    EXPECT_EQ(seconds.count, 4U);
    EXPECT_NEAR(seconds.sum, 20.006, 1e-9);
    EXPECT_EQ(seconds.buckets.at(2), 3U);  // 2 ms are within 2.5 ms
    EXPECT_EQ(seconds.buckets.back(), 1U);
    counters.add_to(totals);  // of another thread
    EXPECT_EQ(totals.answers[answer("/a", 200)], 6U);
}

TEST(RequestCounters, AreBounded) {
    RequestCounters counters;
    std::deque<std::string> routes;
    for (int i = 0; i < 5'000; ++i) {
        routes.push_back("/" + std::to_string(i));
        counters.count(answer(routes.back(), 200, "x"), std::chrono::milliseconds(1));
        counters.count(answer(routes.back(), 404, "y"), std::chrono::milliseconds(1));
    }
    RequestTotals totals;
    counters.add_to(totals);
    EXPECT_LT(totals.answers.size(), 1'000U);
    EXPECT_LT(totals.seconds.size(), 500U);
    EXPECT_GT(totals.answers[answer("other", 404)], 4'000U);
    std::uint64_t all = 0, timed = 0;
    for (const auto& [kind, count] : totals.answers) all += count;
    for (const auto& [kind, seconds] : totals.seconds) timed += seconds.count;
    EXPECT_EQ(all, 10'000U);
    EXPECT_EQ(timed, 10'000U);
}

TEST(ProcessStats, AreOfThisProcess) {
    const ProcessStats stats = process_stats();
    EXPECT_GT(stats.resident_bytes, 1'000'000U);
    EXPECT_GE(stats.open_files, 3U);
    EXPECT_GE(stats.most_open_files, stats.open_files);
    EXPECT_GT(stats.cpu_seconds, 0);
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    EXPECT_GT(stats.started, now - 3600);
    EXPECT_LE(stats.started, now + 1);
}

}  // namespace
}  // namespace townhall::observe
