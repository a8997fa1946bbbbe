#include "accounts/house_for_tests.hpp"

namespace townhall::accounts {
namespace {

using testing::House;
using testing::kPassword;
using testing::Reply;
using testing::Value;

struct Staff : ::testing::Test {
    House house;
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
    EXPECT_EQ(house.patch(both, manager_token, R"({"roles":[)" + role(mine, "organizer") + "]}").status, 200);
    EXPECT_EQ(house.get(path(both), boss_token).roles(),
              "[" + role(mine, "organizer") + "," + role(other, "organizer") + "]")
        << "what the manager does not see stays";
    for (const std::string& roles :
         {role(mine, "manager"), role(other, "viewer"), role(mine, "organizer") + "," + role(999, "viewer")})
        EXPECT_EQ(house.patch(both, manager_token, R"({"roles":[)" + roles + "]}").status, 403) << roles;
    EXPECT_EQ(house.patch(manager, manager_token, R"({"roles":[)" + role(mine, "viewer") + "]}").status, 403)
        << "one's own role is not below it";
    EXPECT_EQ(house.patch(both, manager_token, R"({"roles":[]})").status, 200);
    EXPECT_EQ(house.get(path(both), boss_token).roles(), "[" + role(other, "organizer") + "]");
}

TEST_F(Staff, EveryoneMayLeaveACampaign) {
    const std::string token = house.log_in("both@example.com").text("access_token");
    const std::string kept = role(other, "organizer");
    EXPECT_EQ(house.patch(both, token, R"({"roles":[)" + role(other, "viewer") + "]}").status, 403)
        << "leaving one and lowering another is more than leaving";
    EXPECT_EQ(house.patch(both, token, R"({"roles":[)" + kept + "," + role(mine, "canvasser") + "]}").status, 403);
    EXPECT_EQ(house.get(path(both), token).roles(), "[" + role(mine, "viewer") + "," + kept + "]");
    const Reply left = house.patch(both, token, R"({"roles":[)" + kept + "]}");
    EXPECT_EQ(left.status, 200);
    EXPECT_EQ(left.roles(), "[" + kept + "]");
    EXPECT_EQ(house.patch(both, token, R"({"roles":[)" + kept + "," + role(mine, "viewer") + "]}").status, 403)
        << "and not come back";
    EXPECT_EQ(house.patch(manager, manager_token, R"({"roles":[]})").status, 200);
    EXPECT_EQ(house.patch(both, manager_token, R"({"roles":[]})").status, 403) << "no manager any more";
}

TEST_F(Staff, ManagersChangeNothingElse) {
    for (const char* change :
         {R"({"email":"new@example.com"})", R"({"name":"X"})", R"({"password":"another long phrase"})",
          R"({"is_admin":true})", R"({"is_editor":true})", R"({"is_active":false})"})
        EXPECT_EQ(house.patch(both, manager_token, change).status, 403) << change;
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
        EXPECT_EQ(house.patch(id, token, "{}").status, 403);
        EXPECT_EQ(house.send(http::Verb::del, path(id), token).status, 403);
    }
    EXPECT_EQ(house.patch(both, token, R"({"name":"New Name"})").text("name"), "New Name");
    EXPECT_EQ(house.patch(both, token, R"({"email":"BOSS@example.com"})").status, 422) << "not by a token alone";
    const auto taken = fmt::format(R"({{"email":"BOSS@example.com","current_password":"{}"}})", kPassword);
    EXPECT_EQ(house.patch(both, token, taken).status, 409);
    EXPECT_EQ(house.patch(both, token, R"({"is_admin":true})").status, 403);
    EXPECT_EQ(house.patch(both, token, R"({"roles":[)" + role(mine, "organizer") + "]}").status, 403);
    EXPECT_EQ(house.send(http::Verb::del, path(both), token).status, 204);
    EXPECT_EQ(house.get("/api/v1/auth/me", token).status, 401);
    EXPECT_EQ(house.get(path(both), boss_token).status, 404);
    EXPECT_GT(house.account("both@example.com"), both) << "the address is free again";
}

TEST_F(Staff, TheLastAdminStays) {
    EXPECT_EQ(house.patch(boss, boss_token, R"({"is_admin":false})").status, 409);
    EXPECT_EQ(house.patch(boss, boss_token, R"({"is_active":false})").status, 409);
    EXPECT_EQ(house.send(http::Verb::del, path(boss), boss_token).status, 409);
    const std::int64_t second = house.account("second@example.com", true);
    const std::string second_token = house.log_in("second@example.com").text("access_token");
    std::array<Reply, 2> replies;
    {
        std::jthread one([&] { replies[0] = house.patch(second, boss_token, R"({"is_admin":false})"); });
        std::jthread two([&] { replies[1] = house.patch(boss, second_token, R"({"is_admin":false})"); });
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
    const auto patch = [&](const std::string& tag, const char* body) {
        return house.send(http::Verb::patch, path(both), boss_token, body, {{"If-Match", tag}});
    };
    EXPECT_EQ(patch(R"("stale")", R"({"name":"A"})").status, 412);
    EXPECT_EQ(patch(etag, R"({"name":"A"})").status, 200);
    EXPECT_EQ(patch(etag, R"({"name":"B"})").status, 412);
    EXPECT_EQ(patch("*", R"({"name":null})").status, 200);
    EXPECT_EQ(house.send(http::Verb::del, path(both), boss_token, {}, {{"If-Match", etag}}).status, 412);
    EXPECT_EQ(house
                  .send(http::Verb::get, path(both), boss_token, {},
                        {{"If-None-Match", house.get(path(both), boss_token).header("ETag")}})
                  .status,
              304);
}

TEST_F(Staff, ANewPasswordFromAnAdminEndsTheSessions) {
    const std::string token = house.log_in("both@example.com").text("access_token");
    EXPECT_EQ(house.patch(both, boss_token, R"({"password":"another long phrase"})").status, 200);
    EXPECT_EQ(house.get("/api/v1/auth/me", token).status, 401);
    EXPECT_EQ(house.log_in("both@example.com", "another long phrase").status, 200);
}

TEST_F(Staff, ListsGoOnByCursorAndByPage) {
    const Reply first = house.get("/api/v1/users?per_page=3", boss_token);
    EXPECT_EQ(first.at("items").get_if<api::json::Array>()->size(), 3u);
    EXPECT_EQ(first.header("Link"), "</api/v1/users?per_page=3&after=" + first.text("next") + ">; rel=\"next\"");
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
