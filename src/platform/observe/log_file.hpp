#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <sys/stat.h>

#include "platform/observe/log_archive.hpp"

namespace townhall::observe {

/// Where the log goes in place of standard error, and when it begins anew. What was turned over is kept beside it as
/// `<file>.20261123T000102.345Z.gz`.
struct LogFileOptions {
    std::filesystem::path file;
    std::uint64_t max_bytes = 64 * 1024 * 1024;             // 0: however large
    std::chrono::seconds max_age = std::chrono::hours(24);  // 0: however old
    std::size_t keep = 14;                                  // old files; 0: none
};

/// Takes the place of standard error, or of the file before. False, with the output unchanged, when it can't be opened.
[[nodiscard]] bool set_log_file(const LogFileOptions& options);

/// Opens the file by its name again: for tools that rename it. Nothing where the log goes to standard error.
void reopen_log_file();

/// Writes what is buffered (but for what somebody is just adding to), then this line. For the handler of a signal that
/// ends the process: nothing is written after it.
void write_at_crash(std::string_view line) noexcept;

/// Standard error, or a file, which other processes may write to as well. Used by one thread at a time, but for what
/// says otherwise.
class LogFile {
  public:
    using clock = std::chrono::steady_clock;

    LogFile();
    ~LogFile();
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    bool open(const LogFileOptions& options);
    void reopen();

    /// Writes whole lines, and says how many of them were lost: what a full disk or a closed pipe refuses must not stop
    /// the server. No part of a lost line stays in a file. Waits for whoever reads a pipe or a terminal as long as it
    /// takes something now and then, and until `by` at most.
    [[nodiscard]] std::uint64_t write(std::string_view lines, clock::time_point by = clock::time_point::max());

    /// Nobody's reading keeps a writer waiting. From any thread.
    [[nodiscard]] bool is_regular() const { return regular_.load(std::memory_order_relaxed); }

    /// Whatever is being written: no reader is waited for after this. From any thread.
    void end_by(clock::time_point moment) { last_moment_.store(moment, std::memory_order_relaxed); }

    /// From any thread, a signal's handler too.
    [[nodiscard]] int descriptor() const { return fd_.load(std::memory_order_relaxed); }

  private:
    bool open_file();
    void take(int opened);
    void begin_archive();
    void turn_over(std::size_t more);
    void follow_name();
    [[nodiscard]] bool is_due(std::size_t more) const;
    std::size_t write_to_file(std::string_view bytes);
    std::size_t hand_over(std::string_view bytes, clock::time_point by);
    [[nodiscard]] bool has_room(clock::time_point by);

    std::atomic<int> fd_ = 2;  // standard error
    LogFileOptions options_;
    std::atomic<bool> regular_ = false;  // else it isn't turned over
    std::atomic<clock::time_point> last_moment_{clock::time_point::max()};
    bool stands_still_ = false;  // its reader takes nothing
    struct ::stat identity_{};   // of the file
    clock::time_point followed_;
    std::uint64_t size_ = 0;
    std::chrono::system_clock::time_point begun_;
    std::optional<LogArchive> archive_;
};

}  // namespace townhall::observe
