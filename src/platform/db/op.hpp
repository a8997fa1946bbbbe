#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "platform/db/query.hpp"
#include "platform/db/stats.hpp"

namespace townhall::db {

/// What one core counts of one query. Written by that core's thread alone, read by any.
class QueryCounters {
  public:
    void count_success(std::chrono::nanoseconds took) noexcept { seconds_.observe(took); }
    /// `sqlstate` is empty where the server said nothing.
    void count_failure(std::chrono::nanoseconds took, std::string_view sqlstate) noexcept;
    void add_to(QueryStats& stats) const;

  private:
    /// Classes that are told apart (PostgreSQL, appendix A): the first stands for no answer, the last for the rest.
    static constexpr std::array<std::string_view, 10> kClasses{"none", "08", "22", "23", "25",
                                                               "40",   "53", "55", "57", "other"};

    observe::LocalHistogram seconds_;
    std::array<std::atomic<std::uint64_t>, kClasses.size()> failures_{};
};

/// The counters of every core.
class QueryRegistry {
  public:
    /// New ones, for one core. They live as long as the registry.
    QueryCounters& add(const char* name);
    /// Every query that ran, its cores added up, in the order of the names.
    [[nodiscard]] std::vector<QueryStats> stats() const;

  private:
    mutable std::mutex mutex_;
    std::multimap<std::string, std::unique_ptr<QueryCounters>> counters_;
};

/// A core's own counters, by the address of the name. For one thread.
class CountersCache {
  public:
    explicit CountersCache(QueryRegistry& registry) : registry_(registry) {}
    QueryCounters& of(const char* name) {
        QueryCounters*& known = known_[name];
        if (known == nullptr) known = &registry_.add(name);
        return *known;
    }

  private:
    QueryRegistry& registry_;
    std::unordered_map<const char*, QueryCounters*> known_;
};

/// A statement on its way: from the call, through a lane or the pool, to its answer.
struct Op {
    using Clock = std::chrono::steady_clock;
    using Completion = std::move_only_function<void(std::exception_ptr, Answer)>;

    Statement statement;
    Parameters parameters;
    std::optional<std::string> campaign;  ///< what `app.campaign` is set to; none: the owner
    bool named = true;                    ///< may be prepared under its name
    std::string sql;                      ///< of a composed statement, which `statement` points to
    std::vector<Oid> types;

    Completion completion;  ///< called once, on the lane's thread; brings the answer to whoever asked
    QueryCounters* counters = nullptr;
    std::string sqlstate;  ///< of what it failed with, for the counters; empty where the server said nothing
    Clock::time_point started = Clock::now();
    Clock::time_point queued = started;

    Answer answer;
    std::uint8_t stale = 0;    ///< times that its plan was out of date
    std::uint8_t retries = 0;  ///< times that it lost against another transaction
    bool resent = false;       ///< already sent again after a connection was lost
    bool last_word = false;    ///< a conflict met now is with committed data

    void complete(std::exception_ptr error) {
        if (counters != nullptr && error)
            counters->count_failure(Clock::now() - started, sqlstate);
        else if (counters != nullptr)
            counters->count_success(Clock::now() - started);
        completion(std::move(error), std::move(answer));
    }
};

using OpPtr = std::unique_ptr<Op>;

}  // namespace townhall::db
