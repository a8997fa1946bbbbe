#include "app/metrics_text.hpp"

#include <cmath>
#include <fmt/format.h>
#include <map>
#include <vector>

#include "app/version.hpp"
#include "platform/observe/exposition.hpp"
#include "platform/observe/log.hpp"
#include "platform/observe/process_stats.hpp"

namespace townhall::app {

namespace {

using observe::Exposition;
using observe::Histogram;
using Kind = observe::Metrics::Kind;

double number(std::uint64_t value) { return static_cast<double>(value); }

void add_requests(Exposition& out, const observe::RequestTotals& requests) {
    out.family("townhall_http_requests_total", "Requests answered; problem is empty where the answer was none.",
               Kind::counter);
    for (const auto& [answer, count] : requests.answers)
        out.sample(number(count), {{"route", answer.route},
                                   {"method", answer.method},
                                   {"status", fmt::format_int(answer.status).c_str()},
                                   {"problem", answer.problem}});
    out.family("townhall_http_request_seconds", "From the end of a request's header to the end of its answer.",
               Kind::histogram);
    for (const auto& [answer, seconds] : requests.seconds)
        out.histogram(seconds, Histogram::seconds(), {{"route", answer.route}, {"method", answer.method}});
}

void add_connections(Exposition& out, const http::ServerStats& server) {
    out.single("townhall_http_connections", "Connections that are open.", Kind::gauge, number(server.open_connections));
    out.single("townhall_http_connections_accepted_total", "Connections accepted.", Kind::counter,
               number(server.accepted));
    out.single("townhall_http_connections_expired_total", "Connections closed at a deadline.", Kind::counter,
               number(server.expired));
    out.single("townhall_http_received_bytes_total", "Bytes of requests, headers included.", Kind::counter,
               number(server.bytes_in));
    out.single("townhall_http_sent_bytes_total", "Bytes of answers, headers included.", Kind::counter,
               number(server.bytes_out));
}

/// The connections that requests use, and those of jobs.
using Databases = std::vector<std::pair<std::string_view, db::Stats>>;

/// Queries of both, in the order of their names.
std::map<std::string_view, db::QueryStats> queries_of(const Databases& databases) {
    std::map<std::string_view, db::QueryStats> all;
    for (const auto& [users, stats] : databases) {
        for (const db::QueryStats& query : stats.queries) {
            const auto [known, added] = all.try_emplace(query.name, query);
            if (added) continue;
            db::QueryStats& sum = known->second;
            for (const auto& [state_class, count] : query.failures) sum.failures[state_class] += count;
            for (std::size_t i = 0; i < query.seconds.buckets.size(); ++i)
                sum.seconds.buckets[i] += query.seconds.buckets[i];
            sum.seconds.count += query.seconds.count;
            sum.seconds.sum += query.seconds.sum;
        }
    }
    return all;
}

void add_queries(Exposition& out, const Databases& databases) {
    const auto queries = queries_of(databases);
    out.family("townhall_db_query_seconds", "Statements by name, from the call to the answer.", Kind::histogram);
    for (const auto& [name, query] : queries) out.histogram(query.seconds, Histogram::seconds(), {{"query", name}});
    out.family("townhall_db_query_errors_total",
               "Statements that failed, by class of SQLSTATE; none: the database did not answer.", Kind::counter);
    for (const auto& [name, query] : queries)
        for (const auto& [state_class, count] : query.failures)
            out.sample(number(count), {{"query", name}, {"sqlstate_class", state_class}});
}

void add_pools(Exposition& out, const Databases& databases) {
    const auto each = [&](auto figure) {
        for (const auto& [users, stats] : databases) out.sample(figure(stats.pool), {{"users", users}});
    };
    out.family("townhall_db_pool_limit", "Connections that a pool may open.", Kind::gauge);
    each([](const db::PoolStats& pool) { return pool.size; });
    out.family("townhall_db_pool_open", "Connections of a pool that are open.", Kind::gauge);
    each([](const db::PoolStats& pool) { return pool.open; });
    out.family("townhall_db_pool_in_use", "Connections of a pool that somebody uses.", Kind::gauge);
    each([](const db::PoolStats& pool) { return pool.in_use; });
    out.family("townhall_db_pool_waiting", "Callers that wait for a connection.", Kind::gauge);
    each([](const db::PoolStats& pool) { return pool.waiting; });
    out.family("townhall_db_pool_refused_total", "Callers that waited for a connection in vain.", Kind::counter);
    each([](const db::PoolStats& pool) { return number(pool.refused); });
    out.family("townhall_db_pool_wait_seconds", "How long callers waited that did not get a connection at once.",
               Kind::histogram);
    for (const auto& [users, stats] : databases)
        out.histogram(stats.pool.waited, Histogram::seconds(), {{"users", users}});
}

void add_lanes(Exposition& out, const Databases& databases) {
    const auto each = [&](auto add) {
        for (const auto& [users, stats] : databases)
            for (const db::LaneStats& lane : stats.lanes) add(users, lane);
    };
    const auto each_sample = [&](auto figure) {
        each([&](std::string_view users, const db::LaneStats& lane) {
            out.sample(figure(lane), {{"users", users}, {"lane", lane.name}});
        });
    };
    std::vector<double> bounds;
    for (std::size_t i = 0; i < db::LaneStats::kBuckets; ++i) bounds.push_back(number(std::uint64_t{1} << i));
    out.family("townhall_db_batch_statements", "Statements in one batch of a lane.", Kind::histogram);
    each([&](std::string_view users, const db::LaneStats& lane) {
        Histogram::Totals totals{
            .buckets = {lane.sizes.begin(), lane.sizes.end()}, .count = lane.batches, .sum = number(lane.statements)};
        totals.buckets.push_back(0);  // no batch is larger than the last bound
        out.histogram(totals, bounds, {{"users", users}, {"lane", lane.name}});
    });
    out.family("townhall_db_lane_connected", "Whether a lane has its connection.", Kind::gauge);
    each_sample([](const db::LaneStats& lane) { return lane.connected ? 1 : 0; });
    out.family("townhall_db_lane_connects_total", "Times that a lane was connected.", Kind::counter);
    each_sample([](const db::LaneStats& lane) { return number(lane.reconnects); });
    out.family("townhall_db_lane_retries_total", "Statements run again because another of their batch failed.",
               Kind::counter);
    each_sample([](const db::LaneStats& lane) { return number(lane.again); });
}

void add_pools_of_work(Exposition& out, const MetricsSources& sources) {
    out.family("townhall_cpu_pool_waiting", "Work that waits for a thread, by what the threads are for.", Kind::gauge);
    out.sample(number(sources.cpu.waiting()), {{"pool", "general"}});
    if (sources.passwords) out.sample(number(sources.passwords->waiting()), {{"pool", "passwords"}});
}

void add_log(Exposition& out) {
    const observe::LogStats log = observe::log_stats();
    out.single("townhall_log_bytes_total", "Bytes handed to the log's output.", Kind::counter, number(log.bytes));
    out.single("townhall_log_dropped_lines_total", "Log lines lost: the output stood still, or was full.",
               Kind::counter, number(log.dropped));
}

void add_process(Exposition& out) {
    const observe::ProcessStats process = observe::process_stats();
    out.single("process_cpu_seconds_total", "Processor time used, in user and system mode.", Kind::counter,
               process.cpu_seconds);
    out.single("process_resident_memory_bytes", "Memory in use.", Kind::gauge, number(process.resident_bytes));
    out.single("process_open_fds", "Open file descriptors.", Kind::gauge, number(process.open_files));
    out.single("process_max_fds", "Most file descriptors that may be open.", Kind::gauge,
               number(process.most_open_files));
    out.single("process_start_time_seconds", "When the process started, as Unix time.", Kind::gauge, process.started);
    out.family("townhall_build_info", "Always 1; the labels tell what runs.", Kind::gauge);
    out.sample(1, {{"version", kVersionText}, {"commit", kCommit}, {"build", kBuild}});
}

}  // namespace

std::string metrics_text(const MetricsSources& sources) {
    Databases databases{{"jobs", sources.jobs.stats()}};
    if (sources.requests) databases.emplace_back("requests", sources.requests->stats());
    Exposition out;
    if (sources.server) {
        add_requests(out, sources.server->requests());
        add_connections(out, sources.server->stats());
    }
    add_queries(out, databases);
    add_pools(out, databases);
    add_lanes(out, databases);
    add_pools_of_work(out, sources);
    add_log(out);
    add_process(out);
    return sources.registry.render() + out.take();
}

}  // namespace townhall::app
