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
    /// How many voters the scope holds. Small numbers, and `exact` ones, are counted. A large one of a campaign is
    /// counted again every half minute, by one request at a time, and is an estimate in between; that of all voters is
    /// the planner's estimate.
    Task<Total> total(db::Scope scope, bool exact);

    /// The start of the oldest transaction that was running within the last second: whoever asks for changes since then
    /// misses nothing that commits late.
    Task<db::Timestamp> as_of();

  private:
    using Clock = std::chrono::steady_clock;
    struct Counted {
        std::optional<std::int64_t> count;  // of the last time; none: never yet
        Clock::time_point at;
        bool counting = false;  // by a request that is under way
    };
    /// What is known without asking, or nothing where this request must count.
    [[nodiscard]] std::optional<Total> known(std::int64_t campaign);
    [[nodiscard]] bool is_large(std::int64_t campaign);
    Task<std::int64_t> count_campaign(std::int64_t campaign);

    db::Database& db_;
    std::mutex mutex_;                        // guards what follows; never held over a suspension
    std::map<std::int64_t, Counted> counts_;  // of large campaigns
    std::optional<std::pair<db::Timestamp, Clock::time_point>> as_of_;
};

[[nodiscard]] std::span<const db::Statement* const> list_fact_queries();

}  // namespace townhall::campaign
