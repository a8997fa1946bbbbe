#include "app/system_routes.hpp"

#include <fmt/format.h>

#include "app/metrics_text.hpp"
#include "app/version.hpp"
#include "platform/guard/hash.hpp"

namespace townhall::app {

namespace {

using api::Nothing;
using api::Raw;

constexpr api::Endpoint<Nothing, Raw> kHealth{
    .verb = api::get, .path = "/healthz", .summary = "Whether the process lives", .who = api::Who::anyone};
constexpr api::Endpoint<Nothing, Raw> kReady{.verb = api::get,
                                             .path = "/readyz",
                                             .summary = "Whether requests can be served, by component",
                                             .who = api::Who::anyone,
                                             .errors = {&api::kUnavailable}};
constexpr api::Endpoint<Nothing, Raw> kMetrics{.verb = api::get,
                                               .path = "/metrics",
                                               .summary = "Prometheus metrics",
                                               .who = api::Who::anyone,
                                               .errors = {&api::kNotFound},
                                               .out_type = "text/plain"};
constexpr api::Endpoint<Nothing, Raw> kVersion{
    .verb = api::get, .path = "/version", .summary = "Version and build", .who = api::Who::anyone};
constexpr api::Endpoint<Nothing, Raw> kOpenApi{
    .verb = api::get, .path = "/openapi.json", .summary = "This contract", .who = api::Who::anyone};

// The queue is usable when its table can be read.
constexpr db::Query<std::int64_t()> kQueue{
    "system.queue", db::Mode::read, "select count(*) from (select from core.jobs where state = 'ready' limit 1) q"};
constexpr std::array<const db::Statement*, 1> kQueries{&kQueue};

http::Response json_answer(int status, std::string body) {
    http::Response response;
    response.status = status;
    response.content_type = "application/json";
    response.body = std::move(body);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

Task<Result<http::Response>> health(SystemDeps) { co_return json_answer(200, R"({"status":"ok"})"); }

Task<bool> queue_usable(db::Database& db) {
    try {
        co_await db.one(db::Scope::owner(), kQueue);
        co_return true;
    } catch (const std::exception&) {
        co_return false;
    }
}

Task<bool> storage_usable(storage::ObjectStore& store) {
    constexpr std::uint64_t kLeast = 16 << 20;
    try {
        co_return co_await store.free_bytes() > kLeast;
    } catch (const std::exception&) {
        co_return false;
    }
}

Task<Result<http::Response>> readiness(SystemDeps deps) {
    const bool serving = deps.ready.load();
    const bool database = co_await deps.db.healthy();
    const bool queue = database && co_await queue_usable(deps.db);
    const bool storage = co_await storage_usable(deps.store);
    const auto word = [](bool good) { return good ? "ok" : "failing"; };
    const bool ready = serving && database && queue && storage;
    // Migrations ran before anything else, or this process would not be here.
    auto response = json_answer(
        ready ? 200 : 503,
        fmt::format(
            R"({{"status":"{}","components":{{"server":"{}","database":"{}","migrations":"ok","queue":"{}","storage":"{}"}}}})",
            ready ? "ready" : "not ready", serving ? "ok" : "draining", word(database), word(queue), word(storage)));
    if (!ready) response.headers.emplace_back("Retry-After", "1");
    co_return response;
}

Task<Result<http::Response>> metrics(SystemDeps deps, api::Context& context) {
    const auto sent = context.header("authorization");
    const std::string wanted = "Bearer " + deps.metrics_token;
    // Closed looks like absent: whether there are metrics is nobody's business.
    if (deps.metrics_token.empty() || !sent || !guard::same_bytes(*sent, wanted))
        co_return std::unexpected(api::Error(api::kNotFound));
    http::Response response;
    response.content_type = "text/plain; version=0.0.4";
    response.body = deps.metrics.render() + metrics_text(deps.db.stats(), deps.server->stats());
    co_return response;
}

Task<Result<http::Response>> version(SystemDeps) {
    co_return json_answer(
        200, fmt::format(R"({{"version":"{}","commit":"{}","build":"{}"}})", kVersionText, kCommit, kBuild));
}

Task<Result<http::Response>> contract(SystemDeps deps) {
    auto response = json_answer(200, deps.openapi);
    response.headers.front().second = "public, max-age=300";
    co_return response;
}

}  // namespace

void add_system_routes(api::Router& router, const SystemDeps& deps) {
    router.add(kHealth, deps, health);
    router.add(kReady, deps, readiness);
    router.add(kMetrics, deps, metrics);
    router.add(kVersion, deps, version);
    router.add(kOpenApi, deps, contract);
}

std::span<const db::Statement* const> system_queries() { return kQueries; }

}  // namespace townhall::app
