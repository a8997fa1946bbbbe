#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "platform/db/db.hpp"
#include "platform/observe/metrics.hpp"
#include "platform/task.hpp"

/// Background jobs in PostgreSQL (`core.jobs`): enqueued by the statement that makes them necessary, run at least once.
///
/// A feature enqueues inside its own statement, so that the fact and its job commit together:
///
///     with kept as (insert into … returning id)
///     insert into core.jobs (kind, subject, payload)
///     select 'website.notify', 'submission:' || id, jsonb_build_object('id', id) from kept
///
/// and calls `Worker::wake()` once that is committed. A handler must bear being run twice.
namespace townhall::jobs {

/// One attempt at a job.
struct Job {
    std::int64_t id = 0;
    std::string kind;
    std::optional<std::string> subject;  // what the job is about, e.g. "submission:0190…"
    db::Json payload;
    int attempt = 1;       // from 1
    int max_attempts = 1;  // after this attempt fails, the job is dead
    /// Asked to stop when the worker shuts down, or when another worker has taken the job over. A long handler looks at
    /// it now and then, saves where it is, and returns `Release`.
    std::stop_token stop;
};

/// Finished.
struct Done {};
/// Failed for now: again after `after`, or after an exponentially growing, random wait. `why` is kept for operators:
/// short, without anybody's data.
struct Retry {
    std::string why;
    std::optional<std::chrono::milliseconds> after = {};
};
/// Failed for good: a dead letter at once.
struct Fail {
    std::string why;
};
/// Put back as it was, to go on later; counts as no attempt.
struct Release {
    std::chrono::milliseconds after{0};
};
using Outcome = std::variant<Done, Retry, Fail, Release>;

/// What a worker does with the jobs of one kind.
struct Kind {
    std::string name;
    int max_attempts = 12;           // spread over half an hour, an hour at most, with the default backoff
    std::size_t concurrency = 4;     // runs of the handler at once in this process
    std::chrono::seconds lease{30};  // a dead worker's jobs are run again this long after its last sign of life
    /// Runs on one of the worker's executors. What it throws is a `Retry`.
    std::function<Task<Outcome>(Job)> handler = {};
    std::chrono::milliseconds first_backoff{2'000};  // doubles with each attempt, with full jitter
    std::chrono::milliseconds max_backoff{std::chrono::hours(3)};
    /// A run that takes longer is asked to stop; one that doesn't is a `Retry` ten seconds later, and its own outcome
    /// counts no more. 0: as long as it takes.
    std::chrono::seconds timeout{0};
    /// In place of `handler`, where many jobs cost less together: up to `batch` of them, and how each ended, in their
    /// order. What it throws is a `Retry` for all of them.
    std::function<Task<std::vector<Outcome>>(std::vector<Job>)> batch_handler = {};
    std::size_t batch = 1;
};

/// A job of this kind is enqueued once in every interval, whichever process comes first; intervals that nobody was up
/// for are made good by one job, not by many. None is enqueued while the last one is unfinished.
struct Schedule {
    std::string kind;
    std::chrono::seconds every;
    std::chrono::seconds offset{0};  // of an interval's beginning, from midnight UTC
};

struct NewJob {
    std::string kind;
    db::Json payload;
    std::optional<std::string> subject = {};
    std::optional<std::string> unique_key = {};
    std::chrono::milliseconds delay{0};
    int priority = 1;                      // 0 first, 2 last
    std::optional<int> max_attempts = {};  // in place of the kind's own
};

/// Adds a job within a transaction, and returns its id. With `unique_key`, nothing is added (and nothing returned)
/// while an unfinished job of that kind has this key.
Task<std::optional<std::int64_t>> enqueue(db::async::Transaction& transaction, NewJob job);

/// Gives the dead jobs of a subject another round of attempts, within a transaction; returns how many there were. Call
/// `Worker::wake` after it. Throws StatementError (conflict) where an unfinished job has the same unique key.
Task<std::uint64_t> replay(db::async::Transaction& transaction, std::string subject);

/// Runs the jobs of some kinds. Thread-safe: `wake`. Everything else is called by the thread that owns it.
///
/// Jobs run on all the given executors (those of the database's contexts); the worker's own state lives on the first
/// one, which must be the first context's. After `start`, destroy it when `stop` has completed or the contexts run no
/// more.
class Worker {
  public:
    struct Options {
        std::chrono::milliseconds poll{1'500};    // the safety net under notifications
        std::chrono::milliseconds rescue{3'000};  // how often lost jobs are looked for
        std::chrono::milliseconds tick{5'000};    // how often the schedules are looked at
        std::vector<Schedule> schedules = {};
        /// Off where others do the work: then this one claims nothing, and only tells them of jobs and of the queue's
        /// figures.
        bool work = true;
        /// While `wake` is called more often than this a second, claims are a second apart: who brings so many jobs is
        /// being answered, and the jobs can wait for that. 0: never.
        std::uint32_t burst = 0;
    };

    Worker(db::Database& database, std::vector<boost::asio::any_io_executor> executors, std::vector<Kind> kinds,
           observe::Metrics& metrics)
        : Worker(database, std::move(executors), std::move(kinds), metrics, Options{}) {}
    Worker(db::Database& database, std::vector<boost::asio::any_io_executor> executors, std::vector<Kind> kinds,
           observe::Metrics& metrics, Options options);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void start();

    /// Claims nothing more, asks running jobs to stop, waits for them, and records how they ended. Jobs claimed but not
    /// begun go back at once.
    Task<void> stop();

    /// Says that jobs were committed: cheap, coalesced, callable from any thread. Other processes are told by at most
    /// four NOTIFYs a second.
    void wake();

  private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace townhall::jobs
