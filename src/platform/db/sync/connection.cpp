#include "platform/db/sync/connection.hpp"

#include <algorithm>
#include <array>
#include <libpq-fe.h>
#include <limits>

#include "platform/db/sync/outcome.hpp"

namespace townhall::db {

namespace {

Result checked(PGconn* connection, PGresult* owned) {
    Result result(owned);
    switch (PQresultStatus(owned)) {
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_EMPTY_QUERY:
            return result;
        case PGRES_COPY_IN:
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
            throw std::logic_error("COPY goes through CopyIn or copy_out");
        default:
            throw_refusal(connection, owned);
    }
}

int length_of(std::string_view bytes) {
    if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
        throw SqlError("54000", "", "a value is larger than 2 GiB");
    }
    return static_cast<int>(bytes.size());
}

// libpq wants text values NUL-terminated, and a NUL inside one would silently cut it.
class CParameters {
  public:
    void reserve(std::size_t count, std::size_t bytes) {
        arena_.reserve(bytes + count);
        values_.reserve(count);
        lengths_.reserve(count);
        formats_.reserve(count);
    }
    void add(std::optional<std::string_view> value, bool binary) {
        formats_.push_back(binary ? 1 : 0);
        lengths_.push_back(value ? length_of(*value) : 0);
        if (!value) {
            values_.push_back(nullptr);
        } else if (binary) {
            values_.push_back(value->data() ? value->data() : "");
        } else {
            if (value->contains('\0')) throw SqlError("22021", "", "a text value holds a NUL byte");
            values_.push_back(arena_.data() + arena_.size());
            arena_.append(*value).push_back('\0');
        }
    }
    [[nodiscard]] int count() const { return static_cast<int>(values_.size()); }
    [[nodiscard]] const char* const* values() const { return values_.data(); }
    [[nodiscard]] const int* lengths() const { return lengths_.data(); }
    [[nodiscard]] const int* formats() const { return formats_.data(); }

  private:
    std::string arena_;  // reserved whole before the first add: values_ points into it
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

}  // namespace

void Result::Clear::operator()(pg_result* result) const { PQclear(result); }
void Connection::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

int Result::rows() const { return PQntuples(result_.get()); }
int Result::columns() const { return PQnfields(result_.get()); }

std::string_view Result::column_name(int column) const {
    const char* name = PQfname(result_.get(), column);
    if (!name) throw std::out_of_range("no such column");
    return name;
}

Result::Value Result::value(int row, int column) const {
    if (row < 0 || row >= rows() || column < 0 || column >= columns()) throw std::out_of_range("no such value");
    if (PQgetisnull(result_.get(), row, column)) return std::nullopt;
    return std::string_view(PQgetvalue(result_.get(), row, column),
                            static_cast<std::size_t>(PQgetlength(result_.get(), row, column)));
}

std::string_view Result::text(int row, int column) const {
    const Value found = value(row, column);
    if (!found) throw std::logic_error("a column that should never be NULL is");
    return *found;
}

std::int64_t Result::integer(int row, int column) const {
    const std::string_view written = text(row, column);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), number);
    if (error != std::errc() || end != written.data() + written.size()) {
        throw std::logic_error("a column that should be an integer is not");
    }
    return number;
}

std::uint64_t Result::affected() const {
    const std::string_view written = PQcmdTuples(result_.get());
    std::uint64_t number = 0;
    std::from_chars(written.data(), written.data() + written.size(), number);
    return number;
}

Connection::Connection(std::string_view address) {
    const std::string conninfo = normalise_conninfo(address);
    // With expand_dbname the address stands for itself, and what follows it overrides it; what precedes are defaults.
    const std::array<const char*, 9> keys{
        "fallback_application_name", "connect_timeout", "keepalives_idle", "keepalives_interval",
        "keepalives_count",          "dbname",          "client_encoding", nullptr};
    const std::array<const char*, 9> values{"townhall", "10", "30", "10", "3", conninfo.c_str(), "UTF8", nullptr};
    connection_.reset(PQconnectdbParams(keys.data(), values.data(), 1));
    if (!connection_) throw std::bad_alloc();
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        std::string reason = PQerrorMessage(connection_.get());
        while (!reason.empty() && reason.back() == '\n') reason.pop_back();
        throw ConnectionLost("can't connect to the database: " + reason);
    }
    PQsetErrorVerbosity(connection_.get(), PQERRORS_TERSE);
    // libpq prints notices to standard error, and their text may quote data.
    PQsetNoticeReceiver(connection_.get(), [](void*, const PGresult*) {}, nullptr);
}

Result Connection::exec(const std::string& sql) {
    return checked(connection_.get(), PQexec(connection_.get(), sql.c_str()));
}

Result Connection::query(const std::string& sql, std::span<const std::optional<std::string_view>> parameters) {
    CParameters c;
    std::size_t bytes = 0;
    for (const auto& parameter : parameters) bytes += parameter ? parameter->size() : 0;
    c.reserve(parameters.size(), bytes);
    for (const auto& parameter : parameters) c.add(parameter, false);
    return checked(connection_.get(), PQexecParams(connection_.get(), sql.c_str(), c.count(), nullptr, c.values(),
                                                   c.lengths(), c.formats(), 0));
}

void Connection::prepare(const std::string& name, const std::string& sql, std::span<const unsigned> types) {
    checked(connection_.get(), PQprepare(connection_.get(), name.c_str(), sql.c_str(), static_cast<int>(types.size()),
                                         types.empty() ? nullptr : types.data()));
}

Result Connection::execute_prepared(const std::string& name, std::span<const Parameter> parameters,
                                    bool binary_result) {
    CParameters c;
    std::size_t bytes = 0;
    for (const auto& parameter : parameters) bytes += parameter.bytes ? parameter.bytes->size() : 0;
    c.reserve(parameters.size(), bytes);
    for (const auto& parameter : parameters) c.add(parameter.bytes, parameter.binary);
    return checked(connection_.get(), PQexecPrepared(connection_.get(), name.c_str(), c.count(), c.values(),
                                                     c.lengths(), c.formats(), binary_result ? 1 : 0));
}

bool Connection::in_transaction() const {
    const PGTransactionStatusType status = PQtransactionStatus(connection_.get());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}
bool Connection::alive() const { return PQstatus(connection_.get()) == CONNECTION_OK; }
int Connection::server_version() const { return PQserverVersion(connection_.get()); }
int Connection::backend_pid() const { return PQbackendPID(connection_.get()); }

Transaction::Transaction(Connection& connection) : connection_(connection) { connection_.exec("begin"); }

Transaction::~Transaction() {
    if (!open_ || !connection_.alive()) return;
    try {
        connection_.exec("rollback");
    } catch (const std::exception&) {  // the session is gone, and its transaction with it
    }
}

void Transaction::commit() {
    open_ = false;
    // COMMIT of a failed transaction answers ROLLBACK without an error.
    if (PQtransactionStatus(connection_.handle()) == PQTRANS_INERROR) {
        connection_.exec("rollback");
        throw SqlError("25P02", "", "the transaction had failed and was rolled back");
    }
    connection_.exec("commit");
}

void Transaction::rollback() {
    open_ = false;
    connection_.exec("rollback");
}

}  // namespace townhall::db
