#include "app/app.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <fmt/format.h>

#include "accounts/accounts.hpp"
#include "app/jobs_routes.hpp"
#include "app/paths.hpp"
#include "app/system_routes.hpp"
#include "app/version.hpp"
#include "campaign/campaigns/campaigns.hpp"
#include "campaign/voters/voters.hpp"
#include "platform/api/openapi.hpp"
#include "platform/observe/crash.hpp"
#include "platform/observe/log.hpp"
#include "website/forms/forms.hpp"

namespace townhall::app {

namespace asio = boost::asio;

Threads::Threads(unsigned count) {
    for (unsigned i = 0; i < std::max(count, 1u); ++i) {
        contexts_.push_back(std::make_unique<asio::io_context>(1));
        guards_.push_back(asio::make_work_guard(*contexts_.back()));
    }
}

Threads::~Threads() { finish(); }

void Threads::start() {
    for (std::size_t i = 1; i < contexts_.size(); ++i)
        threads_.emplace_back([context = contexts_[i].get()] {
            observe::use_crash_stack();
            context->run();
        });
}

void Threads::let_go() {
    for (auto& guard : guards_) guard.reset();
}

void Threads::finish() {
    let_go();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

std::vector<asio::io_context*> Threads::all() const {
    std::vector<asio::io_context*> out;
    for (const auto& context : contexts_) out.push_back(context.get());
    return out;
}

namespace {

unsigned thread_count(const Configuration& configuration) {
    const auto wanted = static_cast<unsigned>(configuration.values.number("THREADS"));
    return wanted ? wanted : std::max(1u, std::thread::hardware_concurrency());
}

db::Options database_options(const Configuration& configuration, std::string conninfo) {
    db::Options options;
    options.conninfo = std::move(conninfo);
    options.pool_size = static_cast<int>(configuration.values.number("DATABASE_POOL_SIZE"));
    options.pool_wait = std::chrono::milliseconds(configuration.values.number("DATABASE_POOL_WAIT_MS"));
    options.named_statements = configuration.values.text("DATABASE_PREPARED_STATEMENTS") == "on";
    return options;
}

std::shared_ptr<http::Tls> tls_of(const Configuration& configuration) {
    if (!configuration.values.has("TLS_CERTIFICATE")) return nullptr;
    return std::make_shared<http::Tls>(
        http::Tls::Files{configuration.values.text("TLS_CERTIFICATE"), configuration.values.text("TLS_KEY")});
}

http::ServerOptions server_options(const Configuration& configuration, std::shared_ptr<const http::Tls> tls) {
    http::ServerOptions options;
    options.address = configuration.host;
    options.port = configuration.port;
    options.tls = std::move(tls);
    options.trusted_proxies = configuration.trusted_proxies;
    options.timeouts.header = std::chrono::seconds(configuration.values.number("HEADER_TIMEOUT"));
    options.timeouts.handshake = options.timeouts.header;
    options.timeouts.idle = std::chrono::seconds(configuration.values.number("IDLE_TIMEOUT"));
    options.timeouts.request = std::chrono::seconds(configuration.values.number("REQUEST_TIMEOUT"));
    return options;
}

api::LimitRates limit_rates(const Configuration& configuration) {
    const auto rate = [&](std::string_view option) {
        return static_cast<std::uint32_t>(configuration.values.number(option));
    };
    return {.public_reads = rate("RATE_LIMIT_PUBLIC_READS"),
            .public_writes = rate("RATE_LIMIT_PUBLIC_WRITES"),
            .sign_ins = rate("RATE_LIMIT_SIGN_INS"),
            .staff_reads = rate("RATE_LIMIT_STAFF_READS"),
            .staff_writes = rate("RATE_LIMIT_STAFF_WRITES")};
}

std::filesystem::path content_folder_of(const Configuration& configuration) {
    return configuration.values.has("CONTENT_FOLDER")
               ? std::filesystem::path(configuration.values.text("CONTENT_FOLDER"))
               : content_folder();
}

// Of a flood of sign-ins, as many may wait as are done within four seconds or so; more are told to come again. Whatever
// else the machine has to do comes first, and half of the cores are never theirs: niceness shares a core out, but
// whoever is woken on it may still wait for a slice to end; therefore the breaks.
constexpr std::size_t kWaitingPasswords = 48;
constexpr int kPasswordNiceness = 10;
constexpr observe::Rhythm kPasswordRhythm{.work = std::chrono::microseconds(100),
                                          .rest = std::chrono::microseconds(400)};  // measured: decision 15

unsigned password_threads(const Configuration& configuration) {
    const auto wanted = static_cast<unsigned>(configuration.values.number("CPU_THREADS"));
    return std::clamp(std::thread::hardware_concurrency() / 2, 1U, wanted);
}

/// Visitors who write now come first: what follows from it is worked on in what they leave of the processors.
constexpr int kBackgroundNiceness = 15;

}  // namespace

App::App(const Configuration& configuration, const Secrets& secrets, std::string conninfo)
    : configuration_(configuration),
      threads_(thread_count(configuration)),
      cpu_({.threads = static_cast<unsigned>(configuration.values.number("CPU_THREADS"))}),
      passwords_({.threads = password_threads(configuration),
                  .queue = kWaitingPasswords,
                  .nice = kPasswordNiceness,
                  .rhythm = kPasswordRhythm}),
      secret_(secrets.secret_key),
      answers_(secret_.seal_key("idempotency")),
      cursors_(secret_.sign_key("cursor")),
      tokens_({.keys = secrets.token_keys,
               .lifetime = std::chrono::seconds(configuration.values.number("JWT_ACCESS_TOKEN_EXPIRES"))}),
      authenticator_(tokens_, snapshots_),
      throttle_(configuration.values.text("RATE_LIMIT") == "on"),
      db_(threads_.all(), database_options(configuration, conninfo)),
      access_(threads_.first(), db_, snapshots_, tokens_.lifetime()),
      store_(configuration.home / "objects", cpu_),
      facts_(db_),
      people_(db_, threads_.all()),
      content_source_(content_folder_of(configuration), cpu_),
      content_(content_source_,
               {.locale = configuration.values.text("CONTENT_LOCALE"), .public_url = configuration.public_url},
               cursors_, cpu_),
      background_(configuration, secrets, conninfo, metrics_,
                  {.work = configuration.values.text("WORKER") == "on", .nice = kBackgroundNiceness}),
      keeper_(threads_.first(), db_),
      router_(authenticator_, api::Cors(configuration.allowed_origins)),
      contract_(cpu_, [this] { return api::Cached(openapi_, {.cache_control = "public, max-age=300"}); }),
      tls_(tls_of(configuration)),
      server_(threads_.all(), server_options(configuration, tls_), router_),
      log_signals_(threads_.first()),
      stop_signals_(threads_.first()),
      reload_signal_(threads_.first()) {
    add_routes();
}

void App::add_routes() {
    if (configuration_.values.text("RATE_LIMIT") == "on")
        router_.set_limits(limits_.emplace(limit_rates(configuration_)));
    const SystemDeps system{db_,    store_,     {metrics_, background_.database(), cpu_, &db_, &server_, &passwords_},
                            ready_, &contract_, configuration_.values.text("METRICS_TOKEN")};
    router_.set_second_look([this] { return access_.reload(); });
    add_system_routes(router_, system);
    if (!configuration_.admin_host.empty()) admin_.emplace(threads_.first(), configuration_, authenticator_, system);
    accounts::add_routes(router_, {db_, passwords_, tokens_, throttle_, access_, cursors_, answers_,
                                   std::chrono::seconds(configuration_.values.number("JWT_REFRESH_TOKEN_EXPIRES")),
                                   &background_.worker()});
    add_jobs_routes(router_, {db_, background_.worker(), cursors_});
    website::add_content_routes(router_, {content_, cursors_});
    website::add_form_routes(router_, {db_, keeper_, &background_.worker(), answers_, cursors_});
    campaign::add_campaign_routes(router_, {db_, answers_, cursors_});
    campaign::add_voter_routes(router_, {db_, answers_, cursors_, facts_, people_});
    campaign::add_import_routes(router_,
                                {db_, answers_, cursors_, store_, background_.worker(), cpu_, events_,
                                 static_cast<std::uint64_t>(configuration_.values.number("MAX_IMPORT_BYTES"))});
    add_docs();
    openapi_ = api::openapi(router_, kVersionText);
}

void App::add_docs() {
    if (!configuration_.docs) return;
    const auto swagger_ui = swagger_ui_folder();
    if (!swagger_ui)
        return observe::warning("/docs is not served: Swagger UI is missing", {{"install", "./dev build brings it"}});
    docs_.emplace(cpu_, web_folder() / "docs", *swagger_ui);
    docs_->add_routes(router_);
}

Task<void> App::start() {
    db_.start();
    co_await db_.check_fence();
    access_.start();
    co_await access_.reload();
    co_await content_.refresh();
    if (stop_asked_) co_return;
    background_.start();
    server_.start();
    if (admin_) admin_->start();
    ready_ = true;
    observe::info("listening", {{"address", configuration_.host}, {"port", server_.port()}});
    observe::flush();
}

Task<void> App::stop() {
    ready_ = false;
    observe::info("stopping");
    events_.close();
    asio::steady_timer delay(threads_.first(),
                             std::chrono::milliseconds(configuration_.values.number("SHUTDOWN_DELAY_MS")));
    co_await delay.async_wait(asio::use_awaitable);
    const auto patience = std::chrono::seconds(configuration_.values.number("SHUTDOWN_TIMEOUT"));
    const auto deadline = std::chrono::steady_clock::now() + patience;
    co_await server_.stop(deadline);
    if (admin_) co_await admin_->stop(deadline);
    co_await background_.stop();
    co_await access_.stop();
    co_await db_.stop();
    co_await passwords_.stop();
    co_await cpu_.stop();
    observe::info("stopped");
}

void App::wait_for_reload() {
    reload_signal_.async_wait([this](const boost::system::error_code& canceled, int) {
        if (canceled) return;
        asio::co_spawn(threads_.first(), reload_certificate(), asio::detached);
        wait_for_reload();
    });
}

Task<void> App::reload_certificate() {
    try {
        co_await cpu_.run([this] { tls_->reload(); });
        observe::info("the certificate was read again");
    } catch (const std::exception& error) {
        observe::error("the certificate was read again in vain: the old one stays", {{"reason", error.what()}});
    }
}

void App::begin() {
    asio::co_spawn(threads_.first(), start(), [this](const std::exception_ptr& failure) {
        begun_ = true;
        failure_ = failure;
        // What is being started can't be stopped: whoever asked for it meanwhile had to wait.
        if (stop_asked_) return end();
        if (failure) std::raise(SIGTERM);
    });
}

void App::end() {
    asio::co_spawn(threads_.first(), stop(), [this](const std::exception_ptr& failure) {
        if (failure) failure_ = failure;
        stop_signals_.cancel();
        log_signals_.stop();
        reload_signal_.cancel();
        threads_.let_go();
    });
}

void App::run() {
    stop_signals_.start([this] {
        stop_asked_ = true;
        if (begun_) return end();
        observe::info("told to stop before the start has ended");
    });
    log_signals_.start();
    if (tls_) {
        reload_signal_.add(SIGHUP);
        wait_for_reload();
    }
    threads_.start();
    begin();
    threads_.first().run();
    threads_.finish();
    if (failure_) std::rethrow_exception(failure_);
}

}  // namespace townhall::app
