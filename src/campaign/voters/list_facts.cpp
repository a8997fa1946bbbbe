#include "campaign/voters/list_facts.hpp"

namespace townhall::campaign {

namespace {

constexpr std::int64_t kFew = 10'000;  // counting fewer than this is quick
constexpr auto kCountAge = std::chrono::seconds(30);
constexpr auto kAsOfAge = std::chrono::seconds(1);
constexpr auto kEstimateAge = std::chrono::seconds(1);
constexpr auto kStartAge = std::chrono::seconds(1);
constexpr std::size_t kMostStarts = 10'000;

constexpr db::Query<std::int64_t()> kCountMembers{"voters.count", db::Mode::read, "select campaign.count_voters()"};
constexpr db::Query<std::int64_t(std::int64_t)> kCountFewMembers{
    "voters.count_few", db::Mode::read,
    "select count(*) from (select from campaign.campaign_voters m where m.removed_at is null limit $1) few"};
constexpr db::Query<std::int64_t()> kCountAll{"voters.count_all", db::Mode::read,
                                              "select count(*) from campaign.voters where deleted_at is null"};
constexpr db::Query<std::int64_t(std::int64_t)> kCountFew{
    "voters.count_few_of_all", db::Mode::read,
    "select count(*) from (select from campaign.voters where deleted_at is null limit $1) few"};
constexpr db::Query<std::int64_t(std::string)> kEstimate{
    "voters.estimate", db::Mode::read, "select greatest(reltuples, 0)::bigint from pg_class where oid = $1::regclass"};
// Sees every session's start: all of them log in as the owner.
constexpr db::Query<db::Timestamp()> kAsOf{"voters.as_of", db::Mode::read,
                                           "select coalesce(min(xact_start), now()) from pg_stat_activity"
                                           " where datname = current_database() and backend_type = 'client backend'"};

constexpr std::array<const db::Statement*, 6> kQueries{&kCountMembers, &kCountFewMembers, &kCountAll,
                                                       &kCountFew,     &kEstimate,        &kAsOf};

}  // namespace

std::optional<ListFacts::Total> ListFacts::known(std::int64_t campaign) {
    const std::scoped_lock lock(mutex_);
    Counted& entry = counts_[campaign];
    const bool fresh = entry.count && Clock::now() - entry.at < kCountAge;
    // While another request counts, its predecessor's result serves; before the first, all we know is "many".
    if (fresh || entry.counting) return Total{entry.count.value_or(kFew + 1), true};
    entry.counting = true;
    return std::nullopt;
}

bool ListFacts::is_large(std::int64_t campaign) {
    const std::scoped_lock lock(mutex_);
    const auto entry = counts_.find(campaign);
    return entry != counts_.end() && entry->second.count.value_or(0) > kFew;
}

Task<std::int64_t> ListFacts::count_campaign(std::int64_t campaign) {
    std::optional<std::int64_t> count;
    std::exception_ptr failure;
    try {
        count = co_await db_.one(db::Scope::of(campaign).slow(), kCountMembers);
    } catch (...) {
        failure = std::current_exception();
    }
    const std::scoped_lock lock(mutex_);
    Counted& entry = counts_[campaign];
    entry.counting = false;
    if (failure) std::rethrow_exception(failure);
    entry.count = count;
    entry.at = Clock::now();
    co_return *count;
}

Task<std::int64_t> ListFacts::estimate_all(db::Scope scope) {
    {
        const std::scoped_lock lock(mutex_);
        if (estimate_ && Clock::now() - estimate_->second < kEstimateAge) co_return estimate_->first;
    }
    const std::int64_t estimate = co_await db_.one(scope, kEstimate, "campaign.voters");
    const std::scoped_lock lock(mutex_);
    estimate_ = {estimate, Clock::now()};
    co_return estimate;
}

Task<ListFacts::Total> ListFacts::total(db::Scope scope, bool exact) {
    if (exact)
        co_return Total{
            scope.campaign ? co_await count_campaign(*scope.campaign) : co_await db_.one(scope.slow(), kCountAll),
            false};
    if (!scope.campaign) {
        const std::int64_t estimate = co_await estimate_all(scope);
        if (estimate > 2 * kFew) co_return Total{estimate, true};
        const std::int64_t few = co_await db_.one(scope, kCountFew, kFew + 1);
        co_return Total{std::max(few, few > kFew ? estimate : 0), few > kFew};
    }
    if (!is_large(*scope.campaign)) {
        const std::int64_t few = co_await db_.one(scope, kCountFewMembers, kFew + 1);
        if (few <= kFew) co_return Total{few, false};
    }
    if (const auto total = known(*scope.campaign)) co_return *total;
    co_return Total{co_await count_campaign(*scope.campaign), false};
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

std::optional<ListFacts::Start> ListFacts::start_of_page(std::optional<std::int64_t> campaign, std::int64_t skipped) {
    const std::scoped_lock lock(mutex_);
    const auto found = starts_.find({campaign.value_or(0), skipped});
    if (found == starts_.end() || Clock::now() - found->second.at > kStartAge) return std::nullopt;
    return found->second;
}

void ListFacts::remember_start(std::optional<std::int64_t> campaign, std::int64_t skipped, Start start) {
    const std::scoped_lock lock(mutex_);
    if (starts_.size() >= kMostStarts) starts_.clear();
    Start& known = starts_[{campaign.value_or(0), skipped}];
    if (known.at < start.at) known = start;
}

void ListFacts::forget_starts() {
    const std::scoped_lock lock(mutex_);
    starts_.clear();
}

std::span<const db::Statement* const> list_fact_queries() { return kQueries; }

}  // namespace townhall::campaign
