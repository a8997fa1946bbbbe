#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "platform/db/sync/conninfo.hpp"
#include "platform/db/sync/errors.hpp"

struct pg_conn;
struct pg_result;

/// A blocking connection for what has a thread of its own: imports, migrations, the command line's tools. Never use it
/// on an I/O thread.
namespace townhall::db {

/// One statement's outcome. Views into it live as long as it does.
class Result {
  public:
    using Value = std::optional<std::string_view>;

    explicit Result(pg_result* owned) : result_(owned) {}

    [[nodiscard]] int rows() const;
    [[nodiscard]] int columns() const;
    [[nodiscard]] std::string_view column_name(int column) const;
    /// Text as the server wrote it (or the binary form, where asked for); empty optional is SQL's NULL.
    /// Throws std::out_of_range.
    [[nodiscard]] Value value(int row, int column) const;
    /// Of a value that can't be NULL. Throws std::logic_error when it is.
    [[nodiscard]] std::string_view text(int row, int column) const;
    /// Of an integer column. Throws std::logic_error when it is NULL or no int64.
    [[nodiscard]] std::int64_t integer(int row, int column) const;
    /// Rows inserted, updated, deleted or copied.
    [[nodiscard]] std::uint64_t affected() const;

  private:
    struct Clear {
        void operator()(pg_result* result) const;
    };
    std::unique_ptr<pg_result, Clear> result_;
};

/// A parameter of a prepared statement.
struct Parameter {
    std::optional<std::string_view> bytes;
    bool binary = false;
};

/// Writes C++ values as PostgreSQL's text for Connection::query.
class TextParameter {
  public:
    TextParameter(std::nullopt_t) {}                                              // NOLINT(google-explicit-constructor)
    TextParameter(std::string_view value) : view_(value), null_(false) {}         // NOLINT(google-explicit-constructor)
    TextParameter(const char* value) : TextParameter(std::string_view(value)) {}  // NOLINT(google-explicit-constructor)
    TextParameter(const std::string& value)
        : TextParameter(std::string_view(value)) {}  // NOLINT(google-explicit-constructor)
    TextParameter(bool value)
        : TextParameter(std::string_view(value ? "t" : "f")) {}  // NOLINT(google-explicit-constructor)
    template <class Number>
        requires(std::is_arithmetic_v<Number> && !std::same_as<Number, bool>)
    TextParameter(Number value) : null_(false), own_(true) {  // NOLINT(google-explicit-constructor)
        const auto written = std::to_chars(buffer_, buffer_ + sizeof buffer_, value);
        length_ = static_cast<std::uint8_t>(written.ptr - buffer_);
    }
    template <class T>
    TextParameter(const std::optional<T>& value)  // NOLINT(google-explicit-constructor)
        : TextParameter(value ? TextParameter(*value) : TextParameter(std::nullopt)) {}

    [[nodiscard]] std::optional<std::string_view> get() const {
        if (null_) return std::nullopt;
        return own_ ? std::string_view(buffer_, length_) : view_;
    }

  private:
    std::string_view view_;
    bool null_ = true;
    bool own_ = false;
    std::uint8_t length_ = 0;
    char buffer_[32] = {};
};

/// One session. For one thread at a time. Every call throws SqlError, or ConnectionLost, after which the object only
/// serves to be destroyed.
class Connection {
  public:
    /// Opens the session; `address` as normalise_conninfo takes it. Sets UTF-8 and, unless the address says otherwise,
    /// a connect timeout of 10 s, TCP keepalives, and the application name "townhall".
    explicit Connection(std::string_view address);

    /// Runs one or several statements without parameters; the result is the last one's. Several make one transaction
    /// unless they hold transaction control. Not for data from outside.
    Result exec(const std::string& sql);

    /// Runs one statement; parameters go beside it as text, `$1` being the first.
    Result query(const std::string& sql, std::span<const std::optional<std::string_view>> parameters);

    template <class... Values>
        requires(std::convertible_to<const Values&, TextParameter> && ...)
    Result query(const std::string& sql, const Values&... values) {
        const std::array<TextParameter, sizeof...(Values)> texts{TextParameter(values)...};
        std::array<std::optional<std::string_view>, sizeof...(Values)> parameters;
        for (std::size_t i = 0; i < texts.size(); ++i) parameters[i] = texts[i].get();
        return query(sql, std::span<const std::optional<std::string_view>>(parameters));
    }

    /// `types` are OIDs, 0 or absent where the server shall infer them.
    void prepare(const std::string& name, const std::string& sql, std::span<const unsigned> types = {});
    Result execute_prepared(const std::string& name, std::span<const Parameter> parameters, bool binary_result = false);

    /// Inside a transaction block, failed or not.
    [[nodiscard]] bool in_transaction() const;
    [[nodiscard]] bool alive() const;
    /// As 150020 for 15.20.
    [[nodiscard]] int server_version() const;
    [[nodiscard]] int backend_pid() const;

    /// libpq's handle, for what is not wrapped here; only files under platform/db may use it.
    [[nodiscard]] pg_conn* handle() const { return connection_.get(); }

  private:
    struct Finish {
        void operator()(pg_conn* connection) const;
    };
    std::unique_ptr<pg_conn, Finish> connection_;
};

/// BEGIN now, ROLLBACK at the end of the scope unless committed before.
class Transaction {
  public:
    explicit Transaction(Connection& connection);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    void commit();
    void rollback();

  private:
    Connection& connection_;
    bool open_ = true;
};

/// `COPY … FROM STDIN`. The format is the statement's; `put` takes any pieces of it. What the server refuses is thrown
/// by `finish` (libpq looks at answers only then). Destroyed unfinished, the copy is undone.
class CopyIn {
  public:
    CopyIn(Connection& connection, const std::string& sql);
    ~CopyIn();
    CopyIn(const CopyIn&) = delete;
    CopyIn& operator=(const CopyIn&) = delete;

    void put(std::string_view bytes);
    /// Ends the copy and returns the rows that it wrote.
    std::uint64_t finish();

  private:
    void send(std::string_view bytes);

    Connection& connection_;
    std::string buffer_;
    bool open_ = true;
};

/// `COPY … TO STDOUT`, one call of `row` for each row as the server sends it (text and csv: with its line end; binary:
/// the first piece carries the header, and the last is the trailer). Returns the rows. When `row` throws, the copy is
/// cancelled and the exception goes on.
std::uint64_t copy_out(Connection& connection, const std::string& sql,
                       const std::function<void(std::string_view)>& row);

}  // namespace townhall::db
