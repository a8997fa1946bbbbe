#pragma once

#include <optional>
#include <string>
#include <vector>

#include "campaign/imports/run_import.hpp"
#include "platform/api/event_stream.hpp"
#include "platform/api/router.hpp"
#include "platform/db/db.hpp"
#include "platform/guard/seal.hpp"
#include "platform/jobs/jobs.hpp"
#include "platform/observe/cpu_pool.hpp"
#include "platform/storage/store.hpp"

/// Voter files on their way into a campaign: taken in, read in the background, told about, and given back where bad.
namespace townhall::campaign {

/// Runs imports as jobs, one at a time, on threads of its own.
class ImportRunner {
  public:
    struct Deps {
        std::string conninfo;  // of the owner
        storage::ObjectStore& store;
    };
    explicit ImportRunner(Deps deps) : deps_(std::move(deps)), threads_({.threads = 1, .queue = 4}) {}

    /// The job `voters.import`.
    [[nodiscard]] jobs::Kind kind();

    /// After the worker has stopped.
    Task<void> stop() { co_await threads_.stop(); }

  private:
    Task<jobs::Outcome> run(jobs::Job job);

    Deps deps_;
    observe::CpuPool threads_;
};

/// Clears away the files of uploads, imports and previews that nobody needs any more: what a crash, or a database that
/// went away, left between two steps.
[[nodiscard]] jobs::Kind purge_files_kind(db::Database& db, storage::ObjectStore& store);
inline constexpr char kPurgeFiles[] = "purge.import_files";

struct ImportsDeps {
    db::Database& db;
    const guard::SealKey& answers;
    const guard::SignKey& cursors;
    storage::ObjectStore& store;
    jobs::Worker& jobs;
    observe::CpuPool& cpu;
    api::EventStreams& events;
    std::uint64_t most_bytes;  // of one file
};

void add_import_routes(api::Router& router, const ImportsDeps& deps);
[[nodiscard]] std::vector<const db::Statement*> import_queries();

/// An import, as clients see one.
struct Import {
    db::Uuid id;
    std::int64_t campaign_id = 0;
    std::string status;
    std::optional<std::string> filename, layout, failure;
    std::int64_t size = 0;
    std::string source, on_match;
    bool dry_run = false;
    std::int64_t rows = 0, created = 0, updated = 0, unchanged = 0, duplicates = 0, rejected = 0, warnings = 0;
    std::optional<std::int64_t> rows_total;
    std::optional<double> progress;  // 0 to 1, once the rows are counted
    std::optional<double> rows_per_second;
    db::Timestamp created_at;
    std::optional<db::Timestamp> started_at, finished_at;
};
constexpr auto columns_of(std::type_identity<Import>) {
    using I = Import;
    return std::tuple{&I::id,       &I::campaign_id,     &I::status,     &I::filename,   &I::layout,     &I::failure,
                      &I::size,     &I::source,          &I::on_match,   &I::dry_run,    &I::rows,       &I::created,
                      &I::updated,  &I::unchanged,       &I::duplicates, &I::rejected,   &I::warnings,   &I::rows_total,
                      &I::progress, &I::rows_per_second, &I::created_at, &I::started_at, &I::finished_at};
}
constexpr auto schema_of(std::type_identity<Import>) {
    using I = Import;
    return api::object("Import", api::field("id", &I::id), api::field("campaign_id", &I::campaign_id),
                       api::field("status", &I::status), api::field("filename", &I::filename),
                       api::field("size", &I::size), api::field("source", &I::source), api::field("layout", &I::layout),
                       api::field("on_match", &I::on_match), api::field("dry_run", &I::dry_run),
                       api::field("rows", &I::rows), api::field("rows_total", &I::rows_total),
                       api::field("created", &I::created), api::field("updated", &I::updated),
                       api::field("unchanged", &I::unchanged), api::field("duplicates", &I::duplicates),
                       api::field("rejected", &I::rejected), api::field("warnings", &I::warnings),
                       api::field("progress", &I::progress), api::field("rows_per_second", &I::rows_per_second),
                       api::field("failure", &I::failure), api::field("created_at", &I::created_at),
                       api::field("started_at", &I::started_at), api::field("finished_at", &I::finished_at));
}

[[nodiscard]] inline bool final(const Import& import) {
    return import.status != "queued" && import.status != "running";
}

}  // namespace townhall::campaign
