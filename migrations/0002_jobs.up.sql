-- Background jobs. A job is inserted by the statement that makes it necessary, so both commit together; a worker claims
-- it by row (skip locked: the order of ids is not the order of commits), holds it by a lease, and settles it.
--
--     ready ──claim──▶ running ──▶ succeeded
--       ▲                │ ├─────▶ dead        (failed for good, or at the last attempt)
--       └──retry, release┘ └─lease over: rescued to ready or dead
--
-- `attempt` only ever rises: every settling, heartbeat and rescue names (id, attempt) and demands 'running', so that
-- a worker that lost its lease changes nothing.
create table core.jobs (
    id           bigint generated always as identity primary key,
    kind         text not null check (length(kind) between 1 and 100),
    -- What the job is about, e.g. 'submission:0190…': for whoever shows that thing's follow-ups.
    subject      text check (length(subject) <= 200),
    -- At most one unfinished job of a kind has this key.
    unique_key   text check (length(unique_key) <= 200),
    payload      jsonb not null default '{}' check (pg_column_size(payload) <= 65536),
    state        text not null default 'ready' check (state in ('ready', 'running', 'succeeded', 'dead')),
    priority     smallint not null default 1 check (priority between 0 and 2),   -- 0 first
    run_at       timestamptz not null default now(),
    attempt      integer not null default 0,
    max_attempts integer check (max_attempts > 0),   -- null: the kind's own, written here by the first claim
    lease_until  timestamptz,
    locked_by    text,                               -- for operators
    last_error   text check (length(last_error) <= 500),   -- ours alone: never anybody's data
    created_at   timestamptz not null default now(),
    finished_at  timestamptz,
    check ((state = 'running') = (lease_until is not null)),
    check ((state in ('succeeded', 'dead')) = (finished_at is not null))
) with (
    fillfactor = 90,
    -- Every job leaves two dead rows behind, and the claim walks over those that vacuum hasn't taken yet.
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0
);

-- The claim reads the front of this one, whatever waits behind.
create index jobs_ready on core.jobs (kind, priority, run_at, id) where state = 'ready';
-- Of ids, not leases: so a heartbeat touches no index.
create index jobs_running on core.jobs (id) where state = 'running';
create index jobs_dead on core.jobs (kind, id) where state = 'dead';
create index jobs_succeeded on core.jobs (finished_at) where state = 'succeeded';   -- read by the purge
create index jobs_subject on core.jobs (subject) where subject is not null;
create unique index jobs_unique on core.jobs (kind, unique_key)
    where unique_key is not null and state in ('ready', 'running');

-- A request within a campaign may add jobs, and learns no more than their ids.
grant insert (kind, subject, unique_key, payload, priority, run_at, max_attempts),
      select (id, kind, unique_key, state) on core.jobs to townhall_app;

-- The statements of the worker are functions for the sake of their settings: planned while the table was empty, they
-- would go on reading all of it when it is full. Rows are looked up by id: `state || ''` keeps
-- the planner from the index of running jobs, which it would read once for every id.

-- Claims up to limits[i] jobs of kinds[i], the most urgent first, then those due longest.
create function core.claim_jobs(kinds text[], limits integer[], leases integer[], attempts integer[], worker text)
    returns table (id bigint, kind text, subject text, payload jsonb, attempt integer, max_attempts integer)
    language plpgsql
    set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    return query
    with due as materialized (
        select found.id, k.lease, k.attempts
        from unnest(kinds, limits, leases, attempts) as k (kind, free, lease, attempts)
        cross join lateral (
            -- Each urgency by itself, so that jobs put off until later are not walked over.
            select ready.id
            from (values (0::smallint), (1::smallint), (2::smallint)) as urgency (priority)
            cross join lateral (
                select j.id from core.jobs j
                where j.state = 'ready' and j.kind = k.kind and j.priority = urgency.priority and j.run_at <= now()
                order by j.run_at, j.id
                limit k.free
                for update skip locked
            ) as ready
            limit k.free
        ) as found
    )
    update core.jobs j
    set state = 'running', attempt = j.attempt + 1, max_attempts = coalesce(j.max_attempts, due.attempts),
        lease_until = now() + make_interval(secs => due.lease), locked_by = worker
    from due
    where j.id = due.id
    returning j.id, j.kind, j.subject, j.payload, j.attempt, j.max_attempts;
end
$$;

-- How attempts ended: 'done', 'retry' (again in `waits` milliseconds, or dead at the last attempt), 'fail' (dead), or
-- 'release' (again in `waits` milliseconds; not counted as an attempt). Gives the ids that were still the caller's.
create function core.settle_jobs(ids bigint[], attempts integer[], outcomes text[], errors text[], waits bigint[])
    returns table (id bigint, state text)
    language plpgsql
    set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    return query
    update core.jobs j
    set state = case
            when s.outcome = 'done' then 'succeeded'
            when s.outcome = 'release' or (s.outcome = 'retry' and j.attempt < j.max_attempts) then 'ready'
            else 'dead' end,
        finished_at = case
            when s.outcome = 'release' or (s.outcome = 'retry' and j.attempt < j.max_attempts) then null
            else now() end,
        run_at = case when s.outcome in ('retry', 'release') then now() + s.wait * interval '1 millisecond'
            else j.run_at end,
        max_attempts = j.max_attempts + case when s.outcome = 'release' then 1 else 0 end,
        last_error = case when s.outcome = 'done' then null else coalesce(s.error, j.last_error) end,
        lease_until = null, locked_by = null
    from unnest(ids, attempts, outcomes, errors, waits) as s (id, attempt, outcome, error, wait)
    where j.id = s.id and j.attempt = s.attempt and j.state || '' = 'running'
    returning j.id, j.state;
end
$$;

-- Signs of life: gives the ids that are still the caller's.
create function core.extend_jobs(ids bigint[], attempts integer[], leases integer[])
    returns table (id bigint)
    language plpgsql
    set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    return query
    update core.jobs j set lease_until = now() + make_interval(secs => s.lease)
    from unnest(ids, attempts, leases) as s (id, attempt, lease)
    where j.id = s.id and j.attempt = s.attempt and j.state || '' = 'running'
    returning j.id;
end
$$;

-- Takes jobs from workers that went silent. After the first loss a job is back within two seconds, later ones wait
-- longer: a job may be what kills the workers.
create function core.rescue_jobs()
    returns table (kind text, state text)
    language plpgsql
    set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    return query
    with lost as materialized (
        select j.id, case when j.attempt >= j.max_attempts then 'dead' else 'ready' end as state
        from core.jobs j
        where j.state = 'running' and j.lease_until < now()
        order by j.id
        limit 500
        for update skip locked
    )
    update core.jobs j
    set state = lost.state,
        run_at = now() + random() * least(2 ^ least(j.attempt, 10), 600) * interval '1 second',
        finished_at = case when lost.state = 'dead' then now() end,
        last_error = 'the worker was lost', lease_until = null, locked_by = null
    from lost
    where j.id = lost.id and j.state || '' = 'running'
    returning j.kind, j.state;
end
$$;

revoke execute on function core.claim_jobs, core.settle_jobs, core.extend_jobs, core.rescue_jobs from public;
