#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace townhall::observe {

/// Compresses and counts the files that a log was turned over to, on a thread of its own: neither requests nor the
/// log's writer wait for it. It works by what it finds in the folder, so that whatever a process before it left is
/// dealt with too.
class LogArchive {
  public:
    /// `keep`: how many old files there may be.
    LogArchive(std::filesystem::path log, std::size_t keep);

    /// What to rename the log to now: `<log>.<time>`, behind every name that it gave before. For whoever holds a
    /// TurnOverLock.
    [[nodiscard]] std::filesystem::path next_name();

    /// Says that there may be something to do.
    void tidy();

    /// The old files, compressed or not, the oldest first.
    [[nodiscard]] std::vector<std::filesystem::path> old_files() const;

  private:
    void work(const std::stop_token& stop);
    void tidy_now(const std::stop_token& stop);

    const std::filesystem::path log_;
    const std::size_t keep_;
    std::chrono::milliseconds newest_{};  // the time in the last name, since the epoch
    std::mutex mutex_;
    std::condition_variable_any wake_;
    bool asked_ = false;
    std::jthread thread_;  // last: it stops before the rest goes
};

/// Takes a lock of this kind (LOCK_SH, LOCK_EX) on the open file, and waits for nobody. False while another one has it;
/// where the file system knows no such locks, everybody has it.
[[nodiscard]] bool lock_now(int fd, int kind);

/// Of the processes that turn logs of one folder over, one at a time chooses an old file's name and renames to it: a
/// name is taken for as long as the file or its compressed form is there, and compressing goes from one to the other.
class TurnOverLock {
  public:
    /// Waits for nobody.
    explicit TurnOverLock(const std::filesystem::path& log);
    ~TurnOverLock();
    TurnOverLock(const TurnOverLock&) = delete;
    TurnOverLock& operator=(const TurnOverLock&) = delete;

    /// As `lock_now` says.
    [[nodiscard]] bool held() const { return held_; }

  private:
    int fd_;
    bool held_;
};

/// Writes `file` compressed beside it, as `<file>.gz`, and removes it. False, with nothing changed, when that fails, is
/// stopped, or the file may still be written to: by a process that hasn't noticed yet that it was turned over.
bool compress_file(const std::filesystem::path& file, const std::stop_token& stop);

/// Removes `file`, unless it may still be written to.
bool remove_file(const std::filesystem::path& file);

}  // namespace townhall::observe
