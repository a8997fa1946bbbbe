#pragma once

#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

/// For tests: a PostgreSQL that can be stopped, killed and started again under the feet of what is tested.
namespace townhall::db::testing {

/// A throwaway cluster on a Unix socket, in a folder of its own, as the user `postgres` when the tests run as root. The
/// superuser is `postgres`; everybody who reaches the socket is trusted. Gone with the test program.
class Cluster {
  public:
    Cluster() {
        std::string name = "/tmp/townhall-pg-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "mkdtemp");
        folder_ = name;
        if (::getuid() == 0) {
            const passwd* account = ::getpwnam("postgres");
            if (account == nullptr || ::chown(name.c_str(), account->pw_uid, account->pw_gid) != 0)
                throw std::runtime_error("no user postgres to run PostgreSQL as");
        }
        const pid_t initdb = spawn(
            {bin("initdb"), "-D", data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"});
        if (wait_for(initdb) != 0) throw std::runtime_error("initdb failed: see " + folder_.string() + "/log");
        start();
    }
    ~Cluster() {
        stop(SIGQUIT);
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    /// The one that the tests of a program share.
    static Cluster& shared() {
        static Cluster cluster;
        return cluster;
    }

    /// The address of a database of this cluster, as its superuser unless another user is named.
    [[nodiscard]] std::string conninfo(const std::string& database = "postgres",
                                       const std::string& user = "postgres") const {
        return "host='" + folder_.string() + "' dbname=" + database + " user=" + user;
    }

    /// A new, empty database that belongs to `owner`; its address as that role.
    std::string new_database(const std::string& owner = "postgres") {
        const std::string name = "test_" + std::to_string(++databases_);
        exec("create database " + name + " owner " + owner);
        return conninfo(name, owner);
    }

    /// Runs SQL on a connection of its own, as the superuser or by another address.
    void exec(const std::string& sql, const std::string& address = {}) const {
        PGconn* connection = PQconnectdb((address.empty() ? conninfo() : address).c_str());
        PGresult* result = PQexec(connection, sql.c_str());
        const ExecStatusType status = PQresultStatus(result);
        const std::string why = PQerrorMessage(connection);
        PQclear(result);
        PQfinish(connection);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error(why);
    }

    void start() {
        postmaster_ = spawn({bin("postgres"), "-D", data(), "-k", folder_.string(), "-c", "listen_addresses=", "-c",
                             "max_connections=60"});
        for (int i = 0; i < 600; ++i) {
            if (PQping(conninfo().c_str()) == PQPING_OK) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        throw std::runtime_error("PostgreSQL does not start: see " + folder_.string() + "/log");
    }

    /// SIGINT: fast; SIGQUIT: at once, with recovery at the next start.
    void stop(int signal = SIGINT) {
        if (postmaster_ <= 0) return;
        ::kill(postmaster_, signal);
        wait_for(postmaster_);
        postmaster_ = 0;
    }

    [[nodiscard]] pid_t postmaster() const { return postmaster_; }
    [[nodiscard]] static std::string bin(const std::string& program) { return "/usr/lib/postgresql/15/bin/" + program; }

  private:
    [[nodiscard]] std::string data() const { return (folder_ / "data").string(); }

    pid_t spawn(std::vector<std::string> words) const {
        std::vector<std::string> all;
        // Should the tests be killed, PostgreSQL goes with them.
        if (::getuid() == 0)
            all = {"setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--pdeathsig", "QUIT"};
        else
            all = {"setpriv", "--pdeathsig", "QUIT"};
        all.insert(all.end(), words.begin(), words.end());
        std::vector<char*> arguments;
        for (std::string& word : all) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        const std::string log = (folder_ / "log").string();
        posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
        posix_spawn_file_actions_adddup2(&actions, 1, 2);
        pid_t child = 0;
        const int error = ::posix_spawnp(&child, "setpriv", &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (error != 0) throw std::system_error(error, std::generic_category(), "setpriv");
        return child;
    }

    static int wait_for(pid_t child) {
        int status = 0;
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        return status;
    }

    std::filesystem::path folder_;
    pid_t postmaster_ = 0;
    int databases_ = 0;
};

}  // namespace townhall::db::testing
