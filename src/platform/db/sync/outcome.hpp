#pragma once

#include <cstdint>

struct pg_conn;
struct pg_result;

namespace townhall::db {

/// Throws what a failed result means: SqlError, or ConnectionLost where the connection ended or there is no result.
[[noreturn]] void throw_refusal(const pg_conn* connection, const pg_result* result);

/// Takes the results of a finished COPY and returns its rows; throws its first error. Leaves the connection ready for
/// the next statement.
std::uint64_t end_of_copy(pg_conn* connection);

}  // namespace townhall::db
