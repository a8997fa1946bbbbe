#include "platform/db/testing/cluster.hpp"

#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace townhall::db::testing {

Cluster::Cluster() {
    std::string name = "/tmp/townhall-pg-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "mkdtemp");
    folder_ = name;
    if (::getuid() == 0) {
        const passwd* account = ::getpwnam("postgres");
        if (account == nullptr || ::chown(name.c_str(), account->pw_uid, account->pw_gid) != 0)
            throw std::runtime_error("no user postgres to run PostgreSQL as");
    }
    const pid_t initdb =
        spawn({bin("initdb"), "-D", data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"});
    if (wait_for(initdb) != 0) throw std::runtime_error("initdb failed: see " + folder_.string() + "/log");
    start();
}

Cluster::~Cluster() {
    stop(SIGQUIT);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

Cluster& Cluster::shared() {
    static Cluster cluster;
    return cluster;
}

std::string Cluster::conninfo(const std::string& database, const std::string& user) const {
    return "host='" + folder_.string() + "' dbname=" + database + " user=" + user;
}

std::string Cluster::new_database(const std::string& owner) {
    const std::string name = "test_" + std::to_string(++databases_);
    exec("create database " + name + " owner " + owner);
    return conninfo(name, owner);
}

void Cluster::exec(const std::string& sql, const std::string& address) const {
    PGconn* connection = PQconnectdb((address.empty() ? conninfo() : address).c_str());
    PGresult* result = PQexec(connection, sql.c_str());
    const ExecStatusType status = PQresultStatus(result);
    const std::string why = PQerrorMessage(connection);
    PQclear(result);
    PQfinish(connection);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error(why);
}

void Cluster::start() {
    postmaster_ = spawn(
        {bin("postgres"), "-D", data(), "-k", folder_.string(), "-c", "listen_addresses=", "-c", "max_connections=60"});
    for (int i = 0; i < 600; ++i) {
        if (PQping(conninfo().c_str()) == PQPING_OK) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    throw std::runtime_error("PostgreSQL does not start: see " + folder_.string() + "/log");
}

void Cluster::stop(int signal) {
    if (postmaster_ <= 0) return;
    ::kill(postmaster_, signal);
    wait_for(postmaster_);
    postmaster_ = 0;
}

pid_t Cluster::spawn(const std::vector<std::string>& words) const {
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

int Cluster::wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

}  // namespace townhall::db::testing
