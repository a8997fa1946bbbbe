#pragma once

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "platform/db/embedded/embedded.hpp"
#include "platform/db/sync/connection.hpp"

/// For tests: a real PostgreSQL of their own.
namespace townhall::db::testing {

/// A folder that goes with its scope.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = "/tmp/townhall-test-XXXXXX";
        if (!::mkdtemp(name.data())) throw std::system_error(errno, std::generic_category(), "mkdtemp");
        path_ = name;
        ::chmod(path_.c_str(), 0711);
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// A cluster that the whole test program shares; each test takes a database of its own from it.
class TemporaryServer {
  public:
    TemporaryServer() : postgres_({.home = folder_.path() / "home"}), owner_(postgres_.start()) {}

    static TemporaryServer& shared() {
        static TemporaryServer server;
        return server;
    }

    /// The conninfo of a new, empty database, as its owner `townhall`.
    std::string new_database() {
        const std::string name = "test_" + std::to_string(++databases_);
        Connection(with_option(owner_, "user", "postgres")).exec("create database " + name + " owner townhall");
        return with_option(owner_, "dbname", name);
    }

    [[nodiscard]] EmbeddedPostgres& postgres() { return postgres_; }

  private:
    TemporaryFolder folder_;
    EmbeddedPostgres postgres_;
    std::string owner_;
    std::atomic<int> databases_ = 0;
};

}  // namespace townhall::db::testing
