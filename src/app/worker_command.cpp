#include <array>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

#include "app/background.hpp"
#include "app/commands.hpp"
#include "app/database.hpp"
#include "app/logging.hpp"
#include "app/secrets.hpp"
#include "app/system_routes.hpp"
#include "platform/guard/authenticator.hpp"
#include "platform/observe/log.hpp"

namespace townhall::app {

namespace asio = boost::asio;

namespace {

/// Health and metrics of a worker, where ADMIN_LISTEN is set. Nobody signs in there: no token lets anybody in.
class AdminListener {
  public:
    AdminListener(asio::io_context& context, const Configuration& configuration, const Secrets& secrets,
                  const SystemDeps& deps)
        : tokens_({.keys = secrets.token_keys}),
          router_(authenticator_, api::Cors()),
          server_(
              std::array{&context},
              {.address = configuration.admin_host, .port = configuration.admin_port, .limits = {.connections = 64}},
              router_) {
        add_admin_routes(router_, deps);
    }

    void start() {
        server_.start();
        observe::info("listening for operators", {{"port", server_.port()}});
    }
    Task<void> stop() { co_await server_.stop(std::chrono::steady_clock::now() + std::chrono::seconds(5)); }

  private:
    guard::AccessTokens tokens_;
    guard::SnapshotHolder snapshots_;
    guard::Authenticator authenticator_{tokens_, snapshots_};
    api::Router router_;
    http::Server server_;
};

/// `townhall worker`, from its start to its end.
class WorkerProcess {
  public:
    WorkerProcess(const Configuration& configuration, const Secrets& secrets, const std::string& conninfo)
        : background_(configuration, secrets, conninfo, metrics_, {}) {
        if (configuration.admin_host.empty()) return;
        admin_.emplace(context_, configuration, secrets,
                       SystemDeps{background_.database(),
                                  background_.store(),
                                  {metrics_, background_.database(), background_.cpu()},
                                  working_,
                                  nullptr,
                                  {}});
    }

    /// Works until SIGTERM or SIGINT, then lets running jobs end; a second signal ends the process at once.
    void run() {
        std::signal(SIGPIPE, SIG_IGN);
        std::signal(SIGXFSZ, SIG_IGN);
        signals_.add(SIGTERM);
        signals_.add(SIGINT);
        wait_for_signal();
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
        working_ = false;
        co_await background_.stop();
        if (admin_) co_await admin_->stop();
        observe::info("stopped");
    }

    asio::io_context context_{1};
    asio::signal_set signals_{context_};
    LogSignals log_signals_{context_};
    observe::Metrics metrics_;
    Background background_;
    std::atomic<bool> working_ = false;
    std::optional<AdminListener> admin_;
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
