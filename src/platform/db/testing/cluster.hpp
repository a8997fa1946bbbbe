#pragma once

#include <csignal>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

/// For tests: a PostgreSQL that can be stopped, killed and started again under the feet of what is tested.
namespace townhall::db::testing {

/// A throwaway cluster on a Unix socket, in a folder of its own, as the user `postgres` when the tests run as root. The
/// superuser is `postgres`; everybody who reaches the socket is trusted. Gone with the test program.
class Cluster {
  public:
    Cluster();
    ~Cluster();
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    /// The one that the tests of a program share.
    static Cluster& shared();

    /// The address of a database of this cluster, as its superuser unless another user is named.
    [[nodiscard]] std::string conninfo(const std::string& database = "postgres",
                                       const std::string& user = "postgres") const;

    /// A new, empty database that belongs to `owner`; its address as that role.
    std::string new_database(const std::string& owner = "postgres");

    /// Runs SQL on a connection of its own, as the superuser or by another address.
    void exec(const std::string& sql, const std::string& address = {}) const;

    void start();

    /// SIGINT: fast; SIGQUIT: at once, with recovery at the next start.
    void stop(int signal = SIGINT);

    [[nodiscard]] pid_t postmaster() const { return postmaster_; }
    [[nodiscard]] static std::string bin(const std::string& program) { return "/usr/lib/postgresql/15/bin/" + program; }

  private:
    [[nodiscard]] std::string data() const { return (folder_ / "data").string(); }
    [[nodiscard]] pid_t spawn(const std::vector<std::string>& words) const;
    static int wait_for(pid_t child);

    std::filesystem::path folder_;
    pid_t postmaster_ = 0;
    int databases_ = 0;
};

}  // namespace townhall::db::testing
