#include <cmath>
#include <unordered_set>
#include <utility>

#include "platform/jobs/worker.hpp"
#include "platform/observe/log.hpp"

/// What a worker does now and then: signs of life, rescues, figures, the purge, and telling other processes.
namespace townhall::jobs {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kTick{1'000};
constexpr std::chrono::milliseconds kBetweenNotifies{50};
constexpr std::chrono::seconds kBetweenFigures{15};
constexpr std::chrono::seconds kBetweenPurges{60};

}  // namespace

Task<void> Worker::Impl::keep_loop() {
    Clock::time_point rescue_at{}, measure_at{}, purge_at = Clock::now() + kBetweenPurges;
    const auto tick = std::min(kTick, options_.rescue);
    // As long as a job runs, its lease is kept up, also while stopping.
    while (!stopping_ || !held_.empty()) {
        const Clock::time_point now = Clock::now();
        try {
            co_await extend_leases();
            if (now >= rescue_at && !stopping_) {
                // Spread, so that many processes don't look at the same moment.
                rescue_at = now + options_.rescue * std::uniform_int_distribution(80, 120)(random_) / 100;
                co_await rescue();
            }
            if (now >= measure_at && !stopping_) {
                measure_at = now + kBetweenFigures;
                co_await measure();
            }
            if (now >= purge_at && !stopping_) {
                purge_at = now + kBetweenPurges;
                co_await database_.execute(db::Scope::owner(), kPurge, std::int64_t{options_.keep_succeeded.count()});
            }
        } catch (const db::Unavailable&) {
            // The database layer says so itself; the next tick tries again.
        } catch (const std::exception& failure) {
            observe::error("the queue can't be kept", {{"failure", failure.what()}});
        }
        co_await to_keep_.wait_for(tick);
    }
}

Task<void> Worker::Impl::extend_leases() {
    Ids ids;
    Ints attempts, leases;
    const Clock::time_point now = Clock::now();
    for (const auto& [id, held] : held_) {
        if (held.extend_at > now) continue;
        ids.push_back(id);
        attempts.push_back(held.attempt);
        leases.push_back(static_cast<std::int32_t>(kinds_[held.kind].kind.lease.count()));
    }
    if (ids.empty()) co_return;
    const std::vector<std::int64_t> kept = co_await database_.all(db::Scope::owner(), kExtend, ids, attempts, leases);
    const std::unordered_set<std::int64_t> ours(kept.begin(), kept.end());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto held = held_.find(ids[i]);
        if (held == held_.end() || held->second.attempt != attempts[i]) continue;  // ended meanwhile
        const auto lease = kinds_[held->second.kind].kind.lease;
        if (ours.contains(ids[i])) {
            held->second.extend_at = now + lease / 3;
            held->second.lease_end = now + lease;
        } else {
            // Somebody else has it. A waiting one won't begin; a running one is asked to stop.
            held->second.extend_at = now + lease;
            held->second.lease_end = now;
            held->second.stop.request_stop();
            observe::warning("the lease of a job was lost",
                             {{"kind", kinds_[held->second.kind].kind.name}, {"job", ids[i]}});
        }
    }
}

Task<void> Worker::Impl::rescue() {
    const auto rescued = co_await database_.all(db::Scope::owner(), kRescue);
    if (rescued.empty()) co_return;
    rescued_.add(rescued.size());
    for (const auto& [kind, state] : rescued) {
        observe::warning("a job was taken from a silent worker", {{"kind", kind}, {"state", state}});
    }
    look_everywhere();
}

Task<void> Worker::Impl::measure() {
    Texts names;
    for (const KindState& state : kinds_) names.push_back(state.kind.name);
    const auto [ready, dead, oldest] = co_await database_.one(db::Scope::owner(), kBacklog, names);
    ready_.set(ready);
    dead_letters_.set(dead);
    oldest_seconds_.set(std::llround(oldest));
}

/// A NOTIFY makes its commit wait for every other commit that has one: so they are few.
Task<void> Worker::Impl::notify_loop() {
    while (notify_again_ && !stopping_) {
        notify_again_ = false;
        try {
            co_await database_.one(db::Scope::owner(), kNotify, name_);
        } catch (const std::exception&) {
            // Others find the jobs by their poll.
        }
        boost::asio::steady_timer pause(executor(), kBetweenNotifies);
        co_await pause.async_wait(boost::asio::use_awaitable);
    }
    notifying_ = false;
}

}  // namespace townhall::jobs
