#include "campaign/imports/operations.hpp"
#include "platform/guard/uuid.hpp"

namespace townhall::campaign {

namespace {

constexpr std::size_t kBatch = 500;
constexpr std::chrono::hours kKept{24};  // an upload may be under way between its file and its import

constexpr db::Query<std::string(std::vector<std::string>)> kNeeded{
    "imports.needed_files", db::Mode::read,
    "select i.id::text from campaign.imports i where i.id = any(($1::text[])::uuid[])"
    " and i.status in ('queued', 'running')"};

constexpr std::array<const db::Statement*, 1> kQueries{&kNeeded};

/// Of the keys `imports/<id>`, the ids that are some.
std::vector<std::string> ids_of(const std::vector<std::string>& keys) {
    std::vector<std::string> ids;
    for (const std::string& key : keys)
        if (auto id = key.substr(key.rfind('/') + 1); guard::uuid_from(id)) ids.push_back(std::move(id));
    return ids;
}

/// Removes those of a batch that are old, and of no import that has work left.
Task<void> purge_batch(db::Database& db, storage::ObjectStore& store, const std::vector<storage::Object>& batch) {
    const auto before = std::chrono::system_clock::now() - kKept;
    std::vector<std::string> old;
    for (const storage::Object& object : batch)
        if (object.modified < before) old.push_back(object.key);
    if (old.empty()) co_return;
    const auto needed = co_await db.all(db::Scope::owner().slow(), kNeeded, ids_of(old));
    for (const std::string& key : old)
        if (std::ranges::find(needed, key.substr(key.rfind('/') + 1)) == needed.end()) co_await store.remove(key);
}

Task<jobs::Outcome> purge_files(db::Database& db, storage::ObjectStore& store, jobs::Job job) {
    for (const std::string prefix : {"imports/", "previews/"}) {
        for (std::string after;;) {
            if (job.stop.stop_requested()) co_return jobs::Release{};
            const auto batch = co_await store.list(prefix, after, kBatch);
            if (batch.empty()) break;
            after = batch.back().key;
            co_await purge_batch(db, store, batch);
        }
    }
    co_return jobs::Done{};
}

}  // namespace

jobs::Kind purge_files_kind(db::Database& db, storage::ObjectStore& store) {
    return {.name = kPurgeFiles,
            .max_attempts = 3,  // the next tick of its schedule is not far
            .concurrency = 1,
            .handler = [&db, &store](jobs::Job job) { return purge_files(db, store, std::move(job)); },
            .timeout = std::chrono::hours(1)};
}

std::span<const db::Statement* const> purge_queries() { return kQueries; }

}  // namespace townhall::campaign
