#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "platform/observe/symbols.hpp"
#include "platform/observe/trace.hpp"

namespace townhall::observe {

/// An error line whose trace is still to be put into words: all but its end, "}\n".
struct Failure {
    std::string line;
    std::string type;
    Trace trace;
};

/// Ends the lines of failures, on a thread of its own: the first trace takes half a second, which neither those who
/// fail nor the log's writer may wait for.
class FailureTeller {
  public:
    using Write = std::function<void(std::string_view line)>;

    explicit FailureTeller(Write write) : write_(std::move(write)), thread_([this] { run(); }) {}
    /// Tells what waits.
    ~FailureTeller();
    FailureTeller(const FailureTeller&) = delete;
    FailureTeller& operator=(const FailureTeller&) = delete;

    /// False, with `failure` as it was, when too many wait already.
    bool add(Failure& failure);
    /// Returns when all that was added before is told.
    void wait();

  private:
    void run();
    void end_line(Failure& failure);

    const Write write_;
    Symbols symbols_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Failure> waiting_;
    bool telling_ = false;
    bool stopping_ = false;
    std::thread thread_;  // last: it uses the rest
};

}  // namespace townhall::observe
