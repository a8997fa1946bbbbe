#pragma once

#include <atomic>
#include <string>

#include "app/made_once.hpp"
#include "app/metrics_text.hpp"
#include "platform/api/router.hpp"
#include "platform/db/db.hpp"
#include "platform/storage/store.hpp"

namespace townhall::app {

/// What health, readiness and metrics look at. Outlives the router.
struct SystemDeps {
    db::Database& db;
    storage::ObjectStore& store;
    MetricsSources metrics;
    const std::atomic<bool>& ready;  // false while starting and draining
    MadeOnce* contract;              // the OpenAPI document; none where it is not served
    std::string metrics_token;       // empty: /metrics is closed
};

/// GET /healthz, /readyz, /metrics, /version, /openapi.json.
void add_system_routes(api::Router& router, const SystemDeps& deps);
/// GET /healthz, /readyz and, without a token, /metrics: for the listener that the public can't reach.
void add_admin_routes(api::Router& router, const SystemDeps& deps);
[[nodiscard]] std::span<const db::Statement* const> system_queries();

}  // namespace townhall::app
