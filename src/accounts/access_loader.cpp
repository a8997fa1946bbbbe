#include "accounts/access_loader.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "accounts/sql.hpp"
#include "platform/observe/log.hpp"

namespace townhall::accounts {

namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kEvery{2'000};
constexpr milliseconds kAfterFailure{500};
constexpr milliseconds kAtMostEvery{20};  // however many notifications come
constexpr std::chrono::seconds kClockSlack{60};

guard::AccessData to_data(const sql::Access& access) {
    if (access.users.size() != access.flags.size() || access.member_users.size() != access.member_campaigns.size() ||
        access.member_users.size() != access.member_roles.size())
        throw db::ShapeError("accounts.load_access: lists of different lengths");
    guard::AccessData data;
    data.users.reserve(access.users.size());
    for (std::size_t i = 0; i < access.users.size(); ++i)
        data.users.push_back({access.users[i], (access.flags[i] & 1) != 0, (access.flags[i] & 2) != 0});
    data.memberships.reserve(access.member_users.size());
    for (std::size_t i = 0; i < access.member_users.size(); ++i)
        data.memberships.push_back({access.member_users[i], access.member_campaigns[i], access.member_roles[i]});
    for (const db::Uuid& session : access.revoked)
        if (const auto id = guard::uuid_from(session.text)) data.revoked.push_back(*id);
    data.campaigns = access.campaigns;
    return data;
}

}  // namespace

AccessLoader::AccessLoader(asio::io_context& context, db::Database& database, guard::SnapshotHolder& snapshots,
                           std::chrono::seconds token_lifetime)
    : context_(context),
      database_(database),
      snapshots_(snapshots),
      token_lifetime_(token_lifetime),
      due_(context),
      ended_(context, steady_clock::time_point::max()) {}

AccessLoader::~AccessLoader() = default;

void AccessLoader::start() {
    running_ = true;
    database_.listen("townhall_accounts", [this](std::string_view) { wake(); });
    asio::co_spawn(context_, run(), asio::detached);  // `stop` waits for it
}

void AccessLoader::wake() {
    notified_ = true;
    due_.cancel();
}

Task<void> AccessLoader::stop() {
    // Everything that the loop looks at is touched on its own thread.
    co_await asio::co_spawn(
        context_,
        [this]() -> Task<void> {
            stopping_ = true;
            due_.cancel();
            boost::system::error_code cancelled;
            while (running_) co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        },
        asio::use_awaitable);
}

Task<void> AccessLoader::run() {
    boost::system::error_code cancelled;
    while (!stopping_) {
        notified_ = false;
        const bool loaded = co_await try_load();
        if (loaded != !failing_) {
            failing_ = !loaded;
            if (failing_)
                observe::warning("roles can't be loaded");
            else
                observe::info("roles are loaded again");
        }
        if (stopping_) break;
        due_.expires_after(kAtMostEvery);
        co_await due_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        if (stopping_ || notified_) continue;
        due_.expires_after(loaded ? kEvery : kAfterFailure);
        co_await due_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
    running_ = false;
    ended_.cancel();
}

Task<void> AccessLoader::load() {
    const auto as_of = guard::SteadyClock::now();
    const sql::Access access =
        co_await database_.one(db::Scope::owner(), sql::kLoadAccess, (token_lifetime_ + kClockSlack).count());
    snapshots_.put(to_data(access), as_of);
}

Task<bool> AccessLoader::try_load() {
    try {
        co_await load();
        co_return true;
    } catch (const std::exception&) {
        co_return false;
    }
}

Task<void> AccessLoader::reload() { (void)co_await try_load(); }

}  // namespace townhall::accounts
