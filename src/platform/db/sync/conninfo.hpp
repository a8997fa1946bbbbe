#pragma once

#include <string>
#include <string_view>

namespace townhall::db {

/// The one place that understands how people write a database's address.
///
/// Takes a libpq URI, libpq's `key=value` form, or SQLAlchemy's spelling of a URI (`postgresql+psycopg://…`,
/// `…@/db?host=/cloudsql/project:region:instance`, `unix_sock=…/.s.PGSQL.5432`, `ssl=require`), and returns libpq's
/// `key='value'` form, keys in libpq's order, only what was given: equal addresses give equal strings.
/// Throws std::invalid_argument; its text never holds the address, which may carry a password.
[[nodiscard]] std::string normalise_conninfo(std::string_view address);

/// The same address with one libpq option set or replaced (`options`, `application_name`, `dbname`, …).
[[nodiscard]] std::string with_option(std::string_view address, std::string_view key, std::string_view value);

/// `host:port/dbname` for people: no user, no password.
[[nodiscard]] std::string describe_conninfo(std::string_view address);

}  // namespace townhall::db
