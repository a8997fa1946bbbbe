#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "platform/jobs/admin.hpp"
#include "platform/jobs/queries.hpp"
#include "platform/jobs/testing.hpp"

namespace townhall::jobs {
namespace {

using namespace testing;

class Jobs : public Queue {};

TEST_F(Jobs, EveryStatementFitsTheSchema) {
    for (const db::Statement& statement :
         std::initializer_list<db::Statement>{kClaim, kSettle, kExtend, kRescue, kNotify, kTick, kPurge, kBacklog,
                                              kPressure, kEnqueue, kReplay, kAddProbes}) {
        EXPECT_EQ(db_.run(db_->check(statement)).value_or(""), "") << statement.name;
    }
}

TEST_F(Jobs, TwoWorkersNeverRunOneJobTwice) {
    constexpr int kCount = 2'000;
    std::mutex mutex;
    std::map<std::int64_t, int> runs;
    const auto handler = [&](Job job) -> Task<Outcome> {
        const std::scoped_lock lock(mutex);
        ++runs[job.id];
        co_return Done{};
    };
    enqueue_many("a", kCount);
    Running other(address_);
    work({{.name = "a", .handler = handler}});
    Worker& second = work({{.name = "a", .handler = handler}}, {}, &other);
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == kCount; }));
    other.run(second.stop());
    workers_.pop_back();
    EXPECT_EQ(runs.size(), kCount);
    for (const auto& [id, times] : runs) ASSERT_EQ(times, 1) << id;
    EXPECT_TRUE(measured("townhall_jobs_total{kind=\"a\",outcome=\"succeeded\"} 2000"));
}

TEST_F(Jobs, TenThousandDrainQuickly) {
    enqueue_many("a", 10'000);
    const auto begun = std::chrono::steady_clock::now();
    work({{.name = "a", .handler = [](Job) -> Task<Outcome> { co_return Done{}; }}});
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == 10'000; }, 20s));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    RecordProperty("jobs_per_second", std::to_string(10'000 / took.count()));
    EXPECT_LT(took.count(), 10.0);
}

TEST_F(Jobs, RetriesWithWhatWentWrongAndThenSucceeds) {
    std::atomic<int> last_attempt = 0;
    const auto handler = [&](Job job) -> Task<Outcome> {
        last_attempt = job.attempt;
        EXPECT_EQ(job.payload.text, R"({"n": 1})");
        EXPECT_EQ(job.subject, "thing:1");
        if (job.attempt == 1) co_return Retry{.why = "n\xC3\xB6t yet\n", .after = 300ms};
        if (job.attempt == 2) throw std::runtime_error("secret@example.org");
        co_return Done{};
    };
    add({.kind = "a", .payload = {R"({"n":1})"}, .subject = "thing:1"});
    work({{.name = "a", .handler = handler, .first_backoff = 500ms}});
    EXPECT_TRUE(soon([&] { return number("select count(*) from core.jobs where last_error = 'n??t yet?'") == 1; }));
    EXPECT_TRUE(soon([&] {
        return number("select count(*) from core.jobs where last_error = 'unexpected failure: std::runtime_error'") ==
               1;
    }));
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == 1; }));
    EXPECT_EQ(last_attempt, 3);
    EXPECT_EQ(number("select count(*) from core.jobs where last_error is null and attempt = 3 and max_attempts = 12"),
              1);
}

TEST_F(Jobs, BecomesADeadLetterAtTheLastAttemptOrAtOnce) {
    add({.kind = "again", .payload = {R"({"n":1})"}});
    add({.kind = "never", .payload = {R"({"n":2})"}, .subject = "thing:2"});
    std::atomic<bool> mended = false;
    const auto again = [](Job) -> Task<Outcome> { co_return Retry{.why = "still no", .after = 1ms}; };
    const auto never = [&](Job) -> Task<Outcome> {
        if (mended) co_return Done{};
        co_return Fail{"no such thing"};
    };
    Worker& worker =
        work({{.name = "again", .max_attempts = 3, .handler = again}, {.name = "never", .handler = never}});
    EXPECT_TRUE(soon([&] { return in_state("dead") == 2; }));
    EXPECT_EQ(text("select string_agg(kind || attempt || last_error || payload, ' ' order by id) from core.jobs"),
              R"(again3still no{"n": 1} never1no such thing{"n": 2})");
    mended = true;
    auto body = [](db::async::Transaction& transaction) { return replay(transaction, "thing:2"); };
    EXPECT_EQ(db_.run(db_->transaction(db::Scope::owner(), body)), 1U);
    worker.wake();
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == 1; }));
}

TEST_F(Jobs, AUniqueKeyHoldsWhileTheJobIsUnfinished) {
    const auto once = [&](std::string kind) { return add({.kind = kind, .payload = {"{}"}, .unique_key = "k"}); };
    EXPECT_TRUE(once("a"));
    EXPECT_FALSE(once("a"));
    EXPECT_TRUE(once("b"));
    work({{.name = "a", .handler = [](Job) -> Task<Outcome> { co_return Done{}; }}});
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == 1; }));
    EXPECT_TRUE(once("a"));
}

TEST_F(Jobs, WhileABurstOfRequestsBringsJobsClaimsAreFewAndNothingIsForgotten) {
    Worker::Options options;
    options.burst = 500;
    Worker& worker = work({{.name = "small", .handler = [](Job) -> Task<Outcome> { co_return Done{}; }}}, options);
    const auto claims = [&] {
        for (const auto& query : db_->stats().queries)
            if (query.name == "jobs.claim") return query.count;
        return std::uint64_t{0};
    };
    const auto bring_jobs_for = [&](std::chrono::milliseconds time, int wakes) {
        const auto end = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < end) {
            enqueue_many("small", 1);
            for (int i = 0; i < wakes; ++i) worker.wake();
            std::this_thread::sleep_for(10ms);
        }
    };
    bring_jobs_for(300ms, 50);  // until it is seen to be a burst
    const std::uint64_t before = claims();
    bring_jobs_for(2s, 50);
    EXPECT_LE(claims() - before, 4U);
    bring_jobs_for(2s, 1);  // some jobs, no burst
    EXPECT_GE(claims() - before, 8U);
    EXPECT_TRUE(soon([&] { return in_state("ready") + in_state("running") == 0; }));
}

TEST_F(Jobs, UrgentOnesGoFirstAndLaterOnesLater) {
    std::mutex mutex;
    std::vector<std::string> order;
    for (const int priority : {2, 1, 0}) {
        add({.kind = "a", .payload = {std::to_string(priority)}, .priority = priority});
    }
    add({.kind = "a", .payload = {"\"later\""}, .delay = 600ms, .priority = 0});
    const auto handler = [&](Job job) -> Task<Outcome> {
        const std::scoped_lock lock(mutex);
        order.push_back(job.payload.text);
        co_return Done{};
    };
    work({{.name = "a", .concurrency = 1, .handler = handler}}, {.poll = 100ms});
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == 4; }));
    EXPECT_EQ(order, (std::vector<std::string>{"0", "1", "2", "\"later\""}));
}

TEST_F(Jobs, WakesItselfAndOthersWithoutPolling) {
    std::atomic<int> here = 0, there = 0;
    Running other(address_);
    const Worker::Options no_poll{.poll = 10min};
    Worker& first = work({{.name = "a",
                           .handler = [&](Job) -> Task<Outcome> {
                               ++here;
                               co_return Done{};
                           }}},
                         no_poll);
    Worker& second = work({{.name = "b",
                            .handler = [&](Job) -> Task<Outcome> {
                                ++there;
                                co_return Done{};
                            }}},
                          no_poll, &other);
    std::this_thread::sleep_for(300ms);  // both idle
    add({.kind = "a", .payload = {"{}"}});
    const auto begun = std::chrono::steady_clock::now();
    first.wake();
    EXPECT_TRUE(soon([&] { return here == 1; }, 5s));
    RecordProperty(
        "wake_ms",
        std::to_string(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count() * 1e3));
    add({.kind = "b", .payload = {"{}"}});
    first.wake();
    EXPECT_TRUE(soon([&] { return there == 1; }, 5s));
    other.run(second.stop());
    workers_.pop_back();
}

TEST_F(Jobs, ABatchIsRunTogetherAndEachEndsInItsOwnWay) {
    std::atomic<std::size_t> largest = 0;
    const auto handler = [&](std::vector<Job> jobs) -> Task<std::vector<Outcome>> {
        largest = std::max(largest.load(), jobs.size());
        std::vector<Outcome> outcomes;
        for (const Job& job : jobs) outcomes.push_back(job.id % 2 == 0 ? Outcome(Done{}) : Outcome(Fail{"odd"}));
        co_return outcomes;
    };
    enqueue_many("a", 100);
    work({{.name = "a", .concurrency = 1, .batch_handler = handler, .batch = 20}});
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == 50 && in_state("dead") == 50; }));
    EXPECT_EQ(largest, 20U);
    EXPECT_EQ(number("select count(*) from core.jobs where (id % 2 = 0) = (state = 'succeeded')"), 100);
}

TEST_F(Jobs, ABatchThatFailsIsTriedAgain) {
    std::atomic<int> runs = 0;
    const auto handler = [&](std::vector<Job> jobs) -> Task<std::vector<Outcome>> {
        if (++runs == 1) throw std::runtime_error("x");
        if (runs == 2) co_return std::vector<Outcome>{};  // a mistake of the handler's
        co_return std::vector<Outcome>(jobs.size(), Done{});
    };
    enqueue_many("a", 3);
    work({{.name = "a", .concurrency = 1, .first_backoff = 1ms, .batch_handler = handler, .batch = 9}}, {.poll = 50ms});
    EXPECT_TRUE(soon([&] { return in_state("succeeded") == 3; }));
    EXPECT_EQ(number("select max(attempt)::bigint from core.jobs"), 3);
}

TEST_F(Jobs, SchedulesTickOnceHoweverManyWorkersThereAre) {
    Worker::Options options{.poll = 50ms, .tick = 20ms, .schedules = {{.kind = "a", .every = 1s}}};
    std::atomic<int> runs = 0;
    const std::vector<Kind> kinds{{.name = "a", .handler = [&](Job) -> Task<Outcome> {
                                       ++runs;
                                       co_return Done{};
                                   }}};
    Running other(address_);
    work(kinds, options);
    Worker& second = work(kinds, options, &other);
    EXPECT_TRUE(soon([&] { return runs >= 4; }));
    other.run(second.stop());
    workers_.pop_back();
    EXPECT_EQ(number("select count(*) - count(distinct date_trunc('second', created_at)) from core.jobs"), 0);
}

TEST_F(Jobs, TicksThatWereMissedAreMadeGoodByOneJob) {
    const auto tick = [&] { return db_.run(db_->all(db::Scope::owner(), kTick, {"a"}, {3600}, {0})).size(); };
    EXPECT_EQ(tick(), 1U);
    EXPECT_EQ(tick(), 0U);
    cluster_.exec("update core.jobs set state = 'succeeded', finished_at = now()", address_);
    EXPECT_EQ(tick(), 0U);
    cluster_.exec("update core.job_schedules set ticked_at = ticked_at - interval '10 hours'", address_);
    EXPECT_EQ(tick(), 1U);
    EXPECT_EQ(tick(), 0U);
    // Another tick, while the last one's job is still to be done.
    cluster_.exec("update core.job_schedules set ticked_at = ticked_at - interval '1 hour'", address_);
    EXPECT_EQ(tick(), 0U);
    EXPECT_EQ(number("select count(*) from core.jobs"), 2);
}

TEST_F(Jobs, WhoLeavesTheWorkToOthersTellsThem) {
    std::atomic<int> runs = 0;
    const auto kinds = [&] {
        return std::vector<Kind>{{.name = "a", .handler = [&](Job) -> Task<Outcome> {
                                      ++runs;
                                      co_return Done{};
                                  }}};
    };
    Running other(address_);
    Worker& teller = work(kinds(), {.work = false});
    Worker& doer = work(kinds(), {.poll = 10min}, &other);
    std::this_thread::sleep_for(300ms);  // idle
    add({.kind = "a", .payload = {"{}"}});
    teller.wake();
    EXPECT_TRUE(soon([&] { return runs == 1; }, 5s));
    other.run(doer.stop());
    workers_.pop_back();
    add({.kind = "a", .payload = {"{}"}});
    teller.wake();
    EXPECT_FALSE(soon([&] { return runs == 2; }, 500ms));
}

TEST_F(Jobs, JobsCommittedLateAreNotPassedOver) {
    db::Connection slow(address_);
    slow.exec("begin; insert into core.jobs (kind, payload) values ('a', '{}')");
    std::atomic<int> runs = 0;
    work({{.name = "a",
           .handler = [&](Job) -> Task<Outcome> {
               ++runs;
               co_return Done{};
           }}},
         {.poll = 100ms});
    std::this_thread::sleep_for(2500ms);  // the worker has been past the place of that job
    enqueue_many("a", 10);
    EXPECT_TRUE(soon([&] { return runs == 10; }));
    slow.exec("commit");
    EXPECT_TRUE(soon([&] { return runs == 11; }, 30s));  // by a full sweep
}

TEST_F(Jobs, ALongTransactionIsSeen) {
    db::Connection slow(address_);
    slow.exec("begin; select 1");
    std::this_thread::sleep_for(1100ms);
    const auto [dead_rows, oldest] = db_.run(db_->one(db::Scope::owner(), kPressure));
    EXPECT_GE(dead_rows, 0);
    EXPECT_GE(oldest, 1.0);
}

TEST_F(Jobs, ARequestInACampaignMayOnlyAdd) {
    cluster_.exec(
        "set role townhall_app; insert into core.jobs (kind, payload, subject) values ('a', '{}', 'x') returning id",
        address_);
    for (const char* refused : {"select payload from core.jobs", "delete from core.jobs",
                                "update core.jobs set state = 'ready'", "select core.rescue_jobs()"}) {
        EXPECT_THROW(cluster_.exec(std::string("set role townhall_app; ") + refused, address_), std::runtime_error);
    }
}

TEST_F(Jobs, OldSuccessesArePurgedAndDeadLettersStay) {
    cluster_.exec(
        "insert into core.jobs (kind, state, finished_at) select 'a', s, now() - interval '31 days' from"
        " unnest('{succeeded,dead}'::text[]) s",
        address_);
    cluster_.exec("insert into core.jobs (kind, state, finished_at) values ('a', 'succeeded', now())", address_);
    EXPECT_EQ(db_.run(db_->execute(db::Scope::owner(), kPurge, 1'000)), 1U);
    EXPECT_EQ(in_state("dead"), 1);
}

TEST(JobKinds, MistakesAreToldAtOnce) {
    Running db(Cluster::shared().conninfo());
    observe::Metrics metrics;
    const auto handler = [](Job) -> Task<Outcome> { co_return Done{}; };
    const std::vector<boost::asio::any_io_executor> executors{db.context().get_executor()};
    const auto refused = [&](std::vector<Kind> kinds) {
        EXPECT_THROW(Worker(*db, executors, std::move(kinds), metrics), std::logic_error);
    };
    refused({{.name = "a"}});
    refused({{.name = "a", .concurrency = 0, .handler = handler}});
    refused({{.name = "a", .handler = handler, .batch = 2}});
    refused({{.name = "a", .handler = handler}, {.name = "a", .handler = handler}});
}

}  // namespace
}  // namespace townhall::jobs
