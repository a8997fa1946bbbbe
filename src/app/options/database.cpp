#include "app/options/options.hpp"

namespace townhall::app {

using config::Kind;

std::vector<config::Option> database_options() {
    return {
        {.name = "DATABASE_URL",
         .kind = Kind::text,
         .fallback = "",
         .doc = "PostgreSQL 13 or newer (postgresql://…, postgresql+psycopg://…, ?host=/cloudsql/…). Unset: a private "
                "PostgreSQL that Townhall starts itself.",
         .section = "Database"},
        {.name = "TEST_DATABASE_URL",
         .kind = Kind::text,
         .fallback = "",
         .doc = "The database in TOWNHALL_ENV=testing; refused when equal to DATABASE_URL.",
         .section = "Database"},
        {.name = "DATABASE_POOL_SIZE",
         .kind = Kind::integer,
         .fallback = "8",
         .doc = "Connections for transactions and slow statements.",
         .section = "Database",
         .least = 1,
         .most = 500},
        {.name = "DATABASE_POOL_WAIT_MS",
         .kind = Kind::integer,
         .fallback = "2000",
         .doc = "Longest wait for such a connection, in milliseconds; then 503.",
         .section = "Database",
         .least = 1,
         .most = 60'000},
        {.name = "DATABASE_PREPARED_STATEMENTS",
         .kind = Kind::choice,
         .fallback = "on",
         .doc = "Off behind pgbouncer in transaction mode.",
         .section = "Database",
         .choices = {"on", "off"}},
    };
}

}  // namespace townhall::app
