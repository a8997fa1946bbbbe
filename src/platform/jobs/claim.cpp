#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <cxxabi.h>
#include <fmt/format.h>
#include <typeinfo>
#include <utility>

#include "platform/jobs/worker.hpp"
#include "platform/observe/log.hpp"

/// How jobs come here and are run.
namespace townhall::jobs {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// Claims are this far apart while they find less than they could take: so that a stream of new jobs is claimed in
/// handfuls.
constexpr std::chrono::milliseconds kBetweenClaims{3};
constexpr std::size_t kMostAtOnce = 500;

/// Jobs are claimed ahead of time only when they are so quick that all begin within this many seconds: another worker
/// could take them otherwise.
constexpr double kAhead = 0.05;

/// A type's name holds nobody's data; what an exception says might.
std::string type_name(const std::exception& failure) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name(
        abi::__cxa_demangle(typeid(failure).name(), nullptr, nullptr, &status), std::free);
    return status == 0 ? name.get() : typeid(failure).name();
}

}  // namespace

Task<void> Worker::Impl::claim_loop() {
    while (!stopping_) {
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

std::size_t Worker::Impl::room(const KindState& state) const {
    const std::size_t concurrency = state.kind.concurrency;
    std::size_t wanted = concurrency;
    if (state.seconds > 0 && state.seconds < kAhead) {
        const double ahead = static_cast<double>(concurrency) * kAhead / std::max(state.seconds, 1e-4);
        wanted += static_cast<std::size_t>(std::min(ahead, static_cast<double>(kMostAtOnce)));
    }
    const std::size_t have = state.running + state.waiting.size();
    if (have >= wanted) return 0;
    // Better a quarter at once than one by one, unless something stands idle.
    if (state.running >= concurrency && wanted - have < (wanted + 3) / 4) return 0;
    return std::min(wanted - have, kMostAtOnce);
}

/// Claims what there is room for. True when it is worth claiming again at once.
Task<bool> Worker::Impl::claim() {
    Texts names;
    Ints limits, leases, attempts;
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
        KindState& state = kinds_[i];
        const std::size_t limit = state.maybe_more ? room(state) : 0;
        if (limit == 0) continue;
        state.maybe_more = false;  // unless someone says so while the claim is under way
        asked.push_back(i);
        names.push_back(state.kind.name);
        limits.push_back(static_cast<std::int32_t>(limit));
        leases.push_back(static_cast<std::int32_t>(state.kind.lease.count()));
        attempts.push_back(state.kind.max_attempts);
    }
    if (names.empty()) co_return false;
    claimed_at_ = Clock::now();
    std::vector<Claimed> rows;
    bool failed = false;
    try {
        rows = co_await database_.all(db::Scope::owner(), kClaim, names, limits, leases, attempts, name_);
    } catch (const db::Unavailable&) {
        failed = true;  // the database layer says so itself
    } catch (const std::exception& failure) {
        observe::error("jobs can't be claimed", {{"failure", type_name(failure)}});
        failed = true;
    }
    std::vector<std::int32_t> got(kinds_.size());
    for (const Claimed& row : rows) ++got[kind_of_.at(row.kind)];
    bool again = false;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (got[asked[i]] == limits[i]) kinds_[asked[i]].maybe_more = again = true;
    }
    accept(std::move(rows));
    if (stopping_) {
        release_waiting();
    } else {
        begin_waiting();
    }
    if (failed && !stopping_) co_await to_claim_.wait_for(1s);
    co_return again&& std::ranges::any_of(kinds_, [this](const KindState& k) { return k.maybe_more && room(k) > 0; });
}

void Worker::Impl::accept(std::vector<Claimed> rows) {
    for (Claimed& row : rows) {
        const std::size_t kind = kind_of_.at(row.kind);
        KindState& state = kinds_[kind];
        Held held{.kind = kind,
                  .attempt = row.attempt,
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

void Worker::Impl::begin_waiting() {
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
        KindState& state = kinds_[i];
        while (!state.waiting.empty() && state.running < state.kind.concurrency) {
            Job job = std::move(state.waiting.front());
            state.waiting.pop_front();
            const auto held = held_.find(job.id);
            // The process may have been stopped for longer than the lease: the job is somebody else's by now.
            const bool ours =
                held != held_.end() && held->second.attempt == job.attempt && Clock::now() < held->second.lease_end;
            if (ours) {
                begin(i, std::move(job));
            } else {
                if (held != held_.end() && held->second.attempt == job.attempt) held_.erase(held);
                state.lost->add();
            }
        }
    }
}

void Worker::Impl::begin(std::size_t kind, Job job) {
    ++kinds_[kind].running;
    kinds_[kind].running_now->add(1);
    ++loops_;
    const auto& where = executors_[next_executor_++ % executors_.size()];
    asio::co_spawn(where, run(shared_from_this(), kind, std::move(job)), asio::detached);
}

/// On any of the executors; hands the outcome back to the first.
Task<void> Worker::Impl::run(std::shared_ptr<Impl> self, std::size_t kind, Job job) {
    Settled ended{.id = job.id, .kind = kind, .attempt = job.attempt, .outcome = Done{}};
    const Clock::time_point begun = Clock::now();
    try {
        ended.outcome = co_await self->kinds_[kind].kind.handler(std::move(job));
    } catch (const db::Unavailable&) {
        ended.outcome = Retry{"the database was unavailable"};
    } catch (const std::exception& failure) {
        ended.outcome = Retry{fmt::format("unexpected failure: {}", type_name(failure))};
        observe::error("a job failed unexpectedly",
                       {{"kind", self->kinds_[kind].kind.name}, {"job", ended.id}, {"failure", type_name(failure)}});
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    Impl& owner = *self;
    asio::post(owner.executor(), [self = std::move(self), ended = std::move(ended), seconds]() mutable {
        self->finished(std::move(ended), seconds);
    });
}

void Worker::Impl::finished(Settled ended, double seconds) {
    KindState& state = kinds_[ended.kind];
    --state.running;
    state.running_now->add(-1);
    state.duration->observe(seconds);
    state.seconds = state.seconds == 0 ? seconds : state.seconds * 0.9 + seconds * 0.1;
    const auto held = held_.find(ended.id);
    if (held != held_.end() && held->second.attempt == ended.attempt) held_.erase(held);
    settle(std::move(ended));
    if (!stopping_) begin_waiting();
    if (state.maybe_more) to_claim_.set();
    --loops_;
    if (stopping_) {
        to_keep_.set();
        to_stop_.set();
    }
}

void Worker::Impl::release_waiting() {
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
        for (const Job& job : std::exchange(kinds_[i].waiting, {})) {
            held_.erase(job.id);
            settle({.id = job.id, .kind = i, .attempt = job.attempt, .outcome = Release{}});
        }
    }
}

}  // namespace townhall::jobs
