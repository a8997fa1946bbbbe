#include "platform/db/embedded/supervisor.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include "platform/db/embedded/process.hpp"
#include "platform/observe/log.hpp"

namespace townhall::db {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto kReadyPoll = 3ms;
constexpr auto kLogCheck = 10s;
constexpr auto kWithoutPidfd = 50ms;
constexpr milliseconds kFirstPause = 100ms;
constexpr milliseconds kLongestPause = 10s;
constexpr auto kHealthy = 60s;   // alive for so long, the next death counts as the first
constexpr int kFirstStarts = 4;  // tries before a start that never worked is given up
constexpr off_t kLargestLog = 8 * 1024 * 1024;

}  // namespace

EmbeddedPostgres::Supervisor::Supervisor(embedded::Place place, embedded::Account account, embedded::Binaries binaries,
                                         EmbeddedOptions options, Observed& observed)
    : place_(std::move(place)),
      account_(std::move(account)),
      binaries_(std::move(binaries)),
      options_(std::move(options)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      log_(::open(place_.log.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600)),
      observed_(observed) {
    if (!stop_ || !log_) throw EmbeddedError(fmt::format("can't write {}", place_.log.string()));
    thread_ = std::thread([this] { run(); });
}

EmbeddedPostgres::Supervisor::~Supervisor() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(stop_.get(), &one, sizeof one);
    thread_.join();
    std::error_code ignored;
    std::filesystem::remove(place_.sockets, ignored);
}

void EmbeddedPostgres::Supervisor::await_ready() {
    std::unique_lock lock(mutex_);
    const bool settled = changed_.wait_for(lock, options_.start_patience, [this] { return was_ready_ || gave_up_; });
    if (gave_up_) throw EmbeddedError(*gave_up_);
    if (!settled) {
        throw EmbeddedError(fmt::format("PostgreSQL took no connections within {} s; its log is {}",
                                        options_.start_patience.count(), place_.log.string()));
    }
}

void EmbeddedPostgres::Supervisor::run() {
    // None of the program's signal handlers may run in a child between fork and exec: it inherits this mask.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    milliseconds pause = kFirstPause;
    for (int starts = 1;; ++starts) {
        const auto born = Clock::now();
        Event event = Event::died;
        try {
            launch();
            event = watch();
        } catch (const std::system_error& error) {
            observe::error("the embedded PostgreSQL can't be started", {{"reason", error.what()}});
        }
        if (event == Event::asked) return shut_down();
        observed_.ready = false;
        observed_.pid = 0;
        const bool worked = [this] { return std::lock_guard(mutex_), was_ready_; }();
        if (!worked && starts >= kFirstStarts) return give_up("PostgreSQL doesn't start: " + last_words());
        if (Clock::now() - born > kHealthy) pause = kFirstPause;
        observe::warning("the embedded PostgreSQL ended and is started again", {{"pause_ms", pause.count()}});
        if (asked_to_stop(pause)) return;
        pause = std::min(pause * 2, kLongestPause);
        try {
            // Its orphans still hold the shared memory, which forbids a new start.
            embedded::clear_leftovers(place_, account_);
        } catch (const EmbeddedError& error) {
            observe::error("the embedded PostgreSQL left processes behind", {{"reason", error.what()}});
        }
    }
}

void EmbeddedPostgres::Supervisor::launch() {
    keep_log_small();
    const embedded::Program program{.arguments = {binaries_.postgres.string(), "-D", place_.data.string()},
                                    .output = log_.get(),
                                    .death_signal = SIGQUIT};
    const pid_t child = embedded::launch(program, account_);
    observed_.pid = child;
    child_ = embedded::File(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
}

EmbeddedPostgres::Supervisor::Event EmbeddedPostgres::Supervisor::watch() {
    if (const Event first = wait_ready(); first != Event::ready) return first;
    while (!asked_to_stop(0ms)) {
        if (ended(kLogCheck)) return Event::died;
        keep_log_small();
    }
    return Event::asked;
}

EmbeddedPostgres::Supervisor::Event EmbeddedPostgres::Supervisor::wait_ready() {
    for (;;) {
        if (ended(kReadyPoll)) return Event::died;
        if (asked_to_stop(0ms)) return Event::asked;
        const auto file = embedded::read_pid_file(place_.data);
        if (file && file->pid == observed_.pid && file->ready) break;
    }
    const std::lock_guard lock(mutex_);
    observed_.ready = true;
    was_ready_ = true;
    changed_.notify_all();
    return Event::ready;
}

bool EmbeddedPostgres::Supervisor::ended(milliseconds within, Hurry hurry) {
    const auto until = Clock::now() + within;
    for (;;) {
        int status = 0;
        const pid_t reaped = ::waitpid(observed_.pid, &status, WNOHANG);
        if (reaped == observed_.pid || (reaped < 0 && errno == ECHILD)) return true;
        const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
        const bool heeds_stop = hurry == Hurry::when_asked_to_stop;
        if (left <= 0ms || (heeds_stop && asked_to_stop(0ms))) return false;
        std::array<pollfd, 2> wait{pollfd{child_.get(), POLLIN, 0}, pollfd{heeds_stop ? stop_.get() : -1, POLLIN, 0}};
        const milliseconds most = child_ ? left : std::min<milliseconds>(left, kWithoutPidfd);
        ::poll(wait.data(), wait.size(), static_cast<int>(most.count()));
    }
}

bool EmbeddedPostgres::Supervisor::asked_to_stop(milliseconds within) const {
    pollfd wait{stop_.get(), POLLIN, 0};
    return ::poll(&wait, 1, static_cast<int>(within.count())) > 0;
}

void EmbeddedPostgres::Supervisor::shut_down() {
    observed_.ready = false;
    ::kill(observed_.pid, SIGINT);
    if (!ended(options_.stop_patience, Hurry::never)) {
        observe::warning(
            "the embedded PostgreSQL doesn't stop in time and is cut short: it recovers at the next start");
        ::kill(observed_.pid, SIGQUIT);
        if (!ended(6s, Hurry::never)) {
            ::kill(observed_.pid, SIGKILL);
            ended(5s, Hurry::never);
        }
    }
    observed_.pid = 0;
}

void EmbeddedPostgres::Supervisor::give_up(std::string reason) {
    const std::lock_guard lock(mutex_);
    gave_up_ = std::move(reason);
    changed_.notify_all();
}

void EmbeddedPostgres::Supervisor::keep_log_small() {
    struct stat status{};
    if (::fstat(log_.get(), &status) != 0 || status.st_size <= kLargestLog) return;
    // Copied and cut, not renamed: PostgreSQL goes on appending to the file that it was started with.
    std::error_code ignored;
    std::filesystem::copy_file(place_.log, place_.log.native() + ".1",
                               std::filesystem::copy_options::overwrite_existing, ignored);
    [[maybe_unused]] const int cut = ::ftruncate(log_.get(), 0);
}

std::string EmbeddedPostgres::Supervisor::last_words() const {
    std::array<char, 2048> text{};
    const off_t size = ::lseek(log_.get(), 0, SEEK_END);
    const off_t from = std::max<off_t>(0, size - static_cast<off_t>(text.size()));
    const ssize_t got = ::pread(log_.get(), text.data(), text.size(), from);
    const std::string_view tail(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    const std::size_t fatal = tail.rfind("FATAL:");
    const std::string_view line =
        fatal == std::string_view::npos ? "" : tail.substr(fatal, tail.find('\n', fatal) - fatal);
    return fmt::format("{}{}its log is {}", line, line.empty() ? "" : "; ", place_.log.string());
}

}  // namespace townhall::db
