#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "platform/db/db.hpp"

namespace townhall::campaign {

/// What every page of a list says and nobody wants to compute for every page: how many there are, and the time to ask
/// for changes from. Thread-safe; holds one entry a campaign.
class ListFacts {
  public:
    explicit ListFacts(db::Database& db) : db_(db) {}

    struct Total {
        std::int64_t count = 0;
        bool estimate = false;
    };
    /// How many voters the scope holds. Small numbers, and `exact` ones, are counted; a large one is counted again
    /// every half minute and is an estimate in between.
    Task<Total> total(db::Scope scope, bool exact);

    /// The start of the oldest transaction that was running within the last second: whoever asks for changes since then
    /// misses nothing that commits late.
    Task<db::Timestamp> as_of();

  private:
    using Clock = std::chrono::steady_clock;
    struct Counted {
        std::int64_t count;
        Clock::time_point at;
    };

    db::Database& db_;
    std::mutex mutex_;                        // guards what follows; never held over a suspension
    std::map<std::int64_t, Counted> counts_;  // by campaign; 0: all
    std::optional<std::pair<db::Timestamp, Clock::time_point>> as_of_;
};

[[nodiscard]] std::span<const db::Statement* const> list_fact_queries();

}  // namespace townhall::campaign
