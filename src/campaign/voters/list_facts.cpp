#include "campaign/voters/list_facts.hpp"

namespace townhall::campaign {

namespace {

constexpr std::int64_t kWorthKeeping = 10'000;  // counting fewer than this is quick
constexpr auto kCountAge = std::chrono::seconds(30);
constexpr auto kAsOfAge = std::chrono::seconds(1);

constexpr db::Query<std::int64_t()> kCountMembers{"voters.count", db::Mode::read, "select campaign.count_voters()"};
constexpr db::Query<std::int64_t()> kCountAll{"voters.count_all", db::Mode::read,
                                              "select count(*) from campaign.voters where deleted_at is null"};
// Sees every session's start: all of them log in as the owner.
constexpr db::Query<db::Timestamp()> kAsOf{"voters.as_of", db::Mode::read,
                                           "select coalesce(min(xact_start), now()) from pg_stat_activity"
                                           " where datname = current_database() and backend_type = 'client backend'"};

constexpr std::array<const db::Statement*, 3> kQueries{&kCountMembers, &kCountAll, &kAsOf};

}  // namespace

Task<ListFacts::Total> ListFacts::total(db::Scope scope, bool exact) {
    const std::int64_t who = scope.campaign.value_or(0);
    if (!exact) {
        const std::scoped_lock lock(mutex_);
        const auto known = counts_.find(who);
        if (known != counts_.end() && known->second.count > kWorthKeeping &&
            Clock::now() - known->second.at < kCountAge)
            co_return Total{known->second.count, true};
    }
    const std::int64_t count = co_await db_.one(scope.slow(), scope.campaign ? kCountMembers : kCountAll);
    const std::scoped_lock lock(mutex_);
    counts_.insert_or_assign(who, Counted{count, Clock::now()});
    co_return Total{count, false};
}

Task<db::Timestamp> ListFacts::as_of() {
    const auto asked = Clock::now();
    {
        const std::scoped_lock lock(mutex_);
        if (as_of_ && asked - as_of_->second < kAsOfAge) co_return as_of_->first;
    }
    const db::Timestamp time = co_await db_.one(db::Scope::owner(), kAsOf);
    const std::scoped_lock lock(mutex_);
    if (!as_of_ || as_of_->second < asked) as_of_ = {time, asked};
    co_return time;
}

std::span<const db::Statement* const> list_fact_queries() { return kQueries; }

}  // namespace townhall::campaign
