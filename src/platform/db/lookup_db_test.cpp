#include <gtest/gtest.h>

#include "platform/db/lookup.hpp"
#include "platform/db/testing/cluster.hpp"
#include "platform/db/testing/running.hpp"

namespace townhall::db {
namespace {

using testing::Cluster;
using testing::Running;

struct Person {
    std::int64_t id = 0;
    std::string name;
    std::int64_t campaign = 0;
};
constexpr auto columns_of(std::type_identity<Person>) {
    return std::tuple{&Person::id, &Person::name, &Person::campaign};
}

constexpr Query<Person(std::int64_t)> kMember{"test.member", Mode::read,
                                              "select id, name, campaign_id from people where id = $1"};
constexpr Query<Person(std::vector<std::int64_t>)> kMembers{
    "test.members", Mode::read, "select id, name, campaign_id from people where id = any($1)"};
constexpr Query<Person(std::int64_t)> kAnybody{"test.anybody", Mode::read,
                                               "select id, name, campaign_id from people where id = $1"};
constexpr Query<Person(std::vector<std::int64_t>)> kAnybodies{
    "test.anybodies", Mode::read, "select id, name, campaign_id from people where id = any($1) order by id desc"};

class Lookups : public ::testing::Test {
  protected:
    using People = Lookup<Person>;

    Lookups() {
        Cluster::shared().exec(R"sql(
            do $$ begin create role looker nologin; exception when duplicate_object then null; end $$;
            create table people (id bigint primary key, name text not null, campaign_id bigint not null);
            insert into people select i, 'person ' || i, 1 + i % 2 from generate_series(1, 500) i;
            alter table people enable row level security;
            create policy own on people to looker
                using (campaign_id = (select nullif(current_setting('app.campaign', true), '')::bigint));
            grant select on people to looker;)sql",
                               address);
    }
    /// On the first core alone, so that what is asked together is.
    People people(Running& db) {
        contexts = {&db.context()};
        return {*db, contexts, {kMember, kMembers}, {kAnybody, kAnybodies}};
    }
    static std::uint64_t runs(Running& db, std::string_view name) {
        for (const QueryStats& query : db->stats().queries)
            if (query.name == name) return query.count;
        return 0;
    }
    static void as_looker(Options& options) { options.app_role = "looker"; }

    std::string address = Cluster::shared().new_database();
    std::vector<boost::asio::io_context*> contexts;
};

TEST_F(Lookups, WhoWaitsTogetherIsReadTogetherAndToldOfTheirOwn) {
    Running db(address, 1);
    People lookup = people(db);
    db.run_together(100, [&](int i) -> Task<void> {
        const auto person = co_await lookup.find(Scope::owner(), 1 + i);
        EXPECT_TRUE(person) << i;
        if (person) EXPECT_EQ(person->name, "person " + std::to_string(1 + i));
    });
    EXPECT_EQ(runs(db, "test.anybodies"), 4U);  // of 32 at most
    EXPECT_EQ(runs(db, "test.anybody"), 0U);
}

TEST_F(Lookups, WhoIsAloneHasThePlainStatement) {
    Running db(address, 1);
    People lookup = people(db);
    EXPECT_EQ(db.run(lookup.find(Scope::owner(), 7))->name, "person 7");
    EXPECT_EQ(db.run(lookup.find(Scope::owner(), 501)), nullptr);
    EXPECT_EQ(runs(db, "test.anybody"), 2U);
    EXPECT_EQ(runs(db, "test.anybodies"), 0U);
}

TEST_F(Lookups, ManyMayWantTheSameAndSomeWhatIsNotThere) {
    Running db(address, 1);
    People lookup = people(db);
    std::atomic<int> found = 0;
    db.run_together(30, [&](int i) -> Task<void> {
        const auto person = co_await lookup.find(Scope::owner(), i % 3 == 0 ? 9'999 : 5);
        EXPECT_EQ(person != nullptr, i % 3 != 0);
        if (person && person->name == "person 5") ++found;
    });
    EXPECT_EQ(found, 20);
    EXPECT_EQ(runs(db, "test.anybodies"), 1U);
}

TEST_F(Lookups, CampaignsShareNoStatement) {
    Running db(address, 1, as_looker);
    People lookup = people(db);
    std::atomic<int> strangers = 0;
    std::atomic<int> own = 0;
    db.run_together(120, [&](int i) -> Task<void> {
        // A third of all ask without a campaign; the others for a person of their campaign, or of the other one.
        const std::int64_t id = 1 + i;
        const std::int64_t campaign = 1 + i / 2 % 2;
        const bool theirs = campaign == 1 + id % 2;
        const auto person = co_await lookup.find(i % 3 == 0 ? Scope::owner() : Scope::of(campaign), id);
        EXPECT_EQ(person != nullptr, i % 3 == 0 || theirs) << i;
        if (person && i % 3 != 0) ++(person->campaign == campaign ? own : strangers);
    });
    EXPECT_EQ(strangers, 0);
    EXPECT_EQ(own, 40);
    EXPECT_EQ(runs(db, "test.members"), 4U);  // two of 20 to 32 for each campaign, at most
}

TEST_F(Lookups, PlansAreMadeOnce) {
    Running db(address, 1);
    People lookup = people(db);
    for (int round = 0; round < 12; ++round)
        db.run_together(2 + round % 3, [&](int i) -> Task<void> { co_await lookup.find(Scope::owner(), 1 + i); });
    constexpr Query<std::tuple<std::int64_t, std::int64_t>()> kPlans{
        "test.plans", Mode::read,
        "select generic_plans, custom_plans from pg_prepared_statements where name like '% test.anybodies'"};
    const auto [generic, custom] = db.run(db->one(Scope::owner(), kPlans));
    EXPECT_EQ(custom, 5);  // PostgreSQL tries five before it compares
    EXPECT_EQ(generic, 7);
}

TEST_F(Lookups, WhenTheDatabaseRefusesEverybodyIsTold) {
    Running db(address, 1);
    People lookup = people(db);
    Cluster::shared().exec("alter table people rename to persons", address);
    std::atomic<int> told = 0;
    db.run_together(40, [&](int i) -> Task<void> {
        try {
            co_await lookup.find(Scope::owner(), 1 + i);
        } catch (const StatementError& error) {
            if (error.sqlstate() == "42P01") ++told;
        }
    });
    EXPECT_EQ(told, 40);
}

TEST_F(Lookups, ACallerWithAThreadOfItsOwnIsServedToo) {
    Running db(address, 2);
    People lookup = people(db);  // knows the first core only
    EXPECT_EQ(db.run(lookup.find(Scope::owner(), 8), 1)->name, "person 8");
}

}  // namespace
}  // namespace townhall::db
