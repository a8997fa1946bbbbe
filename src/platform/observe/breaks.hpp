#pragma once

#include <chrono>
#include <ctime>

namespace townhall::observe {

/// How a thread that computes lets others in: after `work` of computing it sleeps for `rest`, and so on. No breaks by
/// default.
struct Rhythm {
    std::chrono::microseconds work{0};
    std::chrono::microseconds rest{0};
};

/// Breaks of the calling thread, which alone may use this, and only one of them at a time: between `begin` and `end` it
/// is put to sleep again and again, wherever it is in its work, by a timer and a signal. What it calls must bear
/// interrupted system calls, or make none.
///
/// A low priority is not enough: whoever is woken beside a thread that computes may wait for a slice of the scheduler,
/// milliseconds, on a core that another thread has just taken too. A core whose thread sleeps takes what waits
/// elsewhere at once.
///
/// However busy the machine, a break comes only after `work` of the thread's own time, or a late timer after a late one
/// would leave it nothing but breaks.
class Breaks {
  public:
    explicit Breaks(Rhythm rhythm);
    ~Breaks();
    Breaks(const Breaks&) = delete;
    Breaks& operator=(const Breaks&) = delete;

    void begin();
    void end();

  private:
    bool made_ = false;  // without a timer there are no breaks
};

}  // namespace townhall::observe
