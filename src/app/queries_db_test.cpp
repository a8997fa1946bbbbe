#include <gtest/gtest.h>
#include <set>

#include "app/queries.hpp"
#include "platform/db/db.hpp"
#include "platform/db/embedded/temporary.hpp"
#include "platform/db/migrate/migration.hpp"
#include "platform/db/testing/running.hpp"

namespace townhall::app {
namespace {

std::string migrated_database() {
    const std::string conninfo = db::testing::TemporaryServer::shared().new_database();
    db::Connection connection(conninfo);
    db::migrate::upgrade(connection, db::migrate::embedded());
    return conninfo;
}

TEST(Queries, EachIsPreparedAndDescribedOnTheMigratedSchema) {
    db::testing::Running database(migrated_database());
    ASSERT_GT(every_query().size(), 40u);
    for (const db::Statement* query : every_query()) {
        const auto wrong = database.run(database->check(*query));
        EXPECT_FALSE(wrong) << query->name << ": " << wrong.value_or("");
    }
}

TEST(Queries, NoTwoShareAName) {
    std::set<std::string_view> names;
    for (const db::Statement* query : every_query()) EXPECT_TRUE(names.insert(query->name).second) << query->name;
}

TEST(Queries, TheFenceHoldsOnTheMigratedSchema) {
    db::testing::Running database(migrated_database());
    EXPECT_NO_THROW(database.run(database->check_fence()));
}

}  // namespace
}  // namespace townhall::app
