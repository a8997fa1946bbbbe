#pragma once

#include <span>

#include "platform/api/router.hpp"
#include "platform/db/db.hpp"
#include "platform/guard/seal.hpp"
#include "platform/jobs/jobs.hpp"

namespace townhall::app {

/// What the routes of the queue need. Outlives the router.
struct JobsDeps {
    db::Database& db;
    jobs::Worker& worker;
    const guard::SignKey& cursors;
};

/// GET /api/v1/jobs and /{id}, POST /{id}/replay, DELETE /{id}: for administrators.
void add_jobs_routes(api::Router& router, const JobsDeps& deps);
[[nodiscard]] std::span<const db::Statement* const> jobs_queries();

}  // namespace townhall::app
