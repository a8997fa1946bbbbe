#pragma once

#include <string>
#include <vector>

#include "platform/db/op.hpp"

namespace townhall::db {

/// Writes that share one transaction.
struct Batch {
    std::vector<OpPtr> ops;
    int failures = 0;  ///< times that it, or what it was split from, was undone
};

/// Why PostgreSQL undid a batch.
struct BatchFailure {
    int culprit = -1;  ///< -1: the error came with the commit and belongs to no statement
    std::string sqlstate;
    std::string constraint;
};

/// What becomes of the statements of a batch that was undone.
struct Aftermath {
    OpPtr refused;             ///< answered with the failure
    OpPtr to_pool;             ///< waits for its lock elsewhere
    std::vector<Batch> again;  ///< run again, in this order, before anything else
};

/// The rules of group commit. None of the batch's statements has happened.
///
/// - The culprit is refused and the rest runs again as one batch; in halves from the second failure on.
/// - A culprit that broke a constraint may have met a statement of its own batch, which is not committed and may yet
///   fail: it runs once more, alone, after the rest. What it meets then is real.
/// - A deadlock says nothing about the statement that was chosen: halves, and a single one retries in the pool.
/// - A statement that waits too long for a lock leaves for the pool, the rest runs again in halves, which hold fewer
///   locks at a time.
/// - An error that comes only with the commit: halves, until it has a statement to belong to.
/// - A plan that went stale: everything again, prepared anew.
[[nodiscard]] Aftermath after_failure(Batch batch, const BatchFailure& failure);

}  // namespace townhall::db
