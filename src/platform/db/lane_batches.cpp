// How a lane sends its batches and reads their answers.
#include <bit>
#include <boost/asio/post.hpp>
#include <libpq-fe.h>
#include <utility>

#include "platform/db/errors.hpp"
#include "platform/db/lane.hpp"

namespace townhall::db {
namespace {

constexpr Oid kText = 25;
constexpr std::array<Oid, 1> kFenceTypes{kText};
constexpr Statement kFence{"fence", "select set_config('app.campaign', $1, true)", Mode::read, kFenceTypes, {}};
constexpr int kMostRetries = 3;

/// Past this age a statement that was undone with its batch is not run again.
constexpr std::chrono::milliseconds kLongestWait{3'000};

}  // namespace

void Lane::schedule() {
    if (scheduled_) return;
    scheduled_ = true;
    // After what else is ready in this turn: what those handlers submit leaves in the same write.
    asio::post(context_, [self = shared_from_this()] {
        self->scheduled_ = false;
        self->send_batches();
        self->deliver();
    });
}

void Lane::send_batches() {
    if (!connected_ || broken_) return;
    bool sent = false;
    while (flights_.size() < settings_.in_flight && (!again_.empty() || !pending_.empty())) {
        Batch batch = next_batch();
        if (batch.ops.empty()) continue;
        if (flights_.empty() && !sent) heard_ = Op::Clock::now();
        if (!send(std::move(batch))) broken_ = true;
        sent = true;
        if (broken_) break;
    }
    if (sent && (broken_ || !wire_->flush())) {
        broken_ = true;
        wire_->interrupt();
    }
}

Batch Lane::next_batch() {
    Batch batch;
    if (!again_.empty()) {
        batch = std::move(again_.front());
        again_.pop_front();
        const auto limit = Op::Clock::now() - kLongestWait;
        for (OpPtr& op : batch.ops)
            if (op->queued <= limit) answer(std::move(op), std::make_exception_ptr(Unavailable{}));
        std::erase(batch.ops, nullptr);
        return batch;
    }
    const std::size_t size = std::min(pending_.size(), settings_.batch);
    batch.ops.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
        batch.ops.push_back(std::move(pending_.front()));
        pending_.pop_front();
    }
    return batch;
}

/// The batch is in flight whatever this returns: a broken connection settles it in `lost`.
bool Lane::send(Batch batch) {
    count(batch.ops.size());
    flights_.push_back({.batch = std::move(batch), .failure = {}});
    const std::vector<OpPtr>& ops = flights_.back().batch.ops;
    for (int i = 0; i < static_cast<int>(ops.size()); ++i) {
        const Op& op = *ops[static_cast<std::size_t>(i)];
        if (op.campaign && !send_fence(op, i)) return false;
        if (!send_statement(op, i)) return false;
    }
    expected_.push_back({Step::sync, -1});
    return PQpipelineSync(wire_->raw()) == 1;
}

bool Lane::send_fence(const Op& op, int index) {
    // Before every statement: what one request set must never reach the next one's.
    const char* campaign = op.campaign->c_str();
    expected_.push_back({Step::setting, index});
    if (!settings_.named_statements)
        return PQsendQueryParams(wire_->raw(), kFence.sql, 1, kFenceTypes.data(), &campaign, nullptr, nullptr, 0) == 1;
    PreparedNames::Entry& entry = wire_->prepared().of(kFence);
    if (!entry.sent) {
        expected_.back() = {Step::prepare, -1};
        if (PQsendPrepare(wire_->raw(), entry.name.c_str(), kFence.sql, 1, kFenceTypes.data()) != 1) return false;
        entry.sent = true;
        expected_.push_back({Step::setting, index});
    }
    return PQsendQueryPrepared(wire_->raw(), entry.name.c_str(), 1, &campaign, nullptr, nullptr, 0) == 1;
}

bool Lane::send_statement(const Op& op, int index) {
    values_.clear();
    for (int i = 0; i < op.parameters.count(); ++i) values_.push_back(op.parameters.value(i));
    const int count = op.parameters.count();
    if (!settings_.named_statements || !op.named) {
        expected_.push_back({Step::statement, index});
        return PQsendQueryParams(wire_->raw(), op.statement.sql, count, op.statement.parameters.data(), values_.data(),
                                 nullptr, nullptr, 0) == 1;
    }
    PreparedNames::Entry& entry = wire_->prepared().of(op.statement);
    if (!entry.sent) {
        expected_.push_back({Step::prepare, index});
        if (PQsendPrepare(wire_->raw(), entry.name.c_str(), op.statement.sql, count, op.statement.parameters.data()) !=
            1)
            return false;
        entry.sent = true;
    }
    expected_.push_back({Step::statement, index});
    return PQsendQueryPrepared(wire_->raw(), entry.name.c_str(), count, values_.data(), nullptr, nullptr, 0) == 1;
}

void Lane::count(std::size_t size) {
    counters_.batches.fetch_add(1, std::memory_order_relaxed);
    counters_.statements.fetch_add(size, std::memory_order_relaxed);
    const auto bucket = static_cast<std::size_t>(std::bit_width(size - 1));
    counters_.sizes[std::min(bucket, LaneStats::kBuckets - 1)].fetch_add(1, std::memory_order_relaxed);
}

bool Lane::take_results() {
    while (!expected_.empty()) {
        if (PQisBusy(wire_->raw()) != 0) return PQstatus(wire_->raw()) == CONNECTION_OK;
        Answer answer(PQgetResult(wire_->raw()));
        if (answer.raw() == nullptr) {
            if (++silences_ > 2) return false;  // libpq believes that nothing is under way
            continue;
        }
        silences_ = 0;
        const ExecStatusType status = PQresultStatus(answer.raw());
        if (status == PGRES_PIPELINE_SYNC) {
            if (expected_.front().step != Step::sync) return false;
            expected_.pop_front();
            land();
            continue;
        }
        if (status == PGRES_FATAL_ERROR && is_fatal(answer)) return false;
        const Expected expected = expected_.front();
        // An error of the commit precedes the Sync's own answer, which is yet to come.
        if (expected.step != Step::sync) expected_.pop_front();
        take_result(expected, std::move(answer));
    }
    return true;
}

void Lane::take_result(const Expected& expected, Answer answer) {
    Flight& flight = flights_.front();
    const bool aborted = PQresultStatus(answer.raw()) == PGRES_PIPELINE_ABORTED;
    const std::string_view sqlstate = aborted ? std::string_view{} : sqlstate_of(answer);
    const bool fine = !aborted && sqlstate.empty();
    if (expected.step == Step::prepare) {
        const Statement& statement =
            expected.index < 0 ? kFence : flight.batch.ops[static_cast<std::size_t>(expected.index)]->statement;
        if (fine)
            wire_->prepared().of(statement).ready = true;
        else if (!wire_->prepared().of(statement).ready)
            wire_->prepared().of(statement).sent = false;
    }
    if (!aborted && !fine && !flight.failed) {
        flight.failed = true;
        flight.failure = {.culprit = expected.index,
                          .sqlstate = std::string(sqlstate),
                          .constraint = std::string(constraint_of(answer))};
        if (expected.index >= 0 && is_stale_plan(sqlstate)) {
            const Statement& stale = expected.step == Step::setting
                                         ? kFence
                                         : flight.batch.ops[static_cast<std::size_t>(expected.index)]->statement;
            wire_->prepared().forget(stale);
        }
    }
    if (expected.step != Step::statement || !fine) return;
    OpPtr& op = flight.batch.ops[static_cast<std::size_t>(expected.index)];
    op->answer = std::move(answer);
    if (settings_.mode == Mode::read) this->answer(std::move(op), nullptr);
}

void Lane::land() {
    Flight flight = std::move(flights_.front());
    flights_.pop_front();
    if (settings_.mode == Mode::read)
        land_reads(std::move(flight));
    else
        land_writes(std::move(flight));
}

/// Those before the culprit have been answered; those after it did not run, and do so again in their order.
void Lane::land_reads(Flight flight) {
    if (!flight.failed) return;
    std::vector<OpPtr> again;
    for (int i = 0; i < static_cast<int>(flight.batch.ops.size()); ++i) {
        OpPtr& op = flight.batch.ops[static_cast<std::size_t>(i)];
        if (!op) continue;
        const bool culprit = i == flight.failure.culprit || flight.failure.culprit < 0;
        const std::string& code = flight.failure.sqlstate;
        const char* name = op->statement.name;
        const bool done = culprit && !(is_stale_plan(code) && op->stale++ < 2) &&
                          !((outcome_of(code) == Outcome::retry || code == "55P03") && op->retries++ < kMostRetries);
        if (done) {
            op->sqlstate = code;
            answer(std::move(op), make_error(code, flight.failure.constraint, name));
        } else {
            again.push_back(std::move(op));
        }
    }
    counters_.again.fetch_add(again.size(), std::memory_order_relaxed);
    if (again.empty()) return;
    again_.push_back({.ops = std::move(again), .failures = flight.batch.failures + 1});
}

void Lane::land_writes(Flight flight) {
    if (!flight.failed) {
        for (OpPtr& op : flight.batch.ops) answer(std::move(op), nullptr);
        return;
    }
    for (OpPtr& op : flight.batch.ops) op->answer = {};
    Aftermath aftermath = after_failure(std::move(flight.batch), flight.failure);
    if (aftermath.refused) {
        const char* name = aftermath.refused->statement.name;
        aftermath.refused->sqlstate = flight.failure.sqlstate;
        answer(std::move(aftermath.refused), make_error(flight.failure.sqlstate, flight.failure.constraint, name));
    }
    if (aftermath.to_pool) elsewhere_(std::move(aftermath.to_pool));
    for (auto batch = aftermath.again.rbegin(); batch != aftermath.again.rend(); ++batch) {
        counters_.again.fetch_add(batch->ops.size(), std::memory_order_relaxed);
        again_.push_front(std::move(*batch));
    }
}

}  // namespace townhall::db
