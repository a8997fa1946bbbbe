#include "platform/guard/authenticator.hpp"

#include <gtest/gtest.h>
#include <thread>

namespace townhall::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kAdmin = 1;
constexpr std::int64_t kOneCampaign = 2;
constexpr std::int64_t kTwoCampaigns = 3;
constexpr std::int64_t kNoCampaign = 4;
constexpr std::int64_t kDisabled = 5;

AccessData people() {
    return {.users = {{kNoCampaign, false, true},
                      {kTwoCampaigns, false, false},
                      {kAdmin, true, false},
                      {kOneCampaign, false, false}},
            .memberships = {{kTwoCampaigns, 20, Role::viewer},
                            {kOneCampaign, 10, Role::organizer},
                            {kTwoCampaigns, 10, Role::manager}},
            .revoked = {},
            .campaigns = {20, 10}};
}

struct Door : testing::Test {
    AccessTokens tokens{{.keys = {"0123456789abcdef0123456789abcdef"}}};
    SnapshotHolder snapshots;
    Authenticator authenticator{tokens, snapshots};
    Uuid session = uuid_v7();

    void SetUp() override { snapshots.put(people(), SteadyClock::now()); }

    std::string bearer(std::int64_t user) { return "Bearer " + tokens.issue(user, session).token; }
    auto enter(std::int64_t user) { return authenticator.authenticate(bearer(user)); }
    std::expected<Principal, Denial> enter(std::int64_t user, std::optional<std::int64_t> campaign) {
        caller = *enter(user);
        return authenticator.principal(caller, campaign);
    }
    Caller caller;
};

TEST_F(Door, ResolvesRoles) {
    EXPECT_EQ(enter(kOneCampaign, std::nullopt)->campaign, 10);
    EXPECT_EQ(enter(kOneCampaign, std::nullopt)->role, Role::organizer);
    EXPECT_EQ(enter(kTwoCampaigns, 10)->role, Role::manager);
    EXPECT_EQ(enter(kTwoCampaigns, 20)->role, Role::viewer);
    EXPECT_EQ(enter(kTwoCampaigns, std::nullopt).error(), Denial::campaign_required);
    EXPECT_EQ(enter(kNoCampaign, std::nullopt).error(), Denial::campaign_required);
    EXPECT_EQ(enter(kOneCampaign, 20).error(), Denial::not_a_member);
    EXPECT_EQ(enter(kOneCampaign, 999).error(), Denial::not_a_member);
    EXPECT_EQ(enter(kNoCampaign, 10).error(), Denial::not_a_member) << "an editor is nobody in a campaign";
}

TEST_F(Door, LetsAdminsActAnywhereOrUnscoped) {
    const auto unscoped = enter(kAdmin, std::nullopt);
    EXPECT_TRUE(unscoped->is_admin && unscoped->is_editor);
    EXPECT_EQ(unscoped->campaign, std::nullopt);
    EXPECT_EQ(unscoped->role, Role::admin);
    EXPECT_EQ(enter(kAdmin, 10)->campaign, 10);
    EXPECT_EQ(enter(kAdmin, 20)->campaign, 20);
    EXPECT_EQ(enter(kAdmin, 999).error(), Denial::no_such_campaign);
    EXPECT_EQ(enter(kAdmin, 10)->session_id, to_string(session));
}

TEST_F(Door, KeepsStrangersOut) {
    EXPECT_EQ(authenticator.authenticate(std::nullopt).error(), Denial::no_credentials);
    const std::string token = tokens.issue(kAdmin, session).token;
    for (const std::string& header :
         {std::string(), std::string("Bearer"), std::string("Bearer "), token, "Basic " + token,
          "Bearer " + token + " ", "Bearer " + token + "," + token, "Bearer\t" + token})
        EXPECT_EQ(authenticator.authenticate(header).error(), Denial::bad_token) << header.substr(0, 20);
    EXPECT_TRUE(authenticator.authenticate("bearer " + token));
    EXPECT_EQ(authenticator.authenticate(bearer(kAdmin), Clock::now() + seconds(3601)).error(), Denial::expired);
    EXPECT_EQ(enter(kDisabled).error(), Denial::revoked);
}

TEST_F(Door, ForgetsRevokedSessionsAndRoles) {
    ASSERT_TRUE(enter(kTwoCampaigns));
    AccessData later = people();
    later.revoked = {uuid_v7(), session};
    snapshots.put(later, SteadyClock::now());
    EXPECT_EQ(enter(kTwoCampaigns).error(), Denial::revoked);
    session = uuid_v7();
    ASSERT_TRUE(enter(kTwoCampaigns));
    std::erase_if(later.memberships, [](const Membership& m) { return m.campaign_id == 20; });
    snapshots.put(later, SteadyClock::now());
    EXPECT_EQ(enter(kTwoCampaigns, std::nullopt)->campaign, 10);
    EXPECT_EQ(enter(kTwoCampaigns, 20).error(), Denial::not_a_member);
}

TEST_F(Door, RefusesToDecideByOldKnowledge) {
    SnapshotHolder old;
    const Authenticator unsure(tokens, old);
    EXPECT_EQ(unsure.authenticate(bearer(kAdmin)).error(), Denial::unavailable);
    old.put(people(), SteadyClock::now() - kSnapshotMaxAge - milliseconds(1));
    EXPECT_EQ(unsure.authenticate(bearer(kAdmin)).error(), Denial::unavailable);
    old.put(people(), SteadyClock::now());
    EXPECT_TRUE(unsure.authenticate(bearer(kAdmin)));
}

TEST_F(Door, KeepsTheNewerOfTwoLoads) {
    AccessData later = people();
    later.revoked = {session};
    const auto now = SteadyClock::now();
    snapshots.put(later, now + milliseconds(2));
    snapshots.put(people(), now + milliseconds(1));
    EXPECT_EQ(enter(kAdmin).error(), Denial::revoked) << "a load that overtook another is not undone by it";
}

TEST(Snapshots, AreSwappedUnderReaders) {
    SnapshotHolder holder;
    holder.put({.users = {{1, false, false}}, .memberships = {}, .revoked = {}}, SteadyClock::now());
    std::atomic<bool> stop{false};
    std::atomic<int> wrong{0};
    {
        std::vector<std::jthread> readers;
        for (int i = 0; i < 3; ++i)
            readers.emplace_back([&] {
                while (!stop) {
                    const Snapshot* snapshot = holder.current();
                    const auto* user = snapshot->user(1);
                    if (!user || user->memberships.size() > 1) ++wrong;
                }
            });
        for (int i = 0; i < 500; ++i)
            holder.put({.users = {{1, i % 2 == 0, false}}, .memberships = {{1, i, Role::viewer}}, .revoked = {}},
                       SteadyClock::now());
        stop = true;
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(Snapshot::role_in(*holder.current()->user(1), 499), Role::viewer);
}

TEST(Snapshots, OfTwoHoldersAreKeptApart) {
    SnapshotHolder one;
    SnapshotHolder two;
    one.put({.users = {{1, true, false}}, .memberships = {}, .revoked = {}}, SteadyClock::now());
    two.put({.users = {{2, true, false}}, .memberships = {}, .revoked = {}}, SteadyClock::now());
    EXPECT_TRUE(one.current()->user(1));
    EXPECT_FALSE(two.current()->user(1));
    EXPECT_TRUE(one.current()->user(1));
}

TEST(Roles, HaveNames) {
    for (const Role role : {Role::viewer, Role::canvasser, Role::organizer, Role::manager, Role::admin})
        EXPECT_EQ(role_from(to_string(role)), role);
    EXPECT_FALSE(role_from("Admin"));
    EXPECT_FALSE(role_from(""));
}

}  // namespace
}  // namespace townhall::guard
