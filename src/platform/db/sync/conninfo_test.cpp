#include "platform/db/sync/conninfo.hpp"

#include <gtest/gtest.h>
#include <stdexcept>

namespace townhall::db {
namespace {

TEST(Conninfo, SqlalchemysSpellingsMeanTheSame) {
    const std::string plain = normalise_conninfo("postgresql://ann:s%40fe@db.example:6432/town");
    EXPECT_EQ(plain, "user='ann' password='s@fe' dbname='town' host='db.example' port='6432'");
    for (const char* same :
         {"postgres://ann:s%40fe@db.example:6432/town", "postgresql+psycopg://ann:s%40fe@db.example:6432/town",
          "PostgreSQL+psycopg2://ann:s%40fe@db.example:6432/town",
          "port=6432 host=db.example dbname=town password=s@fe user=ann"}) {
        EXPECT_EQ(normalise_conninfo(same), plain) << same;
    }
}

TEST(Conninfo, SocketFormsOfCloudSql) {
    const std::string wanted = "user='u' password='p' dbname='d' host='/cloudsql/pro:region:inst'";
    EXPECT_EQ(normalise_conninfo("postgresql+psycopg://u:p@/d?host=/cloudsql/pro:region:inst"), wanted);
    EXPECT_EQ(normalise_conninfo("postgresql+pg8000://u:p@/d?unix_sock=/cloudsql/pro:region:inst/.s.PGSQL.5432"),
              wanted);
}

TEST(Conninfo, SslOfAsyncpg) {
    EXPECT_EQ(normalise_conninfo("postgresql+asyncpg://h/d?ssl=true"), "dbname='d' host='h' sslmode='require'");
    EXPECT_EQ(normalise_conninfo("postgresql://h/d?sslmode=verify-full"), "dbname='d' host='h' sslmode='verify-full'");
}

TEST(Conninfo, ValuesAreQuoted) {
    EXPECT_EQ(normalise_conninfo(R"(password='it\'s \\ here' dbname=d)"), R"(password='it\'s \\ here' dbname='d')");
}

TEST(Conninfo, OptionsAreReplaced) {
    EXPECT_EQ(with_option("postgresql://h/d", "options", "-c role=townhall_app"),
              "dbname='d' host='h' options='-c role=townhall_app'");
    EXPECT_EQ(with_option("postgresql://h/d", "dbname", "other"), "dbname='other' host='h'");
    EXPECT_THROW((void)with_option("postgresql://h/d", "no_such_option", "x"), std::invalid_argument);
}

TEST(Conninfo, FaultsNeverShowTheAddress) {
    for (const std::string& bad :
         {std::string("mysql://u:Secret1@h/d"), std::string("sqlite:///Secret1"),
          std::string("postgresql://u:Secret1%ZZ@h/d"), std::string("Secret1"), std::string("host=Secret1 nonsense"),
          "postgresql://h/Secret1" + std::string(1, '\0'), "postgresql://h/Secret1" + std::string(10'000, 'x')}) {
        try {
            (void)normalise_conninfo(bad);
            ADD_FAILURE() << bad;
        } catch (const std::invalid_argument& error) {
            EXPECT_EQ(std::string(error.what()).find("Secret1"), std::string::npos) << error.what();
        }
    }
}

TEST(Conninfo, DescriptionsHoldNoPassword) {
    EXPECT_EQ(describe_conninfo("postgresql://ann:secret@db:6432/town"), "db:6432/town");
    EXPECT_EQ(describe_conninfo("postgresql://ann@/town?host=/run/x"), "/run/x:5432/town");
}

}  // namespace
}  // namespace townhall::db
