#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <iterator>
#include <typeinfo>
#include <utility>

#include "platform/jobs/worker.hpp"
#include "platform/observe/log.hpp"
#include "platform/observe/symbols.hpp"

/// How jobs that were claimed are run.
namespace townhall::jobs {

namespace asio = boost::asio;

namespace {

/// How long a run that was asked to stop for its time being over may take to do so.
constexpr std::chrono::seconds kLastWords{10};

Retry overdue(const Kind& kind) { return {fmt::format("it took longer than {} s", kind.timeout.count())}; }

Task<std::vector<Outcome>> handle(const Kind& kind, std::vector<Job> jobs) {
    const std::size_t count = jobs.size();
    std::vector<Outcome> outcomes;
    if (kind.batch_handler) {
        outcomes = co_await kind.batch_handler(std::move(jobs));
    } else {
        outcomes.push_back(co_await kind.handler(std::move(jobs.front())));
    }
    if (outcomes.size() != count) throw std::logic_error("a handler lost jobs");
    co_return outcomes;
}

}  // namespace

void Worker::Impl::begin_waiting() {
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
        KindState& state = kinds_[i];
        while (!state.waiting.empty() && state.running < state.kind.concurrency) {
            if (std::vector<Job> jobs = next_run(state); !jobs.empty()) begin(i, std::move(jobs));
        }
    }
}

/// The next jobs to run together. Empty where all that waited were somebody else's by now.
std::vector<Job> Worker::Impl::next_run(KindState& state) {
    std::vector<Job> jobs;
    const Clock::time_point now = Clock::now();
    while (!state.waiting.empty() && jobs.size() < state.kind.batch) {
        Job job = std::move(state.waiting.front());
        state.waiting.pop_front();
        const auto found = held_.find(job.id);
        const bool known = found != held_.end() && found->second.attempt == job.attempt;
        // The process may have been stopped for longer than the lease.
        if (known && now < found->second.lease_end) {
            if (state.kind.timeout.count() > 0) found->second.deadline = now + state.kind.timeout;
            jobs.push_back(std::move(job));
        } else {
            if (known) held_.erase(found);
            state.lost->add();
        }
    }
    return jobs;
}

void Worker::Impl::begin(std::size_t kind, std::vector<Job> jobs) {
    ++kinds_[kind].running;
    kinds_[kind].running_now->add(static_cast<std::int64_t>(jobs.size()));
    ++loops_;
    const auto& where = executors_[next_executor_++ % executors_.size()];
    asio::co_spawn(where, run(shared_from_this(), kind, std::move(jobs)), asio::detached);
}

/// On any of the executors; hands the outcomes back to the first.
Task<void> Worker::Impl::run(std::shared_ptr<Impl> self, std::size_t kind, std::vector<Job> jobs) {
    const Kind& what = self->kinds_[kind].kind;
    std::vector<Settled> ended;
    for (const Job& job : jobs)
        ended.push_back({.id = job.id, .kind = kind, .attempt = job.attempt, .outcome = Done{}});
    const Clock::time_point begun = Clock::now();
    std::optional<Retry> failed;
    try {
        std::vector<Outcome> outcomes = co_await handle(what, std::move(jobs));
        for (std::size_t i = 0; i < ended.size(); ++i) ended[i].outcome = std::move(outcomes[i]);
    } catch (const db::Unavailable&) {
        failed = Retry{"the database was unavailable"};
    } catch (const std::exception& failure) {
        // A type's name holds nobody's data; what an exception says might.
        failed = Retry{fmt::format("unexpected failure: {}", observe::demangled(typeid(failure).name()))};
        observe::failure("a job failed unexpectedly", std::current_exception(),
                         {{"kind", what.name}, {"job", ended.front().id}});
    }
    if (failed) {
        for (Settled& one : ended) one.outcome = *failed;
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    Impl& owner = *self;
    asio::post(owner.executor(), [self = std::move(self), kind, ended = std::move(ended), seconds]() mutable {
        self->finished(kind, std::move(ended), seconds);
    });
}

void Worker::Impl::finished(std::size_t kind, std::vector<Settled> ended, double seconds) {
    KindState& state = kinds_[kind];
    --state.running;
    state.running_now->add(-static_cast<std::int64_t>(ended.size()));
    state.duration->observe(seconds);
    state.seconds = state.seconds == 0 ? seconds : state.seconds * 0.9 + seconds * 0.1;
    for (Settled& one : ended) {
        const auto held = held_.find(one.id);
        if (held != held_.end() && held->second.attempt == one.attempt) {
            // A handler that heeds the stop gives its job back, as at shutdown; but its time was over.
            if (held->second.overdue && std::holds_alternative<Release>(one.outcome)) one.outcome = overdue(state.kind);
            held_.erase(held);
        }
        settle(std::move(one));
    }
    if (!stopping_) begin_waiting();
    if (state.maybe_more) to_claim_.set();
    --loops_;
    if (stopping_) {
        to_keep_.set();
        to_stop_.set();
    }
}

/// Asks runs to stop whose time is over, and gives up those that were asked before and went on.
void Worker::Impl::stop_overdue() {
    const Clock::time_point now = Clock::now();
    for (auto next = held_.begin(); next != held_.end();) {
        const auto held = next++;
        if (held->second.deadline > now) continue;
        const Kind& kind = kinds_[held->second.kind].kind;
        if (!std::exchange(held->second.overdue, true)) {
            observe::warning("a job takes too long", {{"kind", kind.name}, {"job", held->first}});
            held->second.stop.request_stop();
            held->second.deadline = now + kLastWords;
            continue;
        }
        settle(
            {.id = held->first, .kind = held->second.kind, .attempt = held->second.attempt, .outcome = overdue(kind)});
        held_.erase(held);
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
