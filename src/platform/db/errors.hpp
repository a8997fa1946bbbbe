#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace townhall::db {

/// What a SQLSTATE means to whoever asked. `outcome_of` is the only place that reads SQLSTATEs for this.
enum class Outcome : std::uint8_t {
    conflict,     ///< another row stands in the way, or a needed one is absent: 409
    invalid,      ///< the values are refused by a check or can't be represented: 422
    forbidden,    ///< the fence said no: row-level security or a missing grant
    retry,        ///< serialisation failure or deadlock; the database layer has already retried
    timeout,      ///< the statement ran too long: 503
    full,         ///< no storage left: 507
    unavailable,  ///< the database is away, overloaded or a lock could not be had: 503
    failed,       ///< anything else: a bug
};

[[nodiscard]] Outcome outcome_of(std::string_view sqlstate);

/// The database can't serve this now. Where a write was in flight its outcome is unknown: the idempotency key tells.
struct Unavailable : std::exception {
    explicit Unavailable(int seconds = 1) : retry_after(seconds) {}
    [[nodiscard]] const char* what() const noexcept override { return "the database is unavailable"; }
    int retry_after;  ///< seconds
};

/// The server refused a statement. Carries names from our schema and source only: no DETAIL, no message, no values.
struct StatementError : std::exception {
    StatementError(std::string_view code, std::string_view constraint_name, std::string_view statement_name);
    [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }
    [[nodiscard]] std::string_view sqlstate() const { return {sqlstate_.data(), 5}; }
    [[nodiscard]] Outcome outcome() const { return outcome_of(sqlstate()); }

    std::string constraint;  ///< of the schema; empty where none is named
    std::string statement;   ///< the query's name

  private:
    std::array<char, 6> sqlstate_{};
    std::string what_;
};

/// A result that does not have the shape that its query declares, or not the number of rows that the call asks for.
/// Always a bug of ours.
struct ShapeError : std::exception {
    explicit ShapeError(std::string text) : what_(std::move(text)) {}
    [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }

  private:
    std::string what_;
};

}  // namespace townhall::db
