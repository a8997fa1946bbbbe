#pragma once

#include "platform/jobs/jobs.hpp"

namespace townhall::jobs {

/// Deletes at most so many rows that have served their time, and touches no others. Needs an index on that time.
using PurgeQuery = db::Query<void(std::int32_t)>;

/// A kind of job that clears rows away in batches, each a transaction of its own, until one is not full: so that no
/// lock is held long, whatever has gathered. `query` is a constant.
[[nodiscard]] Kind purge_kind(std::string name, db::Database& database, const PurgeQuery& query);

}  // namespace townhall::jobs
