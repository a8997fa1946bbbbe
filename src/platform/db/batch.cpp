#include "platform/db/batch.hpp"

#include <iterator>
#include <utility>

#include "platform/db/errors.hpp"

namespace townhall::db {
namespace {

constexpr int kMostStalePlans = 2;

bool is_lock_timeout(const BatchFailure& failure) { return failure.sqlstate == "55P03"; }
bool is_stale(const BatchFailure& failure) { return failure.sqlstate == "0A000" || failure.sqlstate == "26000"; }

OpPtr take(Batch& batch, int index) {
    OpPtr op = std::move(batch.ops[static_cast<std::size_t>(index)]);
    batch.ops.erase(batch.ops.begin() + index);
    return op;
}

void add_halves(Batch batch, std::vector<Batch>& again) {
    const std::size_t half = (batch.ops.size() + 1) / 2;
    Batch second{.ops = {}, .failures = batch.failures};
    std::move(batch.ops.begin() + static_cast<std::ptrdiff_t>(half), batch.ops.end(), std::back_inserter(second.ops));
    batch.ops.resize(half);
    if (!batch.ops.empty()) again.push_back(std::move(batch));
    if (!second.ops.empty()) again.push_back(std::move(second));
}

}  // namespace

Aftermath after_failure(Batch batch, const BatchFailure& failure) {
    Aftermath aftermath;
    const bool first = batch.failures == 0;
    const bool alone = batch.ops.size() == 1;
    const int culprit = alone ? 0 : failure.culprit;
    ++batch.failures;

    if (culprit >= 0 && is_stale(failure) && ++batch.ops[static_cast<std::size_t>(culprit)]->stale <= kMostStalePlans) {
        aftermath.again.push_back(std::move(batch));
        return aftermath;
    }
    if (is_lock_timeout(failure) && culprit >= 0) {
        aftermath.to_pool = take(batch, culprit);
        add_halves(std::move(batch), aftermath.again);
        return aftermath;
    }
    if (outcome_of(failure.sqlstate) == Outcome::retry) {
        if (alone)
            aftermath.to_pool = take(batch, 0);
        else
            add_halves(std::move(batch), aftermath.again);
        return aftermath;
    }
    if (culprit < 0) {
        add_halves(std::move(batch), aftermath.again);
        return aftermath;
    }
    OpPtr refused = take(batch, culprit);
    if (first)
        aftermath.again.push_back(std::move(batch));
    else
        add_halves(std::move(batch), aftermath.again);
    if (!alone && culprit > 0 && !refused->last_word && failure.sqlstate.starts_with("23")) {
        refused->last_word = true;
        Batch last;
        last.ops.push_back(std::move(refused));
        aftermath.again.push_back(std::move(last));
    } else {
        aftermath.refused = std::move(refused);
    }
    if (!aftermath.again.empty() && aftermath.again.front().ops.empty()) aftermath.again.erase(aftermath.again.begin());
    return aftermath;
}

}  // namespace townhall::db
