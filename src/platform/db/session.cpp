#include <array>
#include <libpq-fe.h>
#include <vector>

#include "platform/db/errors.hpp"
#include "platform/db/pool.hpp"

namespace townhall::db {
namespace {

/// The first error of a round, thrown; otherwise the round's last answer.
Answer last_of(std::vector<Answer> answers, const char* statement) {
    for (const Answer& answer : answers) {
        if (const std::string_view code = sqlstate_of(answer); !code.empty())
            throw_error(code, constraint_of(answer), statement);
    }
    if (answers.empty()) throw Unavailable{};
    return std::move(answers.back());
}

}  // namespace

bool Session::is_idle() const {
    return wire_->is_open() && PQstatus(wire_->raw()) == CONNECTION_OK &&
           PQtransactionStatus(wire_->raw()) == PQTRANS_IDLE;
}

bool Session::send_call(const Call& call, bool& prepares) {
    pg_conn* const connection = wire_->raw();
    if (connection == nullptr) return false;
    if (call.begin && PQsendQueryParams(connection, "begin", 0, nullptr, nullptr, nullptr, nullptr, 0) != 1)
        return false;
    if (call.campaign) {
        static constexpr std::array<Oid, 1> kText{25};
        const char* campaign = call.campaign->c_str();
        if (PQsendQueryParams(connection, "select set_config('app.campaign', $1, true)", 1, kText.data(), &campaign,
                              nullptr, nullptr, 0) != 1)
            return false;
    }
    std::vector<const char*> values;
    for (int i = 0; i < call.parameters.count(); ++i) values.push_back(call.parameters.value(i));
    const int count = call.parameters.count();
    const Oid* types = call.statement.parameters.data();
    if (!named_ || !call.named)
        return PQsendQueryParams(connection, call.statement.sql, count, types, values.data(), nullptr, nullptr, 0) == 1;
    PreparedNames::Entry& entry = wire_->prepared().of(call.statement);
    prepares = !entry.ready;
    if (prepares && PQsendPrepare(connection, entry.name.c_str(), call.statement.sql, count, types) != 1) return false;
    return PQsendQueryPrepared(connection, entry.name.c_str(), count, values.data(), nullptr, nullptr, 0) == 1;
}

Task<Answer> Session::execute(Call call) {
    bool prepares = false;
    if (!send_call(call, prepares)) {
        wire_->close();
        throw Unavailable{};
    }
    std::vector<Answer> answers = co_await wire_->finish_round(patience_);
    if (prepares && answers.size() > 1) {
        // Everything before the statement has one answer each, even where the round ends with one error more.
        const std::size_t prepare = (call.begin ? 1U : 0U) + (call.campaign ? 1U : 0U);
        if (PQresultStatus(answers.at(prepare).raw()) == PGRES_COMMAND_OK)
            wire_->prepared().of(call.statement).ready = true;
    }
    for (const Answer& answer : answers)
        if (is_stale_plan(sqlstate_of(answer))) wire_->prepared().forget(call.statement);
    co_return last_of(std::move(answers), call.statement.name);
}

Task<std::string> Session::command(const char* sql) {
    if (!wire_->is_open() || PQsendQueryParams(wire_->raw(), sql, 0, nullptr, nullptr, nullptr, nullptr, 0) != 1) {
        wire_->close();
        throw Unavailable{};
    }
    const Answer answer = last_of(co_await wire_->finish_round(patience_), sql);
    co_return PQcmdStatus(answer.raw());
}

Task<Answer> Session::describe(const Statement& statement) {
    const int count = static_cast<int>(statement.parameters.size());
    if (PQsendPrepare(wire_->raw(), "", statement.sql, count, statement.parameters.data()) != 1 ||
        PQsendDescribePrepared(wire_->raw(), "") != 1) {
        wire_->close();
        throw Unavailable{};
    }
    co_return last_of(co_await wire_->finish_round(patience_), statement.name);
}

}  // namespace townhall::db
