#include "app/background.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "accounts/accounts.hpp"
#include "app/paths.hpp"
#include "app/schedules.hpp"
#include "platform/jobs/probe.hpp"
#include "platform/jobs/purge.hpp"
#include "platform/observe/crash.hpp"
#include "website/forms/forms.hpp"

namespace townhall::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// Room for the worker's own statements side by side (a claim, outcomes, leases, figures), and for its handlers'.
constexpr int kConnections = 6;

db::Options database_options(const Configuration& configuration, const std::string& conninfo) {
    db::Options options;
    options.conninfo = conninfo;
    options.application_name = "townhall jobs";
    options.pool_size = kConnections;
    options.named_statements = configuration.values.text("DATABASE_PREPARED_STATEMENTS") == "on";
    return options;
}

/// Of an option that was checked with the others.
mail::Address address_of(const Configuration& configuration, std::string_view option) {
    return mail::address_from(configuration.values.text(option)).value();
}

/// What links in mails begin with.
std::string begin_of_links(const Configuration& configuration) {
    if (!configuration.public_url.empty()) return configuration.public_url;
    const bool numeric6 = configuration.host.contains(':');
    return fmt::format("http://{}{}{}:{}", numeric6 ? "[" : "", configuration.host, numeric6 ? "]" : "",
                       configuration.port);
}

/// Every kind of job there is.
std::vector<jobs::Kind> kinds(db::Database& db, storage::ObjectStore& store, website::FollowUpDeps follow_ups,
                              accounts::LinkDeps links, campaign::ImportRunner& imports) {
    std::vector<jobs::Kind> out;
    out.push_back(accounts::address_notice_kind(links));
    out.push_back(accounts::link_kind(std::move(links)));
    out.push_back(website::follow_up_kind(std::move(follow_ups)));
    out.push_back(imports.kind());
    out.push_back(campaign::purge_files_kind(db, store));
    out.push_back(jobs::probe_kind());
    for (const Purge& purge : kPurges) out.push_back(jobs::purge_kind(purge.kind, db, *purge.query));
    return out;
}

/// Jobs a second from this process's own requests beside which the worker stands back: hundreds of visitors at once.
constexpr std::uint32_t kBurst = 2'000;

jobs::Worker::Options worker_options(const Background::Options& background) {
    jobs::Worker::Options options;
    options.work = background.work;
    options.burst = background.nice > 0 ? kBurst : 0;
    for (const Purge& purge : kPurges) options.schedules.push_back({.kind = purge.kind, .every = purge.every});
    options.schedules.push_back({.kind = campaign::kPurgeFiles, .every = kPurgeFilesEvery});
    return options;
}

}  // namespace

Background::Background(const Configuration& configuration, const Secrets& secrets, const std::string& conninfo,
                       observe::Metrics& metrics, Options options)
    : options_(options),
      cpu_({.threads = 1, .nice = options.nice}),
      links_(guard::Secret(secrets.secret_key).sign_key("account link")),
      db_(std::array{&context_}, database_options(configuration, conninfo)),
      store_(configuration.home / "objects", cpu_),
      templates_(templates_folder()),
      mailer_(configuration.home / "mailbox", cpu_, clock_),
      imports_({.conninfo = conninfo, .store = store_}),
      worker_(db_, {context_.get_executor()},
              kinds(db_, store_,
                    {db_, mailer_, templates_, address_of(configuration, "MAIL_FROM"),
                     address_of(configuration, "MAIL_TEAM")},
                    {db_, mailer_, templates_, links_, address_of(configuration, "MAIL_FROM"),
                     begin_of_links(configuration)},
                    imports_),
              metrics, worker_options(options)) {}

Background::~Background() {
    guard_.reset();
    if (thread_.joinable()) thread_.join();
}

void Background::start() {
    db_.start();
    worker_.start();
    thread_ = std::thread([this] {
        observe::use_crash_stack();
        if (options_.nice > 0) ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), options_.nice);
        context_.run();
    });
}

Task<void> Background::stop() {
    if (thread_.joinable()) co_await asio::co_spawn(context_, stop_all(), asio::use_awaitable);
}

Task<void> Background::stop_all() {
    co_await worker_.stop();
    co_await imports_.stop();
    co_await db_.stop();
    co_await cpu_.stop();
}

}  // namespace townhall::app
