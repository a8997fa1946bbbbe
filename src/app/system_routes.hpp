#pragma once

#include <atomic>
#include <string>

#include "platform/api/router.hpp"
#include "platform/db/db.hpp"
#include "platform/http/server.hpp"
#include "platform/observe/metrics.hpp"
#include "platform/storage/store.hpp"

namespace townhall::app {

/// What health, readiness and metrics look at. Outlives the router.
struct SystemDeps {
    db::Database& db;
    storage::ObjectStore& store;
    observe::Metrics& metrics;
    const http::Server* server;
    const std::atomic<bool>& ready;  // false while starting and draining
    const std::string& openapi;
    std::string metrics_token;  // empty: /metrics is closed
};

/// GET /healthz, /readyz, /metrics, /version, /openapi.json.
void add_system_routes(api::Router& router, const SystemDeps& deps);
[[nodiscard]] std::span<const db::Statement* const> system_queries();

}  // namespace townhall::app
