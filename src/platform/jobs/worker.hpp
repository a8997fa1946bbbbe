#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <compare>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "platform/jobs/jobs.hpp"
#include "platform/jobs/queries.hpp"
#include "platform/observe/metrics.hpp"

namespace townhall::jobs {

/// One coroutine sleeps on it; others of the same executor wake it. A wake while nobody sleeps is remembered.
class Signal {
  public:
    explicit Signal(const boost::asio::any_io_executor& executor) : timer_(executor) {}

    void set() {
        set_ = true;
        timer_.cancel();
    }

    /// True when it was set, false when the time was over.
    Task<bool> wait_for(std::chrono::milliseconds time) {
        if (!set_) {
            boost::system::error_code canceled;
            timer_.expires_after(time);
            co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, canceled));
        }
        co_return std::exchange(set_, false);
    }

  private:
    boost::asio::steady_timer timer_;
    bool set_ = false;
};

/// Everything here lives on the first executor, except where a member says otherwise. Each loop is a coroutine that
/// keeps the object alive and is counted in `loops_`; `stop` waits until none is left.
class Worker::Impl : public std::enable_shared_from_this<Impl> {
  public:
    Impl(db::Database& database, std::vector<boost::asio::any_io_executor> executors, std::vector<Kind> kinds,
         observe::Metrics& metrics, Options options);

    void start();
    Task<void> stop();
    void wake();  // from any thread

    [[nodiscard]] const boost::asio::any_io_executor& executor() const { return executors_.front(); }

  private:
    using Clock = std::chrono::steady_clock;

    /// Where the next claim begins: behind the last job claimed, in the order of the queue.
    struct Floor {
        db::Timestamp run_at;
        std::int64_t id = 0;
        auto operator<=>(const Floor&) const = default;
    };
    static constexpr std::size_t kPriorities = 3;

    struct KindState {
        Kind kind{};
        std::deque<Job> waiting;  // claimed, not begun
        std::size_t running = 0;  // runs of the handler
        bool maybe_more = true;   // the table may hold some that are due
        double seconds = 0;       // of a run, a moving average; 0: not known yet
        std::array<Floor, kPriorities> floors{};
        Clock::time_point sweep_at{};  // when to claim from the very beginning again
        observe::Counter* succeeded;
        observe::Counter* retried;
        observe::Counter* dead;
        observe::Counter* released;
        observe::Counter* lost;
        observe::Gauge* running_now;
        observe::Gauge* ready;
        observe::Gauge* dead_letters;
        observe::Gauge* oldest_seconds;
        observe::Histogram* duration;
    };

    /// A job whose lease is ours: waiting or running.
    struct Held {
        std::size_t kind;
        int attempt;
        bool lost;  // its last worker was
        std::stop_source stop;
        Clock::time_point extend_at;
        Clock::time_point lease_end;  // as seen from here, a little early
        Clock::time_point deadline = Clock::time_point::max();
        bool overdue = false;  // past its time, and asked to stop
    };

    struct Settled {
        std::int64_t id;
        std::size_t kind;
        int attempt;
        Outcome outcome;
    };

    /// One kind's part of a claim under way.
    struct Asked {
        std::size_t kind;
        std::size_t limit;
        bool sweep;  // from the very beginning
        std::size_t got = 0;
    };

    void spawn(Task<void> loop);
    void look_everywhere();

    // claim.cpp
    Task<void> claim_loop();
    Task<void> stand_back();
    Task<bool> claim();
    Task<std::vector<Claimed>> ask(const std::vector<Asked>& asked);
    [[nodiscard]] std::size_t room(const KindState& kind) const;
    void move_floors(const Asked& asked, const std::vector<Claimed>& rows, db::Timestamp as_of);
    void accept(std::vector<Claimed> rows);

    // run.cpp
    void begin_waiting();
    std::vector<Job> next_run(KindState& kind);
    void begin(std::size_t kind, std::vector<Job> jobs);
    static Task<void> run(std::shared_ptr<Impl> self, std::size_t kind, std::vector<Job> jobs);
    void finished(std::size_t kind, std::vector<Settled> ended, double seconds);
    void stop_overdue();
    void release_waiting();

    // settle.cpp
    void settle(Settled ended);
    Task<void> settle_loop();
    Task<void> settle_batch(std::vector<Settled> batch);
    void count(const std::vector<Settled>& batch, const std::vector<std::tuple<std::int64_t, std::string>>& kept);

    // keep.cpp
    Task<void> keep_loop();
    Task<void> extend_leases();
    Task<void> tend_loop();
    Task<void> rescue();
    Task<void> measure();
    Task<void> tick();
    Task<void> notify_loop();

    db::Database& database_;
    const std::vector<boost::asio::any_io_executor> executors_;
    const Options options_;
    const std::string name_;  // of this worker, in `locked_by` and as the sender of notifications

    std::vector<KindState> kinds_;  // never resized: running jobs refer to their kind's handler from other threads
    std::unordered_map<std::string, std::size_t> kind_of_;
    std::unordered_map<std::int64_t, Held> held_;
    std::vector<Settled> settled_;
    std::size_t next_executor_ = 0;
    std::minstd_rand random_{std::random_device{}()};

    Signal to_claim_;
    Signal to_keep_;
    Signal to_tend_;
    Signal to_stop_;
    Clock::time_point claimed_at_{};
    Clock::time_point wakes_from_{};  // since when `wakes_` counts
    bool bursting_ = false;
    std::optional<Clock::time_point> next_due_;  // of what this worker put off
    bool started_ = false;
    bool stopping_ = false;
    bool settling_ = false;
    bool notifying_ = false;
    bool notify_again_ = false;
    int loops_ = 0;
    std::atomic<bool> woken_{false};  // from any thread
    std::atomic<std::uint64_t> wakes_ = 0;

    observe::Counter& rescued_;
    observe::Gauge& dead_rows_;
    observe::Gauge& oldest_transaction_;
};

/// What took from `begun` until now may be done again then: no more than a twentieth of the time goes to it, so that
/// looks at the whole queue stay harmless while a long transaction keeps its dead rows from being cleared away.
[[nodiscard]] inline std::chrono::steady_clock::time_point again_after(std::chrono::steady_clock::time_point begun,
                                                                       std::chrono::milliseconds at_least) {
    const auto now = std::chrono::steady_clock::now();
    return now + std::max<std::chrono::steady_clock::duration>(at_least, 19 * (now - begun));
}

}  // namespace townhall::jobs
