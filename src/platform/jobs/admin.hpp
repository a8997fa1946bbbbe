#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>

#include "platform/db/query.hpp"

/// What operators see of the queue, and do with it.
namespace townhall::jobs {

/// A job, as operators see it.
struct Entry {
    std::int64_t id;
    std::string kind;
    std::optional<std::string> subject;
    std::string state;
    std::int32_t attempt;
    std::optional<std::int32_t> max_attempts;  // none before the first claim
    bool lost;                                 // the worker of the last attempt was
    std::optional<std::string> locked_by;
    std::optional<std::string> last_error;
    db::Timestamp created_at;
    db::Timestamp run_at;
    std::optional<db::Timestamp> finished_at;
    std::optional<db::Json> payload;  // only where one job is asked for
};
constexpr auto columns_of(std::type_identity<Entry>) {
    using E = Entry;
    return std::tuple{&E::id,           &E::kind,        &E::subject,   &E::state,      &E::attempt,
                      &E::max_attempts, &E::lost,        &E::locked_by, &E::last_error, &E::created_at,
                      &E::run_at,       &E::finished_at, &E::payload};
}
#define TOWNHALL_JOB_COLUMNS \
    "id, kind, subject, state, attempt, max_attempts, lost, locked_by, last_error, created_at, run_at, finished_at"

/// state, kind (none: all), below this id, at most so many: the newest first.
inline constexpr db::Query<Entry(std::string, std::optional<std::string>, std::int64_t, std::int32_t)> kList{
    "jobs.list", db::Mode::read,
    "select " TOWNHALL_JOB_COLUMNS
    ", null::jsonb from core.jobs"
    " where state = $1 and ($2::text is null or kind = $2) and id < $3 order by id desc limit $4"};

inline constexpr db::Query<Entry(std::int64_t)> kShow{
    "jobs.show", db::Mode::read, "select " TOWNHALL_JOB_COLUMNS ", payload from core.jobs where id = $1"};

// `attempt` only ever rises, so a new round of attempts raises the bound.
#define TOWNHALL_REPLAY_DEAD                                                                               \
    "update core.jobs set state = 'ready', max_attempts = attempt + 5, run_at = now(), finished_at = null" \
    " where state = 'dead' and "

/// Gives a dead letter another round of attempts: no row where it is none (any more). A conflict where an unfinished
/// job has the same unique key.
inline constexpr db::Query<Entry(std::int64_t)> kReplayOne{
    "jobs.replay_one", db::Mode::write, TOWNHALL_REPLAY_DEAD "id = $1 returning " TOWNHALL_JOB_COLUMNS ", null::jsonb"};

/// The same for those of a subject.
inline constexpr db::Query<void(std::string)> kReplay{"jobs.replay", db::Mode::write,
                                                      TOWNHALL_REPLAY_DEAD "subject = $1"};
#undef TOWNHALL_REPLAY_DEAD

/// Deletes a dead letter and gives its kind: no row where it is none.
inline constexpr db::Query<std::string(std::int64_t)> kDiscard{
    "jobs.discard", db::Mode::write, "delete from core.jobs where id = $1 and state = 'dead' returning kind"};

#undef TOWNHALL_JOB_COLUMNS

/// The kind that does nothing.
inline constexpr char kProbe[] = "system.probe";

/// Enqueues so many probes.
inline constexpr db::Query<void(std::int64_t)> kAddProbes{
    "jobs.add_probes", db::Mode::write,
    "insert into core.jobs (kind, priority) select 'system.probe', 2 from generate_series(1, $1::bigint)"};

}  // namespace townhall::jobs
