#include "platform/db/migrate/migration.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <thread>

#include "platform/db/migrate/ledger.hpp"
#include "platform/db/sync/connection.hpp"
#include "platform/observe/log.hpp"

namespace townhall::db::migrate {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::string_view kNoTransaction = "-- townhall: no-transaction";
constexpr int kOldestServer = 130000;
constexpr milliseconds kLongestPause{10'000};

enum class Direction : std::uint8_t { up, down };

std::string file_name(int version, std::string_view name) { return fmt::format("{:04}_{}", version, name); }

milliseconds since(Clock::time_point start) { return std::chrono::duration_cast<milliseconds>(Clock::now() - start); }

// What a second try can mend: somebody held a lock, or two databases of one cluster touched a role at once.
bool is_passing(const SqlError& error) {
    return error.sqlstate() == "55P03" || error.sqlstate() == "40P01" || error.sqlstate() == "40001" ||
           (error.sqlstate() == "XX000" && std::string_view(error.what()).contains("tuple concurrently updated"));
}

/// The session's settings while the schema changes; set back at the end of the scope, for the caller goes on with it.
class Settings {
  public:
    Settings(Connection& connection, const Options& options) : connection_(connection) {
        connection_.exec(
            fmt::format("set lock_timeout = {}; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0;"
                        "set search_path = public; set client_min_messages = warning",
                        options.lock_timeout.count()));
    }
    ~Settings() {
        if (!connection_.alive()) return;
        try {
            connection_.exec(
                "reset lock_timeout; reset statement_timeout; reset idle_in_transaction_session_timeout;"
                "reset search_path; reset client_min_messages");
        } catch (const std::exception&) {  // the session has ended
        }
    }
    Settings(const Settings&) = delete;
    Settings& operator=(const Settings&) = delete;

  private:
    Connection& connection_;
};

void write_ledger(Connection& connection, const Migration& migration, Direction direction, Clock::time_point start) {
    if (direction == Direction::up) {
        record(connection, migration, since(start));
    } else {
        forget(connection, migration.version);
    }
}

void run_once(Connection& connection, const Migration& migration, Direction direction) {
    const std::string_view script = direction == Direction::up ? migration.up : migration.down;
    const auto start = Clock::now();
    if (script.starts_with(kNoTransaction)) {
        for (const std::string_view statement : split_statements(script)) connection.exec(std::string(statement));
        write_ledger(connection, migration, direction, start);
        return;
    }
    Transaction transaction(connection);
    connection.exec(std::string(script));
    write_ledger(connection, migration, direction, start);
    transaction.commit();
}

Step run(Connection& connection, const Migration& migration, Direction direction, const Options& options) {
    milliseconds pause = options.pause;
    for (int attempt = 1;; ++attempt) {
        const auto start = Clock::now();
        try {
            run_once(connection, migration, direction);
            return {migration.version, std::string(migration.name), since(start)};
        } catch (const SqlError& error) {
            const std::string name = file_name(migration.version, migration.name);
            if (!is_passing(error)) throw MigrationError(fmt::format("migration {} failed: {}", name, error.what()));
            if (attempt >= options.attempts) {
                throw MigrationError(
                    fmt::format("migration {} gave way {} times to other sessions that hold locks; run "
                                "it when the site is quieter ({})",
                                name, attempt, error.what()));
            }
            observe::info("a migration gave way to other sessions and is tried again",
                          {{"migration", name}, {"attempt", attempt}, {"sqlstate", error.sqlstate()}});
        }
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, kLongestPause);
    }
}

const Migration* find(std::span<const Migration> known, int version) {
    const auto found = std::ranges::find(known, version, &Migration::version);
    return found == known.end() ? nullptr : &*found;
}

void refuse_surprises(const std::vector<Applied>& done, std::span<const Migration> known) {
    for (const Applied& row : done) {
        const Migration* migration = find(known, row.version);
        const std::string name = file_name(row.version, row.name);
        if (!migration) {
            throw MigrationError(
                fmt::format("the database has migration {}, which this program doesn't know: a newer "
                            "Townhall changed it; start that version",
                            name));
        }
        if (checksum_of(migration->up) != row.checksum) {
            throw MigrationError(
                fmt::format("migration {} was changed after it was applied at {}: restore the file as it "
                            "was, and put the change into a new migration",
                            name, row.applied_at));
        }
    }
}

void require_server(const Connection& connection) {
    if (connection.server_version() >= kOldestServer) return;
    throw MigrationError(fmt::format("PostgreSQL 13 or newer is needed; this server is {}.{}",
                                     connection.server_version() / 10000, connection.server_version() % 10000));
}

}  // namespace

std::vector<Step> upgrade(Connection& connection, std::span<const Migration> known, const Options& options) {
    require_server(connection);
    const SchemaLock lock(connection, options.patience);
    const Settings settings(connection, options);
    create_ledger(connection);
    const std::vector<Applied> done = applied(connection);
    refuse_surprises(done, known);
    std::vector<Step> steps;
    for (const Migration& migration : known) {
        if (std::ranges::find(done, migration.version, &Applied::version) != done.end()) continue;
        steps.push_back(run(connection, migration, Direction::up, options));
    }
    return steps;
}

std::optional<Step> downgrade(Connection& connection, std::span<const Migration> known, const Options& options) {
    require_server(connection);
    const SchemaLock lock(connection, options.patience);
    const Settings settings(connection, options);
    const std::vector<Applied> done = applied(connection);
    if (done.empty()) return std::nullopt;
    const Migration* last = find(known, done.back().version);
    if (!last) {
        throw MigrationError(
            fmt::format("this program doesn't hold the way back of migration {}: use the Townhall that "
                        "applied it",
                        file_name(done.back().version, done.back().name)));
    }
    return run(connection, *last, Direction::down, options);
}

std::optional<Entry> current(Connection& connection, std::span<const Migration> known) {
    std::optional<Entry> last;
    for (Entry& entry : history(connection, known)) {
        if (entry.state != State::pending) last = std::move(entry);
    }
    return last;
}

std::vector<Entry> history(Connection& connection, std::span<const Migration> known) {
    std::map<int, Entry> entries;
    for (const Migration& migration : known) {
        entries[migration.version] = {migration.version, std::string(migration.name), State::pending, "", {}};
    }
    for (const Applied& row : applied(connection)) {
        const Migration* migration = find(known, row.version);
        const State state = !migration                                   ? State::unknown
                            : checksum_of(migration->up) != row.checksum ? State::changed
                                                                         : State::applied;
        entries[row.version] = {row.version, row.name, state, row.applied_at, row.duration};
    }
    std::vector<Entry> list;
    for (auto& [version, entry] : entries) list.push_back(std::move(entry));
    return list;
}

}  // namespace townhall::db::migrate
