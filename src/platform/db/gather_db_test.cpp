#include <gtest/gtest.h>
#include <map>

#include "platform/db/db.hpp"
#include "platform/db/gather.hpp"
#include "platform/db/testing/cluster.hpp"
#include "platform/db/testing/running.hpp"

namespace townhall::db {
namespace {

using testing::Cluster;
using testing::Running;

struct Thing {
    std::int64_t id = 0;
    std::int64_t n = 0;
    std::string mark;
};
using Things = Gather<Thing, std::int64_t>;

constexpr Query<std::tuple<std::int64_t, std::int64_t>(std::vector<std::int64_t>, std::vector<std::int64_t>)> kAdd{
    "test.add_things", Mode::write,
    "insert into things as t (id, n) select * from unnest($1::bigint[], $2::bigint[])"
    " on conflict (id) do update set n = t.n + excluded.n returning id, n"};
constexpr Query<std::tuple<std::int64_t, std::int64_t>()> kSums{
    "test.sums", Mode::read, "select count(distinct xmin::text), coalesce(sum(n), 0)::bigint from things"};

class Gathered : public ::testing::Test {
  protected:
    Gathered() {
        Cluster::shared().exec(
            "create table things (id bigint primary key, n bigint not null constraint things_n check (n >= 0))",
            address);
    }
    /// Adds to things; each is told its sum.
    Things things(Running& db, std::size_t most = 100) {
        return {db.context(), most, [](const Thing& thing) { return std::vector<std::string_view>{thing.mark}; },
                [&](std::vector<Things::Slot*> slots) { return add(db, std::move(slots)); }};
    }
    Task<void> add(Running& db, std::vector<Things::Slot*> slots) {
        ++statements;
        std::vector<std::int64_t> ids;
        std::vector<std::int64_t> ns;
        for (const auto* slot : slots) {
            ids.push_back(slot->item.id);
            ns.push_back(slot->item.n);
        }
        std::map<std::int64_t, std::int64_t> sums;
        for (const auto& [id, n] : co_await db->all(Scope::owner(), kAdd, ids, ns)) sums[id] = n;
        for (auto* slot : slots) slot->outcome = sums.at(slot->item.id);
    }
    static Thing thing(std::int64_t id, std::int64_t n) { return {id, n, std::to_string(id)}; }

    std::string address = Cluster::shared().new_database();
    std::atomic<int> statements = 0;
};

TEST_F(Gathered, WhatComesTogetherIsWrittenTogetherAndEachIsToldItsOwn) {
    Running db(address);
    Things gather = things(db);
    db.run_together(300, [&](int i) -> Task<void> { EXPECT_EQ(co_await gather.write(thing(i, 3 * i)), 3 * i); });
    const auto [commits, sum] = db.run(db->one(Scope::owner(), kSums));
    EXPECT_EQ(sum, 3 * 299 * 300 / 2);
    EXPECT_EQ(statements, 3);  // of a hundred each
    EXPECT_LE(commits, 3);     // the second and the third may have waited for the first in one batch
}

TEST_F(Gathered, ThoseOfOneMarkTakeTurnsInTheirOrder) {
    Running db(address);
    Things gather = things(db);
    std::vector<std::int64_t> seen;
    db.run_together(30, [&](int i) -> Task<void> {
        const std::int64_t sum = co_await gather.write(thing(i % 3, 1));
        if (i % 3 == 0) seen.push_back(sum);
    });
    EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
    EXPECT_EQ(statements, 10);
}

TEST_F(Gathered, OnlyTheCulpritIsRefused) {
    Running db(address);
    Things gather = things(db);
    std::map<std::string, int> codes;
    db.run_together(64, [&](int i) -> Task<void> {
        try {
            co_await gather.write(thing(i, i == 17 || i == 40 ? -1 : 1));
            ++codes[""];
        } catch (const StatementError& error) {
            ++codes[std::string(error.sqlstate())];
        }
    });
    EXPECT_EQ(codes, (std::map<std::string, int>{{"", 62}, {"23514", 2}}));
    EXPECT_EQ(std::get<1>(db.run(db->one(Scope::owner(), kSums))), 62);
}

TEST_F(Gathered, WritersOfAllThreadsShareStatements) {
    Running db(address, 2);
    Things gather = things(db);
    std::atomic<int> done = 0;
    db.run_many(64, [&](int i) -> Task<void> {
        for (int step = 0; step < 50; ++step) {
            const std::int64_t id = 1'000 * i + step;
            if (co_await gather.write(thing(id, id)) == id) ++done;
        }
    });
    EXPECT_EQ(done, 64 * 50);
    EXPECT_LT(statements, 64 * 50 / 4);
}

TEST_F(Gathered, ALostDatabaseIsToldToEveryWriterAndFoundAgain) {
    Running db(address);
    Things gather = things(db);
    db.run(gather.write(thing(1, 1)));
    Cluster::shared().exec(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid()",
        address);
    std::map<bool, int> written;
    db.run_together(50, [&](int i) -> Task<void> {
        try {
            co_await gather.write(thing(100 + i, 1));
            ++written[true];
        } catch (const Unavailable&) {
            ++written[false];
        }
    });
    EXPECT_EQ(written[true] + written[false], 50);
    EXPECT_EQ(db.run(gather.write(thing(2, 1))), 1);
}

}  // namespace
}  // namespace townhall::db
