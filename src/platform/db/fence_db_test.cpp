#include <gtest/gtest.h>

#include "platform/db/db.hpp"
#include "platform/db/testing/cluster.hpp"
#include "platform/db/testing/running.hpp"

namespace townhall::db {
namespace {

using testing::Cluster;
using testing::Running;

constexpr Query<std::tuple<std::int64_t, std::int64_t>()> kRows{
    "test.rows", Mode::read, "select campaign_id, voter_id from campaign.campaign_voters order by voter_id"};
constexpr Query<void(std::int64_t, std::int64_t)> kLink{"test.link", Mode::write,
                                                        "insert into campaign.campaign_voters values ($1, $2)"};
constexpr Query<std::int64_t()> kDivide{"test.divide", Mode::read, "select 1 / (count(*) - count(*)) from pg_class"};

class Fence : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        Cluster::shared().exec("create role townhall_app nologin; create role town login in role townhall_app");
    }
    Fence() {
        Cluster::shared().exec(R"sql(
            create schema campaign;
            create table campaign.campaign_voters (campaign_id bigint not null, voter_id bigint not null);
            insert into campaign.campaign_voters select 1 + i % 5, i from generate_series(1, 500) i;
            alter table campaign.campaign_voters enable row level security;
            create policy own on campaign.campaign_voters to townhall_app
                using (campaign_id = (select nullif(current_setting('app.campaign', true), '')::bigint));
            grant usage on schema campaign to townhall_app;
            grant select, insert, update, delete on campaign.campaign_voters to townhall_app;)sql",
                               address);
    }

    std::string address = Cluster::shared().new_database("town");
};

TEST_F(Fence, InterleavedCampaignsNeverSeeEachOther) {
    Running db(address, 2);
    std::atomic<int> strangers = 0;
    std::atomic<int> rows = 0;
    db.run_many(200, [&](int i) -> Task<void> {
        const std::int64_t campaign = 1 + i % 5;
        for (int step = 0; step < 5; ++step) {
            // Failing statements between them, so that groups are run again.
            if (i % 20 == 3) EXPECT_THROW(co_await db->one(Scope::of(campaign), kDivide), StatementError);
            for (const auto& [owner, voter] : co_await db->all(Scope::of(campaign), kRows)) {
                ++rows;
                if (owner != campaign) ++strangers;
            }
        }
    });
    EXPECT_EQ(strangers, 0);
    EXPECT_EQ(rows, 200 * 5 * 100);
    EXPECT_EQ(db.run(db->all(Scope::owner(), kRows)).size(), 500U);
}

TEST_F(Fence, WritesStayInTheirCampaign) {
    Running db(address, 1);
    std::atomic<int> forbidden = 0;
    db.run_together(40, [&](int i) -> Task<void> {
        try {
            co_await db->execute(Scope::of(1 + i % 2), kLink, 1 + i / 2 % 2, 1000 + i);
        } catch (const StatementError& error) {
            if (error.outcome() == Outcome::forbidden) ++forbidden;
        }
    });
    EXPECT_EQ(forbidden, 20);
    EXPECT_EQ(db.run(db->all(Scope::owner(), kRows)).size(), 520U);
    EXPECT_EQ(db.run(db->all(Scope::of(1), kRows)).size(), 110U);
}

TEST_F(Fence, ThePoolAndTransactionsAreFencedToo) {
    Running db(address, 1, [](Options& options) { options.pool_size = 1; });
    for (int round = 0; round < 3; ++round) {
        for (const std::int64_t campaign : {1, 2}) {
            EXPECT_EQ(db.run(db->all(Scope::of(campaign).slow(), kRows)).size(), 100U);
            const auto rows = db.run(db->transaction(Scope::of(campaign), [](Transaction& tx) -> Task<std::size_t> {
                const auto first = co_await tx.all(kRows);
                const auto second = co_await tx.all(kRows);
                co_return first.size() + second.size();
            }));
            EXPECT_EQ(rows, 200U);
        }
        EXPECT_EQ(db.run(db->all(Scope::owner().slow(), kRows)).size(), 500U);
    }
}

TEST_F(Fence, WithoutACampaignNothingIsSeen) {
    Running db(address, 1);
    const std::string fenced = address + " options='-c role=townhall_app'";
    EXPECT_THROW(Cluster::shared().exec("select 1 / count(*) from campaign.campaign_voters", fenced),
                 std::runtime_error);
    EXPECT_NO_THROW(Cluster::shared().exec("select 1 / count(*) from campaign.campaign_voters", address));
    // What a scoped statement set ends with its transaction.
    db.run(db->all(Scope::of(1), kRows));
    EXPECT_TRUE(db.run(db->all(Scope::of(-1), kRows)).empty());
}

TEST_F(Fence, AFenceThatIsDownIsNoticed) {
    Running db(address, 1);
    EXPECT_NO_THROW(db.run(db->check_fence()));
    Cluster::shared().exec("alter table campaign.campaign_voters disable row level security", address);
    EXPECT_THROW(db.run(db->check_fence()), std::runtime_error);
}

}  // namespace
}  // namespace townhall::db
