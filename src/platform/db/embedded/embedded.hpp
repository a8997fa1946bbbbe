#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/types.h>

/// The PostgreSQL that Townhall brings to life where nobody gave it one: the system's own binaries, a data folder of
/// our own, no network, supervised, gone when we are.
///
/// Who may connect: PostgreSQL trusts whoever reaches its socket, and the socket lies in a folder of mode 0700 that
/// belongs to the account which PostgreSQL runs as. That account can read and write the data files anyway, and so can
/// root; nobody else gets to the socket. `peer` would add a map of names and no barrier, and would shut root out, who
/// starts `townhall users` beside a server running as root.
namespace townhall::db {

struct EmbeddedOptions {
    std::filesystem::path home;  // TOWNHALL_HOME; made where it is missing
    /// Recovery after a crash may take long; start() waits for it up to this.
    std::chrono::seconds start_patience{600};
    /// A clean stop may take this long before it is cut short (the log is then replayed at the next start).
    std::chrono::seconds stop_patience{20};
};

/// It can't start. The text is for the operator: what is wrong, and how to mend it.
class EmbeddedError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// `/var/lib/townhall` for root, whose own home nobody else may enter; else `$XDG_DATA_HOME/townhall`.
[[nodiscard]] std::filesystem::path default_home();

/// `TOWNHALL_HOME` is one server's at a time. The kernel frees the lock with the process, however it ends.
class HomeLock {
  public:
    /// Throws EmbeddedError that names the other process.
    explicit HomeLock(const std::filesystem::path& home);
    ~HomeLock();
    HomeLock(const HomeLock&) = delete;
    HomeLock& operator=(const HomeLock&) = delete;

  private:
    int file_ = -1;
};

/// One thread lives as long as this is started: it forks the postmaster, which gets SIGQUIT should we die, starts it
/// again with growing pauses should it die, and keeps its log small. start() and stop() are for one thread; running()
/// and pid() for any.
class EmbeddedPostgres {
  public:
    explicit EmbeddedPostgres(EmbeddedOptions options);
    ~EmbeddedPostgres();
    EmbeddedPostgres(const EmbeddedPostgres&) = delete;
    EmbeddedPostgres& operator=(const EmbeddedPostgres&) = delete;

    /// Locks the home, makes the data folder the first time, ends a postmaster that a killed Townhall left behind (it
    /// can't be adopted: only its own parent's death can be tied to it, and its settings may be old), starts, and
    /// returns the conninfo of the database's owner once connections are taken. Throws EmbeddedError.
    std::string start();

    /// Disconnects everybody, writes everything out, ends. Does nothing when not started.
    void stop();

    /// Takes connections now.
    [[nodiscard]] bool running() const;
    /// The postmaster's; 0 where there is none.
    [[nodiscard]] pid_t pid() const;

  private:
    class Supervisor;
    struct Observed {
        std::atomic<bool> ready = false;
        std::atomic<pid_t> pid = 0;
    };
    EmbeddedOptions options_;
    Observed observed_;
    std::unique_ptr<HomeLock> lock_;
    std::unique_ptr<Supervisor> supervisor_;
};

/// How another program (`townhall import`, `townhall users`) reaches the embedded database of a running server; nothing
/// where none takes connections, or where it is not ours to see.
[[nodiscard]] std::optional<std::string> running_conninfo(const std::filesystem::path& home);

}  // namespace townhall::db
