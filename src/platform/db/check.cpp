// How a query's declared types are compared with the server's.
#include <fmt/format.h>
#include <libpq-fe.h>

#include "platform/db/core.hpp"
#include "platform/db/errors.hpp"

namespace townhall::db {
namespace {

constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kInt8 = 20;
constexpr Oid kText = 25;
constexpr Oid kTextArray = 1009;
constexpr Oid kJson = 114;
constexpr Oid kJsonb = 3802;
constexpr Oid kReal = 700;
constexpr Oid kDouble = 701;

/// Whether a C++ type of `declared` can read a column of `actual`. Strings read anything, in its text form.
bool can_read(Oid declared, Oid actual) {
    if (declared == actual) return true;
    switch (declared) {
        case kText:
        case kTextArray:
            return true;
        case kInt8:
            return actual == kInt4 || actual == kInt2;
        case kInt4:
            return actual == kInt2;
        case kDouble:
            return actual == kReal || actual == kInt4 || actual == kInt2;
        case kJsonb:
            return actual == kJson;
        default:
            return false;
    }
}

std::optional<std::string> compare(const Statement& statement, const Answer& description) {
    const pg_result* server = description.raw();
    const int columns = PQnfields(server);
    if (!statement.columns.empty() && columns != static_cast<int>(statement.columns.size()))
        return fmt::format("{}: {} columns, declared {}", statement.name, columns, statement.columns.size());
    if (PQnparams(server) != static_cast<int>(statement.parameters.size()))
        return fmt::format("{}: {} parameters, declared {}", statement.name, PQnparams(server),
                           statement.parameters.size());
    for (std::size_t i = 0; i < statement.columns.size(); ++i) {
        const Oid actual = PQftype(server, static_cast<int>(i));
        if (!can_read(statement.columns[i], actual))
            return fmt::format("{}: column {} ({}) is of type {}, read as {}", statement.name, i + 1,
                               PQfname(server, static_cast<int>(i)), actual, statement.columns[i]);
    }
    return std::nullopt;
}

}  // namespace

Task<std::optional<std::string>> check_statement(Pool& pool, Statement statement) {
    SessionPtr session = co_await pool.acquire(Identity::owner);
    std::optional<std::string> fault;
    std::exception_ptr failure;
    try {
        fault = compare(statement, co_await session->describe(statement));
    } catch (const StatementError& error) {
        fault = error.what();
    } catch (...) {
        failure = std::current_exception();
    }
    pool.release(std::move(session));
    if (failure) std::rethrow_exception(failure);
    co_return fault;
}

}  // namespace townhall::db
