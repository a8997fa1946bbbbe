#include "platform/observe/log_archive.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <zlib.h>

namespace townhall::observe {

namespace {

namespace fs = std::filesystem;

constexpr int kNice = 10;
constexpr std::string_view kCompressed = ".gz";
constexpr std::string_view kUnfinished = ".part";

/// "20261123T000102.345Z": in the order of time, as text.
std::string stamp_of(std::chrono::milliseconds since_epoch) {
    const auto seconds = static_cast<std::time_t>(since_epoch.count() / 1000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min, utc.tm_sec, since_epoch.count() % 1000);
}

/// Whether a name's end, after that of the log, is one that `stamp_of` made.
bool is_stamp(std::string_view text) {
    constexpr std::string_view kShape = "00000000T000000.000Z";
    return std::ranges::equal(text, kShape,
                              [](char c, char shape) { return shape == '0' ? c >= '0' && c <= '9' : c == shape; });
}

fs::path folder_of(const fs::path& log) { return log.has_parent_path() ? log.parent_path() : fs::path("."); }

struct Closer {
    void operator()(gzFile_s* file) const { ::gzclose(file); }
};

}  // namespace

bool lock_now(int fd, int kind) { return ::flock(fd, kind | LOCK_NB) == 0 || errno != EWOULDBLOCK; }

namespace {

class Descriptor {
  public:
    explicit Descriptor(const fs::path& file) : fd_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return fd_; }

    /// Nobody writes to the file, or will, while this lives; and it is still there. Its writers hold it by a lock.
    [[nodiscard]] bool take_alone() const {
        struct ::stat status{};
        return fd_ >= 0 && lock_now(fd_, LOCK_EX) && ::fstat(fd_, &status) == 0 && status.st_nlink > 0;
    }

  private:
    int fd_;
};

bool copy_compressed(const Descriptor& in, const fs::path& to, const std::stop_token& stop) {
    const int out_fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (out_fd < 0) return false;
    std::unique_ptr<gzFile_s, Closer> out(::gzdopen(out_fd, "wb6"));
    if (!out) ::close(out_fd);
    if (!out) return false;
    std::array<char, 64 * 1024> block;
    while (!stop.stop_requested()) {
        const ssize_t got = ::read(in.get(), block.data(), block.size());
        if (got < 0) return false;
        if (got == 0) return ::gzclose(out.release()) == Z_OK;
        if (::gzwrite(out.get(), block.data(), static_cast<unsigned>(got)) != static_cast<int>(got)) return false;
    }
    return false;
}

}  // namespace

TurnOverLock::TurnOverLock(const fs::path& log)
    : fd_(::open(folder_of(log).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      held_(fd_ < 0 || lock_now(fd_, LOCK_EX)) {}

TurnOverLock::~TurnOverLock() {
    if (fd_ >= 0) ::close(fd_);
}

bool remove_file(const fs::path& file) {
    const Descriptor held(file);
    std::error_code failed;
    return held.take_alone() && fs::remove(file, failed);
}

bool compress_file(const fs::path& file, const std::stop_token& stop) {
    const fs::path done = file.native() + std::string(kCompressed);
    const fs::path part = done.native() + std::string(kUnfinished);
    const Descriptor in(file);
    if (!in.take_alone()) return false;
    std::error_code failed;
    if (copy_compressed(in, part, stop)) {
        fs::rename(part, done, failed);
        if (!failed) return fs::remove(file, failed);
    }
    fs::remove(part, failed);
    return false;
}

LogArchive::LogArchive(fs::path log, std::size_t keep)
    : log_(std::move(log)), keep_(keep), thread_([this](const std::stop_token& stop) { work(stop); }) {}

fs::path LogArchive::next_name() {
    using namespace std::chrono;
    const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch());
    // Not a name that is free again because its file was the oldest: the newest would then pass for that.
    const bool same_moment = now <= newest_ && newest_ - now < seconds(1);  // else the clock was set back
    for (newest_ = same_moment ? newest_ + milliseconds(1) : now;; newest_ += milliseconds(1)) {
        fs::path name = fmt::format("{}.{}", log_.native(), stamp_of(newest_));
        std::error_code ignored;
        if (!fs::exists(name, ignored) && !fs::exists(name.native() + std::string(kCompressed), ignored)) return name;
    }
}

void LogArchive::tidy() {
    {
        const std::scoped_lock lock(mutex_);
        asked_ = true;
    }
    wake_.notify_one();
}

std::vector<fs::path> LogArchive::old_files() const {
    std::vector<fs::path> found;
    const std::string prefix = log_.filename().native() + ".";
    std::error_code ignored;
    for (fs::directory_iterator entry(folder_of(log_), ignored), end; entry != end; entry.increment(ignored)) {
        const std::string name = entry->path().filename().native();
        std::string_view rest = name;
        if (!rest.starts_with(prefix)) continue;
        rest.remove_prefix(prefix.size());
        if (rest.ends_with(kCompressed)) rest.remove_suffix(kCompressed.size());
        if (is_stamp(rest)) found.push_back(entry->path());
    }
    std::ranges::sort(found);
    return found;
}

void LogArchive::tidy_now(const std::stop_token& stop) {
    const std::vector<fs::path> files = old_files();
    const std::size_t surplus = files.size() > keep_ ? files.size() - keep_ : 0;
    for (std::size_t i = 0; i < files.size() && !stop.stop_requested(); ++i) {
        if (i < surplus) {
            remove_file(files[i]);
        } else if (files[i].extension() != kCompressed) {
            compress_file(files[i], stop);  // where that fails it stays as it is, and is tried again the next time
        }
    }
}

void LogArchive::work(const std::stop_token& stop) {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice);
    while (true) {
        {
            std::unique_lock lock(mutex_);
            if (!wake_.wait(lock, stop, [this] { return asked_; })) return;
            asked_ = false;
        }
        try {
            tidy_now(stop);
        } catch (const std::exception&) {
            // Out of memory: the next turn does it.
        }
    }
}

}  // namespace townhall::observe
