#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "platform/db/db.hpp"

namespace townhall::campaign {

/// What every page of a list says or needs and nobody wants to compute for every page: how many there are, the time to
/// ask for changes from, and where pages begin. Thread-safe; holds one entry a campaign, and some for its pages.
class ListFacts {
  public:
    explicit ListFacts(db::Database& db) : db_(db) {}

    struct Total {
        std::int64_t count = 0;
        bool estimate = false;
    };
    /// How many voters the scope holds. Small numbers, and `exact` ones, are counted. A large one of a campaign is
    /// counted again every half minute, by one request at a time, and is an estimate in between; that of all voters is
    /// the planner's estimate, asked for once a second.
    Task<Total> total(db::Scope scope, bool exact);

    /// The start of the oldest transaction that was running within the last second: whoever asks for changes since then
    /// misses nothing that commits late.
    Task<db::Timestamp> as_of();

    /// The id at which a page of a list by id begins, and when that was so.
    struct Start {
        std::int64_t id = 0;
        std::chrono::steady_clock::time_point at;
    };
    /// Where the list of a campaign (none: of all voters) goes on after that many voters, as of the last second.
    /// PostgreSQL would have to count its way there: 5,000 entries of an index cost it as much as twenty pages. So what
    /// others add or remove in front of a page may move its beginning a second late.
    [[nodiscard]] std::optional<Start> start_of_page(std::optional<std::int64_t> campaign, std::int64_t skipped);
    void remember_start(std::optional<std::int64_t> campaign, std::int64_t skipped, Start start);
    /// After a change of ours to who is in a list: everybody's lists, for a person may be in many.
    void forget_starts();

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
    Task<std::int64_t> estimate_all(db::Scope scope);

    db::Database& db_;
    std::mutex mutex_;                        // guards what follows; never held over a suspension
    std::map<std::int64_t, Counted> counts_;  // of large campaigns
    std::optional<std::pair<db::Timestamp, Clock::time_point>> as_of_;
    std::optional<std::pair<std::int64_t, Clock::time_point>> estimate_;  // of all voters
    std::map<std::pair<std::int64_t, std::int64_t>, Start> starts_;       // by campaign (0: none) and voters before
};

[[nodiscard]] std::span<const db::Statement* const> list_fact_queries();

}  // namespace townhall::campaign
