#include "platform/observe/log.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include "platform/observe/json_line.hpp"

namespace townhall::observe {

namespace {

constexpr std::size_t kWriteAt = 64 * 1024;
constexpr std::size_t kMaxWaiting = 8 * 1024 * 1024;
constexpr std::chrono::milliseconds kLongestWait{200};

/// Standard error, or a file that turns over. Used by one thread at a time.
class Output {
  public:
    ~Output() {
        if (fd_ != STDERR_FILENO) ::close(fd_);
    }

    bool open(const std::filesystem::path& file, std::uint64_t max_bytes, int keep) {
        const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
        if (fd < 0) return false;
        if (fd_ != STDERR_FILENO) ::close(fd_);
        struct stat status{};
        fd_ = fd;
        size_ = ::fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
        file_ = file;
        max_bytes_ = max_bytes;
        keep_ = keep;
        return true;
    }

    /// What a full disk or a closed pipe refuses is lost: a log must not stop the server.
    void write(std::string_view bytes) {
        if (!file_.empty() && size_ > 0 && size_ + bytes.size() > max_bytes_) turn_over();
        while (!bytes.empty()) {
            const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
            if (n > 0) {
                bytes.remove_prefix(static_cast<std::size_t>(n));
                size_ += static_cast<std::uint64_t>(n);
            } else if (errno == EAGAIN) {
                pollfd waiting{fd_, POLLOUT, 0};
                ::poll(&waiting, 1, 1'000);
            } else if (errno != EINTR) {
                return;
            }
        }
    }

    [[nodiscard]] bool would_block() const {
        pollfd waiting{fd_, POLLOUT, 0};
        return ::poll(&waiting, 1, 0) == 0;
    }

  private:
    void turn_over() {
        std::error_code ignored;
        auto numbered = [this](int n) { return std::filesystem::path(file_.native() + "." + std::to_string(n)); };
        for (int n = keep_ - 1; n >= 1; --n) std::filesystem::rename(numbered(n), numbered(n + 1), ignored);
        if (keep_ > 0) {
            std::filesystem::rename(file_, numbered(1), ignored);
        } else {
            std::filesystem::remove(file_, ignored);
        }
        const std::filesystem::path file = file_;
        open(file, max_bytes_, keep_);
    }

    int fd_ = STDERR_FILENO;
    std::uint64_t size_ = 0;
    std::filesystem::path file_;
    std::uint64_t max_bytes_ = 0;
    int keep_ = 0;
};

/// Gathers lines; its thread writes them out. Lock order: `write_mutex_`, then `mutex_`.
class Log {
  public:
    Log() : thread_([this] { run(); }) {}

    ~Log() {
        {
            const std::scoped_lock lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_one();
        thread_.join();
        flush();
    }

    void add(std::string_view line, bool at_once) {
        bool wake = false;
        {
            const std::scoped_lock lock(mutex_);
            if (waiting_.size() + line.size() > kMaxWaiting) {
                ++dropped_;
                return;
            }
            const bool full = waiting_.size() < kWriteAt && waiting_.size() + line.size() >= kWriteAt;
            wake = waiting_.empty() || full;
            waiting_ += line;
            urgent_ = urgent_ || full || at_once;
        }
        if (wake) wake_.notify_one();
        if (at_once) write_now();
    }

    void flush() {
        const std::scoped_lock lock(write_mutex_);
        write_waiting();
    }

    bool set_file(const std::filesystem::path& file, std::uint64_t max_bytes, int keep) {
        const std::scoped_lock lock(write_mutex_);
        write_waiting();
        return output_.open(file, max_bytes, keep);
    }

  private:
    /// Writes in the caller's thread, unless that would keep it waiting: then the log's own thread does it.
    void write_now() {
        {
            const std::unique_lock lock(write_mutex_, std::try_to_lock);
            if (lock.owns_lock() && !output_.would_block()) return write_waiting();
        }
        wake_.notify_one();
    }

    void write_waiting() {
        std::uint64_t dropped = 0;
        {
            const std::scoped_lock lock(mutex_);
            writing_.clear();
            writing_.swap(waiting_);
            dropped = std::exchange(dropped_, 0);
            urgent_ = false;
        }
        if (!writing_.empty()) output_.write(writing_);
        if (writing_.capacity() > 4 * kWriteAt) std::string().swap(writing_);
        if (dropped > 0) {
            std::string line;
            append_line(line, time_text(), Level::warning, "log lines were dropped: the output stood still",
                        {{"lines", dropped}});
            output_.write(line);
        }
    }

    void run() {
        std::unique_lock lock(mutex_);
        while (!stopping_) {
            wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            wake_.wait_for(lock, kLongestWait, [this] { return stopping_ || urgent_; });
            lock.unlock();
            flush();
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::string waiting_;
    std::uint64_t dropped_ = 0;
    bool urgent_ = false;
    bool stopping_ = false;

    std::mutex write_mutex_;
    std::string writing_;
    Output output_;

    std::thread thread_;
};

/// The one process-wide thing: a line must be writable from anywhere, and its file belongs to the process.
Log& the_log() {
    static Log log;
    return log;
}

std::atomic<Level> lowest_level{Level::info};

}  // namespace

void set_level(Level lowest) { lowest_level.store(lowest, std::memory_order_relaxed); }

bool set_file(const std::filesystem::path& file, std::uint64_t max_bytes, int keep) {
    return the_log().set_file(file, max_bytes, keep);
}

bool enabled(Level level) { return level >= lowest_level.load(std::memory_order_relaxed); }

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

void flush() { the_log().flush(); }

}  // namespace townhall::observe
