#include <atomic>
#include <latch>

#include "platform/jobs/testing.hpp"

/// What holds when workers die, stand still, stop, or lose the database.
namespace townhall::jobs {
namespace {

using namespace testing;

class Leases : public Queue {};

Task<Outcome> done(Job) { co_return Done{}; }

TEST_F(Leases, AJobOfADeadWorkerIsRunAgainAndItsLateFinishChangesNothing) {
    const std::int64_t id = add({.kind = "a", .payload = {"{}"}}).value();
    // A worker that claims and is never heard of again.
    EXPECT_EQ(claim_as_dead("a"), 1);
    work({{.name = "a", .handler = done}}, {.rescue = 100ms});
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == 1; }, 12s));
    EXPECT_EQ(number("select attempt::bigint from core.jobs"), 2);
    const std::string late = "select count(*) from core.settle_jobs(array[" + std::to_string(id) +
                             "::bigint], array[1], '{fail}', '{x}', '{0}')";
    EXPECT_EQ(number(late), 0);
    EXPECT_EQ(in_state("succeeded"), 1);
}

TEST_F(Leases, ALateFinishIsRefusedWhileTheNextAttemptRuns) {
    std::latch begun(1), go(1);
    std::atomic<int> runs = 0;
    const auto handler = [&](Job job) -> Task<Outcome> {
        ++runs;
        if (job.attempt == 1) {
            begun.count_down();
            while (!go.try_wait()) co_await Running::sleep(5ms);
            co_return Fail{"late"};
        }
        while (!job.stop.stop_requested()) co_await Running::sleep(5ms);
        co_return Done{};
    };
    Running other(address_);
    add({.kind = "a", .payload = {"{}"}});
    work({{.name = "a", .handler = handler}}, {.rescue = 1h}, &other);
    begun.wait();
    cluster_.exec("update core.jobs set lease_until = now() - interval '1 second'", address_);
    work({{.name = "a", .handler = handler}}, {.poll = 100ms, .rescue = 100ms});
    EXPECT_TRUE(soon([&] { return runs == 2; }, 10s));
    go.count_down();
    other.run(workers_.front()->stop());
    EXPECT_EQ(number("select count(*) from core.jobs where state = 'running' and attempt = 2"), 1);
    EXPECT_TRUE(measured("townhall_jobs_total{kind=\"a\",outcome=\"lost\"} 1"));
    db_.run(workers_.back()->stop());
    EXPECT_EQ(in_state("succeeded"), 1);
    workers_.clear();
}

TEST_F(Leases, NothingThatAnEarlierAttemptSaysChangesTheNext) {
    const std::string id = std::to_string(add({.kind = "a", .payload = {"{}"}}).value());
    EXPECT_EQ(claim_as_dead("a"), 1);
    EXPECT_EQ(number("select count(*) from core.rescue_jobs()"), 1);
    cluster_.exec("update core.jobs set run_at = now() where state = 'ready'", address_);
    EXPECT_EQ(claim_as_dead("a"), 2);
    cluster_.exec("update core.jobs set lease_until = now() + interval '1 hour'", address_);
    const std::string untouched =
        "select count(*) from core.jobs where state = 'running' and attempt = 2 and locked_by = 'dead' and finished_at "
        "is "
        "null and lease_until between now() + interval '59 minutes' and now() + interval '61 minutes'";
    for (const char* outcome : {"done", "fail", "retry", "release"}) {
        EXPECT_EQ(number("select count(*) from core.settle_jobs(array[" + id + "::bigint], array[1], '{" + outcome +
                         "}', '{x}', '{0}')"),
                  0)
            << outcome;
        EXPECT_EQ(number(untouched), 1) << outcome;
    }
    EXPECT_EQ(number("select count(*) from core.extend_jobs(array[" + id + "::bigint], array[1], array[7200])"), 0);
    EXPECT_EQ(number("select count(*) from core.rescue_jobs()"), 0) << "its lease is good";
    EXPECT_EQ(number(untouched), 1);
}

TEST_F(Leases, SignsOfLifeKeepALongJob) {
    std::atomic<int> runs = 0;
    const auto handler = [&](Job) -> Task<Outcome> {
        ++runs;
        co_await Running::sleep(4500ms);
        co_return Done{};
    };
    add({.kind = "a", .payload = {"{}"}});
    work({{.name = "a", .lease = 3s, .handler = handler}}, {.rescue = 100ms});
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == 1; }));
    EXPECT_EQ(runs, 1);
}

TEST_F(Leases, ARunningJobHearsThatItsLeaseIsLost) {
    std::atomic<bool> heard = false;
    const auto handler = [&](Job job) -> Task<Outcome> {
        while (!job.stop.stop_requested()) co_await Running::sleep(5ms);
        heard = true;
        co_return Done{};
    };
    add({.kind = "a", .payload = {"{}"}});
    work({{.name = "a", .lease = 1s, .handler = handler}}, {.rescue = 1h});
    EXPECT_TRUE(soon([&] { return in_state("running") == 1; }));
    cluster_.exec("update core.jobs set attempt = attempt + 1", address_);
    EXPECT_TRUE(soon([&] { return heard.load(); }, 5s));
}

TEST_F(Leases, AJobThatKillsItsWorkersDiesAtTheLastAttempt) {
    add({.kind = "a", .payload = {R"({"n":1})"}});
    for (int attempt = 1; attempt <= 2; ++attempt) {
        EXPECT_EQ(claim_as_dead("a", 2), attempt);
        EXPECT_EQ(number("select count(*) from core.rescue_jobs()"), 1);
        cluster_.exec("update core.jobs set run_at = now() where state = 'ready'", address_);
    }
    EXPECT_EQ(text("select state || ': ' || last_error || payload from core.jobs"),
              R"(dead: the worker was lost{"n": 1})");
}

TEST_F(Leases, AJobThatLostItsWorkerIsClaimedAlone) {
    enqueue_many("a", 3);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(claim_as_dead("a"), 1);
    EXPECT_EQ(number("select count(*) from core.rescue_jobs()"), 3);
    cluster_.exec("update core.jobs set run_at = now()", address_);
    std::atomic<int> running = 0, most = 0;
    const auto handler = [&](Job) -> Task<Outcome> {
        most = std::max(most.load(), ++running);
        co_await Running::sleep(50ms);
        --running;
        co_return Done{};
    };
    work({{.name = "a", .concurrency = 3, .handler = handler}}, {.poll = 50ms});
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == 3; }));
    EXPECT_EQ(most, 1);
    EXPECT_EQ(number("select count(*) from core.jobs where lost"), 0);
}

TEST_F(Leases, ARunThatTakesTooLongIsAskedToStopAndTriedAgain) {
    std::atomic<int> runs = 0;
    const auto handler = [&](Job job) -> Task<Outcome> {
        if (++runs == 2) co_return Done{};
        while (!job.stop.stop_requested()) co_await Running::sleep(5ms);
        co_return Release{};
    };
    add({.kind = "a", .payload = {"{}"}});
    work({{.name = "a", .handler = handler, .first_backoff = 1ms, .timeout = 1s}}, {.poll = 50ms});
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == 1; }));
    EXPECT_EQ(number("select attempt::bigint from core.jobs"), 2);  // the release was no release
    EXPECT_TRUE(measured("townhall_jobs_total{kind=\"a\",outcome=\"retried\"} 1"));
}

TEST_F(Leases, ARunThatDoesNotHeedTheEndOfItsTimeIsGivenUp) {
    std::latch go(1);
    const auto handler = [&](Job job) -> Task<Outcome> {
        while (job.attempt == 1 && !go.try_wait()) co_await Running::sleep(5ms);
        co_return Done{};
    };
    add({.kind = "a", .payload = {"{}"}});
    work({{.name = "a", .handler = handler, .first_backoff = 1ms, .timeout = 1s}}, {.poll = 50ms});
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == 1; }, 20s));
    EXPECT_EQ(number("select attempt::bigint from core.jobs"), 2);
    go.count_down();
    db_.run(workers_.back()->stop());
    EXPECT_TRUE(measured("townhall_jobs_total{kind=\"a\",outcome=\"lost\"} 1"));
    workers_.clear();
}

TEST_F(Leases, StopWaitsForRunningJobsAndReturnsTheRest) {
    constexpr int kCount = 50;
    std::atomic<int> begun = 0, ended = 0;
    const auto handler = [&](Job job) -> Task<Outcome> {
        ++begun;
        while (!job.stop.stop_requested()) co_await Running::sleep(5ms);
        co_await Running::sleep(100ms);
        ++ended;
        if (job.id % 2 == 0) co_return Release{};
        co_return Done{};
    };
    enqueue_many("a", kCount);
    Worker& worker = work({{.name = "a", .max_attempts = 1, .concurrency = 4, .handler = handler}});
    EXPECT_TRUE(soon([&] { return begun == 4; }));
    db_.run(worker.stop());
    EXPECT_EQ(ended, 4);
    EXPECT_EQ(begun, 4);
    EXPECT_EQ(in_state("succeeded"), 2);
    EXPECT_EQ(in_state("ready"), kCount - 2);
    workers_.clear();
    work({{.name = "a", .max_attempts = 1, .handler = done}});
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == kCount; }));
}

TEST_F(Leases, StopOfAnIdleOrUnstartedWorkerIsQuick) {
    Worker& worker = work({{.name = "a", .handler = done}}, {.poll = 10min, .rescue = 10min});
    const auto begun = std::chrono::steady_clock::now();
    db_.run(worker.stop(), 1);
    Worker unstarted(*db_, {db_.context().get_executor()}, {{.name = "a", .handler = done}}, metrics_);
    db_.run(unstarted.stop());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

Cluster& own_cluster() {
    static Cluster cluster;
    return cluster;
}

class LostDatabase : public Queue {
  protected:
    LostDatabase() : Queue(own_cluster()) {}
};

TEST_F(LostDatabase, JobsGoOnWhereTheyWere) {
    constexpr int kCount = 1'000;
    enqueue_many("a", kCount);
    work({{.name = "a",
           .lease = 2s,
           .handler = [](Job) -> Task<Outcome> {
               co_await Running::sleep(2ms);
               co_return Done{};
           }}},
         {.poll = 200ms, .rescue = 300ms});
    EXPECT_TRUE(soon([&] { return in_state("succeeded") > 100; }));
    cluster_.stop(SIGQUIT);
    std::this_thread::sleep_for(300ms);
    cluster_.start();
    EXPECT_TRUE(soon(
        [&] {
            try {
                return in_state("succeeded") == kCount;
            } catch (const std::exception&) {
                return false;
            }
        },
        60s));
    EXPECT_EQ(number("select count(*) from core.jobs"), kCount);
}

}  // namespace
}  // namespace townhall::jobs
