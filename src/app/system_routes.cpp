#include "app/system_routes.hpp"

#include <fmt/format.h>

#include "app/version.hpp"
#include "platform/guard/hash.hpp"

namespace townhall::app {

namespace {

using api::Nothing;
using api::Raw;

struct Health {
    std::string status;
};
constexpr auto schema_of(std::type_identity<Health>) {
    return api::object("Health", api::field("status", &Health::status));
}

struct Components {
    std::string server, database, migrations, queue, storage;
};
constexpr auto schema_of(std::type_identity<Components>) {
    using C = Components;
    return api::object("Components", api::field("server", &C::server), api::field("database", &C::database),
                       api::field("migrations", &C::migrations), api::field("queue", &C::queue),
                       api::field("storage", &C::storage));
}

struct Readiness {
    std::string status;
    Components components;
};
constexpr auto schema_of(std::type_identity<Readiness>) {
    return api::object("Readiness", api::field("status", &Readiness::status),
                       api::field("components", &Readiness::components));
}

struct Version {
    std::string version, commit, build;
};
constexpr auto schema_of(std::type_identity<Version>) {
    return api::object("Version", api::field("version", &Version::version), api::field("commit", &Version::commit),
                       api::field("build", &Version::build));
}

constexpr api::Endpoint<Nothing, Health> kHealth{
    .verb = api::get, .path = "/healthz", .summary = "Whether the process lives", .who = api::Who::anyone};
constexpr api::Endpoint<Nothing, Readiness> kReady{.verb = api::get,
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
constexpr api::Endpoint<Nothing, Version> kVersion{
    .verb = api::get, .path = "/version", .summary = "Version and build", .who = api::Who::anyone};
constexpr api::Endpoint<Nothing, Raw> kOpenApi{.verb = api::get,
                                               .path = "/openapi.json",
                                               .summary = "This contract",
                                               .who = api::Who::anyone,
                                               .out_schema = R"({"type":"object","required":["openapi","paths"]})",
                                               .has_etag = true};

// The queue is usable when its table can be read.
constexpr db::Query<std::int64_t()> kQueue{
    "system.queue", db::Mode::read, "select count(*) from (select from core.jobs where state = 'ready' limit 1) q"};
constexpr std::array<const db::Statement*, 1> kQueries{&kQueue};

// What is true of this moment only.
const std::pair<std::string, std::string> kNoStore{"Cache-Control", "no-store"};

Result<api::Answer<Health>> health(SystemDeps) {
    return api::Answer<Health>{.value = {.status = "ok"}, .headers = {kNoStore}};
}

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

Task<LastLook::Usable> look(const SystemDeps& deps) {
    LastLook::Usable found;
    found.database = co_await deps.db.healthy();
    found.queue = found.database && co_await queue_usable(deps.db);
    found.storage = co_await storage_usable(deps.store);
    co_return found;
}

// 503 is a problem like any other, with the components beside its members (RFC 9457, section 3.2).
http::Response not_ready(const Components& components, const http::Request& request) {
    http::Response response =
        api::problem(api::unavailable(1, "Not every component is usable."), request.path, request.request_id);
    response.body.pop_back();
    response.body += R"(,"components":)";
    api::encode(response.body, components);
    response.body += '}';
    return response;
}

Task<Result<http::Response>> readiness(SystemDeps deps, api::Context& context) {
    const bool serving = deps.ready.load();
    auto known = deps.last_look->get();
    if (!known) deps.last_look->put(*(known = co_await look(deps)));
    const auto [database, queue, storage] = *known;
    const auto word = [](bool good) { return good ? "ok" : "failing"; };
    // Migrations ran before anything else, or this process would not be here.
    Readiness ready{.status = "ready",
                    .components = {.server = serving ? "ok" : "draining",
                                   .database = word(database),
                                   .migrations = "ok",
                                   .queue = word(queue),
                                   .storage = word(storage)}};
    if (!(serving && database && queue && storage)) co_return not_ready(ready.components, context.request);
    http::Response response;
    response.content_type = "application/json";
    response.headers.push_back(kNoStore);
    api::encode(response.body, ready);
    co_return response;
}

http::Response metrics_answer(const MetricsSources& sources) {
    http::Response response;
    response.content_type = "text/plain; version=0.0.4";
    response.headers.push_back(kNoStore);
    response.body = metrics_text(sources);
    return response;
}

Result<http::Response> metrics(SystemDeps deps, api::Context& context) {
    const auto sent = context.header("authorization");
    const std::string wanted = "Bearer " + deps.metrics_token;
    // Closed looks like absent: whether there are metrics is nobody's business.
    if (deps.metrics_token.empty() || !sent || !guard::same_bytes(*sent, wanted))
        return std::unexpected(api::Error(api::kNotFound));
    return metrics_answer(deps.metrics);
}

Result<http::Response> open_metrics(SystemDeps deps) { return metrics_answer(deps.metrics); }

Result<api::Answer<Version>> version(SystemDeps) {
    return api::Answer<Version>{.value = {std::string(kVersionText), std::string(kCommit), std::string(kBuild)},
                                .headers = {kNoStore}};
}

Task<Result<http::Response>> contract(SystemDeps deps, api::Context& context) {
    co_return co_await deps.contract->answer(context);
}

}  // namespace

std::optional<LastLook::Usable> LastLook::get() {
    constexpr std::chrono::seconds kKept{1};
    const auto now = std::chrono::steady_clock::now();
    const std::scoped_lock lock(mutex_);
    if (found_ && now < next_look_) return found_;
    next_look_ = now + kKept;
    return std::nullopt;
}

void LastLook::put(Usable found) {
    const std::scoped_lock lock(mutex_);
    found_ = found;
}

void add_system_routes(api::Router& router, const SystemDeps& deps) {
    router.add(kHealth, deps, health);
    router.add(kReady, deps, readiness);
    router.add(kMetrics, deps, metrics);
    router.add(kVersion, deps, version);
    router.add(kOpenApi, deps, contract);
}

void add_admin_routes(api::Router& router, const SystemDeps& deps) {
    router.add(kHealth, deps, health);
    router.add(kReady, deps, readiness);
    router.add(kMetrics, deps, open_metrics);
}

std::span<const db::Statement* const> system_queries() { return kQueries; }

}  // namespace townhall::app
