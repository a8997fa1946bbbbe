#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>

namespace townhall::app {

/// SIGTERM and SIGINT: the first asks for an orderly end, a second ends the process at once. From its making on,
/// writing to a closed socket or past a limit on files is an error like any other, not a signal.
class StopSignals {
  public:
    explicit StopSignals(boost::asio::io_context& context);

    /// `stop` is called once, on the context's thread.
    void start(std::function<void()> stop);
    /// Looks at them no more, so that the context may run out of work.
    void cancel() { signals_.cancel(); }

  private:
    void wait();

    boost::asio::signal_set signals_;
    std::function<void()> stop_;
    bool stopping_ = false;
};

}  // namespace townhall::app
