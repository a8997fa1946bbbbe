#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace townhall::db {
class Connection;
}

/// The schema's history. Every migration is a pair of SQL files; `core.schema_migrations` says which have run, with the
/// checksum of each file as it ran. Whoever changes the schema holds an advisory lock, so any number of programs may
/// start at once. The address must reach PostgreSQL itself or a pooler in session mode.
namespace townhall::db::migrate {

struct Migration {
    int version;
    std::string_view name;  // as in 0007_name.up.sql
    std::string_view up;
    std::string_view down;
};

/// What this program was built with (the folder migrations/), by version.
[[nodiscard]] std::span<const Migration> embedded();

/// A migration can't or must not run. The text is for the operator: what is wrong and how to mend it.
class MigrationError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct Options {
    /// How long a statement waits for a lock before it gives way to the site's own requests and tries again.
    std::chrono::milliseconds lock_timeout{2000};
    /// Tries of one migration before it gives up with a MigrationError.
    int attempts = 10;
    /// First pause between tries; doubles, at most 10 s.
    std::chrono::milliseconds pause{250};
    /// How long to wait while another program migrates.
    std::chrono::seconds patience{600};
};

enum class State : std::uint8_t {
    applied,
    pending,
    changed,  // applied, but the file that this program holds is another
    unknown,  // applied, but not in this program: a newer one did it
};

struct Entry {
    int version;
    std::string name;
    State state;
    std::string applied_at;  // RFC 3339 UTC; empty while pending
    std::chrono::milliseconds duration{0};
};

/// One migration that was run now.
struct Step {
    int version;
    std::string name;
    std::chrono::milliseconds duration;
};

/// Applies what is pending, in order, each in a transaction of its own; a migration whose first line is
/// `-- townhall: no-transaction` runs statement by statement outside any, and must be written so that it can run again
/// after a failure halfway (`if not exists`). Refuses when an applied file was changed, or when the database knows a
/// migration that this program doesn't. Throws MigrationError, SqlError, ConnectionLost.
std::vector<Step> upgrade(Connection& connection, std::span<const Migration> known, const Options& options = {});

/// Undoes the last applied migration; nothing where none is.
std::optional<Step> downgrade(Connection& connection, std::span<const Migration> known, const Options& options = {});

/// The last applied migration; nothing on an empty database. Changes nothing, takes no lock.
[[nodiscard]] std::optional<Entry> current(Connection& connection, std::span<const Migration> known);

/// Every migration that the database or the program knows, by version. Changes nothing, takes no lock.
[[nodiscard]] std::vector<Entry> history(Connection& connection, std::span<const Migration> known);

struct Pair {
    std::filesystem::path up;
    std::filesystem::path down;
};

/// Writes the next number's empty pair, named after the message ("Add party to voters" → 0007_add_party_to_voters).
Pair write_pair(const std::filesystem::path& folder, std::string_view message);

/// The statements of a script, by PostgreSQL's rules of quoting ('', "", E'', $tag$, comments, nested ones too).
/// Empty ones and those of comments alone are left out.
[[nodiscard]] std::vector<std::string_view> split_statements(std::string_view script);

}  // namespace townhall::db::migrate
