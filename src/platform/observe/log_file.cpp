#include "platform/observe/log_file.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace townhall::observe {

namespace {

using std::chrono::system_clock;

constexpr std::chrono::milliseconds kLongestPause{1'000};  // for an output that takes nothing
constexpr std::chrono::milliseconds kBetweenLooks{1'000};  // whether the name is still our file's
constexpr int kMostTries = 10;                             // to open a file that others turn over

/// When the file came to be; now, where the file system doesn't know.
system_clock::time_point birth_of(int fd) {
    struct statx status{};
    if (::statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &status) != 0 || (status.stx_mask & STATX_BTIME) == 0)
        return system_clock::now();
    return system_clock::from_time_t(status.stx_btime.tv_sec);
}

bool same_file(const struct ::stat& a, const struct ::stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

/// Opens a file, and shows by a lock that somebody writes to it: the archive leaves it alone until the last one has let
/// go. What was turned over, or even removed, in between is not what the name means any more.
int open_and_hold(const std::filesystem::path& file) {
    for (int i = 0; i < kMostTries; ++i) {
        // A pipe without a reader fails in place of waiting for one.
        const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0640);
        if (fd < 0) return -1;
        const bool held = lock_now(fd, LOCK_SH);
        struct ::stat ours{}, named{};
        if (held && ::fstat(fd, &ours) == 0 && ::stat(file.c_str(), &named) == 0 && same_file(ours, named)) return fd;
        ::close(fd);
    }
    return -1;
}

/// What a pipe with some room takes without blocking: whole lines, unless the first is longer than that.
std::string_view next_piece(std::string_view bytes) {
    if (bytes.size() <= PIPE_BUF) return bytes;
    const std::string_view most = bytes.substr(0, PIPE_BUF);
    const std::size_t whole = most.rfind('\n') + 1;  // npos + 1 is 0
    return whole > 0 ? most.substr(0, whole) : most;
}

/// Never over another file: two processes may turn over in the same moment.
bool rename_to_new(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
    if (errno == EINVAL) return ::rename(from.c_str(), to.c_str()) == 0;  // some file systems can't promise it
    return errno == ENOENT;
}

}  // namespace

LogFile::LogFile() {
    struct ::stat status{};
    regular_ = ::fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode);
}

LogFile::~LogFile() {
    if (!options_.file.empty()) ::close(fd_);
}

bool LogFile::open(const LogFileOptions& options) {
    const LogFileOptions before = std::exchange(options_, options);
    if (!open_file()) {
        options_ = before;
        return false;
    }
    archive_.reset();
    begin_archive();
    return true;
}

void LogFile::reopen() {
    if (!options_.file.empty() && open_file()) begin_archive();
}

void LogFile::begin_archive() {
    if (!is_regular() || archive_) return;
    archive_.emplace(options_.file, options_.keep);
    archive_->tidy();  // what a process before this one left uncompressed
}

bool LogFile::open_file() {
    const int opened = open_and_hold(options_.file);
    if (opened < 0) return false;
    take(opened);
    return true;
}

void LogFile::take(int opened) {
    const int before = fd_.exchange(opened);
    if (before != STDERR_FILENO) ::close(before);
    identity_ = {};
    regular_ = ::fstat(opened, &identity_) == 0 && S_ISREG(identity_.st_mode);
    size_ = static_cast<std::uint64_t>(identity_.st_size);
    begun_ = birth_of(opened);
    followed_ = clock::now();
    stands_still_ = false;
}

bool LogFile::is_due(std::size_t more) const {
    if (!archive_ || !is_regular() || size_ == 0) return false;
    const bool large = options_.max_bytes > 0 && size_ + more > options_.max_bytes;
    const bool old = options_.max_age.count() > 0 && system_clock::now() - begun_ >= options_.max_age;
    return large || old;
}

// Another process that logs to the file may have turned it over, or written to it. A name that nobody has is no reason:
// who renamed the file will say when it is to be made again.
void LogFile::follow_name() {
    if (!archive_ || !is_regular()) return;
    followed_ = clock::now();
    struct ::stat named{};
    if (::stat(options_.file.c_str(), &named) != 0) return;
    if (same_file(named, identity_)) {
        size_ = static_cast<std::uint64_t>(named.st_size);
    } else if (open_file()) {
        archive_->tidy();  // perhaps nobody else held the old one
    }
}

std::uint64_t LogFile::write(std::string_view lines, clock::time_point by) {
    if (is_due(lines.size()))
        turn_over(lines.size());
    else if (clock::now() - followed_ >= kBetweenLooks)
        follow_name();
    const std::size_t written = is_regular() ? write_to_file(lines) : hand_over(lines, by);
    size_ += written;
    if (written == lines.size()) return 0;
    const std::size_t whole = lines.substr(0, written).rfind('\n') + 1;  // npos + 1 is 0
    // A line that was begun would spoil the next one.
    const std::size_t torn = written - whole;
    struct ::stat status{};
    if (torn > 0 && is_regular() && ::fstat(fd_, &status) == 0 &&
        ::ftruncate(fd_, status.st_size - static_cast<off_t>(torn)) == 0)
        size_ -= torn;
    return static_cast<std::uint64_t>(std::ranges::count(lines.substr(whole), '\n'));
}

std::size_t LogFile::write_to_file(std::string_view bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::write(fd_, bytes.data() + done, bytes.size() - done);
        if (n > 0) {
            done += static_cast<std::size_t>(n);
        } else if (n == 0 || errno != EINTR) {
            break;
        }
    }
    return done;
}

// Writes no more at once than is sure not to block: who writes here can't be woken from a write.
std::size_t LogFile::hand_over(std::string_view bytes, clock::time_point by) {
    std::size_t done = 0;
    while (done < bytes.size() && has_room(by)) {
        const std::string_view piece = next_piece(bytes.substr(done));
        const ssize_t n = ::write(fd_, piece.data(), piece.size());
        if (n > 0) {
            done += static_cast<std::size_t>(n);
        } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
            break;
        }
    }
    return done;
}

// Waits for a reader once, and then not again before it has taken something: lines go on to be lost, but in no time.
bool LogFile::has_room(clock::time_point by) {
    const auto last = std::min(by, last_moment_.load(std::memory_order_relaxed));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(last - std::min(clock::now(), last));
    const auto pause = stands_still_ ? std::chrono::milliseconds::zero() : std::min(left, kLongestPause);
    pollfd waiting{fd_, POLLOUT, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(pause.count()));
    if (ready < 0 && errno == EINTR) return true;
    stands_still_ = ready <= 0;
    return !stands_still_;
}

// Another process may have done so just before, or be at it: then the next lines find its new file.
void LogFile::turn_over(std::size_t more) {
    const TurnOverLock lock(options_.file);
    follow_name();
    if (!lock.held() || !is_due(more)) return;
    // A file that can't be renamed is gone on with; one that can't be made is tried for again with the next lines.
    if (rename_to_new(options_.file, archive_->next_name())) open_file();
    archive_->tidy();
}

}  // namespace townhall::observe
