#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <thread>

#include "accounts/accounts.hpp"
#include "platform/api/json.hpp"
#include "platform/db/embedded/temporary.hpp"
#include "platform/db/migrate/migration.hpp"
#include "platform/guard/uuid.hpp"

/// For tests: the routes of this room over a real database, called through the router.
namespace townhall::accounts::testing {

namespace asio = boost::asio;
using api::json::Value;
using namespace std::chrono_literals;

constexpr const char* kPassword = "a long enough phrase";

class Body final : public http::BodyReader {
  public:
    explicit Body(std::string_view text) : text_(text) {}
    Task<std::size_t> read(std::span<char> buffer) override {
        const std::size_t size = text_.copy(buffer.data(), buffer.size());
        text_.remove_prefix(size);
        co_return size;
    }
    std::optional<std::uint64_t> length() const override { return text_.size(); }
    void set_limit(std::uint64_t) override {}

  private:
    std::string_view text_;
};

struct Reply {
    int status;
    Value body;
    std::vector<std::pair<std::string, std::string>> headers;

    [[nodiscard]] const Value& at(std::string_view key) const {
        static const Value nothing;
        const Value* found = body.find(key);
        return found ? *found : nothing;
    }
    [[nodiscard]] std::string text(std::string_view key) const {
        const auto* found = at(key).get_if<std::string>();
        return found ? *found : "";
    }
    [[nodiscard]] std::int64_t number(std::string_view key) const {
        const auto* found = at(key).get_if<std::int64_t>();
        return found ? *found : -1;
    }
    [[nodiscard]] std::string header(std::string_view name) const {
        for (const auto& [key, value] : headers)
            if (key == name) return value;
        return "";
    }
    [[nodiscard]] std::string roles() const {
        std::string out;
        api::json::write(out, at("roles"));
        return out;
    }
};

struct HouseOptions {
    bool throttled = false;
    std::size_t waiting_passwords = 256;  // none: every password is refused for want of room
};

/// The room, served by one I/O thread.
class House {
  public:
    explicit House(HouseOptions options = {})
        : options_(options),
          address_(db::testing::TemporaryServer::shared().new_database()),
          blocking_(migrated(address_)) {
        database_.start();
        loader_.start();
        add_routes(router_, {database_, cpu_, tokens_, throttle_, loader_, cursors_, answers_, 3600s, nullptr});
    }
    ~House() {
        wait(loader_.stop());
        wait(cpu_.stop());
        wait(database_.stop());
        work_.reset();
        thread_.join();
    }

    template <class T>
    T wait(Task<T> task) {
        return asio::co_spawn(context_, std::move(task), asio::use_future).get();
    }

    Reply send(http::Verb verb, std::string path, const std::string& token = {}, std::string text = {},
               std::vector<std::pair<std::string, std::string>> headers = {}) {
        Body body(text);
        http::Request request;
        request.verb = verb;
        request.method = to_string(verb);
        const std::size_t query = path.find('?');
        if (query != std::string::npos) request.query = path.substr(query + 1);
        request.path = path.substr(0, query);
        request.remote_address = "127.0.0.1";
        request.request_id = "r1";
        request.headers = std::move(headers);
        if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
        if (!text.empty()) {
            request.headers.emplace_back("Content-Type", "application/json");
            request.headers.emplace_back("Content-Length", std::to_string(text.size()));
        }
        request.body = &body;
        http::Response response = wait(router_.handle(request));
        auto parsed =
            response.body.empty() ? std::expected<Value, std::string>(Value{}) : api::json::parse(response.body);
        EXPECT_TRUE(parsed) << response.body;
        return {response.status, parsed ? *parsed : Value{}, std::move(response.headers)};
    }
    Reply post(std::string path, std::string body, const std::string& token = {}) {
        return send(http::Verb::post, std::move(path), token, std::move(body));
    }
    Reply get(std::string path, const std::string& token) { return send(http::Verb::get, std::move(path), token); }
    Reply patch(std::int64_t user, const std::string& token, std::string body) {
        return send(http::Verb::patch, fmt::format("/api/v1/users/{}", user), token, std::move(body));
    }
    Reply log_in(std::string_view email, std::string_view password = kPassword) {
        return post("/api/v1/auth/login", fmt::format(R"({{"email":"{}","password":"{}"}})", email, password));
    }
    Reply refresh(const std::string& token) {
        return post("/api/v1/auth/refresh", fmt::format(R"({{"refresh_token":"{}"}})", token));
    }

    std::int64_t account(std::string email, bool admin = false) {
        const auto made = create_account(
            blocking_, {.email = std::move(email), .name = "Some One", .password = kPassword, .is_admin = admin});
        EXPECT_TRUE(made) << made.error();
        return made.value_or(0);
    }
    std::int64_t campaign() {
        const std::string name = "c" + std::to_string(++campaigns_);
        return blocking_.query("insert into campaign.campaigns (name, slug) values ($1, $1) returning id", name)
            .integer(0, 0);
    }
    void join(std::int64_t user, std::int64_t campaign, std::string_view role) {
        blocking_.query("insert into core.memberships (user_id, campaign_id, role) values ($1, $2, $3)", user, campaign,
                        role);
    }
    /// An access token, of no session, for who can't sign in.
    std::string token(std::int64_t user) { return tokens_.issue(user, *guard::uuid_from(guard::new_id())).token; }
    db::Connection& sql() { return blocking_; }
    db::Database& database() { return database_; }
    const guard::SnapshotHolder& snapshots() const { return snapshots_; }

    /// Waits for what notifications bring.
    bool soon(const std::function<bool()>& holds) {
        for (const auto end = std::chrono::steady_clock::now() + 5s; std::chrono::steady_clock::now() < end;) {
            if (holds()) return true;
            std::this_thread::sleep_for(5ms);
        }
        return false;
    }

  private:
    static db::Connection migrated(const std::string& address) {
        db::Connection connection(address);
        db::migrate::upgrade(connection, db::migrate::embedded());
        return connection;
    }

    HouseOptions options_;
    std::string address_;
    db::Connection blocking_;
    asio::io_context context_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    std::array<asio::io_context*, 1> contexts_{&context_};
    db::Database database_{contexts_, {.conninfo = address_, .pool_size = 4}};
    observe::CpuPool cpu_{{.threads = 2, .queue = options_.waiting_passwords}};
    guard::AccessTokens tokens_{{.keys = {std::string(40, 'k')}}};
    guard::LoginThrottle throttle_{options_.throttled};
    guard::SnapshotHolder snapshots_;
    AccessLoader loader_{context_, database_, snapshots_, 3600s};
    guard::Secret secret_{"the secret of this test"};
    guard::SignKey cursors_ = secret_.sign_key("cursor");
    guard::SealKey answers_ = secret_.seal_key("idempotency");
    guard::Authenticator authenticator_{tokens_, snapshots_};
    api::Router router_{authenticator_};
    int campaigns_ = 0;
    std::thread thread_{[this] { context_.run(); }};
};

}  // namespace townhall::accounts::testing
