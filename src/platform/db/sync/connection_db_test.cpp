#include <gtest/gtest.h>

#include "platform/db/embedded/temporary.hpp"
#include "platform/db/sync/connection.hpp"

namespace townhall::db {
namespace {

using testing::TemporaryServer;
using Values = std::vector<std::optional<std::string>>;

class SyncConnection : public ::testing::Test {
  protected:
    std::string address_ = TemporaryServer::shared().new_database();
    Connection connection_{address_};
};

SqlError refusal(const std::function<void()>& run) {
    try {
        run();
    } catch (const SqlError& error) {
        return error;
    }
    throw std::runtime_error("nothing was refused");
}

TEST_F(SyncConnection, ValuesComeBackAsTheyWent) {
    const Result result = connection_.query("select $1::bigint, $2::text, $3::boolean, $4::text, $5::float8",
                                            std::int64_t{-9'007'199'254'740'993}, "it's \"x\" \\", true,
                                            std::optional<std::string>(), 0.1);
    ASSERT_EQ(result.rows(), 1);
    ASSERT_EQ(result.columns(), 5);
    EXPECT_EQ(result.integer(0, 0), -9'007'199'254'740'993);
    EXPECT_EQ(result.text(0, 1), "it's \"x\" \\");
    EXPECT_EQ(result.text(0, 2), "t");
    EXPECT_EQ(result.value(0, 3), std::nullopt);
    EXPECT_EQ(result.text(0, 4), "0.1");
    EXPECT_THROW((void)result.value(1, 0), std::out_of_range);
    EXPECT_THROW((void)result.text(0, 3), std::logic_error);
}

TEST_F(SyncConnection, PreparedStatementsTakeTextAndBinary) {
    connection_.exec("create table t (id integer, body bytea)");
    connection_.prepare("put", "insert into t values ($1, $2)");
    const std::string bytes("\0\xff\0abc", 6);
    const std::array<Parameter, 2> parameters{Parameter{"7"}, Parameter{bytes, true}};
    EXPECT_EQ(connection_.execute_prepared("put", parameters).affected(), 1U);
    connection_.prepare("get", "select body from t where id = $1");
    const Result result = connection_.execute_prepared("get", std::array{Parameter{"7"}}, true);
    EXPECT_EQ(result.text(0, 0), bytes);
}

TEST_F(SyncConnection, NulInTextIsRefusedNotCut) {
    EXPECT_EQ(refusal([&] { connection_.query("select $1::text", std::string_view("a\0b", 3)); }).sqlstate(), "22021");
}

TEST_F(SyncConnection, ErrorsCarryNoValues) {
    connection_.exec(
        "create table people (email text constraint one_email unique, age integer check (age > 0), code varchar(3))");
    connection_.query("insert into people values ($1)", "Canary@example.org");
    const std::vector<std::pair<std::string, std::function<void()>>> cases{
        {"23505", [&] { connection_.query("insert into people values ($1)", "Canary@example.org"); }},
        {"23514", [&] { connection_.query("insert into people values ($1, -5)", "Canary"); }},
        {"22001", [&] { connection_.query("insert into people (code) values ($1)", "Canary"); }},
        {"22P02", [&] { connection_.query("select $1::integer", "Canary"); }},
        {"22P02", [&] { connection_.query("select $1::json", "{Canary"); }},
        {"22P02", [&] { connection_.query("select $1::uuid", "\" Canary \": Canary"); }},
        {"22007", [&] { connection_.query("select $1::timestamptz", "Canary"); }},
        {"22003", [&] { connection_.query("select $1::integer", "99999999999"); }},
        {"P0001", [&] { connection_.exec("do $$ begin raise exception 'refused: Canary'; end $$"); }},
    };
    for (const auto& [state, run] : cases) {
        const SqlError error = refusal(run);
        const std::string text = error.what();
        EXPECT_EQ(error.sqlstate(), state);
        EXPECT_EQ(text.find("anary"), std::string::npos) << text;
        EXPECT_EQ(text.find("99999"), std::string::npos) << text;
        EXPECT_GT(text.size(), 10U) << text;
    }
    EXPECT_EQ(refusal(cases[0].second).constraint(), "one_email");
    EXPECT_EQ(connection_.exec("select 1").integer(0, 0), 1);
}

TEST_F(SyncConnection, TransactionsRollBackUnlessCommitted) {
    connection_.exec("create table t (id integer)");
    {
        const Transaction transaction(connection_);
        connection_.exec("insert into t values (1)");
        EXPECT_TRUE(connection_.in_transaction());
    }
    EXPECT_FALSE(connection_.in_transaction());
    {
        Transaction transaction(connection_);
        connection_.exec("insert into t values (2)");
        transaction.commit();
    }
    const Result rows = connection_.exec("select id from t");
    ASSERT_EQ(rows.rows(), 1);
    EXPECT_EQ(rows.integer(0, 0), 2);
}

TEST_F(SyncConnection, CommitOfAFailedTransactionIsAnError) {
    Transaction transaction(connection_);
    EXPECT_THROW(connection_.exec("select 1/0"), SqlError);
    EXPECT_EQ(refusal([&] { transaction.commit(); }).sqlstate(), "25P02");
    EXPECT_FALSE(connection_.in_transaction());
}

TEST_F(SyncConnection, CopyRoundTripsInEveryFormat) {
    connection_.exec("create table source (id bigint, name text); create table target (like source)");
    constexpr int kRows = 20'000;
    {
        CopyIn copy(connection_, "copy source from stdin (format csv)");
        for (int i = 0; i < kRows; ++i) {
            // Some pieces larger than a frame, cut anywhere.
            copy.put(std::to_string(i) + ",\"a, \"\"b\"\" ");
            copy.put(std::string(i % 5000 == 0 ? 200'000 : 3, 'x') + "\"\n");
        }
        EXPECT_EQ(copy.finish(), std::uint64_t{kRows});
    }
    for (const std::string format : {"csv", "text", "binary"}) {
        std::string all;
        EXPECT_EQ(copy_out(connection_, "copy source to stdout (format " + format + ")",
                           [&](std::string_view row) { all += row; }),
                  std::uint64_t{kRows});
        connection_.exec("truncate target");
        CopyIn copy(connection_, "copy target from stdin (format " + format + ")");
        copy.put(all);
        EXPECT_EQ(copy.finish(), std::uint64_t{kRows});
        EXPECT_EQ(connection_.exec("select count(*) from (table source except all table target) d").integer(0, 0), 0);
    }
}

TEST_F(SyncConnection, ARefusedCopySaysWhyAndLeavesTheConnectionUsable) {
    connection_.exec("create table t (id integer primary key)");
    CopyIn copy(connection_, "copy t from stdin");
    for (int i = 0; i < 100'000; ++i) copy.put("Canary\n");
    const SqlError error = refusal([&] { copy.finish(); });
    EXPECT_EQ(error.sqlstate(), "22P02");
    EXPECT_EQ(std::string(error.what()).find("Canary"), std::string::npos) << error.what();
    EXPECT_EQ(connection_.exec("select count(*) from t").integer(0, 0), 0);
    EXPECT_EQ(refusal([&] { CopyIn(connection_, "copy nowhere from stdin"); }).sqlstate(), "42P01");
    EXPECT_THROW(CopyIn(connection_, "select 1"), std::logic_error);
}

TEST_F(SyncConnection, AnAbandonedCopyIsUndone) {
    connection_.exec("create table t (id integer)");
    {
        CopyIn copy(connection_, "copy t from stdin");
        copy.put("1\n2\n");
    }
    EXPECT_EQ(connection_.exec("select count(*) from t").integer(0, 0), 0);
}

TEST_F(SyncConnection, ACallbackThatThrowsEndsTheCopyOut) {
    const auto copy = [&] {
        copy_out(connection_, "copy (select generate_series(1, 10000000)) to stdout",
                 [](std::string_view) { throw std::length_error("enough"); });
    };
    EXPECT_THROW(copy(), std::length_error);
    EXPECT_EQ(connection_.exec("select 5").integer(0, 0), 5);
}

TEST_F(SyncConnection, ALostConnectionIsToldFromARefusal) {
    Connection other(address_);
    connection_.query("select pg_terminate_backend($1)", other.backend_pid());
    EXPECT_THROW(
        {
            other.exec("select 1");
            other.exec("select 1");
        },
        ConnectionLost);
    EXPECT_FALSE(other.alive());
    EXPECT_THROW(Connection("host=/nowhere dbname=x connect_timeout=2"), ConnectionLost);
}

}  // namespace
}  // namespace townhall::db
