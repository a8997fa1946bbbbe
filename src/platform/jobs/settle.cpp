#include <algorithm>
#include <cmath>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "platform/jobs/backoff.hpp"
#include "platform/jobs/worker.hpp"
#include "platform/observe/log.hpp"

/// How the outcomes of jobs are written down: many at once, while the last batch is on its way the next gathers.
namespace townhall::jobs {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kBatch = 1'000;
constexpr std::chrono::milliseconds kGather{20};
constexpr std::size_t kLongestError = 480;

/// For `last_error`: plain ASCII on one line, so that the database takes it, whatever a handler says.
std::string presentable(std::string text) {
    text.resize(std::min(text.size(), kLongestError));
    for (char& c : text) {
        if (c < 0x20 || c > 0x7E) c = '?';
    }
    return text;
}

}  // namespace

void Worker::Impl::settle(Settled ended) {
    settled_.push_back(std::move(ended));
    if (!std::exchange(settling_, true)) spawn(settle_loop());
}

Task<void> Worker::Impl::settle_loop() {
    for (int failures = 0; !settled_.empty();) {
        std::vector<Settled> batch;
        const auto end = settled_.begin() + static_cast<std::ptrdiff_t>(std::min(kBatch, settled_.size()));
        std::move(settled_.begin(), end, std::back_inserter(batch));
        settled_.erase(settled_.begin(), end);
        // In one order everywhere, so that two batches can't wait for each other.
        std::ranges::sort(batch, {}, &Settled::id);
        bool unavailable = false;
        try {
            co_await settle_batch(batch);
            failures = 0;
        } catch (const db::StatementError& failure) {
            // Trying again won't help. The leases run out, and the jobs are run again.
            observe::error("outcomes of jobs can't be written", {{"sqlstate", failure.sqlstate()}});
        } catch (const std::exception&) {
            unavailable = true;
        }
        if (!unavailable) {
            // Nobody waits for this, and every statement of ours is a commit that those of requests compete with:
            // gather some more.
            if (!stopping_ && settled_.size() < kBatch) {
                boost::asio::steady_timer gather(executor(), kGather);
                co_await gather.async_wait(boost::asio::use_awaitable);
            }
            continue;
        }
        ++failures;
        if (stopping_ && failures > 3) {
            observe::warning("outcomes of jobs are lost: they will be run again",
                             {{"jobs", batch.size() + settled_.size()}});
            settled_.clear();
            break;
        }
        std::ranges::move(batch, std::back_inserter(settled_));
        boost::asio::steady_timer pause(executor(), std::min(5'000ms, 100ms * (1 << std::min(failures, 6))));
        co_await pause.async_wait(boost::asio::use_awaitable);
    }
    settling_ = false;
}

Task<void> Worker::Impl::settle_batch(std::vector<Settled> batch) {
    Ids ids, waits;
    Ints attempts;
    Texts outcomes;
    std::vector<std::optional<std::string>> errors;
    std::uniform_real_distribution<double> share;
    auto add = [&](const char* outcome, std::optional<std::string> error, std::chrono::milliseconds wait) {
        outcomes.emplace_back(outcome);
        errors.push_back(error ? std::optional(presentable(*std::move(error))) : std::nullopt);
        waits.push_back(wait.count());
    };
    std::chrono::milliseconds soonest = 24h;
    for (const Settled& ended : batch) {
        ids.push_back(ended.id);
        attempts.push_back(ended.attempt);
        if (const auto* retry = std::get_if<Retry>(&ended.outcome)) {
            const Kind& kind = kinds_[ended.kind].kind;
            const auto wait =
                retry->after.value_or(backoff(ended.attempt, kind.first_backoff, kind.max_backoff, share(random_)));
            add("retry", retry->why, wait);
            soonest = std::min(soonest, wait);
        } else if (const auto* fail = std::get_if<Fail>(&ended.outcome)) {
            add("fail", fail->why, 0ms);
        } else if (const auto* release = std::get_if<Release>(&ended.outcome)) {
            add("release", std::nullopt, release->after);
            soonest = std::min(soonest, release->after);
        } else {
            add("done", std::nullopt, 0ms);
        }
    }
    const auto kept =
        co_await database_.all(db::Scope::owner().slow(), kSettle, ids, attempts, outcomes, errors, waits);
    count(batch, kept);
    if (soonest < 24h) {
        const auto due = Clock::now() + soonest + 1ms;
        if (!next_due_ || due < *next_due_) {
            next_due_ = due;
            to_claim_.set();
        }
    }
}

void Worker::Impl::count(const std::vector<Settled>& batch,
                         const std::vector<std::tuple<std::int64_t, std::string>>& kept) {
    std::unordered_map<std::int64_t, std::string_view> states;
    for (const auto& [id, state] : kept) states.emplace(id, state);
    for (const Settled& ended : batch) {
        KindState& kind = kinds_[ended.kind];
        const auto found = states.find(ended.id);
        if (found == states.end()) {
            kind.lost->add();
            observe::warning("a job ended after its lease was lost", {{"kind", kind.kind.name}, {"job", ended.id}});
        } else if (found->second == "succeeded") {
            kind.succeeded->add();
        } else if (found->second == "dead") {
            kind.dead->add();
            observe::error("a job failed for good",
                           {{"kind", kind.kind.name}, {"job", ended.id}, {"attempt", ended.attempt}});
        } else if (std::holds_alternative<Release>(ended.outcome)) {
            kind.released->add();
        } else {
            kind.retried->add();
        }
    }
}

}  // namespace townhall::jobs
