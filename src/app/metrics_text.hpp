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
    const db::Database& jobs;  // the connections that work on jobs
    const observe::CpuPool& cpu;
    // What `townhall worker` has not.
    const db::Database* requests = nullptr;  // the connections that serve requests
    const http::Server* server = nullptr;
    const observe::CpuPool* passwords = nullptr;
};

/// Everything that is counted, as Prometheus text. docs/operations.md tells what is worth an alert.
[[nodiscard]] std::string metrics_text(const MetricsSources& sources);

}  // namespace townhall::app
