#include "app/jobs_routes.hpp"

#include <array>
#include <limits>
#include <string>
#include <utility>

#include "platform/api/audit.hpp"
#include "platform/api/encode.hpp"
#include "platform/api/etag.hpp"
#include "platform/api/json.hpp"
#include "platform/api/paging.hpp"
#include "platform/jobs/admin.hpp"

namespace townhall::jobs {

constexpr auto schema_of(std::type_identity<Entry>) {
    using E = Entry;
    return api::object("Job", api::field("id", &E::id), api::field("kind", &E::kind),
                       api::field("subject", &E::subject), api::field("state", &E::state),
                       api::field("attempt", &E::attempt), api::field("max_attempts", &E::max_attempts),
                       api::field("lost", &E::lost), api::field("locked_by", &E::locked_by),
                       api::field("last_error", &E::last_error), api::field("created_at", &E::created_at),
                       api::field("run_at", &E::run_at), api::field("finished_at", &E::finished_at),
                       api::field("payload", &E::payload));
}

}  // namespace townhall::jobs

namespace townhall::app {

namespace {

enum class State : std::uint8_t { dead, ready, running, succeeded };
constexpr auto enum_names(std::type_identity<State>) {
    using Name = std::pair<State, std::string_view>;
    return std::array{Name{State::dead, "dead"}, Name{State::ready, "ready"}, Name{State::running, "running"},
                      Name{State::succeeded, "succeeded"}};
}

struct ListJobs {
    State state = State::dead;
    std::optional<std::string> kind;
    std::int64_t per_page = 50;
    std::optional<std::string> after;
};
constexpr auto schema_of(std::type_identity<ListJobs>) {
    using L = ListJobs;
    return api::object("ListJobs", api::query("state", &L::state, api::defaulted),
                       api::query("kind", &L::kind, api::min_len<1>, api::max_len<100>),
                       api::query("per_page", &L::per_page, api::min<1>, api::max<200>, api::defaulted),
                       api::query("after", &L::after, api::max_len<200>));
}

struct OneJob {
    std::int64_t id = 0;
};
constexpr auto schema_of(std::type_identity<OneJob>) { return api::object("OneJob", api::path("id", &OneJob::id)); }

constexpr api::ErrorCode kNotDead{"job_not_dead", 409, "Only a job that failed for good can be replayed or discarded"};

constexpr api::Endpoint<ListJobs, api::Page<jobs::Entry>> kListJobs{
    .verb = api::get,
    .path = "/api/v1/jobs",
    .summary = "List background jobs in one state, newest first; without it, those that failed for good",
    .who = api::Who::admin};
constexpr api::Endpoint<OneJob, jobs::Entry> kGetJob{.verb = api::get,
                                                     .path = "/api/v1/jobs/{id}",
                                                     .summary = "Read one background job",
                                                     .who = api::Who::admin,
                                                     .errors = {&api::kNotFound}};
constexpr api::Endpoint<OneJob, jobs::Entry> kReplayJob{
    .verb = api::post,
    .path = "/api/v1/jobs/{id}/replay",
    .summary = "Give a job that failed for good another round of attempts",
    .who = api::Who::admin,
    .errors = {&api::kNotFound, &kNotDead, &api::kConflict}};
constexpr api::Endpoint<OneJob, api::Nothing> kDiscardJob{
    .verb = api::del,
    .path = "/api/v1/jobs/{id}",
    .summary = "Delete a job that failed for good",
    .who = api::Who::admin,
    .success = 204,
    .errors = {&api::kNotFound, &kNotDead, &api::kPreconditionFailed}};

constexpr std::array<const db::Statement*, 5> kQueries{&jobs::kList, &jobs::kShow, &jobs::kReplayOne, &jobs::kDiscard,
                                                       &jobs::kAddProbes};

Task<Result<api::Page<jobs::Entry>>> list_jobs(JobsDeps deps, api::Context& context, ListJobs in) {
    const auto after = api::read_number_cursor(deps.cursors, context.route, in.after);
    if (!after) co_return std::unexpected(after.error());
    const std::int64_t below = after->value_or(std::numeric_limits<std::int64_t>::max());
    api::Page<jobs::Entry> page;
    page.per_page = in.per_page;
    page.items = co_await deps.db.all(db::Scope::owner().slow(), jobs::kList, std::string(api::name_of(in.state)),
                                      in.kind, below, static_cast<std::int32_t>(in.per_page + 1));
    api::end_page(page, deps.cursors, context.route, [](const jobs::Entry& last) { return std::to_string(last.id); });
    co_return page;
}

Task<Result<jobs::Entry>> get_job(JobsDeps deps, OneJob in) {
    auto found = co_await deps.db.optional(db::Scope::owner(), jobs::kShow, in.id);
    if (!found) co_return std::unexpected(api::kNotFound);
    co_return *std::move(found);
}

/// Why a dead letter could not be had.
Task<api::Error> missing(JobsDeps deps, std::int64_t id) {
    const auto found = co_await deps.db.optional(db::Scope::owner(), jobs::kShow, id);
    co_return found ? api::Error(kNotDead) : api::Error(api::kNotFound);
}

Task<void> note(db::Transaction& tx, const api::Context& context, std::string_view action, std::int64_t id,
                const std::string& kind) {
    db::Json details{R"({"kind":)"};
    api::json::write_string(details.text, kind);
    details.text += '}';
    co_await api::audit(tx, api::audit_by(context),
                        {.action = action, .subject = "job:" + std::to_string(id), .details = std::move(details)});
}

Task<Result<jobs::Entry>> replay_job(JobsDeps deps, api::Context& context, OneJob in) {
    const auto body = [&](db::Transaction& tx) -> Task<std::optional<jobs::Entry>> {
        auto replayed = co_await tx.optional(jobs::kReplayOne, in.id);
        if (replayed) co_await note(tx, context, "job.replayed", in.id, replayed->kind);
        co_return replayed;
    };
    auto replayed = co_await deps.db.transaction(db::Scope::owner(), body);
    if (!replayed) co_return std::unexpected(co_await missing(deps, in.id));
    deps.worker.wake();
    co_return *std::move(replayed);
}

/// Whether the job is still as the client knows it.
Task<std::optional<api::Error>> check(db::Transaction& tx, const api::Context& context, std::int64_t id) {
    const auto now = co_await tx.optional(jobs::kShow, id);
    if (!now) co_return api::kNotFound;
    co_return api::check_change(context.conditions(), api::etag_of_value(*now));
}

Task<Result<api::Nothing>> discard_job(JobsDeps deps, api::Context& context, OneJob in) {
    const auto body = [&](db::Transaction& tx) -> Task<Result<api::Nothing>> {
        if (auto error = co_await check(tx, context, in.id)) co_return std::unexpected(*std::move(error));
        const auto kind = co_await tx.optional(jobs::kDiscard, in.id);
        if (!kind) co_return std::unexpected(kNotDead);
        co_await note(tx, context, "job.discarded", in.id, *kind);
        co_return api::Nothing{};
    };
    co_return co_await deps.db.transaction(db::Scope::owner(), body);
}

}  // namespace

void add_jobs_routes(api::Router& router, const JobsDeps& deps) {
    router.add(kListJobs, deps, list_jobs);
    router.add(kGetJob, deps, get_job);
    router.add(kReplayJob, deps, replay_job);
    router.add(kDiscardJob, deps, discard_job);
}

std::span<const db::Statement* const> jobs_queries() { return kQueries; }

}  // namespace townhall::app
