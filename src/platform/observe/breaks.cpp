#include "platform/observe/breaks.hpp"

#include <cerrno>
#include <csignal>
#include <mutex>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/observe/log.hpp"

namespace townhall::observe {
namespace {

using std::chrono::nanoseconds;

int signal_of_breaks() { return SIGRTMIN + 5; }  // nobody else's here; the C library keeps the first ones

timespec to_timespec(nanoseconds time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    return {.tv_sec = seconds.count(), .tv_nsec = (time - seconds).count()};
}

/// What the handler knows of its thread.
struct Turn {
    Rhythm rhythm;
    timer_t timer{};
    nanoseconds began{0};  // of the thread's own time
    volatile std::sig_atomic_t working = 0;
};

thread_local Turn t_turn;

nanoseconds own_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

void ring_after(nanoseconds time) {
    const itimerspec once{.it_interval = {}, .it_value = to_timespec(time)};
    ::timer_settime(t_turn.timer, 0, &once, nullptr);
}

void start_turn() {
    t_turn.began = own_time();
    ring_after(t_turn.rhythm.work);
}

/// The handler. All that it calls is among the little that a handler may call (signal-safety(7)).
void take_a_break(int) {
    const int before = errno;
    const nanoseconds left = t_turn.rhythm.work - (own_time() - t_turn.began);
    if (t_turn.working == 0) {
        // It rang as the work ended.
    } else if (left > t_turn.rhythm.work / 4) {
        ring_after(left);  // others had the core meanwhile
    } else {
        const timespec rest = to_timespec(t_turn.rhythm.rest);
        ::pselect(0, nullptr, nullptr, nullptr, &rest, nullptr);
        start_turn();
    }
    errno = before;
}

void install_handler() {
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction action{};
        action.sa_handler = take_a_break;
        action.sa_flags = SA_RESTART;
        ::sigaction(signal_of_breaks(), &action, nullptr);
    });
}

}  // namespace

Breaks::Breaks(Rhythm rhythm) {
    if (rhythm.work.count() == 0 || rhythm.rest.count() == 0) return;
    install_handler();
    t_turn.rhythm = rhythm;
    sigset_t mask;
    ::sigemptyset(&mask);
    ::sigaddset(&mask, signal_of_breaks());
    ::pthread_sigmask(SIG_UNBLOCK, &mask, nullptr);
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = signal_of_breaks();
    event._sigev_un._tid = static_cast<pid_t>(::syscall(SYS_gettid));
    made_ = ::timer_create(CLOCK_MONOTONIC, &event, &t_turn.timer) == 0;
    if (!made_) warning("threads that compute take no breaks", {{"errno", errno}});
}

Breaks::~Breaks() {
    if (!made_) return;
    end();
    ::timer_delete(t_turn.timer);
}

void Breaks::begin() {
    if (!made_) return;
    t_turn.working = 1;
    start_turn();
}

void Breaks::end() {
    if (!made_) return;
    t_turn.working = 0;  // first, or a bell that rings now would wind the timer up again
    ring_after(nanoseconds(0));
}

}  // namespace townhall::observe
