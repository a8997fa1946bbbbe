#include "platform/db/sync/outcome.hpp"

#include <libpq-fe.h>
#include <optional>
#include <string>

#include "platform/db/sync/connection.hpp"

namespace townhall::db {

namespace {

std::string diagnostic(const PGresult* result, int field) {
    const char* text = PQresultErrorField(result, field);
    return text ? text : "";
}

}  // namespace

void throw_refusal(const PGconn* connection, const PGresult* result) {
    const std::string sqlstate = result ? diagnostic(result, PG_DIAG_SQLSTATE) : "";
    // Without a state the error is libpq's own: the connection broke, or memory ran out.
    if (sqlstate.empty()) throw ConnectionLost("the connection to the database was lost");
    if (PQstatus(connection) == CONNECTION_BAD) {
        throw ConnectionLost("the connection to the database was lost (" + sqlstate + ")");
    }
    throw SqlError(sqlstate, diagnostic(result, PG_DIAG_CONSTRAINT_NAME),
                   message_without_values(sqlstate, diagnostic(result, PG_DIAG_MESSAGE_PRIMARY)));
}

std::uint64_t end_of_copy(PGconn* connection) {
    std::uint64_t rows = 0;
    std::optional<Result> refusal;
    PGresult* refused = nullptr;
    while (PGresult* next = PQgetResult(connection)) {
        Result result(next);
        if (PQresultStatus(next) == PGRES_COMMAND_OK) {
            rows = result.affected();
        } else if (!refusal) {
            refused = next;
            refusal = std::move(result);
        }
        if (PQstatus(connection) == CONNECTION_BAD) break;
    }
    if (refusal) throw_refusal(connection, refused);
    if (PQstatus(connection) == CONNECTION_BAD) throw_refusal(connection, nullptr);
    return rows;
}

}  // namespace townhall::db
