#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <map>

#include "platform/db/db.hpp"
#include "platform/db/testing/cluster.hpp"
#include "platform/db/testing/running.hpp"

namespace townhall::db {
namespace {

using testing::Cluster;
using testing::Running;
using Clock = std::chrono::steady_clock;

constexpr Query<void(std::int64_t, std::int64_t)> kInsert{"test.insert", Mode::write,
                                                          "insert into things (id, n) values ($1, $2)"};
constexpr Query<std::int64_t()> kCount{"test.count", Mode::read, "select count(*) from things"};
constexpr Query<std::int64_t(std::int64_t)> kRead{"test.read", Mode::read, "select n from things where id = $1"};
constexpr Query<std::int64_t(std::int64_t)> kAdd{"test.add", Mode::write,
                                                 "update things set n = n + 1 where id = $1 returning n"};

class Lanes : public ::testing::Test {
  protected:
    Lanes() {
        Cluster::shared().exec(R"sql(
            create table things (id bigint primary key, n bigint not null constraint things_n check (n >= 0));
            create table parents (id bigint primary key);
            create table children (id bigint primary key,
                parent bigint constraint children_parent references parents deferrable initially deferred);
            insert into parents values (1);)sql",
                               address);
    }
    void fill(int rows) {
        Cluster::shared().exec("insert into things select i, 0 from generate_series(1, " + std::to_string(rows) + ") i",
                               address);
    }
    /// The SQLSTATE that a task ends with, or nothing.
    static Task<std::string> code_of(Task<std::uint64_t> task) {
        try {
            co_await std::move(task);
            co_return "";
        } catch (const StatementError& error) {
            co_return std::string(error.sqlstate());
        } catch (const Unavailable&) {
            co_return "unavailable";
        }
    }

    std::string address = Cluster::shared().new_database();
};

TEST_F(Lanes, OfABatchOnlyTheCulpritsAreRefused) {
    Running db(address, 1);
    std::map<std::string, int> codes;
    db.run_together(200, [&](int i) -> Task<void> {
        const bool bad = i % 40 == 7;
        ++codes[co_await code_of(db->execute(Scope::owner(), kInsert, i, bad ? -1 : i))];
    });
    EXPECT_EQ(codes, (std::map<std::string, int>{{"", 195}, {"23514", 5}}));
    EXPECT_EQ(db.run(db->one(Scope::owner(), kCount)), 195);
    const Stats stats = db->stats();
    EXPECT_GT(stats.lanes[1].again, 0U);
    EXPECT_LT(stats.lanes[1].batches, 60U);
}

TEST_F(Lanes, OneKeyIsWonOnceAndItsRivalsLearnOfCommittedDataOnly) {
    Running db(address, 1);
    std::map<std::string, int> codes;
    int missing = 0;
    db.run_together(30, [&](int i) -> Task<void> {
        const std::string code = co_await code_of(db->execute(Scope::owner(), kInsert, 7, i));
        ++codes[code];
        if (!co_await db->optional(Scope::owner(), kRead, 7)) ++missing;
    });
    EXPECT_EQ(codes, (std::map<std::string, int>{{"", 1}, {"23505", 29}}));
    EXPECT_EQ(missing, 0);
}

TEST_F(Lanes, AnErrorOfTheCommitFindsItsStatement) {
    Running db(address, 1);
    constexpr Query<void(std::int64_t, std::int64_t)> kChild{"test.child", Mode::write,
                                                             "insert into children values ($1, $2)"};
    std::vector<std::string> codes(40);
    db.run_together(40, [&](int i) -> Task<void> {
        codes[static_cast<std::size_t>(i)] =
            co_await code_of(db->execute(Scope::owner(), kChild, i, i == 11 || i == 12 ? 2 : 1));
    });
    for (int i = 0; i < 40; ++i) EXPECT_EQ(codes[static_cast<std::size_t>(i)], i == 11 || i == 12 ? "23503" : "") << i;
    constexpr Query<std::int64_t()> kChildren{"test.children", Mode::read, "select count(*) from children"};
    EXPECT_EQ(db.run(db->one(Scope::owner(), kChildren)), 38);
}

TEST_F(Lanes, KeyedWritersOfCommonRowsNeverDeadlock) {
    fill(50);
    Running db(address, 2);
    std::atomic<int> done = 0;
    const auto until = Clock::now() + std::chrono::seconds(2);
    db.run_many(64, [&](int i) -> Task<void> {
        for (int step = 0; Clock::now() < until; ++step) {
            const std::int64_t row = 1 + (i * 17 + step * 31) % 50;
            co_await db->execute(Scope::owner().on(std::to_string(row)), kAdd, row);
            ++done;
        }
    });
    constexpr Query<std::int64_t()> kSum{"test.sum", Mode::read, "select sum(n)::bigint from things"};
    constexpr Query<std::int64_t()> kDeadlocks{
        "test.deadlocks", Mode::read, "select deadlocks from pg_stat_database where datname = current_database()"};
    EXPECT_EQ(db.run(db->one(Scope::owner(), kSum)), done.load());
    EXPECT_GT(done.load(), 100);
    EXPECT_EQ(db.run(db->one(Scope::owner(), kDeadlocks)), 0);
    for (const LaneStats& lane : db->stats().lanes) EXPECT_EQ(lane.again, 0U) << lane.name;
}

TEST_F(Lanes, UnkeyedWritersOfCommonRowsAreSparedTheDeadlocks) {
    fill(20);
    Running db(address, 2);
    std::atomic<int> done = 0;
    std::map<std::string, int> codes;
    std::mutex mutex;
    db.run_many(40, [&](int i) -> Task<void> {
        for (int step = 0; step < 20; ++step) {
            const std::int64_t row = 1 + (i * 17 + step * 7 * (i % 2 == 0 ? 1 : 19)) % 20;
            const std::string code = co_await code_of(db->execute(Scope::owner(), kAdd, row));
            const std::lock_guard lock(mutex);
            ++codes[code];
            if (code.empty()) ++done;
        }
    });
    codes.erase("");
    codes.erase("unavailable");  // an honest answer where a row is fought over for seconds
    EXPECT_TRUE(codes.empty()) << codes.begin()->first;
    constexpr Query<std::int64_t()> kSum{"test.sum", Mode::read, "select sum(n)::bigint from things"};
    EXPECT_EQ(db.run(db->one(Scope::owner(), kSum)), done.load());
}

class HeldRow {
  public:
    HeldRow(const std::string& address, const std::string& sql) : connection_(PQconnectdb(address.c_str())) {
        PQclear(PQexec(connection_, ("begin; " + sql).c_str()));
    }
    ~HeldRow() { release(); }
    HeldRow(const HeldRow&) = delete;
    HeldRow& operator=(const HeldRow&) = delete;
    void release() {
        if (connection_ != nullptr) PQfinish(connection_);
        connection_ = nullptr;
    }

  private:
    PGconn* connection_;
};

TEST_F(Lanes, AHeldRowHoldsUpItsOwnWriterOnly) {
    fill(10);
    Running db(address, 1);
    HeldRow held(address, "update things set n = 5 where id = 3");
    Clock::duration slowest{};
    auto waiting = boost::asio::co_spawn(db.context(), db->one(Scope::owner(), kAdd, 3), boost::asio::use_future);
    db.run_together(9, [&](int i) -> Task<void> {
        if (i == 2) co_return;
        const auto start = Clock::now();
        co_await db->execute(Scope::owner(), kAdd, i + 1);
        slowest = std::max(slowest, Clock::now() - start);
    });
    EXPECT_LT(slowest, std::chrono::milliseconds(1500));
    EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
    held.release();
    EXPECT_EQ(waiting.get(), 1);
}

TEST_F(Lanes, ARowHeldTooLongIsUnavailable) {
    fill(10);
    Running db(address, 1, [](Options& options) { options.pool_lock_timeout = std::chrono::milliseconds(300); });
    const HeldRow held(address, "update things set n = 5 where id = 3");
    const auto start = Clock::now();
    EXPECT_THROW(db.run(db->one(Scope::owner(), kAdd, 3)), Unavailable);
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
}

TEST_F(Lanes, ASlowStatementIsCutOffAndItsNeighboursGoOn) {
    Running db(address, 1, [](Options& options) { options.lane_statement_timeout = std::chrono::milliseconds(200); });
    constexpr Query<std::string()> kSleep{"test.sleep", Mode::read, "select pg_sleep(5)::text"};
    std::map<std::string, int> codes;
    db.run_together(10, [&](int i) -> Task<void> {
        ++codes[co_await code_of(i == 4 ? db->execute(Scope::owner(), kSleep) : db->execute(Scope::owner(), kCount))];
    });
    EXPECT_EQ(codes, (std::map<std::string, int>{{"", 9}, {"57014", 1}}));
    constexpr Query<std::string()> kShort{"test.nap", Mode::read, "select pg_sleep(0.4)::text"};
    EXPECT_NO_THROW(db.run(db->execute(Scope::owner().slow(), kShort)));
}

TEST_F(Lanes, AFailedReadSpoilsNoOther) {
    fill(50);
    Running db(address, 1);
    constexpr Query<std::int64_t(std::int64_t)> kDivide{"test.divide", Mode::read, "select 10 / $1"};
    std::map<std::string, int> codes;
    int right = 0;
    db.run_together(100, [&](int i) -> Task<void> {
        if (i % 10 == 3) {
            ++codes[co_await code_of(db->execute(Scope::owner(), kDivide, 0))];
        } else if (co_await db->one(Scope::owner(), kDivide, 1 + i % 10) == 10 / (1 + i % 10)) {
            ++right;
        }
    });
    EXPECT_EQ(codes, (std::map<std::string, int>{{"22012", 10}}));
    EXPECT_EQ(right, 90);
}

TEST_F(Lanes, AReadCannotWrite) {
    Running db(address, 1);
    constexpr Query<void()> kLiar{"test.liar", Mode::read, "insert into parents values (5)"};
    EXPECT_EQ(db.run(code_of(db->execute(Scope::owner(), kLiar))), "25006");
}

TEST_F(Lanes, ErrorsCarryNoValues) {
    Running db(address, 1);
    Cluster::shared().exec("create table people (email text constraint people_email unique)", address);
    constexpr Query<void(std::string)> kPerson{"test.person", Mode::write, "insert into people values ($1)"};
    constexpr Query<int(std::string)> kCast{"test.cast", Mode::read, "select $1::int"};
    db.run(db->execute(Scope::owner(), kPerson, "canary@example.org"));
    try {
        db.run(db->execute(Scope::owner(), kPerson, "canary@example.org"));
        FAIL();
    } catch (const StatementError& error) {
        EXPECT_EQ(error.sqlstate(), "23505");
        EXPECT_EQ(error.constraint, "people_email");
        EXPECT_EQ(error.statement, "test.person");
        EXPECT_EQ(std::string(error.what()).find("canary"), std::string::npos);
    }
    try {
        db.run(db->execute(Scope::owner(), kCast, "canary"));
        FAIL();
    } catch (const StatementError& error) {
        EXPECT_EQ(error.outcome(), Outcome::invalid);
        EXPECT_EQ(std::string(error.what()).find("canary"), std::string::npos);
    }
}

TEST_F(Lanes, PlansThatWentStaleAreMadeAnew) {
    Running db(address, 1);
    Cluster::shared().exec("create table wide (a int); insert into wide values (1)", address);
    constexpr Query<std::string()> kAll{"test.wide", Mode::read, "select * from wide"};
    constexpr Query<std::string()> kSet{"test.wide.set", Mode::write, "update wide set a = a returning *"};
    for (const char* type : {"bigint", "text", "varchar"}) {
        for (const Scope scope : {Scope::owner(), Scope::owner().slow()}) {
            EXPECT_EQ(db.run(db->one(scope, kAll)), "1");
            EXPECT_EQ(db.run(db->one(scope, kSet)), "1");
        }
        Cluster::shared().exec(std::string("alter table wide alter a type ") + type, address);
        db.run_together(20, [&](int) -> Task<void> {
            EXPECT_EQ(co_await db->one(Scope::owner(), kAll), "1");
            EXPECT_EQ(co_await db->one(Scope::owner(), kSet), "1");
        });
        EXPECT_EQ(db.run(db->transaction(
                      Scope::owner(), [&](Transaction& tx) -> Task<std::string> { co_return co_await tx.one(kSet); })),
                  "1");
    }
}

TEST_F(Lanes, StatementsNeedNoNames) {
    fill(3);
    Running db(address, 1, [](Options& options) { options.named_statements = false; });
    for (const Scope scope : {Scope::owner(), Scope::owner().slow()}) {
        EXPECT_EQ(db.run(db->one(scope, kRead, 2)), 0);
        EXPECT_EQ(db.run(db->execute(scope, kAdd, 3)), 1U);
    }
    constexpr Query<std::int64_t()> kPrepared{"test.prepared", Mode::read,
                                              "select count(*) from pg_prepared_statements"};
    EXPECT_EQ(db.run(db->one(Scope::owner(), kPrepared)), 0);
}

TEST_F(Lanes, CallersFromElsewhereAreServed) {
    fill(3);
    boost::asio::thread_pool elsewhere(2);  // outlives the database, as it must
    Running db(address, 2);
    const auto work = [&]() -> Task<std::int64_t> {
        std::int64_t sum = co_await db->one(Scope::owner(), kAdd, 1);
        sum += co_await db->one(Scope::owner().slow(), kAdd, 2);
        sum += co_await db->transaction(
            Scope::owner(), [&](Transaction& tx) -> Task<std::int64_t> { co_return co_await tx.one(kAdd, 3); });
        co_return sum;
    };
    EXPECT_EQ(boost::asio::co_spawn(elsewhere, work(), boost::asio::use_future).get(), 3);
}

TEST_F(Lanes, OneWriteLaneServesEveryCore) {
    fill(10);
    Running db(address, 2, [](Options& options) { options.write_lanes = 1; });
    db.run_many(40, [&](int i) -> Task<void> { co_await db->execute(Scope::owner(), kAdd, 1 + i % 10); });
    for (const LaneStats& lane : db->stats().lanes) EXPECT_EQ(lane.statements, lane.name == "owner write 0" ? 40U : 0U);
}

TEST_F(Lanes, QueriesAreCounted) {
    fill(3);
    Running db(address, 2);
    for (int i = 0; i < 5; ++i) db.run(db->one(Scope::owner(), kRead, 1), i % 2);
    db.run(code_of(db->execute(Scope::owner(), kInsert, 1, 1)));
    int seen = 0;
    for (const QueryStats& query : db->stats().queries) {
        if (query.name == "test.read") {
            ++seen;
            EXPECT_EQ(query.count, 5U);
            EXPECT_EQ(query.errors, 0U);
            EXPECT_EQ(query.seconds.count, 5U);
            EXPECT_GT(query.seconds.sum, 0);
        }
        if (query.name == "test.insert") {
            ++seen;
            EXPECT_EQ(query.errors, 1U);
            EXPECT_EQ(query.failures, (std::map<std::string, std::uint64_t>{{"23", 1}}));
        }
    }
    EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace townhall::db
