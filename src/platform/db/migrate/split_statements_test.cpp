#include <gtest/gtest.h>

#include "platform/db/migrate/migration.hpp"

namespace townhall::db::migrate {
namespace {

using Statements = std::vector<std::string_view>;

TEST(SplitStatements, ByPostgresqlsQuoting) {
    EXPECT_EQ(split_statements("select 1; select 2"), (Statements{"select 1", " select 2"}));
    EXPECT_EQ(split_statements("select ';'';', \"a;b\"; x"), (Statements{"select ';'';', \"a;b\"", " x"}));
    EXPECT_EQ(split_statements("select E'\\';', e'a'';'; x"), (Statements{"select E'\\';', e'a'';'", " x"}));
    EXPECT_EQ(split_statements("select 'a\\'; x"), (Statements{"select 'a\\'", " x"}));
    EXPECT_EQ(split_statements("do $$ a; b $$; do $t$ $$; $t$"), (Statements{"do $$ a; b $$", " do $t$ $$; $t$"}));
    EXPECT_EQ(split_statements("select $1; select a$b; c"), (Statements{"select $1", " select a$b", " c"}));
}

TEST(SplitStatements, CommentsHoldNoStatements) {
    EXPECT_EQ(split_statements("-- a; b\n/* c; /* d; */ e; */ ; ;\n"), Statements{});
    EXPECT_EQ(split_statements("x /* ; */ -- ;\n y"), (Statements{"x /* ; */ -- ;\n y"}));
}

TEST(SplitStatements, UnclosedQuotesEndWithTheScript) {
    for (const char* open : {"select 'a;", "select \"a;", "do $$ a;", "do $tag", "x /* a;", "E'\\", "$", "--"}) {
        EXPECT_LE(split_statements(open).size(), 1U) << open;
    }
}

}  // namespace
}  // namespace townhall::db::migrate
