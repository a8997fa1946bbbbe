#include "platform/db/errors.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace townhall::db {

Outcome outcome_of(std::string_view sqlstate) {
    static constexpr std::array<std::pair<std::string_view, Outcome>, 15> kTable{{
        {"23505", Outcome::conflict},     // unique_violation
        {"23503", Outcome::conflict},     // foreign_key_violation
        {"23001", Outcome::conflict},     // restrict_violation
        {"23P01", Outcome::conflict},     // exclusion_violation
        {"23502", Outcome::invalid},      // not_null_violation
        {"23514", Outcome::invalid},      // check_violation
        {"42501", Outcome::forbidden},    // insufficient_privilege, row-level security too
        {"40001", Outcome::retry},        // serialization_failure
        {"40P01", Outcome::retry},        // deadlock_detected
        {"57014", Outcome::timeout},      // query_canceled: statement_timeout
        {"25P03", Outcome::timeout},      // idle_in_transaction_session_timeout
        {"53100", Outcome::full},         // disk_full
        {"55P03", Outcome::unavailable},  // lock_not_available
        {"55006", Outcome::unavailable},  // object_in_use
        {"25006", Outcome::failed},       // read_only_sql_transaction: a write declared as a read
    }};
    for (const auto& [code, outcome] : kTable)
        if (code == sqlstate) return outcome;
    const std::string_view kind = sqlstate.substr(0, 2);
    if (kind == "22") return Outcome::invalid;
    if (kind == "53" || kind == "08" || kind == "57" || kind == "58") return Outcome::unavailable;
    return Outcome::failed;
}

StatementError::StatementError(std::string_view code, std::string_view constraint_name, std::string_view statement_name)
    : constraint(constraint_name), statement(statement_name) {
    sqlstate_.fill('\0');
    std::copy_n(code.begin(), std::min<std::size_t>(code.size(), 5), sqlstate_.begin());
    what_ = "SQLSTATE " + std::string(sqlstate()) + " in " + statement;
    if (!constraint.empty()) what_ += " (" + constraint + ")";
}

}  // namespace townhall::db
