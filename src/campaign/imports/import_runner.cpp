#include "campaign/imports/imports.hpp"
#include "platform/api/json.hpp"
#include "platform/db/sync/errors.hpp"

namespace townhall::campaign {

namespace {

/// What of its outcome the job needs once the import's own row has been written.
struct Ended {
    ImportEnd end = ImportEnd::completed;
    std::optional<std::string> trouble;  // of the infrastructure: worth another try
};

Ended run_guarded(const std::string& conninfo, const std::string& id, const std::filesystem::path& file,
                  const std::stop_token& stop) {
    try {
        return {run_import(conninfo, id, file, stop), {}};
    } catch (const db::SqlError& error) {
        return {{}, "the database refused a statement: " + error.sqlstate()};
    } catch (const db::ConnectionLost&) {
        return {{}, "the database went away"};
    }
}

}  // namespace

jobs::Kind ImportRunner::kind() {
    return {.name = "voters.import",
            .max_attempts = 5,  // a restart of the server counts as one
            .concurrency = 1,
            .lease = std::chrono::seconds(15),
            .handler = [this](jobs::Job job) { return run(std::move(job)); }};
}

Task<jobs::Outcome> ImportRunner::run(jobs::Job job) {
    const auto payload = api::json::parse(job.payload.text);
    const std::string id(api::json::text_at(payload ? &*payload : nullptr, "id"));
    if (id.empty()) co_return jobs::Fail{"the job names no import"};
    const std::string key = "imports/" + id;
    const auto file = deps_.store.local_path(key);
    if (!file) co_return jobs::Fail{"the store has no local files"};

    const Ended ended = co_await threads_.run(
        [this, id, file = *file, stop = job.stop] { return run_guarded(deps_.conninfo, id, file, stop); });
    // The last retry makes the job a dead letter, which fails the import too, by a trigger.
    if (ended.trouble) co_return jobs::Retry{*ended.trouble};
    if (ended.end == ImportEnd::stopped) co_return jobs::Release{};
    if (ended.end == ImportEnd::busy) co_return jobs::Release{std::chrono::seconds(2)};
    co_await deps_.store.remove(key);  // what was refused is kept, row by row; the file is not needed any more
    co_return jobs::Done{};
}

}  // namespace townhall::campaign
