#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "platform/db/db.hpp"

/// The statements of the queue. What the functions do is told where they are made, in migrations/0002_jobs.up.sql.
namespace townhall::jobs {

struct Claimed {
    std::int64_t id;
    std::string kind;
    std::optional<std::string> subject;
    db::Json payload;
    std::int32_t attempt;
    std::int32_t max_attempts;
    bool lost;
    std::int16_t priority;
    db::Timestamp run_at;
};
constexpr auto columns_of(std::type_identity<Claimed>) {
    return std::tuple{&Claimed::id,           &Claimed::kind, &Claimed::subject,  &Claimed::payload, &Claimed::attempt,
                      &Claimed::max_attempts, &Claimed::lost, &Claimed::priority, &Claimed::run_at};
}

using Ids = std::vector<std::int64_t>;
using Ints = std::vector<std::int32_t>;
using Texts = std::vector<std::string>;

/// The first row, with id 0, is no job: its run_at is the time of the claim.
inline constexpr db::Query<Claimed(Texts, Ints, Ints, Ints, std::vector<bool>, std::vector<db::Timestamp>, Ids,
                                   std::string)>
    kClaim{"jobs.claim", db::Mode::write,
           "select id, kind, subject, payload, attempt, max_attempts, lost, priority, run_at"
           " from core.claim_jobs($1, $2, $3, $4, $5, $6, $7, $8)"};

inline constexpr db::Query<std::tuple<std::int64_t, std::string>(Ids, Ints, Texts,
                                                                 std::vector<std::optional<std::string>>, Ids)>
    kSettle{"jobs.settle", db::Mode::write, "select id, state from core.settle_jobs($1, $2, $3, $4, $5)"};

inline constexpr db::Query<std::int64_t(Ids, Ints, Ints)> kExtend{"jobs.extend", db::Mode::write,
                                                                  "select id from core.extend_jobs($1, $2, $3)"};

inline constexpr db::Query<std::tuple<std::string, std::string>()> kRescue{
    "jobs.rescue", db::Mode::write, "select kind, state from core.rescue_jobs()"};

inline constexpr db::Query<std::int32_t(std::string)> kNotify{"jobs.notify", db::Mode::write,
                                                              "select 1 from pg_notify('townhall_jobs', $1)"};

/// Enqueues a job of each kind whose interval (in seconds, each with its offset) has begun anew; gives their kinds.
inline constexpr db::Query<std::string(Texts, Ids, Ids)> kTick{
    "jobs.tick", db::Mode::write,
    "with due as (insert into core.job_schedules as s (kind, ticked_at)"
    " select k.kind, to_timestamp(floor((extract(epoch from now()) - k.later) / k.every) * k.every + k.later)"
    " from unnest($1, $2, $3) as k (kind, every, later) order by k.kind"
    " on conflict (kind) do update set ticked_at = excluded.ticked_at where s.ticked_at < excluded.ticked_at"
    " returning s.kind)"
    " insert into core.jobs (kind, unique_key, priority) select kind, 'schedule', 2 from due"
    " on conflict (kind, unique_key) where unique_key is not null and state in ('ready', 'running')"
    " do nothing returning kind"};

/// Successes are kept for 30 days; dead letters stay until somebody discards them.
inline constexpr db::Query<void(std::int32_t)> kPurge{
    "jobs.purge", db::Mode::write,
    "delete from core.jobs where id in (select id from core.jobs where state = 'succeeded'"
    " and finished_at < now() - interval '30 days' order by finished_at limit $1 for update skip locked)"};

/// Of each kind: jobs that wait, dead letters, and how many seconds the longest due one has waited. Counts stop at
/// 100,000: more is as bad.
inline constexpr db::Query<std::tuple<std::string, std::int64_t, std::int64_t, double>(Texts)> kBacklog{
    "jobs.backlog", db::Mode::read,
    "select k.kind,"
    " (select count(*) from (select from core.jobs j where j.state = 'ready' and j.kind = k.kind limit 100000) r),"
    " (select count(*) from (select from core.jobs j where j.state = 'dead' and j.kind = k.kind limit 100000) d),"
    " coalesce(extract(epoch from now() - (select min(first.run_at) from (values (false), (true)) as l (lost)"
    " cross join generate_series(0, 2) as p (priority) cross join lateral (select j.run_at from core.jobs j"
    " where j.state = 'ready' and j.kind = k.kind and j.lost = l.lost and j.priority = p.priority"
    " and j.run_at <= now() order by j.run_at limit 1) first)), 0)::float8 from unnest($1) as k (kind)"};

/// What slows the queue down: its rows that are dead and not cleared away, and the age in seconds of the oldest
/// transaction, which keeps them. Of other roles' transactions PostgreSQL tells only those who may read all statistics.
inline constexpr db::Query<std::tuple<std::int64_t, double>()> kPressure{
    "jobs.pressure", db::Mode::read,
    "select coalesce((select n_dead_tup from pg_stat_user_tables where relid = 'core.jobs'::regclass), 0),"
    " coalesce(extract(epoch from now() - (select min(begun) from (select xact_start from pg_stat_activity"
    " where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()"
    " union all select prepared from pg_prepared_xacts where database = current_database()) as t (begun))), 0)"
    "::float8"};

inline constexpr db::Query<std::int64_t(std::string, db::Json, std::optional<std::string>, std::optional<std::string>,
                                        std::int64_t, std::int32_t, std::optional<std::int32_t>)>
    kEnqueue{"jobs.enqueue", db::Mode::write,
             "insert into core.jobs (kind, payload, subject, unique_key, run_at, priority, max_attempts)"
             " values ($1, $2, $3, $4, now() + $5 * interval '1 millisecond', $6, $7)"
             " on conflict (kind, unique_key) where unique_key is not null and state in ('ready', 'running')"
             " do nothing returning id"};

}  // namespace townhall::jobs
