#include "accounts/house_for_tests.hpp"

namespace townhall::accounts {
namespace {

using testing::House;
using testing::kPassword;
using testing::Reply;
using testing::Value;

struct Accounts : ::testing::Test {
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

TEST_F(Accounts, SignOutWithAnEmptyObjectIsByTheBearer) {
    house.account("ann@example.com");
    for (const char* body : {"{}", "{ }", " {\n} "}) {
        const std::string token = house.log_in("ann@example.com").text("access_token");
        EXPECT_EQ(house.post("/api/v1/auth/logout", body, token).status, 204) << body;
        EXPECT_EQ(house.get("/api/v1/auth/me", token).status, 401) << body;
        EXPECT_EQ(house.post("/api/v1/auth/logout", body).status, 401) << body;
    }
}

TEST_F(Accounts, SignOutOfNothingLoadsNothing) {
    house.account("ann@example.com");
    const Reply in = house.log_in("ann@example.com");
    ASSERT_EQ(house.post("/api/v1/auth/logout", "", in.text("access_token")).status, 204);
    bool as_before = false;  // once is enough: every two seconds, and after a notification, the loop loads by itself
    for (int i = 0; i < 20 && !as_before; ++i) {
        const auto before = house.snapshots().as_of();
        EXPECT_EQ(house.post("/api/v1/auth/logout", R"({"refresh_token":"never was"})").status, 204);
        EXPECT_EQ(house.post("/api/v1/auth/logout", "", in.text("access_token")).status, 204);
        as_before = house.snapshots().as_of() == before;
    }
    EXPECT_TRUE(as_before);
}

TEST(Throttled, NoAttemptIsSpentWhereNothingWasChecked) {
    House house({.throttled = true, .waiting_passwords = 0});
    const std::int64_t id = house.account("ann@example.com");
    const std::string token = house.token(id);
    ASSERT_TRUE(house.soon([&] { return house.get("/api/v1/auth/me", token).status == 200; }));
    const auto change = fmt::format(R"({{"current_password":"{}","new_password":"another long phrase"}})", kPassword);
    for (int i = 0; i < 30; ++i) {
        EXPECT_EQ(house.log_in("ann@example.com").status, 503);
        EXPECT_EQ(house.post("/api/v1/auth/password", change, token).status, 503);
    }
}

TEST(Throttled, StrangersSpendNobodysChangesOfThePassword) {
    House house({.throttled = true});
    const std::int64_t id = house.account("ann@example.com");
    const std::string token = house.log_in("ann@example.com").text("access_token");
    for (int i = 0; i < 11; ++i) (void)house.log_in(fmt::format("user:{}", id), "x");
    EXPECT_EQ(house.log_in(fmt::format("user:{}", id), "x").status, 429);
    const auto body = fmt::format(R"({{"current_password":"{}","new_password":"another long phrase"}})", kPassword);
    EXPECT_EQ(house.post("/api/v1/auth/password", body, token).status, 204);
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

}  // namespace
}  // namespace townhall::accounts
