#pragma once

#include <string>

#include "platform/db/stats.hpp"
#include "platform/http/server.hpp"

namespace townhall::app {

/// The database's and the HTTP server's own counters as Prometheus text.
[[nodiscard]] std::string metrics_text(const db::Stats& database, const http::ServerStats& server);

}  // namespace townhall::app
