#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <string_view>

#include "platform/observe/metrics.hpp"

namespace townhall::observe {

/// What an answer is counted by. All views are of constants: they live as long as the process.
struct AnswerKind {
    std::string_view route;    // the template
    std::string_view method;   // "GET"; "OTHER" for those we don't know
    std::string_view problem;  // its code; empty: none
    int status = 0;
    auto operator<=>(const AnswerKind&) const = default;
};

/// Requests of all threads.
struct RequestTotals {
    std::map<AnswerKind, std::uint64_t> answers;
    std::map<AnswerKind, Histogram::Totals> seconds;  // by route and method alone
};

/// The requests that one thread has answered, by route, method, status and problem. Only that thread counts: without
/// locks, and without allocating. Any thread reads. Both tables are bounded; what does not fit is counted under the
/// route "other".
class RequestCounters {
  public:
    void count(const AnswerKind& answer, std::chrono::nanoseconds took) noexcept;
    void add_to(RequestTotals& totals) const;

  private:
    static constexpr std::size_t kMostAnswers = 1024;
    static constexpr std::size_t kMostRoutes = 512;

    template <class Value>
    struct Slot {
        AnswerKind key;
        std::atomic<bool> used = false;  // set once the key stands
        Value value{};
    };
    template <class Value, std::size_t Size>
    using Table = std::array<Slot<Value>, Size>;

    template <class Value, std::size_t Size>
    static Value& find(Table<Value, Size>& table, std::size_t& used, AnswerKind key) noexcept;

    Table<std::atomic<std::uint64_t>, kMostAnswers> answers_;
    Table<LocalHistogram, kMostRoutes> seconds_;
    std::size_t answers_used_ = 0;
    std::size_t seconds_used_ = 0;
};

}  // namespace townhall::observe
