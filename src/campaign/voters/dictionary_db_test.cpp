#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "platform/db/embedded/temporary.hpp"
#include "platform/db/migrate/migration.hpp"

// campaign.nearest_names: what a search by name forgives, and what it costs.
namespace townhall::campaign {
namespace {

using Names = std::vector<std::string>;

struct Dictionary : ::testing::Test {
    Dictionary() : sql(db::testing::TemporaryServer::shared().new_database()) {
        db::migrate::upgrade(sql, db::migrate::embedded());
        sql.exec("insert into campaign.campaigns (id, name, slug) values (1, 'One', 'one'), (2, 'Two', 'two')");
    }
    void know(int campaign, const std::string& kind, const Names& names) {
        for (const std::string& name : names)
            sql.query("insert into campaign.names (campaign_id, kind, value) values ($1, $2, $3)", campaign, kind,
                      name);
    }
    /// What campaign 1 finds, the nearest first.
    Names nearest(const std::string& kind, const std::string& word, int most = 24) {
        sql.exec("set app.campaign = '1'");
        const auto found = sql.query("select value from campaign.nearest_names($1, $2, $3)", kind, word, most);
        Names names;
        for (int row = 0; row < found.rows(); ++row) names.emplace_back(found.text(row, 0));
        return names;
    }

    db::Connection sql;
};

TEST_F(Dictionary, ForgivesOneMistake) {
    know(1, "last", {"vaughan", "brown", "núñez"});
    for (const char* word : {"vaughan", "vaughn", "vaugghan", "vaughxan", "vauchan", "vuaghan", "avughan", "aughan",
                             "xvaughan", "vaugha", "vaughanx", "vaughax"})
        EXPECT_EQ(nearest("last", word), Names{"vaughan"}) << word;
    for (const char* word : {"bown", "brrown", "browm", "borwn", "rown", "brow"})
        EXPECT_EQ(nearest("last", word), Names{"brown"}) << word;
    EXPECT_EQ(nearest("last", "nñúez"), Names{"núñez"});  // letters, not bytes
}

TEST_F(Dictionary, AnswersTheWordThenItsContinuationsThenWhatIsNear) {
    know(1, "last", {"smith", "smithe", "smithson", "smyth", "schmidt"});
    EXPECT_EQ(nearest("last", "smith"), (Names{"smith", "smithe", "smithson", "smyth"}));
    EXPECT_EQ(nearest("last", "smith", 2), (Names{"smith", "smithe"}));
}

TEST_F(Dictionary, LooksFurtherWhereNothingIsNear) {
    know(1, "last", {"featherstonehaugh", "brown"});
    EXPECT_EQ(nearest("last", "fetherstonhaug"), Names{"featherstonehaugh"});  // three mistakes
    EXPECT_TRUE(nearest("last", "zzyzx").empty());
    EXPECT_EQ(nearest("last", "").size(), 2) << "every name begins with nothing";
}

TEST_F(Dictionary, FindsANameBySeveralWordsOrByOneOfThem) {
    know(1, "last", {"garcia marquez", "marquez", "de la cruz", "cruz", "smith"});
    EXPECT_EQ(nearest("last", "marquez"), (Names{"marquez", "garcia marquez"}));
    EXPECT_EQ(nearest("last", "marqez"), (Names{"marquez", "garcia marquez"}));
    EXPECT_EQ(nearest("last", "garcia marqez"), Names{"garcia marquez"});
    EXPECT_EQ(nearest("last", "de la cruz"), Names{"de la cruz"});
    EXPECT_TRUE(nearest("last", "anna smith").empty()) << "not everybody who has one of the words";
}

TEST_F(Dictionary, KeepsToTheCampaignAndTheKind) {
    know(1, "first", {"taylor"});
    know(2, "last", {"taylor", "tailor"});
    EXPECT_TRUE(nearest("last", "taylor").empty());
    EXPECT_TRUE(nearest("last", "taylr").empty());
    EXPECT_EQ(nearest("first", "tailor"), Names{"taylor"});
}

TEST_F(Dictionary, BoundsWhatALongNameCosts) {
    EXPECT_EQ(sql.exec("select cardinality(campaign.spellings(1, 'last', repeat('x', 1000)))").integer(0, 0), 25);
    EXPECT_LE(sql.exec("select cardinality(campaign.name_keys(1, 'last', repeat('abcdefghij ', 100)))").integer(0, 0),
              100);
    know(1, "last", {std::string(40, 'a') + "b"});
    EXPECT_EQ(nearest("last", std::string(39, 'a') + "b").size(), 1);
}

/// Of thousands of names that the planner has not heard of yet, it reads the few that it answers with.
TEST_F(Dictionary, ReadsWhatIsNearAlone) {
    sql.exec(
        "insert into campaign.names (campaign_id, kind, value)"
        " select c, 'last', 'name' || n from generate_series(1, 2) c, generate_series(10000, 19999) n");
    sql.exec("begin");
    const Names found = nearest("last", "nme12345");
    EXPECT_EQ(std::ranges::count(found, "name12345"), 1);
    const auto read = sql.exec(
        "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables"
        " where relid = 'campaign.names'::regclass");
    EXPECT_LT(read.integer(0, 0), 100);
    sql.exec("commit");
}

}  // namespace
}  // namespace townhall::campaign
