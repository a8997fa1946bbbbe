#include "platform/observe/log_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace townhall::observe {

namespace {

using std::chrono::system_clock;

constexpr int kLongestPause = 1'000;  // milliseconds, for an output that takes nothing

/// When the file came to be; now, where the file system doesn't know.
system_clock::time_point birth_of(int fd) {
    struct statx status{};
    if (::statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &status) != 0 || (status.stx_mask & STATX_BTIME) == 0)
        return system_clock::now();
    return system_clock::from_time_t(status.stx_btime.tv_sec);
}

}  // namespace

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
    if (!turns_over_ || archive_) return;
    archive_.emplace(options_.file, options_.keep);
    archive_->tidy();  // what a process before this one left uncompressed
}

bool LogFile::open_file() {
    const int opened = ::open(options_.file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (opened < 0) return false;
    const int before = fd_.exchange(opened);
    if (before != STDERR_FILENO) ::close(before);
    struct stat status{};
    const bool known = ::fstat(opened, &status) == 0;
    turns_over_ = known && S_ISREG(status.st_mode);
    size_ = known ? static_cast<std::uint64_t>(status.st_size) : 0;
    begun_ = birth_of(opened);
    return true;
}

bool LogFile::is_due(std::size_t more) const {
    if (!turns_over_ || size_ == 0) return false;
    const bool large = options_.max_bytes > 0 && size_ + more > options_.max_bytes;
    const bool old = options_.max_age.count() > 0 && system_clock::now() - begun_ >= options_.max_age;
    return large || old;
}

std::uint64_t LogFile::write(std::string_view lines) {
    if (is_due(lines.size())) turn_over();
    const std::size_t written = write_some(lines);
    size_ += written;
    if (written == lines.size()) return 0;
    const std::size_t whole = lines.substr(0, written).rfind('\n') + 1;  // npos + 1 is 0
    // A line that was begun would spoil the next one.
    const std::size_t torn = written - whole;
    struct stat status{};
    if (torn > 0 && ::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode) &&
        ::ftruncate(fd_, status.st_size - static_cast<off_t>(torn)) == 0)
        size_ -= torn;
    return static_cast<std::uint64_t>(std::ranges::count(lines.substr(whole), '\n'));
}

std::size_t LogFile::write_some(std::string_view bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::write(fd_, bytes.data() + done, bytes.size() - done);
        if (n > 0) {
            done += static_cast<std::size_t>(n);
        } else if (n < 0 && errno == EAGAIN) {
            pollfd waiting{fd_, POLLOUT, 0};
            ::poll(&waiting, 1, kLongestPause);
        } else if (n == 0 || errno != EINTR) {
            break;
        }
    }
    return done;
}

bool LogFile::would_block() const {
    pollfd waiting{fd_, POLLOUT, 0};
    return ::poll(&waiting, 1, 0) == 0;
}

void LogFile::turn_over() {
    std::error_code failed;
    std::filesystem::rename(options_.file, archive_->next_name(), failed);
    // A file that can't be renamed is gone on with; one that can't be made is tried for again with the next lines.
    if (!failed || failed == std::errc::no_such_file_or_directory) open_file();
    archive_->tidy();
}

}  // namespace townhall::observe
