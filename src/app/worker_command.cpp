#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "app/admin_listener.hpp"
#include "app/background.hpp"
#include "app/commands.hpp"
#include "app/database.hpp"
#include "app/logging.hpp"
#include "app/secrets.hpp"
#include "app/stop_signals.hpp"
#include "platform/guard/authenticator.hpp"
#include "platform/observe/log.hpp"

namespace townhall::app {

namespace asio = boost::asio;

namespace {

/// `townhall worker`, from its start to its end.
class WorkerProcess {
  public:
    WorkerProcess(const Configuration& configuration, const Secrets& secrets, const std::string& conninfo)
        : tokens_({.keys = secrets.token_keys}), background_(configuration, secrets, conninfo, metrics_, {}) {
        if (configuration.admin_host.empty()) return;
        admin_.emplace(context_, configuration, authenticator_,
                       SystemDeps{background_.database(),
                                  background_.store(),
                                  {metrics_, background_.database(), background_.cpu()},
                                  working_,
                                  nullptr,
                                  {}});
    }

    /// Works until SIGTERM or SIGINT, then lets running jobs end; a second signal ends the process at once.
    void run() {
        stop_signals_.start([this] {
            asio::co_spawn(context_, stop(), [this](const std::exception_ptr& failure) {
                failure_ = failure;
                stop_signals_.cancel();
                log_signals_.stop();
            });
        });
        log_signals_.start();
        background_.start();
        working_ = true;
        if (admin_) admin_->start();
        observe::info("working");
        observe::flush();
        context_.run();
        if (failure_) std::rethrow_exception(failure_);
    }

  private:
    Task<void> stop() {
        observe::info("stopping");
        working_ = false;
        co_await background_.stop();
        if (admin_) co_await admin_->stop(std::chrono::steady_clock::now() + std::chrono::seconds(5));
        observe::info("stopped");
    }

    asio::io_context context_{1};
    StopSignals stop_signals_{context_};
    LogSignals log_signals_{context_};
    observe::Metrics metrics_;
    guard::AccessTokens tokens_;
    guard::SnapshotHolder snapshots_;  // stays empty: no token lets anybody in
    guard::Authenticator authenticator_{tokens_, snapshots_};
    Background background_;
    std::atomic<bool> working_ = false;
    std::optional<AdminListener> admin_;
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
