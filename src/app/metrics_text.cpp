#include "app/metrics_text.hpp"

#include <fmt/format.h>

namespace townhall::app {

namespace {

template <class... Args>
void line(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
    out += '\n';
}

void lanes(std::string& out, const std::vector<db::LaneStats>& all) {
    out +=
        "# HELP townhall_db_batch_statements Statements in one batch of a lane.\n"
        "# TYPE townhall_db_batch_statements histogram\n";
    for (const db::LaneStats& lane : all) {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < lane.sizes.size(); ++i) {
            sum += lane.sizes[i];
            line(out, "townhall_db_batch_statements_bucket{{lane=\"{}\",le=\"{}\"}} {}", lane.name, 1u << i, sum);
        }
        line(out, "townhall_db_batch_statements_bucket{{lane=\"{}\",le=\"+Inf\"}} {}", lane.name, lane.batches);
        line(out, "townhall_db_batch_statements_sum{{lane=\"{}\"}} {}", lane.name, lane.statements);
        line(out, "townhall_db_batch_statements_count{{lane=\"{}\"}} {}", lane.name, lane.batches);
    }
    out += "# TYPE townhall_db_lane_connected gauge\n";
    for (const auto& lane : all)
        line(out, "townhall_db_lane_connected{{lane=\"{}\"}} {}", lane.name, lane.connected ? 1 : 0);
    out += "# TYPE townhall_db_lane_reconnects_total counter\n";
    for (const auto& lane : all)
        line(out, "townhall_db_lane_reconnects_total{{lane=\"{}\"}} {}", lane.name, lane.reconnects);
    out += "# TYPE townhall_db_lane_statements_again_total counter\n";
    for (const auto& lane : all)
        line(out, "townhall_db_lane_statements_again_total{{lane=\"{}\"}} {}", lane.name, lane.again);
}

}  // namespace

std::string metrics_text(const db::Stats& database, const http::ServerStats& server) {
    std::string out;
    lanes(out, database.lanes);
    out += "# TYPE townhall_db_query_seconds summary\n";
    for (const auto& query : database.queries) {
        line(out, "townhall_db_query_seconds_sum{{query=\"{}\"}} {}", query.name, query.seconds);
        line(out, "townhall_db_query_seconds_count{{query=\"{}\"}} {}", query.name, query.count);
    }
    out += "# TYPE townhall_db_query_errors_total counter\n";
    for (const auto& query : database.queries)
        line(out, "townhall_db_query_errors_total{{query=\"{}\"}} {}", query.name, query.errors);
    out += "# TYPE townhall_db_pool_connections gauge\n";
    line(out, "townhall_db_pool_connections{{state=\"limit\"}} {}", database.pool.size);
    line(out, "townhall_db_pool_connections{{state=\"open\"}} {}", database.pool.open);
    line(out, "townhall_db_pool_connections{{state=\"in_use\"}} {}", database.pool.in_use);
    out += "# TYPE townhall_db_pool_waiting gauge\n";
    line(out, "townhall_db_pool_waiting {}", database.pool.waiting);
    out += "# TYPE townhall_http_requests_total counter\n";
    for (std::size_t i = 1; i < server.requests.size(); ++i)
        line(out, "townhall_http_requests_total{{class=\"{}xx\"}} {}", i, server.requests[i]);
    out += "# TYPE townhall_http_connections gauge\n";
    line(out, "townhall_http_connections {}", server.open_connections);
    out += "# TYPE townhall_http_connections_accepted_total counter\n";
    line(out, "townhall_http_connections_accepted_total {}", server.accepted);
    out += "# TYPE townhall_http_connections_expired_total counter\n";
    line(out, "townhall_http_connections_expired_total {}", server.expired);
    out += "# TYPE townhall_http_bytes_total counter\n";
    line(out, "townhall_http_bytes_total{{direction=\"in\"}} {}", server.bytes_in);
    line(out, "townhall_http_bytes_total{{direction=\"out\"}} {}", server.bytes_out);
    return out;
}

}  // namespace townhall::app
