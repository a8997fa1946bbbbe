#include <array>
#include <cmath>
#include <unordered_set>
#include <utility>

#include "platform/jobs/worker.hpp"
#include "platform/observe/log.hpp"

/// What a worker does now and then: signs of life, rescues, schedules, figures, and telling other processes.
namespace townhall::jobs {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kBeat{1'000};
constexpr std::chrono::milliseconds kBetweenNotifies{250};
constexpr std::chrono::seconds kBetweenFigures{15};

}  // namespace

/// Signs of life, with nothing slow beside them. As long as a job runs, its lease is kept up, also while stopping.
Task<void> Worker::Impl::keep_loop() {
    while (!stopping_ || !held_.empty()) {
        stop_overdue();
        try {
            co_await extend_leases();
        } catch (const db::Unavailable&) {
            // The database layer says so itself; the next tick tries again.
        } catch (const std::exception& failure) {
            observe::error("the leases of jobs can't be extended", {{"failure", failure.what()}});
        }
        co_await to_keep_.wait_for(kBeat);
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
    const std::vector<std::int64_t> kept =
        co_await database_.all(db::Scope::owner().slow(), kExtend, ids, attempts, leases);
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

/// Looks at the whole queue, each in its own time.
Task<void> Worker::Impl::tend_loop() {
    struct Chore {
        Task<void> (Impl::*work)();
        std::chrono::milliseconds every;
        bool of_workers;
        Clock::time_point due{};
    };
    std::array<Chore, 3> chores{Chore{&Impl::rescue, options_.rescue, true}, Chore{&Impl::tick, options_.tick, true},
                                Chore{&Impl::measure, kBetweenFigures, false}};
    while (!stopping_) {
        for (Chore& chore : chores) {
            const Clock::time_point begun = Clock::now();
            if (chore.due > begun || stopping_ || (chore.of_workers && !options_.work)) continue;
            try {
                co_await (this->*chore.work)();
            } catch (const db::Unavailable&) {
                // As above.
            } catch (const std::exception& failure) {
                observe::error("the queue can't be tended", {{"failure", failure.what()}});
            }
            // Spread, so that many processes don't look at the same moment.
            chore.due = again_after(begun, chore.every * std::uniform_int_distribution(80, 120)(random_) / 100);
        }
        co_await to_tend_.wait_for(std::min(kBeat, options_.rescue));
    }
}

Task<void> Worker::Impl::rescue() {
    const auto rescued = co_await database_.all(db::Scope::owner().slow(), kRescue);
    if (rescued.empty()) co_return;
    rescued_.add(rescued.size());
    for (const auto& [kind, state] : rescued) {
        observe::warning("a job was taken from a silent worker", {{"kind", kind}, {"state", state}});
    }
    look_everywhere();
}

Task<void> Worker::Impl::tick() {
    if (options_.schedules.empty()) co_return;
    Texts kinds;
    Ids every, offsets;
    for (const Schedule& schedule : options_.schedules) {
        kinds.push_back(schedule.kind);
        every.push_back(schedule.every.count());
        offsets.push_back(schedule.offset.count());
    }
    const auto enqueued = co_await database_.all(db::Scope::owner().slow(), kTick, kinds, every, offsets);
    if (!enqueued.empty()) look_everywhere();
}

Task<void> Worker::Impl::measure() {
    Texts names;
    for (const KindState& state : kinds_) names.push_back(state.kind.name);
    const auto [dead_rows, oldest_transaction] = co_await database_.one(db::Scope::owner().slow(), kPressure);
    dead_rows_.set(dead_rows);
    oldest_transaction_.set(std::llround(oldest_transaction));
    for (const auto& [kind, ready, dead, oldest] : co_await database_.all(db::Scope::owner().slow(), kBacklog, names)) {
        const KindState& state = kinds_[kind_of_.at(kind)];
        state.ready->set(ready);
        state.dead_letters->set(dead);
        state.oldest_seconds->set(std::llround(oldest));
    }
}

/// A NOTIFY makes its commit wait for every other commit that has one: so they are few.
Task<void> Worker::Impl::notify_loop() {
    while (notify_again_ && !stopping_) {
        notify_again_ = false;
        try {
            co_await database_.one(db::Scope::owner().slow(), kNotify, name_);
        } catch (const std::exception&) {
            // Others find the jobs by their poll.
        }
        boost::asio::steady_timer pause(executor(), kBetweenNotifies);
        co_await pause.async_wait(boost::asio::use_awaitable);
    }
    notifying_ = false;
}

}  // namespace townhall::jobs
