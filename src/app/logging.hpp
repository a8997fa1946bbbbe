#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "app/configuration.hpp"

namespace townhall::app {

/// Sends the log where LOG_FILE says, and makes a crash tell of itself there. For processes that stay. Throws
/// std::runtime_error when the file can't be written.
void open_log(const Configuration& configuration);

/// What an operator may tell a running process about its log: SIGHUP opens the file again by its name, SIGUSR1 lowers
/// the level by one (more is written), SIGUSR2 raises it.
class LogSignals {
  public:
    explicit LogSignals(boost::asio::io_context& context) : signals_(context) {}

    void start();
    void stop() { signals_.cancel(); }

  private:
    void wait();
    static void take(int signal);

    boost::asio::signal_set signals_;
};

}  // namespace townhall::app
