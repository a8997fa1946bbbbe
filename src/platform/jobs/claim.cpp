#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "platform/jobs/worker.hpp"
#include "platform/observe/log.hpp"

/// How jobs come here.
namespace townhall::jobs {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// Claims are this far apart while they find less than they could take: so that a stream of new jobs is claimed in
/// handfuls.
constexpr std::chrono::milliseconds kBetweenClaims{20};
/// How long wakes are counted before they are called a burst, and how far apart claims are in one.
constexpr std::chrono::milliseconds kCountWakes{50};
constexpr std::chrono::milliseconds kBetweenClaimsInBurst{1'000};
/// Claims from the very beginning of the queue.
constexpr std::chrono::milliseconds kBetweenSweeps{1'500};
constexpr std::size_t kMostAtOnce = 1'000;

/// Jobs are claimed ahead of time only when they are so quick that all begin within this many seconds: another worker
/// could take them otherwise.
constexpr double kAhead = 0.05;

}  // namespace

/// A burst of requests is answered first, and followed up in what it leaves: see Options::burst.
Task<void> Worker::Impl::stand_back() {
    if (options_.burst == 0) co_return;
    const auto now = Clock::now();
    if (const std::chrono::duration<double> counted = now - wakes_from_; counted >= kCountWakes) {
        const auto wakes = static_cast<double>(wakes_.exchange(0, std::memory_order_relaxed));
        bursting_ = wakes > options_.burst * counted.count();
        wakes_from_ = now;
    }
    if (!bursting_) co_return;
    asio::steady_timer pause(executor(), kBetweenClaimsInBurst);
    co_await pause.async_wait(asio::use_awaitable);
}

Task<void> Worker::Impl::claim_loop() {
    while (!stopping_) {
        co_await stand_back();
        if (co_await claim()) continue;
        auto longest = options_.poll;
        if (next_due_) {
            const auto due = std::chrono::ceil<std::chrono::milliseconds>(*next_due_ - Clock::now());
            longest = std::clamp(due, 1ms, longest);
        }
        const bool signaled = co_await to_claim_.wait_for(longest);
        if (!signaled) {
            if (next_due_ && *next_due_ <= Clock::now()) next_due_.reset();
            for (KindState& kind : kinds_) kind.maybe_more = true;
        } else if (const auto since = Clock::now() - claimed_at_; since < kBetweenClaims && !stopping_) {
            // A timer of its own: signals are remembered meanwhile.
            asio::steady_timer pause(executor(), kBetweenClaims - since);
            co_await pause.async_wait(asio::use_awaitable);
        }
    }
}

/// How many more jobs of a kind there is room for.
std::size_t Worker::Impl::room(const KindState& state) const {
    const std::size_t at_once = state.kind.concurrency * state.kind.batch;
    std::size_t wanted = at_once;
    if (state.seconds > 0 && state.seconds < kAhead) {
        const double ahead = static_cast<double>(at_once) * kAhead / std::max(state.seconds, 1e-4);
        wanted += static_cast<std::size_t>(std::min(ahead, static_cast<double>(kMostAtOnce)));
    }
    const std::size_t have = state.running * state.kind.batch + state.waiting.size();
    if (have >= wanted) return 0;
    // Better a quarter at once than one by one, unless something stands idle.
    if (state.running >= state.kind.concurrency && wanted - have < (wanted + 3) / 4) return 0;
    return std::min(wanted - have, kMostAtOnce);
}

/// Claims what there is room for. True when it is worth claiming again at once.
Task<bool> Worker::Impl::claim() {
    const Clock::time_point now = Clock::now();
    std::vector<Asked> asked;
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
        KindState& state = kinds_[i];
        const std::size_t limit = state.maybe_more ? room(state) : 0;
        if (limit == 0) continue;
        state.maybe_more = false;  // unless someone says so while the claim is under way
        asked.push_back({.kind = i, .limit = limit, .sweep = state.sweep_at <= now});
    }
    if (asked.empty()) co_return false;
    claimed_at_ = now;
    std::vector<Claimed> rows;
    bool failed = false;
    try {
        rows = co_await ask(asked);
    } catch (const db::Unavailable&) {
        failed = true;  // the database layer says so itself
    } catch (const std::exception& failure) {
        observe::error("jobs can't be claimed", {{"failure", failure.what()}});
        failed = true;
    }
    for (const Asked& one : asked) {
        if (one.sweep) kinds_[one.kind].sweep_at = again_after(claimed_at_, kBetweenSweeps);
    }
    if (failed) {
        if (!stopping_) co_await to_claim_.wait_for(1s);
        co_return false;
    }
    const db::Timestamp as_of = rows.at(0).run_at;
    rows.erase(rows.begin());
    for (const Claimed& row : rows) ++std::ranges::find(asked, kind_of_.at(row.kind), &Asked::kind)->got;
    bool again = false;
    for (const Asked& one : asked) {
        move_floors(one, rows, as_of);
        if (one.got == one.limit) kinds_[one.kind].maybe_more = again = true;
    }
    accept(std::move(rows));
    if (stopping_) {
        release_waiting();
    } else {
        begin_waiting();
    }
    co_return again&& std::ranges::any_of(kinds_, [this](const KindState& k) { return k.maybe_more && room(k) > 0; });
}

/// By a connection of its own: it may take long while dead rows are in the way, and nobody is to wait behind it.
Task<std::vector<Claimed>> Worker::Impl::ask(const std::vector<Asked>& asked) {
    Texts names;
    Ints limits, leases, attempts;
    std::vector<bool> takes_lost(kinds_.size(), true);
    for (const auto& [id, held] : held_) {
        if (held.lost) takes_lost[held.kind] = false;
    }
    std::vector<bool> lost_too;
    std::vector<db::Timestamp> floors;
    Ids floor_ids;
    for (const Asked& one : asked) {
        const KindState& state = kinds_[one.kind];
        names.push_back(state.kind.name);
        limits.push_back(static_cast<std::int32_t>(one.limit));
        leases.push_back(static_cast<std::int32_t>(state.kind.lease.count()));
        attempts.push_back(state.kind.max_attempts);
        lost_too.push_back(takes_lost[one.kind]);
        for (const Floor& floor : state.floors) {
            floors.push_back(one.sweep ? db::Timestamp{} : floor.run_at);
            floor_ids.push_back(one.sweep ? 0 : floor.id);
        }
    }
    co_return co_await database_.all(db::Scope::owner().slow(), kClaim, names, limits, leases, attempts, lost_too,
                                     floors, floor_ids, name_);
}

void Worker::Impl::move_floors(const Asked& asked, const std::vector<Claimed>& rows, db::Timestamp as_of) {
    KindState& state = kinds_[asked.kind];
    if (asked.got < asked.limit) {
        // Whatever was due has been seen.
        state.floors.fill({as_of, 0});
        return;
    }
    std::array<Floor, kPriorities> reached{};
    for (const Claimed& row : rows) {
        if (row.lost || row.kind != state.kind.name) continue;
        Floor& last = reached.at(static_cast<std::size_t>(row.priority));
        last = std::max(last, Floor{row.run_at, row.id});
    }
    for (std::size_t i = 0; i < kPriorities; ++i) {
        if (reached[i] == Floor{}) continue;
        // A sweep that found its fill behind the floor goes on from there.
        state.floors[i] = asked.sweep ? reached[i] : std::max(state.floors[i], reached[i]);
    }
}

void Worker::Impl::accept(std::vector<Claimed> rows) {
    for (Claimed& row : rows) {
        const std::size_t kind = kind_of_.at(row.kind);
        KindState& state = kinds_[kind];
        Held held{.kind = kind,
                  .attempt = row.attempt,
                  .lost = row.lost,
                  .stop = {},
                  .extend_at = claimed_at_ + state.kind.lease / 3,
                  .lease_end = claimed_at_ + state.kind.lease};
        state.waiting.push_back({.id = row.id,
                                 .kind = std::move(row.kind),
                                 .subject = std::move(row.subject),
                                 .payload = std::move(row.payload),
                                 .attempt = row.attempt,
                                 .max_attempts = row.max_attempts,
                                 .stop = held.stop.get_token()});
        const auto [place, added] = held_.try_emplace(row.id);
        // An earlier attempt of ours that outlived its lease.
        if (!added) place->second.stop.request_stop();
        place->second = std::move(held);
    }
}

}  // namespace townhall::jobs
