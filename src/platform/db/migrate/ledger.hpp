#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "platform/db/migrate/migration.hpp"

namespace townhall::db::migrate {

/// A row of core.schema_migrations.
struct Applied {
    int version;
    std::string name;
    std::string checksum;  // SHA-256 of the .up.sql in hex
    std::string applied_at;
    std::chrono::milliseconds duration;
};

[[nodiscard]] std::string checksum_of(std::string_view sql);

/// By version; empty where the table doesn't exist yet.
[[nodiscard]] std::vector<Applied> applied(Connection& connection);

/// Creates `core.schema_migrations` where it is missing.
void create_ledger(Connection& connection);

void record(Connection& connection, const Migration& migration, std::chrono::milliseconds duration);

/// Forgets a version. Nothing happens where its own down script took the table away.
void forget(Connection& connection, int version);

/// Held by whoever changes the schema, to the end of the scope or of the session. Waits by asking again and again: a
/// statement that waits inside PostgreSQL holds a snapshot, for which CREATE INDEX CONCURRENTLY of the other one would
/// wait in turn. Throws MigrationError when patience ends.
class SchemaLock {
  public:
    SchemaLock(Connection& connection, std::chrono::seconds patience);
    ~SchemaLock();
    SchemaLock(const SchemaLock&) = delete;
    SchemaLock& operator=(const SchemaLock&) = delete;

  private:
    Connection& connection_;
};

}  // namespace townhall::db::migrate
