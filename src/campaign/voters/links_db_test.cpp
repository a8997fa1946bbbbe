#include <future>
#include <gtest/gtest.h>

#include "platform/db/embedded/temporary.hpp"
#include "platform/db/migrate/migration.hpp"

// campaign.campaign_voters has triggers in place of foreign keys: what those would hold, these must.
namespace townhall::campaign {
namespace {

struct Links : ::testing::Test {
    Links() : conninfo(db::testing::TemporaryServer::shared().new_database()), sql(conninfo) {
        db::migrate::upgrade(sql, db::migrate::embedded());
        sql.exec(
            "insert into campaign.campaigns (id, name, slug) values (1, 'One', 'one'), (2, 'Two', 'two');"
            "insert into campaign.voters (id, source, identity) values (1, 's', 'a'), (2, 's', 'b')");
    }
    void link(int campaign, int voter) {
        sql.query("insert into campaign.campaign_voters (campaign_id, voter_id) values ($1, $2)", campaign, voter);
    }
    std::int64_t links() { return sql.exec("select count(*) from campaign.campaign_voters").integer(0, 0); }
    std::string refusal(int campaign, int voter) {
        try {
            link(campaign, voter);
        } catch (const db::SqlError& error) {
            return error.sqlstate();
        }
        return "";
    }

    std::string conninfo;
    db::Connection sql;
};

TEST_F(Links, NameACampaignAndAVoterThatExist) {
    EXPECT_EQ(refusal(1, 1), "");
    EXPECT_EQ(refusal(3, 1), "23503");
    EXPECT_EQ(refusal(1, 3), "23503");
    EXPECT_EQ(links(), 1);
}

TEST_F(Links, AreRefusedAsAWholeStatement) {
    EXPECT_THROW(sql.exec("insert into campaign.campaign_voters (campaign_id, voter_id) values (1, 1), (1, 9)"),
                 db::SqlError);
    EXPECT_EQ(links(), 0);
}

TEST_F(Links, GoWithTheirVoterOrCampaign) {
    link(1, 1);
    link(1, 2);
    link(2, 2);
    sql.exec("delete from campaign.voters where id = 1");
    EXPECT_EQ(links(), 2);
    sql.exec("delete from campaign.campaigns where id = 2");
    EXPECT_EQ(links(), 1);
}

TEST_F(Links, AreNotMoved) {
    link(1, 1);
    EXPECT_THROW(sql.exec("update campaign.campaign_voters set voter_id = 2"), db::SqlError);
    EXPECT_THROW(sql.exec("update campaign.campaign_voters set campaign_id = 2"), db::SqlError);
    EXPECT_NO_THROW(sql.exec("update campaign.campaign_voters set support = 2"));
}

TEST_F(Links, AddedWhileTheirVoterIsDeletedAreRefused) {
    db::Connection deleting(conninfo);
    db::Transaction deletion(deleting);
    deleting.exec("delete from campaign.voters where id = 1");
    auto added = std::async(std::launch::async, [&] { return refusal(1, 1); });
    EXPECT_EQ(added.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout)
        << "must wait for the deletion";
    deletion.commit();
    EXPECT_EQ(added.get(), "23503");
    EXPECT_EQ(links(), 0);
}

TEST_F(Links, AddedBeforeTheirVoterIsDeletedGoWithIt) {
    db::Transaction adding(sql);
    link(1, 1);
    auto deleted = std::async(std::launch::async, [&] {
        db::Connection deleting(conninfo);
        deleting.exec("delete from campaign.voters where id = 1");
    });
    EXPECT_EQ(deleted.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout)
        << "must wait for the link";
    adding.commit();
    deleted.get();
    EXPECT_EQ(links(), 0);
}

}  // namespace
}  // namespace townhall::campaign
