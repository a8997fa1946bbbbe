#pragma once

#include <string>

#include "platform/db/db.hpp"
#include "platform/http/server.hpp"
#include "platform/observe/cpu_pool.hpp"
#include "platform/observe/metrics.hpp"

namespace townhall::app {

/// Whoever counts. Outlives the routes.
struct MetricsSources {
    const observe::Metrics& registry;
    const db::Database& requests;  // the connections that serve requests
    const db::Database& jobs;      // and those that work on jobs
    const http::Server& server;
    const observe::CpuPool& cpu;
    const observe::CpuPool& passwords;
};

/// Everything that is counted, as Prometheus text. docs/operations.md tells what is worth an alert.
[[nodiscard]] std::string metrics_text(const MetricsSources& sources);

}  // namespace townhall::app
