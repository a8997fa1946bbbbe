#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <pwd.h>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>

#include "platform/db/embedded/embedded.hpp"
#include "platform/db/embedded/place.hpp"
#include "platform/db/embedded/settings.hpp"
#include "platform/db/embedded/temporary.hpp"
#include "platform/db/sync/connection.hpp"

extern char** environ;

namespace townhall::db {
namespace {

using namespace std::chrono_literals;
using testing::TemporaryFolder;
namespace fs = std::filesystem;

bool within(std::chrono::milliseconds patience, const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

bool answers(const std::string& conninfo) {
    try {
        return Connection(conninfo).exec("select 1").integer(0, 0) == 1;
    } catch (const std::exception&) {
        return false;
    }
}

std::string refusal(const std::function<void()>& run) {
    try {
        run();
    } catch (const EmbeddedError& error) {
        return error.what();
    }
    return "nothing was refused";
}

std::string content(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// Making a data folder takes a second or more, so most tests begin with a copy of one.
class Embedded : public ::testing::Test {
  protected:
    Embedded() {
        const auto copied =
            embedded::run_to_end({"/bin/cp", "-a", model() / "home", home_}, {::geteuid(), ::getegid(), {}, "", false});
        EXPECT_TRUE(copied.succeeded) << copied.output;
    }

    static const fs::path& model() {
        static const TemporaryFolder folder;
        static const bool made = [] {
            EmbeddedPostgres({.home = folder.path() / "home"}).start();
            return true;
        }();
        EXPECT_TRUE(made);
        return folder.path();
    }

    TemporaryFolder folder_;
    fs::path home_ = folder_.path() / "home";
    fs::path fresh_ = folder_.path() / "fresh";  // nothing is there yet
};

TEST_F(Embedded, KeepsItsDataFromStartToStart) {
    EmbeddedPostgres postgres({.home = fresh_});
    EXPECT_FALSE(running_conninfo(fresh_));
    const std::string conninfo = postgres.start();
    EXPECT_TRUE(postgres.running());
    EXPECT_EQ(running_conninfo(fresh_), conninfo);
    Connection(conninfo).exec("create table t as select 42 as answer");

    const pid_t pid = postgres.pid();
    postgres.stop();
    EXPECT_FALSE(postgres.running());
    EXPECT_NE(::kill(pid, 0), 0);
    EXPECT_FALSE(running_conninfo(fresh_));
    EXPECT_FALSE(fs::exists(fresh_ / "postgres/postmaster.pid"));
    EXPECT_FALSE(fs::exists(embedded::Place::of(fresh_).sockets));
    postgres.stop();

    EXPECT_EQ(postgres.start(), conninfo);
    EXPECT_EQ(Connection(conninfo).exec("select answer from t").integer(0, 0), 42);
    EXPECT_NE(content(fresh_ / "postgres.log").find("database system was shut down"), std::string::npos);
}

TEST_F(Embedded, IsDurableAndClosedToTheNetworkAndQuietAboutData) {
    EmbeddedPostgres postgres({.home = home_});
    Connection connection(postgres.start());
    const auto show = [&](const std::string& name) { return std::string(connection.exec("show " + name).text(0, 0)); };
    EXPECT_EQ(show("fsync"), "on");
    EXPECT_EQ(show("synchronous_commit"), "on");
    EXPECT_EQ(show("full_page_writes"), "on");
    EXPECT_EQ(show("listen_addresses"), "");
    EXPECT_EQ(show("wal_level"), "minimal");
    EXPECT_EQ(show("server_encoding"), "UTF8");
    EXPECT_EQ(connection.exec("select datcollate from pg_database where datname = 'townhall'").text(0, 0), "C.UTF-8");
    EXPECT_EQ(connection.exec("select rolsuper from pg_roles where rolname = current_user").text(0, 0), "f");

    EXPECT_THROW(connection.query("select $1::integer", "Canary1"), SqlError);
    EXPECT_THROW(connection.exec("select 'Canary2' from nowhere"), SqlError);
    connection.exec("create table t (v text unique)");
    connection.query("insert into t values ($1)", "Canary3");
    EXPECT_THROW(connection.query("insert into t values ($1)", "Canary3"), SqlError);
    postgres.stop();
    EXPECT_EQ(content(home_ / "postgres.log").find("Canary"), std::string::npos);
}

TEST_F(Embedded, ComesBackWhenThePostmasterIsKilled) {
    EmbeddedPostgres postgres({.home = home_});
    const std::string conninfo = postgres.start();
    Connection busy(conninfo);
    busy.exec("create table t as select generate_series(1, 1000) as id");
    const pid_t first = postgres.pid();
    ASSERT_EQ(::kill(first, SIGKILL), 0);
    EXPECT_TRUE(within(10s, [&] { return postgres.pid() != first && postgres.running() && answers(conninfo); }));
    EXPECT_EQ(Connection(conninfo).exec("select count(*) from t").integer(0, 0), 1000);
    EXPECT_THROW(busy.exec("select 1"), ConnectionLost);
}

TEST_F(Embedded, ComesBackWhenEveryProcessIsKilledInTheMiddleOfWork) {
    EmbeddedPostgres postgres({.home = home_});
    const std::string conninfo = postgres.start();
    Connection busy(conninfo);
    busy.exec("create table t (id integer)");
    for (int round = 0; round < 3; ++round) {
        EXPECT_TRUE(within(10s, [&] { return postgres.running() && answers(conninfo); }));
        Connection writer(conninfo);
        writer.exec("insert into t select generate_series(1, 1000)");
        const embedded::Place place = embedded::Place::of(home_);
        const pid_t postmaster = postgres.pid();
        for (const pid_t pid : embedded::find_processes(
                 embedded::Account::for_postgres(), [&](std::string_view command) { return place.owns(command); })) {
            ::kill(pid, SIGKILL);
        }
        EXPECT_TRUE(within(5s, [&] { return postgres.pid() != postmaster; }));
    }
    EXPECT_TRUE(within(10s, [&] { return postgres.running() && answers(conninfo); }));
    EXPECT_EQ(Connection(conninfo).exec("select count(*) from t").integer(0, 0), 3000);
}

// Run by the tests below in a process of its own, which they kill.
TEST(EmbeddedChild, DISABLED_Serves) {
    const char* home = std::getenv("TOWNHALL_TEST_CHILD_HOME");
    ASSERT_TRUE(home);
    EmbeddedPostgres postgres({.home = home});
    Connection connection(postgres.start());
    connection.exec("create table if not exists t (id integer)");
    connection.exec("insert into t values (1)");
    std::ofstream(std::string(home) + "/served") << postgres.pid();
    for (;;) std::this_thread::sleep_for(1h);
}

class EmbeddedChildProcess {
  public:
    explicit EmbeddedChildProcess(const fs::path& home) : home_(home) {
        std::vector<std::string> arguments{"/proc/self/exe", "--gtest_filter=EmbeddedChild.DISABLED_Serves",
                                           "--gtest_also_run_disabled_tests"};
        std::vector<char*> argv;
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        ::setenv("TOWNHALL_TEST_CHILD_HOME", home.c_str(), 1);
        const std::string self = fs::read_symlink("/proc/self/exe");
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        EXPECT_EQ(::posix_spawn(&pid_, self.c_str(), &actions, nullptr, argv.data(), environ), 0);
        posix_spawn_file_actions_destroy(&actions);
        EXPECT_TRUE(within(60s, [&] { return !content(home_ / "served").empty(); }));
    }
    ~EmbeddedChildProcess() { kill(); }
    EmbeddedChildProcess(const EmbeddedChildProcess&) = delete;
    EmbeddedChildProcess& operator=(const EmbeddedChildProcess&) = delete;

    [[nodiscard]] pid_t postmaster() const { return std::stoi(content(home_ / "served")); }
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
        fs::remove(home_ / "served");
    }

  private:
    fs::path home_;
    pid_t pid_ = 0;
};

TEST_F(Embedded, AKilledTownhallTakesItsPostgresAlongAndTheNextFindsTheData) {
    for (int kills = 1; kills <= 3; ++kills) {
        EmbeddedChildProcess child(home_);
        const pid_t postmaster = child.postmaster();
        child.kill();
        EmbeddedPostgres postgres({.home = home_});
        const std::string conninfo = postgres.start();
        EXPECT_NE(postgres.pid(), postmaster);
        EXPECT_EQ(Connection(conninfo).exec("select count(*) from t").integer(0, 0), kills);
    }
    EmbeddedChildProcess child(home_);
    const pid_t postmaster = child.postmaster();
    child.kill();
    EXPECT_TRUE(within(10s, [&] { return ::kill(postmaster, 0) != 0; })) << "nobody started again, and it lives on";
    fs::remove_all(embedded::Place::of(home_).sockets);
}

TEST_F(Embedded, AServerStillRunningThereIsEndedBeforeTheStart) {
    EmbeddedPostgres postgres({.home = home_});
    Connection(postgres.start()).exec("create table t as select 1 as id");
    postgres.stop();
    // As an operator would start it by hand.
    const embedded::Account account = embedded::Account::for_postgres();
    const embedded::Place place = embedded::Place::of(home_);
    embedded::open_sockets(place, account);
    const pid_t left =
        embedded::launch({.arguments = {"/usr/lib/postgresql/15/bin/postgres", "-D", place.data.string()}}, account);
    std::jthread reaper([left] { ::waitpid(left, nullptr, 0); });
    ASSERT_TRUE(within(10s, [&] { return running_conninfo(home_).has_value(); }));
    Connection client(*running_conninfo(home_));
    const std::string conninfo = postgres.start();
    EXPECT_NE(postgres.pid(), left);
    EXPECT_EQ(Connection(conninfo).exec("select count(*) from t").integer(0, 0), 1);
}

TEST_F(Embedded, AStalePidFileOfALivingStrangerIsNoObstacle) {
    EmbeddedPostgres postgres({.home = home_});
    postgres.start();
    const std::string pid_file = content(home_ / "postgres/postmaster.pid");
    postgres.stop();
    // A process of the same account, as after a restart of a container, where the numbers begin anew.
    const pid_t stranger = embedded::launch({.arguments = {"/bin/sleep", "60"}}, embedded::Account::for_postgres());
    std::ofstream(home_ / "postgres/postmaster.pid") << stranger << pid_file.substr(pid_file.find('\n'));
    EXPECT_FALSE(running_conninfo(home_));
    EXPECT_TRUE(answers(postgres.start()));
    EXPECT_EQ(::kill(stranger, SIGTERM), 0);
    ::waitpid(stranger, nullptr, 0);
}

TEST_F(Embedded, TwoHomesAtOnceAndOneHomeOnce) {
    EmbeddedPostgres one({.home = home_});
    EmbeddedPostgres two({.home = folder_.path() / "other"});
    EmbeddedPostgres again({.home = home_ / "." / ".." / "home"});
    const std::string first = one.start();
    const std::string second = two.start();
    EXPECT_NE(first, second);
    EXPECT_TRUE(answers(first) && answers(second));
    const std::string text = refusal([&] { again.start(); });
    EXPECT_NE(text.find("another Townhall (process " + std::to_string(::getpid()) + ")"), std::string::npos) << text;
    EXPECT_TRUE(answers(first));
    one.stop();
    EXPECT_TRUE(answers(again.start()));
}

TEST_F(Embedded, ALongPathIsNoObstacleToTheSocket) {
    const fs::path home = folder_.path() / std::string(120, 'a') / "it's a \"home\"" / std::string(120, 'b');
    EmbeddedPostgres postgres({.home = home});
    const std::string conninfo = postgres.start();
    EXPECT_TRUE(answers(conninfo));
    EXPECT_EQ(running_conninfo(home), conninfo);
}

TEST_F(Embedded, AnInterruptedFirstStartIsNoObstacle) {
    fs::create_directories(fresh_ / "postgres.new/base");
    std::ofstream(fresh_ / "postgres.new/PG_VERSION") << "15\n";
    EmbeddedPostgres postgres({.home = fresh_});
    EXPECT_TRUE(answers(postgres.start()));
    EXPECT_FALSE(fs::exists(fresh_ / "postgres.new"));
}

TEST_F(Embedded, AFolderThatIsNoDataFolderIsRefused) {
    EmbeddedPostgres postgres({.home = home_});
    postgres.start();
    postgres.stop();
    std::ofstream(home_ / "postgres/PG_VERSION") << "9\n";
    std::string text = refusal([&] { postgres.start(); });
    EXPECT_NE(text.find("made by PostgreSQL 9, which is not installed"), std::string::npos) << text;
    fs::remove(home_ / "postgres/PG_VERSION");
    text = refusal([&] { postgres.start(); });
    EXPECT_NE(text.find("is not a data folder"), std::string::npos) << text;
}

TEST_F(Embedded, AStartThatCantWorkSaysWhyAndEnds) {
    EmbeddedPostgres postgres({.home = home_});
    postgres.start();
    postgres.stop();
    std::ofstream(home_ / "postgres/local.conf") << "shared_buffers = nonsense\n";
    const std::string text = refusal([&] { postgres.start(); });
    EXPECT_NE(text.find("PostgreSQL doesn't start: FATAL:"), std::string::npos) << text;
    EXPECT_NE(text.find((home_ / "postgres.log").string()), std::string::npos) << text;
    fs::remove(home_ / "postgres/local.conf");
    EXPECT_TRUE(answers(postgres.start()));
}

TEST_F(Embedded, AHomeThatPostgresCantReachIsNamed) {
    if (::geteuid() != 0) GTEST_SKIP() << "an ordinary user's PostgreSQL is the user's own";
    ::chmod(folder_.path().c_str(), 0700);
    EmbeddedPostgres postgres({.home = fresh_});
    const std::string text = refusal([&] { postgres.start(); });
    EXPECT_NE(text.find("can't enter " + folder_.path().string() + " on the way"), std::string::npos) << text;
    // A home of mode 0700 itself is opened to PostgreSQL's group, and to nobody else.
    fs::remove_all(home_);
    EmbeddedPostgres inside({.home = folder_.path()});
    EXPECT_TRUE(answers(inside.start()));
    EXPECT_EQ(fs::status(folder_.path()).permissions() & fs::perms::others_all, fs::perms::none);
}

TEST_F(Embedded, ASocketFolderOfSomebodyElsesIsRefused) {
    const embedded::Place place = embedded::Place::of(home_);
    const embedded::Account account = embedded::Account::for_postgres();
    fs::create_directory(place.sockets);
    ::chmod(place.sockets.c_str(), 0777);
    EmbeddedPostgres postgres({.home = home_});
    const std::string text = refusal([&] { postgres.start(); });
    EXPECT_NE(text.find("can't hold the database's socket"), std::string::npos) << text;
    fs::remove(place.sockets);
    fs::create_symlink(folder_.path(), place.sockets);
    EXPECT_NE(refusal([&] { postgres.start(); }).find("can't hold"), std::string::npos);
    fs::remove(place.sockets);
    EXPECT_TRUE(answers(postgres.start()));
}

TEST_F(Embedded, TheLogStaysSmall) {
    {
        EmbeddedPostgres postgres({.home = home_});
        postgres.start();
    }
    std::ofstream(home_ / "postgres.log", std::ios::app) << std::string(9 * 1024 * 1024, 'x');
    EmbeddedPostgres postgres({.home = home_});
    postgres.start();
    EXPECT_LT(fs::file_size(home_ / "postgres.log"), 64U * 1024);
    EXPECT_GT(fs::file_size(home_ / "postgres.log.1"), 9U * 1024 * 1024);
}

TEST_F(Embedded, ChildrenGetNothingOfOurs) {
    ::setenv("TOWNHALL_TEST_SECRET", "Canary", 1);
    const int leaked = ::open("/etc/hostname", O_RDONLY);
    const auto [succeeded, output] =
        embedded::run_to_end({"/bin/sh", "-c", "env; ls -l /proc/self/fd; id -u; grep Sig /proc/self/status"},
                             embedded::Account::for_postgres());
    ::close(leaked);
    ::unsetenv("TOWNHALL_TEST_SECRET");
    EXPECT_TRUE(succeeded);
    EXPECT_EQ(output.find("Canary"), std::string::npos) << output;
    EXPECT_EQ(output.find("hostname"), std::string::npos) << output;
    EXPECT_NE(output.find("\n" + std::to_string(embedded::Account::for_postgres().user) + "\n"), std::string::npos);
    EXPECT_NE(output.find("SigBlk:\t0000000000000000"), std::string::npos) << output;
}

TEST_F(Embedded, SettingsFollowTheMachine) {
    const embedded::Place place = embedded::Place::of(home_);
    constexpr std::uint64_t kGiB = 1024ULL * 1024 * 1024;
    const std::string small = embedded::settings_for(place, {kGiB / 2, kGiB, 64ULL << 20, false}, 15);
    const std::string large = embedded::settings_for(place, {256 * kGiB, 9000 * kGiB, 128 * kGiB, true}, 15);
    EXPECT_NE(small.find("shared_buffers = 102MB"), std::string::npos) << small;
    EXPECT_NE(small.find("max_wal_size = 512MB"), std::string::npos) << small;
    EXPECT_NE(small.find("dynamic_shared_memory_type = mmap"), std::string::npos) << small;
    EXPECT_EQ(small.find("syncfs"), std::string::npos) << small;
    EXPECT_NE(large.find("recovery_init_sync_method = syncfs"), std::string::npos) << large;
    EXPECT_EQ(embedded::settings_for(place, {kGiB, kGiB, kGiB, true}, 13).find("syncfs"), std::string::npos);
    EXPECT_NE(large.find("shared_buffers = 1024MB"), std::string::npos) << large;
    EXPECT_NE(large.find("max_wal_size = 4096MB"), std::string::npos) << large;
    EXPECT_NE(large.find("dynamic_shared_memory_type = posix"), std::string::npos) << large;
}

}  // namespace
}  // namespace townhall::db
