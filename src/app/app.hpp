#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "accounts/access_loader.hpp"
#include "app/admin_listener.hpp"
#include "app/background.hpp"
#include "app/configuration.hpp"
#include "app/docs_routes.hpp"
#include "app/logging.hpp"
#include "app/secrets.hpp"
#include "app/stop_signals.hpp"
#include "campaign/imports/imports.hpp"
#include "campaign/voters/list_facts.hpp"
#include "campaign/voters/voters.hpp"
#include "platform/api/event_stream.hpp"
#include "platform/api/router.hpp"
#include "platform/db/db.hpp"
#include "platform/guard/authenticator.hpp"
#include "platform/guard/login_throttle.hpp"
#include "platform/guard/seal.hpp"
#include "platform/guard/tokens.hpp"
#include "platform/http/server.hpp"
#include "platform/http/tls.hpp"
#include "platform/observe/cpu_pool.hpp"
#include "platform/observe/metrics.hpp"
#include "platform/storage/local_store.hpp"
#include "website/content/content.hpp"
#include "website/forms/forms.hpp"

namespace townhall::app {

/// One io_context per thread, each run by that thread alone.
class Threads {
  public:
    explicit Threads(unsigned count);
    ~Threads();

    /// Runs the others on threads of their own; the first context is the caller's, who runs it.
    void start();
    /// Lets every context end once it has nothing left to do. Call on the first context's thread.
    void let_go();
    /// The same, and joins.
    void finish();

    [[nodiscard]] boost::asio::io_context& first() { return *contexts_.front(); }
    [[nodiscard]] std::vector<boost::asio::io_context*> all() const;

  private:
    using Guard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;
    std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
    std::vector<Guard> guards_;
    std::vector<std::thread> threads_;
};

/// Everything that serves, in the order in which it is built; destroyed in reverse.
class App {
  public:
    /// `conninfo`: of a migrated database. Throws what can't be opened.
    App(const Configuration& configuration, const Secrets& secrets, std::string conninfo);

    /// Serves until SIGTERM or SIGINT, then lets what is in flight end; a second signal ends the process at once.
    void run();

    [[nodiscard]] const std::string& openapi() const { return openapi_; }

  private:
    void add_routes();
    void add_docs();
    Task<void> start();
    Task<void> stop();
    void begin();
    void end();
    void wait_for_reload();
    Task<void> reload_certificate();

    const Configuration& configuration_;
    Threads threads_;
    observe::Metrics metrics_;
    observe::CpuPool cpu_;
    observe::CpuPool passwords_;  // apart, so that a flood of sign-ins delays nothing but sign-ins
    guard::Secret secret_;
    guard::SealKey answers_;
    guard::SignKey cursors_;
    guard::AccessTokens tokens_;
    guard::SnapshotHolder snapshots_;
    guard::Authenticator authenticator_;
    guard::LoginThrottle throttle_;
    db::Database db_;
    accounts::AccessLoader access_;
    storage::LocalStore store_;
    campaign::ListFacts facts_;
    campaign::VoterLookup people_;
    website::FolderSource content_source_;
    website::Content content_;
    Background background_;
    website::SubmissionKeeper keeper_;
    std::atomic<bool> ready_ = false;
    api::EventStreams events_;
    std::optional<Docs> docs_;
    std::optional<api::Limits> limits_;
    api::Router router_;
    std::string openapi_;
    MadeOnce contract_;
    std::shared_ptr<http::Tls> tls_;  // none: plain HTTP
    http::Server server_;
    std::optional<AdminListener> admin_;
    LogSignals log_signals_;
    StopSignals stop_signals_;
    boost::asio::signal_set reload_signal_;  // SIGHUP, where there is a certificate to read again
    std::exception_ptr failure_;             // of start, or of stop
    bool begun_ = false;                     // start has ended
    bool stop_asked_ = false;
};

}  // namespace townhall::app
