#include "platform/db/migrate/ledger.hpp"

#include <array>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <thread>

#include "platform/db/sync/connection.hpp"

namespace townhall::db::migrate {

namespace {

// Any number that nothing else in the database locks: "townhall" as ASCII.
constexpr std::int64_t kLock = 0x746f776e68616c6c;

}  // namespace

std::string checksum_of(std::string_view sql) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (EVP_Digest(sql.data(), sql.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 is not available");
    }
    std::string hex;
    for (unsigned i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
}

std::vector<Applied> applied(Connection& connection) {
    std::vector<Applied> rows;
    if (!connection.exec("select to_regclass('core.schema_migrations')").value(0, 0)) return rows;
    const Result result = connection.exec(
        "select version, name, checksum, to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), "
        "duration_ms from core.schema_migrations order by version");
    for (int row = 0; row < result.rows(); ++row) {
        rows.push_back({static_cast<int>(result.integer(row, 0)), std::string(result.text(row, 1)),
                        std::string(result.text(row, 2)), std::string(result.text(row, 3)),
                        std::chrono::milliseconds(result.integer(row, 4))});
    }
    return rows;
}

void create_ledger(Connection& connection) {
    if (connection.exec("select to_regclass('core.schema_migrations')").value(0, 0)) return;
    connection.exec(
        "create schema if not exists core;"
        "create table if not exists core.schema_migrations ("
        "  version     integer primary key check (version > 0),"
        "  name        text not null,"
        "  checksum    text not null check (checksum ~ '^[0-9a-f]{64}$'),"
        "  applied_at  timestamptz not null default clock_timestamp(),"
        "  duration_ms bigint not null)");
}

void record(Connection& connection, const Migration& migration, std::chrono::milliseconds duration) {
    connection.query(
        "insert into core.schema_migrations (version, name, checksum, duration_ms) values ($1, $2, $3, $4)",
        migration.version, migration.name, checksum_of(migration.up), duration.count());
}

void forget(Connection& connection, int version) {
    if (!connection.exec("select to_regclass('core.schema_migrations')").value(0, 0)) return;
    connection.query("delete from core.schema_migrations where version = $1", version);
}

SchemaLock::SchemaLock(Connection& connection, std::chrono::seconds patience) : connection_(connection) {
    using namespace std::chrono_literals;
    const auto until = std::chrono::steady_clock::now() + patience;
    while (connection_.query("select pg_try_advisory_lock($1)", kLock).text(0, 0) != "t") {
        if (std::chrono::steady_clock::now() >= until) {
            throw MigrationError(
                fmt::format("another program has been changing this database's schema for {} s; wait "
                            "for it, or end its session (pg_locks shows it as an advisory lock)",
                            patience.count()));
        }
        std::this_thread::sleep_for(50ms);
    }
}

SchemaLock::~SchemaLock() {
    if (!connection_.alive()) return;
    try {
        connection_.query("select pg_advisory_unlock($1)", kLock);
    } catch (const std::exception&) {  // the session ends, and its locks with it
    }
}

}  // namespace townhall::db::migrate
