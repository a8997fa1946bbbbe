#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "platform/db/query.hpp"

namespace townhall::db {

struct QueryCounters {
    std::atomic<std::uint64_t> count{0};
    std::atomic<std::uint64_t> errors{0};
    std::atomic<std::uint64_t> nanoseconds{0};
};

/// One row of counters for each query's name, shared by the cores.
class QueryRegistry {
  public:
    /// Lives as long as the registry. Takes a lock: each core keeps what it got.
    QueryCounters& of(const std::string& name) {
        const std::lock_guard lock(mutex_);
        auto& counters = counters_[name];
        if (!counters) counters = std::make_unique<QueryCounters>();
        return *counters;
    }
    template <class Visit>
    void each(Visit visit) const {
        const std::lock_guard lock(mutex_);
        for (const auto& [name, counters] : counters_) visit(name, *counters);
    }

  private:
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::unique_ptr<QueryCounters>> counters_;
};

/// A core's view of the registry, by the address of the name. For one thread.
class CountersCache {
  public:
    explicit CountersCache(QueryRegistry& registry) : registry_(registry) {}
    QueryCounters& of(const char* name) {
        QueryCounters*& known = known_[name];
        if (known == nullptr) known = &registry_.of(name);
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
    Clock::time_point started = Clock::now();
    Clock::time_point queued = started;

    Answer answer;
    std::uint8_t stale = 0;    ///< times that its plan was out of date
    std::uint8_t retries = 0;  ///< times that it lost against another transaction
    bool resent = false;       ///< already sent again after a connection was lost
    bool last_word = false;    ///< a conflict met now is with committed data

    void complete(std::exception_ptr error) {
        if (counters != nullptr) {
            counters->count.fetch_add(1, std::memory_order_relaxed);
            if (error) counters->errors.fetch_add(1, std::memory_order_relaxed);
            const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - started).count();
            counters->nanoseconds.fetch_add(static_cast<std::uint64_t>(took), std::memory_order_relaxed);
        }
        completion(std::move(error), std::move(answer));
    }
};

using OpPtr = std::unique_ptr<Op>;

}  // namespace townhall::db
