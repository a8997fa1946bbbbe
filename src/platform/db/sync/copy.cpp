#include <exception>
#include <libpq-fe.h>
#include <memory>
#include <stdexcept>

#include "platform/db/sync/connection.hpp"
#include "platform/db/sync/outcome.hpp"

namespace townhall::db {

namespace {

// libpq frames and copies each piece that it is given; one frame of this size costs next to nothing.
constexpr std::size_t kFrame = 64 * 1024;
constexpr std::size_t kLargestFrame = 16 * 1024 * 1024;

void start_copy(PGconn* connection, const std::string& sql, ExecStatusType wanted) {
    PGresult* owned = PQexec(connection, sql.c_str());
    const Result result(owned);
    if (PQresultStatus(owned) == wanted) return;
    if (PQresultStatus(owned) == PGRES_FATAL_ERROR || !owned) throw_refusal(connection, owned);
    throw std::logic_error("not the COPY statement that was expected");
}

void cancel(PGconn* connection) {
    const std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> handle(PQgetCancel(connection), &PQfreeCancel);
    char reason[256];
    if (handle) PQcancel(handle.get(), reason, sizeof reason);
}

void discard_results(PGconn* connection) {
    while (PGresult* result = PQgetResult(connection)) {
        const ExecStatusType status = PQresultStatus(result);
        PQclear(result);
        if (status == PGRES_COPY_OUT) {
            char* row = nullptr;
            while (PQgetCopyData(connection, &row, 0) > 0) PQfreemem(row);
        }
        if (PQstatus(connection) == CONNECTION_BAD) return;
    }
}

}  // namespace

CopyIn::CopyIn(Connection& connection, const std::string& sql) : connection_(connection) {
    start_copy(connection_.handle(), sql, PGRES_COPY_IN);
    buffer_.reserve(kFrame);
}

CopyIn::~CopyIn() {
    if (!open_ || !connection_.alive()) return;
    PQputCopyEnd(connection_.handle(), "abandoned");
    discard_results(connection_.handle());
}

void CopyIn::put(std::string_view bytes) {
    if (buffer_.size() + bytes.size() <= kFrame) {
        buffer_.append(bytes);
        return;
    }
    send(buffer_);
    buffer_.clear();
    for (; bytes.size() > kFrame; bytes.remove_prefix(std::min(bytes.size(), kLargestFrame))) {
        send(bytes.substr(0, kLargestFrame));
    }
    buffer_.append(bytes);
}

void CopyIn::send(std::string_view bytes) {
    if (bytes.empty()) return;
    if (PQputCopyData(connection_.handle(), bytes.data(), static_cast<int>(bytes.size())) == 1) return;
    open_ = false;
    throw_refusal(connection_.handle(), nullptr);
}

std::uint64_t CopyIn::finish() {
    send(buffer_);
    buffer_.clear();
    open_ = false;
    if (PQputCopyEnd(connection_.handle(), nullptr) != 1) throw_refusal(connection_.handle(), nullptr);
    return end_of_copy(connection_.handle());
}

std::uint64_t copy_out(Connection& connection, const std::string& sql,
                       const std::function<void(std::string_view)>& row) {
    PGconn* handle = connection.handle();
    start_copy(handle, sql, PGRES_COPY_OUT);
    char* received = nullptr;
    int length = 0;
    while ((length = PQgetCopyData(handle, &received, 0)) > 0) {
        const std::unique_ptr<char, decltype(&PQfreemem)> owned(received, &PQfreemem);
        try {
            row(std::string_view(received, static_cast<std::size_t>(length)));
        } catch (...) {
            cancel(handle);
            discard_results(handle);
            throw;
        }
    }
    return end_of_copy(handle);
}

}  // namespace townhall::db
