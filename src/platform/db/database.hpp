#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "platform/db/query.hpp"
#include "platform/db/scope.hpp"
#include "platform/db/stats.hpp"
#include "platform/task.hpp"

namespace boost::asio {
class io_context;
}

namespace townhall::db {

struct Options {
    std::string conninfo;  ///< as normalise_conninfo takes it
    std::string app_role = "townhall_app";
    std::string application_name = "townhall";
    /// Off where a pooler such as pgbouncer sits between in transaction mode.
    bool named_statements = true;

    std::chrono::milliseconds connect_timeout{2'000};
    /// How long a statement waits for a lane that is not connected.
    std::chrono::milliseconds reconnect_wait{1'000};
    std::chrono::milliseconds lane_statement_timeout{3'000};
    std::chrono::milliseconds lane_lock_timeout{200};
    /// A lane that has heard nothing for so long while it waits for answers is given up.
    std::chrono::milliseconds lane_silence{4'000};
    /// Cores that have a write lane; the other cores' writes go there too. 0: all. Fewer make larger batches, which
    /// costs latency (measured on two cores, 64 writers: 7.7 ms in place of 5.3 ms at the same rate).
    int write_lanes = 0;
    std::size_t write_batch = 512;    ///< most statements of one batch
    std::size_t read_group = 64;      ///< most statements of one group
    std::size_t read_groups = 16;     ///< most groups at the server at once, in one lane
    std::size_t lane_queue = 20'000;  ///< beyond this many waiting statements a lane answers Unavailable

    int pool_size = 8;  ///< connections, over all cores; at least one a core
    std::chrono::milliseconds pool_wait{2'000};
    std::chrono::milliseconds pool_statement_timeout{30'000};
    std::chrono::milliseconds pool_lock_timeout{5'000};
    std::chrono::milliseconds idle_in_transaction_timeout{10'000};
    std::chrono::milliseconds stop_wait{5'000};
};

namespace detail {
template <class Row>
Task<std::vector<Row>> read_all(Task<Answer> pending, const char* statement) {
    const Answer answer = co_await std::move(pending);
    check_columns(answer, static_cast<int>(RowReader<Row>::kColumns.size()), statement);
    std::vector<Row> rows;
    const int count = answer.rows();
    rows.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) rows.push_back(RowReader<Row>::read(answer, i, statement));
    co_return rows;
}

[[noreturn]] void throw_row_count(const char* statement, int rows);

template <class Row>
Task<std::optional<Row>> read_optional(Task<Answer> pending, const char* statement) {
    const Answer answer = co_await std::move(pending);
    check_columns(answer, static_cast<int>(RowReader<Row>::kColumns.size()), statement);
    if (answer.rows() > 1) throw_row_count(statement, answer.rows());
    if (answer.rows() == 0) co_return std::nullopt;
    co_return RowReader<Row>::read(answer, 0, statement);
}

template <class Row>
Task<Row> read_one(Task<Answer> pending, const char* statement) {
    const Answer answer = co_await std::move(pending);
    check_columns(answer, static_cast<int>(RowReader<Row>::kColumns.size()), statement);
    if (answer.rows() != 1) throw_row_count(statement, answer.rows());
    co_return RowReader<Row>::read(answer, 0, statement);
}

Task<std::uint64_t> read_affected(Task<Answer> pending);

template <class T>
struct TaskValue;
template <class T>
struct TaskValue<Task<T>> {
    using type = T;
};
/// Whether a transaction's outcome is to be kept: an std::expected that holds an error is not.
template <class T>
bool to_be_kept(const T& value) {
    if constexpr (requires {
                      value.has_value();
                      value.error();
                  })
        return value.has_value();
    else
        return true;
}
}  // namespace detail

class Database;
class Session;
class Pool;

// In an inline namespace because the blocking connection of sync/ has a guard of the same name.
inline namespace async {

/// Several statements that happen together or not at all. Valid inside the body it is given to; one statement at a
/// time. After a StatementError the transaction is lost: let the exception out.
class Transaction {
  public:
    Transaction(std::shared_ptr<Pool> pool, std::shared_ptr<Session> session, Scope scope);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    template <class Row, class... Args>
    Task<std::vector<Row>> all(const Query<Row(Args...)>& query, const std::type_identity_t<Args>&... args) {
        return detail::read_all<Row>(run(query, encode<Args...>(args...)), query.name);
    }
    template <class Row, class... Args>
    Task<std::optional<Row>> optional(const Query<Row(Args...)>& query, const std::type_identity_t<Args>&... args) {
        return detail::read_optional<Row>(run(query, encode<Args...>(args...)), query.name);
    }
    template <class Row, class... Args>
    Task<Row> one(const Query<Row(Args...)>& query, const std::type_identity_t<Args>&... args) {
        return detail::read_one<Row>(run(query, encode<Args...>(args...)), query.name);
    }
    template <class Row, class... Args>
    Task<std::uint64_t> execute(const Query<Row(Args...)>& query, const std::type_identity_t<Args>&... args) {
        return detail::read_affected(run(query, encode<Args...>(args...)));
    }

  private:
    friend class db::Database;
    Task<Answer> run(Statement statement, Parameters parameters);
    /// Ends it and gives the connection back. A commit that can't be confirmed throws Unavailable.
    Task<void> finish(bool keep);

    std::shared_ptr<Pool> pool_;
    std::shared_ptr<Session> session_;
    Scope scope_;
    bool begun_ = false;
};

}  // namespace async

/// The database, from every core. Statements ride in the lanes of the caller's core (or of the core that owns the
/// scope's key) and come back on the caller's executor; callers whose executor is none of the contexts' are served by
/// the first; such an executor's own context must outlive `stop`. All calls may be made from any thread.
///
/// Every call throws Unavailable or StatementError for the database's refusals, ShapeError for our own mistakes, and is
/// answered within a bounded time, whatever happens to the server.
class Database {
  public:
    /// The contexts must each be run by one thread and outlive the Database.
    Database(std::span<boost::asio::io_context* const> contexts, Options options);
    /// After `stop` has completed, or when the contexts run no more.
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Begins to connect. Does not wait: a database that is away is met with Unavailable and found again later.
    void start();
    /// Refuses new statements, lets those in flight end, closes every connection.
    Task<void> stop();

    template <class Row, class... Args>
    Task<std::vector<Row>> all(Scope scope, const Query<Row(Args...)>& query,
                               const std::type_identity_t<Args>&... args) {
        return detail::read_all<Row>(run(scope, query, encode<Args...>(args...)), query.name);
    }
    /// At most one row.
    template <class Row, class... Args>
    Task<std::optional<Row>> optional(Scope scope, const Query<Row(Args...)>& query,
                                      const std::type_identity_t<Args>&... args) {
        return detail::read_optional<Row>(run(scope, query, encode<Args...>(args...)), query.name);
    }
    /// Exactly one row.
    template <class Row, class... Args>
    Task<Row> one(Scope scope, const Query<Row(Args...)>& query, const std::type_identity_t<Args>&... args) {
        return detail::read_one<Row>(run(scope, query, encode<Args...>(args...)), query.name);
    }
    /// The number of rows that it touched.
    template <class Row, class... Args>
    Task<std::uint64_t> execute(Scope scope, const Query<Row(Args...)>& query,
                                const std::type_identity_t<Args>&... args) {
        return detail::read_affected(run(scope, query, encode<Args...>(args...)));
    }

    template <class Row>
    Task<std::vector<Row>> all(Scope scope, Composed<Row> query) {
        const char* name = query.name();
        return detail::read_all<Row>(run(scope, std::move(query)), name);
    }
    template <class Row>
    Task<std::optional<Row>> optional(Scope scope, Composed<Row> query) {
        const char* name = query.name();
        return detail::read_optional<Row>(run(scope, std::move(query)), name);
    }
    template <class Row>
    Task<Row> one(Scope scope, Composed<Row> query) {
        const char* name = query.name();
        return detail::read_one<Row>(run(scope, std::move(query)), name);
    }
    template <class Row>
    Task<std::uint64_t> execute(Scope scope, Composed<Row> query) {
        return detail::read_affected(run(scope, std::move(query)));
    }

    /// Runs `body(Transaction&) -> Task<T>` in one transaction. It is undone when the body throws, or returns an
    /// std::expected that holds an error. The body runs again after a deadlock or a serialisation failure, at most
    /// three times in all: what it does outside of the transaction must bear that.
    template <class F>
    auto transaction(Scope scope, F body) -> std::invoke_result_t<F&, Transaction&>;

    /// Calls back on the first context's thread with each notification's payload, and once with an empty payload
    /// whenever notifications may have been missed: when the channel is first listened to and after each reconnection.
    /// `channel` is a constant of ours.
    void listen(std::string channel, std::function<void(std::string_view)> callback);

    /// Whether a statement is answered now. For /readyz; never throws.
    Task<bool> healthy();
    /// Throws std::runtime_error unless row-level security holds for campaign connections. After the migrations.
    Task<void> check_fence();
    /// Prepares a query and compares its types with the server's: nothing, or what is wrong with it. For tests.
    Task<std::optional<std::string>> check(Statement statement);

    [[nodiscard]] Stats stats() const;

  private:
    Task<Answer> run(Scope scope, Statement statement, Parameters parameters);
    Task<Answer> run_composed(Scope scope, const char* name, Mode mode, std::string sql, std::vector<Oid> types,
                              Parameters parameters);
    template <class Row>
    Task<Answer> run(Scope scope, Composed<Row> query) {
        return run_composed(scope, query.name_, query.mode_, std::move(query.sql_), std::move(query.types_),
                            std::move(query.parameters_));
    }
    Task<std::unique_ptr<Transaction>> begin(Scope scope);
    /// Waits before the next attempt, or throws `failure` on where another would not help.
    Task<void> before_retry(std::exception_ptr failure, int attempt);

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

template <class F>
auto Database::transaction(Scope scope, F body) -> std::invoke_result_t<F&, Transaction&> {
    using Value = typename detail::TaskValue<std::invoke_result_t<F&, Transaction&>>::type;
    for (int attempt = 1;; ++attempt) {
        const std::unique_ptr<Transaction> transaction = co_await begin(scope);
        std::exception_ptr failure;
        try {
            if constexpr (std::is_void_v<Value>) {
                co_await body(*transaction);
                co_await transaction->finish(true);
                co_return;
            } else {
                Value value = co_await body(*transaction);
                co_await transaction->finish(detail::to_be_kept(value));
                co_return value;
            }
        } catch (...) {
            failure = std::current_exception();
        }
        co_await transaction->finish(false);
        co_await before_retry(failure, attempt);
    }
}

}  // namespace townhall::db
