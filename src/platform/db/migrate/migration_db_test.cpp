#include <array>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <sstream>
#include <stdio.h>
#include <thread>

#include "platform/db/embedded/temporary.hpp"
#include "platform/db/migrate/migration.hpp"
#include "platform/db/sync/connection.hpp"

namespace townhall::db::migrate {
namespace {

using namespace std::chrono_literals;
using testing::TemporaryFolder;
using testing::TemporaryServer;

const std::vector<Migration> kThree{
    {1, "people", "create schema if not exists app; create table app.people (id integer primary key, name text);",
     "drop schema app cascade;"},
    {2, "index",
     "-- townhall: no-transaction\ncreate index concurrently if not exists people_name on app.people (name);",
     "-- townhall: no-transaction\ndrop index concurrently if exists app.people_name;"},
    {4, "age", "alter table app.people add column age integer check (age >= 0);",
     "alter table app.people drop column age;"},
};

// Without the key that newer pg_dump writes, which is another each time.
std::string schema_of(const std::string& address) {
    const std::string command = "pg_dump --schema-only -d \"" + address + "\" 2>&1";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
    std::string dump;
    std::array<char, 4096> piece{};
    while (const std::size_t got = ::fread(piece.data(), 1, piece.size(), pipe.get())) dump.append(piece.data(), got);
    std::istringstream lines(dump);
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("\\restrict") && !line.starts_with("\\unrestrict")) kept += line + "\n";
    }
    return kept;
}

std::string refusal(const std::function<void()>& run) {
    try {
        run();
    } catch (const MigrationError& error) {
        return error.what();
    }
    return "nothing was refused";
}

class Migrations : public ::testing::Test {
  protected:
    void up_down_up(std::span<const Migration> known) {
        EXPECT_EQ(upgrade(connection_, known).size(), known.size());
        const std::string first = schema_of(address_);
        EXPECT_NE(first.find("CREATE TABLE"), std::string::npos) << first;
        for (std::size_t i = known.size(); i-- > 0;) {
            const auto step = downgrade(connection_, known);
            ASSERT_TRUE(step);
            EXPECT_EQ(step->version, known[i].version);
        }
        EXPECT_FALSE(downgrade(connection_, known));
        EXPECT_FALSE(current(connection_, known));
        EXPECT_EQ(upgrade(connection_, known).size(), known.size());
        EXPECT_EQ(schema_of(address_), first);
    }

    std::string address_ = TemporaryServer::shared().new_database();
    Connection connection_{address_};
};

TEST_F(Migrations, UpDownUpGivesTheSameSchema) { up_down_up(kThree); }

TEST_F(Migrations, TheProgramsOwnGoUpDownUp) {
    ASSERT_FALSE(embedded().empty());
    up_down_up(embedded());
}

TEST_F(Migrations, TellWhatWasDone) {
    EXPECT_TRUE(history(connection_, kThree)[0].state == State::pending);
    upgrade(connection_, std::span(kThree).first(2));
    EXPECT_TRUE(upgrade(connection_, std::span(kThree).first(2)).empty());
    const auto entries = history(connection_, kThree);
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_TRUE(entries[1].state == State::applied);
    EXPECT_TRUE(std::regex_match(entries[1].applied_at, std::regex("20..-..-..T..:..:..Z"))) << entries[1].applied_at;
    EXPECT_TRUE(entries[2].state == State::pending);
    EXPECT_EQ(current(connection_, kThree)->name, "index");
}

TEST_F(Migrations, LeaveTheSessionAsItWas) {
    connection_.exec("create schema elsewhere");
    upgrade(connection_, kThree);
    EXPECT_EQ(connection_.exec("show lock_timeout").text(0, 0), "0");
    EXPECT_EQ(connection_.exec("show search_path").text(0, 0), "\"$user\", public");
    EXPECT_EQ(connection_.exec("select count(*) from pg_locks where locktype = 'advisory'").integer(0, 0), 0);
}

TEST_F(Migrations, EightStartsAtOnceApplyOnce) {
    std::atomic<std::size_t> steps = 0;
    std::vector<std::string> faults(8);
    {
        std::vector<std::jthread> threads;
        for (std::string& fault : faults) {
            threads.emplace_back([&, this] {
                try {
                    Connection own(address_);
                    steps += upgrade(own, kThree).size();
                } catch (const std::exception& error) {
                    fault = error.what();
                }
            });
        }
    }
    for (const std::string& fault : faults) EXPECT_EQ(fault, "");
    EXPECT_EQ(steps, kThree.size());
    EXPECT_EQ(connection_.exec("select count(*) from core.schema_migrations").integer(0, 0), 3);
}

TEST(MigrationsOfACluster, DatabasesMayBeMigratedAtOnce) {
    TemporaryServer server;  // of its own: the roles don't exist yet
    constexpr std::size_t kDatabases = 6;
    std::vector<std::string> addresses;
    for (std::size_t i = 0; i < kDatabases; ++i) addresses.push_back(server.new_database());
    std::vector<std::string> faults(kDatabases);
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < kDatabases; ++i) {
            threads.emplace_back([&, i] {
                try {
                    Connection own(addresses[i]);
                    if (upgrade(own, embedded()).size() != embedded().size()) faults[i] = "not all applied";
                } catch (const std::exception& error) {
                    faults[i] = error.what();
                }
            });
        }
    }
    for (const std::string& fault : faults) EXPECT_EQ(fault, "");
}

TEST_F(Migrations, AChangedFileIsRefused) {
    upgrade(connection_, kThree);
    std::vector<Migration> changed = kThree;
    changed[0].up = "create schema if not exists app; create table app.people (id bigint primary key, name text);";
    const std::string text = refusal([&] { upgrade(connection_, changed); });
    EXPECT_NE(text.find("migration 0001_people was changed after it was applied"), std::string::npos) << text;
    EXPECT_TRUE(history(connection_, changed)[0].state == State::changed);
}

TEST_F(Migrations, ADatabaseOfANewerProgramIsRefused) {
    upgrade(connection_, kThree);
    const std::span<const Migration> older = std::span(kThree).first(2);
    const std::string text = refusal([&] { upgrade(connection_, older); });
    EXPECT_NE(text.find("0004_age"), std::string::npos) << text;
    EXPECT_NE(text.find("newer"), std::string::npos) << text;
    EXPECT_NE(refusal([&] { downgrade(connection_, older); }).find("0004_age"), std::string::npos);
}

TEST_F(Migrations, AFailedOneLeavesNothingBehind) {
    std::vector<Migration> broken = kThree;
    broken[2].up = "create table app.half (id integer); select 1/0;";
    const std::string text = refusal([&] { upgrade(connection_, broken); });
    EXPECT_NE(text.find("migration 0004_age failed: 22012"), std::string::npos) << text;
    EXPECT_FALSE(connection_.exec("select to_regclass('app.half')").value(0, 0));
    EXPECT_EQ(current(connection_, broken)->version, 2);
    EXPECT_EQ(upgrade(connection_, kThree).size(), 1U);
}

TEST_F(Migrations, GiveWayToTheSiteAndTryAgain) {
    upgrade(connection_, std::span(kThree).first(2));
    Connection site(address_);
    site.exec("begin; select * from app.people");
    const Options hurried{.lock_timeout = 50ms, .attempts = 2, .pause = 10ms};
    const std::string text = refusal([&] { upgrade(connection_, kThree, hurried); });
    EXPECT_NE(text.find("gave way 2 times"), std::string::npos) << text;

    const std::jthread finish([&] {
        std::this_thread::sleep_for(300ms);
        site.exec("commit");
    });
    EXPECT_EQ(upgrade(connection_, kThree, {.lock_timeout = 50ms, .attempts = 50, .pause = 20ms}).size(), 1U);
}

TEST_F(Migrations, PatienceWithAnotherEnds) {
    Connection other(address_);
    other.exec("select pg_advisory_lock(8390055946895846508)");
    const std::string text = refusal([&] { upgrade(connection_, kThree, {.patience = 0s}); });
    EXPECT_NE(text.find("another program has been changing"), std::string::npos) << text;
}

TEST(MigrationFiles, ArePairsWithTheNextNumber) {
    const TemporaryFolder folder;
    const Pair first = write_pair(folder.path() / "migrations", "Add party, to voters!");
    EXPECT_EQ(first.up.filename(), "0001_add_party_to_voters.up.sql");
    EXPECT_EQ(first.down.filename(), "0001_add_party_to_voters.down.sql");
    EXPECT_TRUE(std::filesystem::exists(first.up) && std::filesystem::exists(first.down));
    std::ofstream(folder.path() / "migrations" / "0041_x.up.sql");
    EXPECT_EQ(write_pair(folder.path() / "migrations", "../../Ünïcode/x").up.filename(), "0042_n_code_x.up.sql");
    EXPECT_THROW(write_pair(folder.path() / "migrations", " ./.. "), MigrationError);
}

}  // namespace
}  // namespace townhall::db::migrate
