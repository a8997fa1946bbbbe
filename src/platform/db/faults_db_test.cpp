#include <gtest/gtest.h>
#include <mutex>
#include <set>

#include "platform/db/db.hpp"
#include "platform/db/testing/cluster.hpp"
#include "platform/db/testing/running.hpp"

namespace townhall::db {
namespace {

using testing::Cluster;
using testing::Running;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Query<void(std::int64_t)> kInsert{"test.insert", Mode::write, "insert into ledger values ($1)"};
constexpr Query<std::int64_t()> kCount{"test.count", Mode::read, "select count(*) from ledger"};
constexpr Query<std::vector<std::int64_t>()> kAll{"test.all", Mode::read,
                                                  "select coalesce(array_agg(id), '{}') from ledger"};
constexpr Query<std::int32_t()> kReadPid{"test.pid", Mode::read, "select pg_backend_pid()"};
constexpr Query<std::int32_t()> kWritePid{"test.write_pid", Mode::write, "select pg_backend_pid()"};

class Faults : public ::testing::Test {
  protected:
    Faults() {
        Cluster::shared().exec(R"sql(
            create table ledger (id bigint primary key);
            create function fail_with(code text) returns bigint language plpgsql as
                $$ begin raise exception 'no' using errcode = code; end $$;)sql",
                               address);
    }
    std::string address = Cluster::shared().new_database();
};

/// What came of a load on a database that goes away and comes back.
struct Tally {
    std::mutex mutex;
    std::set<std::int64_t> acknowledged;
    int served = 0;
    int unavailable = 0;
    int others = 0;
    Clock::duration longest{};
    Clock::time_point last_success{};
};

Task<void> load(Database& db, Tally& tally, int worker, const std::atomic<bool>& go_on) {
    for (std::int64_t step = 0; go_on; ++step) {
        const auto start = Clock::now();
        const std::int64_t id = worker * 1'000'000LL + step;
        bool away = false;
        try {
            if (worker % 2 == 0) {
                co_await db.execute(Scope::owner(), kInsert, id);
            } else if (worker % 4 == 1) {
                co_await db.one(Scope::owner(), kCount);
            } else {
                co_await db.transaction(Scope::owner(),
                                        [id](Transaction& tx) -> Task<void> { co_await tx.execute(kInsert, id); });
            }
            const std::lock_guard lock(tally.mutex);
            ++tally.served;
            if (worker % 4 != 1) tally.acknowledged.insert(id);
            tally.last_success = Clock::now();
        } catch (const Unavailable&) {
            away = true;
        } catch (const std::exception& error) {
            ADD_FAILURE() << error.what();
        }
        {
            const std::lock_guard lock(tally.mutex);
            if (away) ++tally.unavailable;
            tally.longest = std::max(tally.longest, Clock::now() - start);
        }
        if (away) co_await Running::sleep(milliseconds(20));
    }
}

void survive(const std::string& address, int signal) {
    Running db(address, 2);
    Tally tally;
    std::atomic<bool> go_on = true;
    std::vector<std::future<void>> workers;
    for (int i = 0; i < 32; ++i)
        workers.push_back(
            boost::asio::co_spawn(db.context(i % 2), load(*db, tally, i, go_on), boost::asio::use_future));
    std::this_thread::sleep_for(milliseconds(500));
    Cluster::shared().stop(signal);
    std::this_thread::sleep_for(milliseconds(700));
    Cluster::shared().start();
    const auto back = Clock::now();
    std::this_thread::sleep_for(seconds(3));
    const int served_before = [&] {
        const std::lock_guard lock(tally.mutex);
        return tally.served;
    }();
    std::this_thread::sleep_for(milliseconds(500));
    go_on = false;
    for (auto& worker : workers) worker.get();
    EXPECT_GT(tally.served, served_before);
    EXPECT_GT(tally.unavailable, 0);
    EXPECT_LT(tally.longest, seconds(5));
    EXPECT_GT(tally.last_success, back);
    EXPECT_TRUE(db.run(db->healthy()));
    const auto kept = db.run(db->one(Scope::owner().slow(), kAll));
    const std::set<std::int64_t> rows(kept.begin(), kept.end());
    EXPECT_TRUE(std::ranges::includes(rows, tally.acknowledged)) << "an acknowledged write is lost";
}

TEST_F(Faults, ARestartUnderLoadIsOnlyEverUnavailable) { survive(address, SIGINT); }
TEST_F(Faults, ACrashUnderLoadLosesNothingAcknowledged) { survive(address, SIGQUIT); }

TEST_F(Faults, AServerThatIsAwayIsUnavailableSoon) {
    Running db("host=/nonexistent dbname=none", 1);
    const auto start = Clock::now();
    EXPECT_THROW(db.run(db->one(Scope::owner(), kCount)), Unavailable);
    EXPECT_THROW(db.run(db->execute(Scope::owner(), kInsert, 1)), Unavailable);
    EXPECT_THROW(db.run(db->one(Scope::owner().slow(), kCount)), Unavailable);
    EXPECT_FALSE(db.run(db->healthy()));
    EXPECT_LT(Clock::now() - start, seconds(5));
}

TEST_F(Faults, AFrozenConnectionIsGivenUp) {
    Running db(address, 1, [](Options& options) { options.lane_silence = milliseconds(700); });
    const pid_t reader = db.run(db->one(Scope::owner(), kReadPid));
    const pid_t writer = db.run(db->one(Scope::owner(), kWritePid));
    ::kill(reader, SIGSTOP);
    ::kill(writer, SIGSTOP);
    const auto start = Clock::now();
    EXPECT_EQ(db.run(db->one(Scope::owner(), kCount)), 0);  // sent again on a new connection
    EXPECT_THROW(db.run(db->execute(Scope::owner(), kInsert, 1)), Unavailable);
    EXPECT_LT(Clock::now() - start, seconds(5));
    ::kill(reader, SIGCONT);
    ::kill(writer, SIGCONT);
    EXPECT_NO_THROW(db.run(db->execute(Scope::owner(), kInsert, 2)));
}

TEST_F(Faults, AnExhaustedPoolRefusesInTimeAndLanesGoOn) {
    Running db(address, 1, [](Options& options) {
        options.pool_size = 2;
        options.pool_wait = milliseconds(300);
    });
    std::vector<std::future<void>> holders;
    for (int i = 0; i < 2; ++i) {
        auto hold = db->transaction(Scope::owner(), [i](Transaction& tx) -> Task<void> {
            co_await tx.execute(kInsert, i);
            co_await Running::sleep(milliseconds(1500));
        });
        holders.push_back(boost::asio::co_spawn(db.context(), std::move(hold), boost::asio::use_future));
    }
    std::this_thread::sleep_for(milliseconds(300));
    const auto start = Clock::now();
    EXPECT_THROW(db.run(db->one(Scope::owner().slow(), kCount)), Unavailable);
    const auto waited = Clock::now() - start;
    EXPECT_GE(waited, milliseconds(250));
    EXPECT_LT(waited, milliseconds(1000));
    EXPECT_TRUE(db.run(db->healthy()));
    EXPECT_EQ(db->stats().pool.in_use, 2);
    for (auto& holder : holders) holder.get();
    EXPECT_EQ(db.run(db->one(Scope::owner().slow(), kCount)), 2);
    EXPECT_EQ(db->stats().pool.in_use, 0);
}

TEST_F(Faults, WaitersOfThePoolAreServedInTheirOrder) {
    Running db(address, 1, [](Options& options) { options.pool_size = 1; });
    std::vector<int> order;
    db.run_together(10, [&](int i) -> Task<void> {
        co_await db->transaction(Scope::owner(), [&order, i](Transaction& tx) -> Task<void> {
            co_await tx.execute(kInsert, i);
            order.push_back(i);
        });
    });
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_F(Faults, TransactionsHappenWholeOrNotAtAll) {
    Running db(address, 1);
    db.run(db->transaction(Scope::owner(), [](Transaction& tx) -> Task<void> {
        co_await tx.execute(kInsert, 1);
        co_await tx.execute(kInsert, 2);
    }));
    const auto refused = db.run(db->transaction(Scope::owner(), [](Transaction& tx) -> Task<std::expected<int, int>> {
        co_await tx.execute(kInsert, 3);
        co_return std::unexpected(7);
    }));
    EXPECT_EQ(refused.error(), 7);
    struct Odd {};
    const auto throws = [](Transaction& tx) -> Task<void> {
        co_await tx.execute(kInsert, 4);
        throw Odd{};
    };
    EXPECT_THROW(db.run(db->transaction(Scope::owner(), throws)), Odd);
    const auto conflict = [](Transaction& tx) -> Task<void> {
        co_await tx.execute(kInsert, 5);
        co_await tx.execute(kInsert, 1);
    };
    EXPECT_THROW(db.run(db->transaction(Scope::owner(), conflict)), StatementError);
    const auto swallows = [&](Transaction& tx) -> Task<void> {
        try {
            co_await conflict(tx);
        } catch (const StatementError&) {
        }
    };
    EXPECT_THROW(db.run(db->transaction(Scope::owner(), swallows)), StatementError);
    EXPECT_EQ(db.run(db->one(Scope::owner(), kCount)), 2);
    EXPECT_EQ(db->stats().pool.in_use, 0);
}

TEST_F(Faults, LosersOfASerialisationRunAgain) {
    Running db(address, 1);
    constexpr Query<std::int64_t(std::string)> kFail{"test.fail", Mode::write, "select fail_with($1)"};
    for (const char* code : {"40001", "40P01"}) {
        int attempts = 0;
        db.run(db->transaction(Scope::owner(), [&](Transaction& tx) -> Task<void> {
            co_await tx.execute(kInsert, code[2] == '0' ? 100 : 101);
            if (++attempts < 3) co_await tx.execute(kFail, code);
        }));
        EXPECT_EQ(attempts, 3);
    }
    int attempts = 0;
    const auto hopeless = [&](Transaction& tx) -> Task<void> {
        ++attempts;
        co_await tx.execute(kFail, "40001");
    };
    EXPECT_THROW(db.run(db->transaction(Scope::owner(), hopeless)), StatementError);
    EXPECT_EQ(attempts, 3);
    EXPECT_EQ(db.run(db->one(Scope::owner(), kCount)), 2);
    // On a lane, too, it ends.
    EXPECT_THROW(db.run(db->execute(Scope::owner(), kFail, "40001")), StatementError);
}

TEST_F(Faults, ListenersHearAgainAfterALostConnection) {
    Running db(address, 2);
    std::mutex mutex;
    std::vector<std::string> heard;
    db->listen("Town Crier", [&](std::string_view payload) {
        const std::lock_guard lock(mutex);
        heard.emplace_back(payload);
    });
    const auto wait_for = [&](std::size_t many) {
        for (int i = 0; i < 500; ++i) {
            {
                const std::lock_guard lock(mutex);
                if (heard.size() >= many) return true;
            }
            std::this_thread::sleep_for(milliseconds(10));
        }
        return false;
    };
    ASSERT_TRUE(wait_for(1));
    Cluster::shared().exec("notify \"Town Crier\", 'one'", address);
    ASSERT_TRUE(wait_for(2));
    db->listen("second", [](std::string_view) {});
    Cluster::shared().exec(
        "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%' and datname = "
        "current_database()",
        address);
    ASSERT_TRUE(wait_for(3));
    Cluster::shared().exec("notify \"Town Crier\", 'two'", address);
    ASSERT_TRUE(wait_for(4));
    const std::lock_guard lock(mutex);
    EXPECT_EQ(heard, (std::vector<std::string>{"", "one", "", "two"}));
}

TEST_F(Faults, AStoppedDatabaseRefuses) {
    Running db(address, 1);
    db.run(db->execute(Scope::owner(), kInsert, 1));
    auto last = boost::asio::co_spawn(db.context(), db->execute(Scope::owner(), kInsert, 2), boost::asio::use_future);
    db.run(db->stop());
    EXPECT_NO_THROW(last.get());
    EXPECT_THROW(db.run(db->execute(Scope::owner(), kInsert, 3)), Unavailable);
    EXPECT_THROW(db.run(db->one(Scope::owner().slow(), kCount)), Unavailable);
    Cluster::shared().exec("select 1 / (count(*) - 1) from ledger", address);
}

}  // namespace
}  // namespace townhall::db
