#include "platform/observe/log.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <poll.h>
#include <thread>
#include <typeinfo>
#include <unistd.h>
#include <utility>

#include "platform/observe/failure_teller.hpp"
#include "platform/observe/json_line.hpp"
#include "platform/observe/log_file.hpp"
#include "platform/observe/metrics.hpp"

namespace townhall::observe {

namespace {

constexpr std::size_t kWriteAt = 128 * 1024;
constexpr std::size_t kMaxWaiting = 4 * 1024 * 1024;  // in each stripe
constexpr std::chrono::milliseconds kLongestWait{200};
constexpr std::chrono::milliseconds kLongestFlush{1'000};  // of what nobody reads

/// Gathers lines, those of each thread in a buffer of its own so that threads don't wait for each other; its thread
/// writes them out, many at once. Lock order: `write_mutex_`, then the others. Only its own thread waits for an output
/// that somebody reads.
class Log {
  public:
    using clock = std::chrono::steady_clock;

    Log() : thread_([this] { run(); }), teller_([this](std::string_view line) { add(line, true); }) {}

    /// Writes out what waits and ends the threads; nothing but the destructor may follow. False when the writer is held
    /// up for longer than anybody would wait: it needs all of this then, for as long as the process lives.
    bool end() {
        teller_.reset();
        output_.end_by(clock::now() + kLongestFlush);
        {
            std::unique_lock lock(wake_mutex_);
            stopping_ = true;
            wake_.notify_all();
            if (!wake_.wait_for(lock, 2 * kLongestFlush, [this] { return ended_; })) return false;
        }
        thread_.join();
        write_out(clock::now() + kLongestFlush);
        return true;
    }

    void add(std::string_view line, bool at_once) {
        Stripe& stripe = stripes_[shard()];
        bool full = false;
        {
            const std::scoped_lock lock(stripe.mutex);
            const std::size_t before = stripe.waiting.size();
            if (before + line.size() > kMaxWaiting) {
                count_dropped(1);
                return;
            }
            full = before < kWriteAt && before + line.size() >= kWriteAt;
            stripe.waiting += line;
        }
        if (at_once) return write_now();
        wake(full);
    }

    /// False when too many wait already.
    bool add(Failure& failure) { return teller_->add(failure); }

    void flush() {
        if (teller_) teller_->wait();
        write_out(clock::now() + kLongestFlush);
    }

    bool set_file(const LogFileOptions& options) {
        const std::scoped_lock lock(write_mutex_);
        write_waiting(clock::now() + kLongestFlush);
        return output_.open(options);
    }

    void reopen_file() {
        reopen_.store(true);
        write_now();
    }

    [[nodiscard]] LogStats stats() const { return {.bytes = bytes_.load(), .dropped = dropped_.load()}; }

    void write_at_crash(std::string_view line) noexcept {
        const int fd = output_.descriptor();
        for (Stripe& stripe : stripes_) {
            if (!stripe.mutex.try_lock()) continue;  // this very thread may hold it: what it was adding is torn
            write_dying(fd, stripe.waiting);
        }
        write_dying(fd, line);
    }

  private:
    struct alignas(64) Stripe {
        std::mutex mutex;
        std::string waiting;
    };

    /// In pieces, and no longer than the output takes them: a reader that stands still must not keep a dying process.
    static void write_dying(int fd, std::string_view bytes) noexcept {
        while (!bytes.empty()) {
            pollfd room{fd, POLLOUT, 0};
            if (::poll(&room, 1, kLongestWait.count()) <= 0) return;
            const ssize_t n = ::write(fd, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
            if (n <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    void count_dropped(std::uint64_t lines) {
        dropped_.fetch_add(lines, std::memory_order_relaxed);
        untold_.fetch_add(lines, std::memory_order_relaxed);
    }

    /// Once for many lines: who finds the mark set leaves it to the writer, which takes the mark off before it looks at
    /// the stripes.
    void wake(bool urgent) {
        if (!urgent && pending_.load(std::memory_order_relaxed)) return;
        {
            const std::scoped_lock lock(wake_mutex_);
            pending_.store(true, std::memory_order_relaxed);
            urgent_ = urgent_ || urgent;
        }
        wake_.notify_one();
    }

    /// Writes in the caller's thread, unless that would keep it waiting: then the log's own thread does it.
    void write_now() {
        if (output_.is_regular()) {
            const std::unique_lock lock(write_mutex_, std::try_to_lock);
            if (lock.owns_lock()) return write_waiting(clock::time_point::max());
        }
        wake(true);
    }

    /// Gives up, `by` then, on an output that somebody else is kept waiting by.
    void write_out(clock::time_point by) {
        const std::unique_lock lock(write_mutex_, by);
        if (lock.owns_lock()) write_waiting(by);
    }

    void write_waiting(clock::time_point by) {
        for (Stripe& stripe : stripes_) {
            writing_.clear();
            {
                const std::scoped_lock lock(stripe.mutex);
                writing_.swap(stripe.waiting);
            }
            if (!writing_.empty()) write(writing_, by);
            if (writing_.capacity() > 4 * kWriteAt) std::string().swap(writing_);
        }
        tell_dropped(by);
        if (reopen_.exchange(false)) output_.reopen();
    }

    void write(std::string_view lines, clock::time_point by) {
        count_dropped(output_.write(lines, by));
        bytes_.fetch_add(lines.size(), std::memory_order_relaxed);
    }

    void tell_dropped(clock::time_point by) {
        const std::uint64_t lines = untold_.exchange(0, std::memory_order_relaxed);
        if (lines == 0) return;
        std::string line;
        append_line(line, time_text(), Level::warning, "log lines were lost: the output stood still, or was full",
                    {{"lines", lines}});
        if (output_.write(line, by) > 0) untold_.fetch_add(lines, std::memory_order_relaxed);
    }

    void run() {
        std::unique_lock lock(wake_mutex_);
        while (!stopping_) {
            wake_.wait(lock, [this] { return stopping_ || pending_.load(std::memory_order_relaxed); });
            wake_.wait_for(lock, kLongestWait, [this] { return stopping_ || urgent_; });
            pending_.store(false, std::memory_order_relaxed);
            urgent_ = false;
            lock.unlock();
            {
                const std::scoped_lock writing(write_mutex_);
                write_waiting(clock::time_point::max());
            }
            lock.lock();
        }
        ended_ = true;
        wake_.notify_all();
    }

    std::array<Stripe, kShards> stripes_;
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<std::uint64_t> dropped_{0};
    std::atomic<std::uint64_t> untold_{0};  // dropped, and the log does not say so yet

    std::mutex wake_mutex_;
    std::condition_variable wake_;
    std::atomic<bool> pending_{false};
    bool urgent_ = false;
    bool stopping_ = false;
    bool ended_ = false;

    std::timed_mutex write_mutex_;  // never waited for without a limit, but by the log's own thread
    std::atomic<bool> reopen_{false};
    std::string writing_;
    LogFile output_;

    std::thread thread_;
    std::optional<FailureTeller> teller_;
};

/// Holds the log until the process ends. A log that can't end is left behind: an output that stands still must not keep
/// the process from ending.
struct Owner {
    Owner() = default;
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    ~Owner() {
        if (!log->end()) [[maybe_unused]]
            auto* left_behind = log.release();
    }
    std::unique_ptr<Log> log = std::make_unique<Log>();
};

/// The one process-wide thing: a line must be writable from anywhere, and its file belongs to the process.
Log& the_log() {
    static const Owner owner;
    return *owner.log;
}

std::atomic<Level> lowest_level{Level::info};

constexpr std::array<std::string_view, 5> kLevels{"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"};

}  // namespace

std::string_view name_of(Level level) { return kLevels[static_cast<std::size_t>(level)]; }

std::optional<Level> level_of(std::string_view name) {
    for (std::size_t i = 0; i < kLevels.size(); ++i)
        if (kLevels[i] == name) return static_cast<Level>(i);
    return std::nullopt;
}

void set_level(Level lowest) { lowest_level.store(lowest, std::memory_order_relaxed); }
Level level() { return lowest_level.load(std::memory_order_relaxed); }
bool enabled(Level line) { return line >= level(); }

bool set_log_file(const LogFileOptions& options) { return the_log().set_file(options); }
void reopen_log_file() { the_log().reopen_file(); }

void log(Level level, std::string_view message, Fields fields) {
    if (!enabled(level)) return;
    try {
        thread_local std::string line;
        line.clear();
        append_line(line, time_text(), level, message, fields);
        the_log().add(line, level >= Level::warning);
    } catch (...) {
        // Out of memory: the line is lost, the server goes on.
    }
}

void failure(std::string_view message, const std::exception_ptr& thrown, Fields fields) {
    constexpr std::size_t kEnd = 2;  // "}\n": the trace goes before it
    if (!enabled(Level::error)) return;
    try {
        Failure failure{.line = {},
                        .type = thrown ? demangled(thrown.__cxa_exception_type()->name()) : "none",
                        .trace = trace_of(thrown)};
        append_line(failure.line, time_text(), Level::error, message, fields);
        failure.line.resize(failure.line.size() - kEnd);
        failure.line += R"(,"type":)";
        append_json_string(failure.line, failure.type);
        if (the_log().add(failure)) return;
        the_log().add(failure.line + "}\n", true);
    } catch (...) {
        // As above.
    }
}

void flush() { the_log().flush(); }

LogStats log_stats() { return the_log().stats(); }

void write_at_crash(std::string_view line) noexcept { the_log().write_at_crash(line); }

}  // namespace townhall::observe
