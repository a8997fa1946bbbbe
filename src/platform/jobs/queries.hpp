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
};
constexpr auto columns_of(std::type_identity<Claimed>) {
    return std::tuple{&Claimed::id,      &Claimed::kind,    &Claimed::subject,
                      &Claimed::payload, &Claimed::attempt, &Claimed::max_attempts};
}

using Ids = std::vector<std::int64_t>;
using Ints = std::vector<std::int32_t>;
using Texts = std::vector<std::string>;

inline constexpr db::Query<Claimed(Texts, Ints, Ints, Ints, std::string)> kClaim{
    "jobs.claim", db::Mode::write,
    "select id, kind, subject, payload, attempt, max_attempts from core.claim_jobs($1, $2, $3, $4, $5)"};

inline constexpr db::Query<std::tuple<std::int64_t, std::string>(Ids, Ints, Texts,
                                                                 std::vector<std::optional<std::string>>, Ids)>
    kSettle{"jobs.settle", db::Mode::write, "select id, state from core.settle_jobs($1, $2, $3, $4, $5)"};

inline constexpr db::Query<std::int64_t(Ids, Ints, Ints)> kExtend{"jobs.extend", db::Mode::write,
                                                                  "select id from core.extend_jobs($1, $2, $3)"};

inline constexpr db::Query<std::tuple<std::string, std::string>()> kRescue{
    "jobs.rescue", db::Mode::write, "select kind, state from core.rescue_jobs()"};

inline constexpr db::Query<std::int32_t(std::string)> kNotify{"jobs.notify", db::Mode::write,
                                                              "select 1 from pg_notify('townhall_jobs', $1)"};

inline constexpr db::Query<void(std::int64_t)> kPurge{
    "jobs.purge", db::Mode::write,
    "delete from core.jobs where id in (select id from core.jobs where state = 'succeeded'"
    " and finished_at < now() - $1 * interval '1 hour' order by finished_at limit 1000 for update skip locked)"};

/// Counts stop at 100,000: more is as bad.
inline constexpr db::Query<std::tuple<std::int64_t, std::int64_t, double>(Texts)> kBacklog{
    "jobs.backlog", db::Mode::read,
    "select (select count(*) from (select from core.jobs where state = 'ready' limit 100000) r),"
    " (select count(*) from (select from core.jobs where state = 'dead' limit 100000) d),"
    " coalesce(extract(epoch from now() - (select min(first.run_at) from unnest($1) as k (kind)"
    " cross join generate_series(0, 2) as p (priority) cross join lateral (select j.run_at from core.jobs j"
    " where j.state = 'ready' and j.kind = k.kind and j.priority = p.priority and j.run_at <= now()"
    " order by j.run_at limit 1) first)), 0)::float8"};

inline constexpr db::Query<std::int64_t(std::string, db::Json, std::optional<std::string>, std::optional<std::string>,
                                        std::int64_t, std::int32_t, std::optional<std::int32_t>)>
    kEnqueue{"jobs.enqueue", db::Mode::write,
             "insert into core.jobs (kind, payload, subject, unique_key, run_at, priority, max_attempts)"
             " values ($1, $2, $3, $4, now() + $5 * interval '1 millisecond', $6, $7)"
             " on conflict (kind, unique_key) where unique_key is not null and state in ('ready', 'running')"
             " do nothing returning id"};

/// `attempt` only ever rises, so a new round raises the bound.
inline constexpr db::Query<void(std::string)> kReplay{
    "jobs.replay", db::Mode::write,
    "update core.jobs set state = 'ready', max_attempts = attempt + 5, run_at = now(), finished_at = null"
    " where subject = $1 and state = 'dead'"};

}  // namespace townhall::jobs
