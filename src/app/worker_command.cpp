#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <stdexcept>
#include <utility>

#include "app/background.hpp"
#include "app/commands.hpp"
#include "app/database.hpp"
#include "app/logging.hpp"
#include "app/secrets.hpp"
#include "platform/observe/log.hpp"

namespace townhall::app {

namespace asio = boost::asio;

namespace {

/// `townhall worker`, from its start to its end.
class WorkerProcess {
  public:
    WorkerProcess(const Configuration& configuration, const Secrets& secrets, const std::string& conninfo)
        : background_(configuration, secrets, conninfo, metrics_, {}) {}

    /// Works until SIGTERM or SIGINT, then lets running jobs end; a second signal ends the process at once.
    void run() {
        std::signal(SIGPIPE, SIG_IGN);
        std::signal(SIGXFSZ, SIG_IGN);
        signals_.add(SIGTERM);
        signals_.add(SIGINT);
        wait_for_signal();
        log_signals_.start();
        background_.start();
        observe::info("working");
        observe::flush();
        context_.run();
        if (failure_) std::rethrow_exception(failure_);
    }

  private:
    void wait_for_signal() {
        signals_.async_wait([this](const boost::system::error_code& canceled, int) {
            if (canceled) return;
            if (std::exchange(stopping_, true)) {
                observe::warning("second signal: ending at once");
                observe::flush();
                std::_Exit(130);
            }
            asio::co_spawn(context_, stop(), [this](const std::exception_ptr& failure) {
                failure_ = failure;
                signals_.cancel();
                log_signals_.stop();
            });
            wait_for_signal();
        });
    }

    Task<void> stop() {
        observe::info("stopping");
        co_await background_.stop();
        observe::info("stopped");
    }

    asio::io_context context_{1};
    asio::signal_set signals_{context_};
    LogSignals log_signals_{context_};
    observe::Metrics metrics_;
    Background background_;
    bool stopping_ = false;
    std::exception_ptr failure_;  // of stop
};

}  // namespace

int work(const Configuration& configuration) {
    open_log(configuration);
    const OpenDatabase database(configuration, true);
    database.upgrade();
    WorkerProcess worker(configuration, load_secrets(configuration), database.conninfo());
    worker.run();
    return 0;
}

}  // namespace townhall::app
