// The routes of this room over a real database, called through the router, with the clock of the database moved by
// hand.
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

namespace townhall::accounts {
namespace {

namespace asio = boost::asio;
using api::json::Value;
using namespace std::chrono_literals;

constexpr const char* kPassword = "a long enough phrase";

class Body final : public http::BodyReader {
  public:
    explicit Body(std::string_view text) : text_(text) {}
    Task<std::size_t> read(std::span<char> buffer) override {
        const std::size_t size = std::min(buffer.size(), text_.size());
        std::copy_n(text_.data(), size, buffer.data());
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

/// The room, served by one I/O thread.
class House {
  public:
    House() : address_(db::testing::TemporaryServer::shared().new_database()), blocking_(migrated(address_)) {
        database_.start();
        loader_.start();
        add_routes(router_, {database_, cpu_, tokens_, throttle_, loader_, cursors_, answers_, 3600s});
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
    Reply put(std::int64_t user, const std::string& token, std::string body) {
        return send(http::Verb::put, fmt::format("/api/v1/users/{}", user), token, std::move(body));
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

    std::string address_;
    db::Connection blocking_;
    asio::io_context context_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    std::array<asio::io_context*, 1> contexts_{&context_};
    db::Database database_{contexts_, {.conninfo = address_, .pool_size = 4}};
    observe::CpuPool cpu_{{.threads = 2}};
    guard::AccessTokens tokens_{{.keys = {std::string(40, 'k')}}};
    guard::LoginThrottle throttle_{false};
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

struct Accounts : testing::Test {
    House house;
};

TEST_F(Accounts, QueriesFitTheSchema) {
    for (const db::Statement* query : queries()) {
        const auto fault = house.wait(house.database().check(*query));
        EXPECT_FALSE(fault) << query->name << ": " << fault.value_or("");
    }
}

TEST_F(Accounts, AreMadeFromTheCommandLine) {
    EXPECT_GT(house.account("Ann@Example.COM", true), 0);
    const auto again = create_account(house.sql(), {.email = "ann@example.com", .name = {}, .password = kPassword});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error(), "Another account has this e-mail address.");
    for (const char* email : {"", "ann", "ann@", "a b@example.com"})
        EXPECT_FALSE(create_account(house.sql(), {.email = email, .name = {}, .password = kPassword})) << email;
    for (const char* password : {"", "short", "password1234", "ben@example.com"})
        EXPECT_FALSE(create_account(house.sql(), {.email = "ben@example.com", .name = {}, .password = password}))
            << password;
    const Reply in = house.log_in("ANN@example.com");
    ASSERT_EQ(in.status, 200);
    EXPECT_EQ(house.get("/api/v1/auth/me", in.text("access_token")).text("email"), "ann@example.com")
        << "another process made the account, and its token is good at once";
}

TEST_F(Accounts, OfUnknownAndWrongLookTheSame) {
    house.account("ann@example.com");
    const Reply wrong = house.log_in("ann@example.com", "not the password");
    const Reply unknown = house.log_in("nobody@example.com", "not the password");
    EXPECT_EQ(wrong.status, 401);
    std::string a;
    std::string b;
    api::json::write(a, wrong.body);
    api::json::write(b, unknown.body);
    EXPECT_EQ(a, b);
    EXPECT_EQ(wrong.headers, unknown.headers);
}

TEST_F(Accounts, ThatAreDisabledAreOut) {
    const std::int64_t id = house.account("ann@example.com");
    const Reply in = house.log_in("ann@example.com");
    house.sql().query("update core.users set disabled_at = now() where id = $1", id);
    EXPECT_TRUE(house.soon([&] { return house.get("/api/v1/auth/me", in.text("access_token")).status == 401; }));
    EXPECT_EQ(house.log_in("ann@example.com").status, 401);
    EXPECT_EQ(house.refresh(in.text("refresh_token")).status, 401);
}

TEST_F(Accounts, ReuseAfterTheGraceEndsTheFamily) {
    house.account("ann@example.com");
    const Reply in = house.log_in("ann@example.com");
    const std::string stolen = in.text("refresh_token");
    const Reply first = house.refresh(stolen);
    ASSERT_EQ(first.status, 200);
    house.sql().exec("update core.refresh_tokens set used_at = used_at - interval '9 seconds'");
    const Reply sibling = house.refresh(stolen);
    ASSERT_EQ(sibling.status, 200) << "two tabs at once";
    house.sql().exec("update core.refresh_tokens set used_at = used_at - interval '2 seconds'");
    EXPECT_EQ(house.refresh(stolen).status, 401);
    for (const Reply* reply : {&in, &first, &sibling}) {
        EXPECT_EQ(house.get("/api/v1/auth/me", reply->text("access_token")).status, 401);
        EXPECT_EQ(house.refresh(reply->text("refresh_token")).status, 401);
    }
    EXPECT_EQ(house.sql().exec("select revoked_reason from core.sessions").text(0, 0), "reuse");
}

TEST_F(Accounts, RefreshTokensEndWithTheirTime) {
    house.account("ann@example.com");
    const Reply in = house.log_in("ann@example.com");
    house.sql().exec("update core.refresh_tokens set expires_at = now() - interval '1 second'");
    EXPECT_EQ(house.refresh(in.text("refresh_token")).status, 401);
    EXPECT_EQ(house.get("/api/v1/auth/me", in.text("access_token")).status, 200) << "late is not stolen";
}

TEST_F(Accounts, TwentyRefreshesAtOnceAreOneFamily) {
    house.account("ann@example.com");
    const std::string token = house.log_in("ann@example.com").text("refresh_token");
    std::vector<Reply> replies(20);
    {
        std::vector<std::jthread> threads;
        for (Reply& reply : replies) threads.emplace_back([&] { reply = house.refresh(token); });
    }
    for (const Reply& reply : replies) ASSERT_EQ(reply.status, 200);
    EXPECT_EQ(house.sql().exec("select count(*) from core.sessions").integer(0, 0), 1);
    EXPECT_EQ(
        house.post("/api/v1/auth/logout", fmt::format(R"({{"refresh_token":"{}"}})", replies[7].text("refresh_token")))
            .status,
        204);
    for (const Reply& reply : replies) {
        EXPECT_EQ(house.get("/api/v1/auth/me", reply.text("access_token")).status, 401);
        EXPECT_EQ(house.refresh(reply.text("refresh_token")).status, 401);
    }
}

TEST_F(Accounts, SignOutTwice) {
    house.account("ann@example.com");
    const Reply in = house.log_in("ann@example.com");
    for (int i = 0; i < 2; ++i) EXPECT_EQ(house.post("/api/v1/auth/logout", "", in.text("access_token")).status, 204);
    EXPECT_EQ(house.get("/api/v1/auth/me", in.text("access_token")).status, 401);
    EXPECT_EQ(house.post("/api/v1/auth/logout", "").status, 401);
    EXPECT_EQ(house.post("/api/v1/auth/logout", R"({"refresh_token":"never was"})").status, 204);
    EXPECT_EQ(house.post("/api/v1/auth/logout", R"({"token":"x"})").status, 422);
    EXPECT_EQ(house.post("/api/v1/auth/logout", "{").status, 400);
}

TEST_F(Accounts, ChangeTheirPassword) {
    house.account("ann@example.com");
    const Reply here = house.log_in("ann@example.com");
    const Reply there = house.log_in("ann@example.com");
    const std::string token = here.text("access_token");
    const auto change = [&](std::string_view current, std::string_view next) {
        return house
            .post("/api/v1/auth/password",
                  fmt::format(R"({{"current_password":"{}","new_password":"{}"}})", current, next), token)
            .status;
    };
    EXPECT_EQ(change("not the password", "another long phrase"), 422);
    EXPECT_EQ(change(kPassword, "password1234"), 422);
    EXPECT_EQ(change(kPassword, "another long phrase"), 204);
    EXPECT_EQ(house.get("/api/v1/auth/me", token).status, 200);
    EXPECT_EQ(house.get("/api/v1/auth/me", there.text("access_token")).status, 401);
    EXPECT_EQ(house.refresh(there.text("refresh_token")).status, 401);
    EXPECT_EQ(house.log_in("ann@example.com").status, 401);
    EXPECT_EQ(house.log_in("ann@example.com", "another long phrase").status, 200);
}

TEST_F(Accounts, SeeAndEndTheirSessions) {
    house.account("ann@example.com");
    house.account("ben@example.com");
    const std::string ann = house.log_in("ann@example.com").text("access_token");
    const std::string elsewhere = house.log_in("ann@example.com").text("access_token");
    const std::string ben = house.log_in("ben@example.com").text("access_token");
    const auto sessions = [&](const std::string& token) {
        return *house.get("/api/v1/auth/sessions", token).at("items").get_if<api::json::Array>();
    };
    const auto mine = sessions(ann);
    ASSERT_EQ(mine.size(), 2u);
    std::string other;
    for (const Value& session : mine)
        if (!*session.find("current")->get_if<bool>()) other = *session.find("id")->get_if<std::string>();
    const std::string path = "/api/v1/auth/sessions/" + other;
    EXPECT_EQ(house.send(http::Verb::del, path, ben).status, 404) << "not Ben's";
    EXPECT_EQ(house.send(http::Verb::del, "/api/v1/auth/sessions/1", ann).status, 400);
    EXPECT_EQ(house.send(http::Verb::del, path, ann).status, 204);
    EXPECT_EQ(house.send(http::Verb::del, path, ann).status, 404);
    EXPECT_EQ(house.get("/api/v1/auth/me", elsewhere).status, 401);
    EXPECT_EQ(sessions(ann).size(), 1u);
    EXPECT_EQ(house.send(http::Verb::del, "/api/v1/auth/sessions", ann).status, 204);
    EXPECT_EQ(house.get("/api/v1/auth/me", ann).status, 401);
    EXPECT_EQ(house.get("/api/v1/auth/me", ben).status, 200);
}

struct Staff : Accounts {
    std::int64_t boss = house.account("boss@example.com", true);
    std::int64_t mine = house.campaign();
    std::int64_t other = house.campaign();
    std::int64_t manager = member("manager@example.com", mine, "manager");
    std::int64_t both = member("both@example.com", mine, "viewer");
    std::int64_t stranger = member("stranger@example.com", other, "viewer");
    std::string boss_token = house.log_in("boss@example.com").text("access_token");
    std::string manager_token;

    void SetUp() override {
        house.join(both, other, "organizer");
        manager_token = house.log_in("manager@example.com").text("access_token");
        const auto ready = [&] {
            const auto* user = house.snapshots().current()->user(both);
            const auto* chief = house.snapshots().current()->user(manager);
            return user && user->memberships.size() == 2 && chief && chief->memberships.size() == 1;
        };
        ASSERT_TRUE(house.soon(ready));
    }
    std::int64_t member(std::string email, std::int64_t campaign, std::string_view role) {
        const std::int64_t id = house.account(std::move(email));
        house.join(id, campaign, role);
        return id;
    }
    std::string path(std::int64_t id) { return fmt::format("/api/v1/users/{}", id); }
    std::string role(std::int64_t campaign, std::string_view name) {
        return fmt::format(R"({{"campaign_id":{},"role":"{}"}})", campaign, name);
    }
};

TEST_F(Staff, ManagersKeepToTheirCampaigns) {
    EXPECT_EQ(house.get(path(both), manager_token).roles(), "[" + role(mine, "viewer") + "]");
    EXPECT_EQ(house.get(path(stranger), manager_token).status, 404);
    EXPECT_EQ(house.get(path(boss), manager_token).status, 404);
    const Reply list = house.get("/api/v1/users", manager_token);
    EXPECT_EQ(list.number("total"), 2);
    EXPECT_EQ(house.get("/api/v1/users", boss_token).number("total"), 4);
    EXPECT_EQ(house.put(both, manager_token, R"({"roles":[)" + role(mine, "organizer") + "]}").status, 200);
    EXPECT_EQ(house.get(path(both), boss_token).roles(),
              "[" + role(mine, "organizer") + "," + role(other, "organizer") + "]")
        << "what the manager does not see stays";
    for (const std::string& roles :
         {role(mine, "manager"), role(other, "viewer"), role(mine, "organizer") + "," + role(999, "viewer")})
        EXPECT_EQ(house.put(both, manager_token, R"({"roles":[)" + roles + "]}").status, 403) << roles;
    EXPECT_EQ(house.put(manager, manager_token, R"({"roles":[]})").status, 403) << "one's own role is not below it";
    EXPECT_EQ(house.put(both, manager_token, R"({"roles":[]})").status, 200);
    EXPECT_EQ(house.get(path(both), boss_token).roles(), "[" + role(other, "organizer") + "]");
}

TEST_F(Staff, ManagersChangeNothingElse) {
    for (const char* change :
         {R"({"email":"new@example.com"})", R"({"name":"X"})", R"({"password":"another long phrase"})",
          R"({"is_admin":true})", R"({"is_editor":true})", R"({"is_active":false})"})
        EXPECT_EQ(house.put(both, manager_token, change).status, 403) << change;
    EXPECT_EQ(house.send(http::Verb::del, path(both), manager_token).status, 403);
    EXPECT_EQ(house.send(http::Verb::del, path(stranger), manager_token).status, 404);
    EXPECT_EQ(
        house.post("/api/v1/users", R"({"email":"x@example.com","password":"another long phrase"})", manager_token)
            .status,
        403);
}

TEST_F(Staff, OthersSeeOnlyThemselves) {
    const std::string token = house.log_in("both@example.com").text("access_token");
    EXPECT_EQ(house.get("/api/v1/users", token).status, 403);
    for (const std::int64_t id : {boss, manager, std::int64_t{12345}}) {
        EXPECT_EQ(house.get(path(id), token).status, 403);
        EXPECT_EQ(house.put(id, token, "{}").status, 403);
        EXPECT_EQ(house.send(http::Verb::del, path(id), token).status, 403);
    }
    EXPECT_EQ(house.put(both, token, R"({"name":"New Name"})").text("name"), "New Name");
    EXPECT_EQ(house.put(both, token, R"({"email":"BOSS@example.com"})").status, 409);
    EXPECT_EQ(house.put(both, token, R"({"is_admin":true})").status, 403);
    EXPECT_EQ(house.put(both, token, R"({"roles":[)" + role(mine, "organizer") + "]}").status, 403);
    EXPECT_EQ(house.send(http::Verb::del, path(both), token).status, 204);
    EXPECT_EQ(house.get("/api/v1/auth/me", token).status, 401);
    EXPECT_EQ(house.get(path(both), boss_token).status, 404);
    EXPECT_GT(house.account("both@example.com"), both) << "the address is free again";
}

TEST_F(Staff, TheLastAdminStays) {
    EXPECT_EQ(house.put(boss, boss_token, R"({"is_admin":false})").status, 409);
    EXPECT_EQ(house.put(boss, boss_token, R"({"is_active":false})").status, 409);
    EXPECT_EQ(house.send(http::Verb::del, path(boss), boss_token).status, 409);
    const std::int64_t second = house.account("second@example.com", true);
    const std::string second_token = house.log_in("second@example.com").text("access_token");
    std::array<Reply, 2> replies;
    {
        std::jthread one([&] { replies[0] = house.put(second, boss_token, R"({"is_admin":false})"); });
        std::jthread two([&] { replies[1] = house.put(boss, second_token, R"({"is_admin":false})"); });
    }
    EXPECT_EQ(house.sql().exec("select count(*) from core.users where is_admin").integer(0, 0), 1)
        << replies[0].status << " and " << replies[1].status;
}

TEST_F(Staff, AdminsMakeUsersOnce) {
    const std::string body =
        R"({"email":"New@Example.com","password":"another long phrase","roles":[)" + role(mine, "canvasser") + "]}";
    const auto make = [&](const std::string& text) {
        return house.send(http::Verb::post, "/api/v1/users", boss_token, text, {{"Idempotency-Key", "k1"}});
    };
    const Reply made = make(body);
    ASSERT_EQ(made.status, 201);
    EXPECT_EQ(made.roles(), "[" + role(mine, "canvasser") + "]");
    EXPECT_EQ(made.header("Location"), path(made.number("id")));
    const Reply again = make(body);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.number("id"), made.number("id"));
    EXPECT_EQ(make(R"({"email":"other@example.com","password":"another long phrase"})").status, 422);
    EXPECT_EQ(house.post("/api/v1/users", body, boss_token).status, 409);
    EXPECT_EQ(house.log_in("new@example.com", "another long phrase").status, 200);
    const Reply nowhere = house.post(
        "/api/v1/users",
        R"({"email":"n@example.com","password":"another long phrase","roles":[)" + role(999, "viewer") + "]}",
        boss_token);
    EXPECT_EQ(nowhere.status, 422);
    const Reply twice = house.post("/api/v1/users",
                                   R"({"email":"n@example.com","password":"another long phrase","roles":[)" +
                                       role(mine, "viewer") + "," + role(mine, "organizer") + "]}",
                                   boss_token);
    EXPECT_EQ(twice.status, 422);
}

TEST_F(Staff, ChangesHonourIfMatch) {
    const Reply seen = house.get(path(both), boss_token);
    const std::string etag = seen.header("ETag");
    ASSERT_FALSE(etag.empty());
    const auto put = [&](const std::string& tag, const char* body) {
        return house.send(http::Verb::put, path(both), boss_token, body, {{"If-Match", tag}});
    };
    EXPECT_EQ(put(R"("stale")", R"({"name":"A"})").status, 412);
    EXPECT_EQ(put(etag, R"({"name":"A"})").status, 200);
    EXPECT_EQ(put(etag, R"({"name":"B"})").status, 412);
    EXPECT_EQ(put("*", R"({"name":null})").status, 200);
    EXPECT_EQ(house.send(http::Verb::del, path(both), boss_token, {}, {{"If-Match", etag}}).status, 412);
    EXPECT_EQ(house
                  .send(http::Verb::get, path(both), boss_token, {},
                        {{"If-None-Match", house.get(path(both), boss_token).header("ETag")}})
                  .status,
              304);
}

TEST_F(Staff, ANewPasswordFromAnAdminEndsTheSessions) {
    const std::string token = house.log_in("both@example.com").text("access_token");
    EXPECT_EQ(house.put(both, boss_token, R"({"password":"another long phrase"})").status, 200);
    EXPECT_EQ(house.get("/api/v1/auth/me", token).status, 401);
    EXPECT_EQ(house.log_in("both@example.com", "another long phrase").status, 200);
}

TEST_F(Staff, ListsGoOnByCursorAndByPage) {
    const Reply first = house.get("/api/v1/users?per_page=3", boss_token);
    EXPECT_EQ(first.at("items").get_if<api::json::Array>()->size(), 3u);
    EXPECT_EQ(first.header("Link"), "</api/v1/users?per_page=3&page=2>; rel=\"next\"");
    const Reply second = house.get("/api/v1/users?per_page=3&page=2", boss_token);
    EXPECT_EQ(second.at("items").get_if<api::json::Array>()->size(), 1u);
    EXPECT_TRUE(second.at("next").is_null());
    const Reply after = house.get("/api/v1/users?per_page=3&after=" + first.text("next"), boss_token);
    EXPECT_EQ(after.at("items").get_if<api::json::Array>()->size(), 1u);
    for (const char* bad :
         {"per_page=0", "per_page=201", "page=0", "after=forged", "page=1&after=x", "updated_since=x", "nobody=1"})
        EXPECT_EQ(house.get(std::string("/api/v1/users?") + bad, boss_token).status, 422) << bad;
    EXPECT_EQ(house.get("/api/v1/users?q=STRANGER", boss_token).number("total"), 1);
    EXPECT_EQ(house.get("/api/v1/users?q=%25", boss_token).number("total"), 0);
    EXPECT_EQ(house.get(fmt::format("/api/v1/users?campaign_id={}", other), boss_token).number("total"), 2);
    EXPECT_EQ(house.get(fmt::format("/api/v1/users?campaign_id={}", other), manager_token).status, 403)
        << "who shares one campaign does not tell of another";
    const std::string as_of = first.text("as_of");
    EXPECT_EQ(house.get("/api/v1/users?updated_since=2999-01-01T00:00:00Z", boss_token).number("total"), 0);
    house.send(http::Verb::del, path(stranger), boss_token);
    const Reply changed = house.get("/api/v1/users?include_deleted=true&updated_since=" + as_of, boss_token);
    const auto& items = *changed.at("items").get_if<api::json::Array>();
    EXPECT_TRUE(std::ranges::any_of(items, [](const Value& item) { return item.find("deleted_at") != nullptr; }));
}

TEST_F(Staff, HiddenCampaignsGiveNoRoles) {
    house.sql().query("update campaign.campaigns set deleted_at = now() where id = $1", mine);
    EXPECT_TRUE(house.soon([&] { return house.get("/api/v1/users", manager_token).status == 403; }));
    EXPECT_EQ(house.get(path(both), boss_token).roles(), "[" + role(other, "organizer") + "]");
}

}  // namespace
}  // namespace townhall::accounts
