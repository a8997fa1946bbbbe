#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace townhall::db {

/// The server refused a statement. Carries nothing of the data: of the server's message only what can't quote a value
/// is kept, its DETAIL and CONTEXT never are.
class SqlError : public std::runtime_error {
  public:
    SqlError(std::string_view sqlstate, std::string_view constraint, std::string_view message)
        : std::runtime_error(std::string(sqlstate) + ": " + std::string(message)),
          sqlstate_(sqlstate),
          constraint_(constraint) {}

    /// Five characters; see PostgreSQL's Appendix A.
    [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }
    /// The violated constraint's name; empty where none.
    [[nodiscard]] const std::string& constraint() const { return constraint_; }

  private:
    std::string sqlstate_;
    std::string constraint_;
};

/// The connection can't be opened or has ended. A COMMIT that ends so may have happened.
class ConnectionLost : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// What of a server's message may be shown. Messages of data errors (class 22, raised exceptions and the like) quote
/// the value that they refuse, so they are cut at the first quote, colon or byte that is not ASCII (servers speak other
/// languages with other quotes); messages that name only the schema's parts stay whole.
[[nodiscard]] std::string message_without_values(std::string_view sqlstate, std::string_view message);

}  // namespace townhall::db
