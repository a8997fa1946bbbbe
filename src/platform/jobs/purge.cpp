#include "platform/jobs/purge.hpp"

#include <utility>

namespace townhall::jobs {

namespace {

constexpr std::int32_t kBatch = 1'000;

Task<Outcome> purge(db::Database& database, const PurgeQuery& query, Job job) {
    while (!job.stop.stop_requested()) {
        const std::uint64_t gone = co_await database.execute(db::Scope::owner().slow(), query, kBatch);
        if (gone < kBatch) co_return Done{};
    }
    co_return Release{};
}

}  // namespace

Kind purge_kind(std::string name, db::Database& database, const PurgeQuery& query) {
    return {.name = std::move(name),
            .max_attempts = 3,  // the next tick of its schedule is not far
            .concurrency = 1,
            .handler = [&database, &query](Job job) { return purge(database, query, std::move(job)); },
            .timeout = std::chrono::hours(1)};
}

}  // namespace townhall::jobs
