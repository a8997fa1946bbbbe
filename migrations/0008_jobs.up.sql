-- Jobs, whole: claims that stay quick beside a long transaction, jobs whose worker was lost run by themselves, schedules,
-- and an index for clearing away idempotency keys.

-- Whether the last attempt ended with the loss of its worker. Such a job may be what kills them, so it is claimed
-- alone: others that were claimed with it would lose an attempt each time, and die with it.
alter table core.jobs add column lost boolean not null default false;
drop index core.jobs_ready;
create index jobs_ready on core.jobs (kind, lost, priority, run_at, id) where state = 'ready';

-- Claims up to limits[i] jobs of kinds[i]: first one that lost its worker, where takes_lost[i], then the most urgent,
-- then those due longest.
--
-- While some transaction is held open, nothing that died since can be cleared away, and the front of jobs_ready fills
-- with dead entries. So a claim begins where the caller's last one ended: floors and floor_ids hold (run_at, id), three
-- for each kind, one a priority. A transaction that commits late adds jobs behind that place: within a second they are
-- still seen here, later by the caller's next claim from the very beginning.
--
-- The row with id 0 is no job: its run_at is the time of the claim.
drop function core.claim_jobs(text[], integer[], integer[], integer[], text);
create function core.claim_jobs(kinds text[], limits integer[], leases integer[], attempts integer[],
                                takes_lost boolean[], floors timestamptz[], floor_ids bigint[], worker text)
    returns table (id bigint, kind text, subject text, payload jsonb, attempt integer, max_attempts integer,
                   lost boolean, priority smallint, run_at timestamptz)
    language plpgsql
    set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    settled constant timestamptz := now() - interval '1 second';
begin
    return query select 0::bigint, '', null::text, '{}'::jsonb, 0, 0, false, 0::smallint, now();
    return query
    with due as materialized (
        select found.id, k.lease, k.attempts
        from unnest(kinds, limits, leases, attempts, takes_lost) with ordinality
            as k (kind, free, lease, attempts, takes_lost, place)
        cross join lateral (
            -- Each urgency by itself, so that jobs put off until later are not walked over.
            select ready.id
            from (values (true, 0::smallint), (true, 1::smallint), (true, 2::smallint),
                         (false, 0::smallint), (false, 1::smallint), (false, 2::smallint)) as class (lost, priority)
            cross join lateral (
                select floors[(3 * k.place - 2 + class.priority)::int] as run_at,
                       floor_ids[(3 * k.place - 2 + class.priority)::int] as id
            ) as told
            cross join lateral (
                select case when class.lost then '-infinity' else least(told.run_at, settled) end as run_at,
                       case when class.lost or told.run_at > settled then 0 else told.id end as id
            ) as floor
            cross join lateral (
                select j.id from core.jobs j
                where j.state = 'ready' and j.kind = k.kind and j.lost = class.lost and j.priority = class.priority
                  and j.run_at <= now() and (j.run_at, j.id) > (floor.run_at, floor.id)
                order by j.run_at, j.id
                limit case when not class.lost then k.free when k.takes_lost then 1 else 0 end
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
    returning j.id, j.kind, j.subject, j.payload, j.attempt, j.max_attempts, j.lost, j.priority, j.run_at;
end
$$;

-- As before; and a job whose worker lived to tell is not lost any more.
create or replace function core.settle_jobs(ids bigint[], attempts integer[], outcomes text[], errors text[],
                                            waits bigint[])
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
        lost = false, lease_until = null, locked_by = null
    from unnest(ids, attempts, outcomes, errors, waits) as s (id, attempt, outcome, error, wait)
    where j.id = s.id and j.attempt = s.attempt and j.state || '' = 'running'
    returning j.id, j.state;
end
$$;

-- As before; and what it takes from silent workers is lost.
create or replace function core.rescue_jobs()
    returns table (kind text, state text)
    language plpgsql
    set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    return query
    with silent as materialized (
        select j.id, case when j.attempt >= j.max_attempts then 'dead' else 'ready' end as state
        from core.jobs j
        where j.state = 'running' and j.lease_until < now()
        order by j.id
        limit 500
        for update skip locked
    )
    update core.jobs j
    set state = silent.state,
        run_at = now() + random() * least(2 ^ least(j.attempt, 10), 600) * interval '1 second',
        finished_at = case when silent.state = 'dead' then now() end,
        last_error = 'the worker was lost', lost = true, lease_until = null, locked_by = null
    from silent
    where j.id = silent.id and j.state || '' = 'running'
    returning j.kind, j.state;
end
$$;

revoke execute on function core.claim_jobs, core.settle_jobs, core.rescue_jobs from public;

-- Recurring jobs: the beginning of the last interval for which one was enqueued. Whoever comes first moves it on.
create table core.job_schedules (
    kind      text primary key,
    ticked_at timestamptz not null
);

-- Read by the purge.
create index idempotency_keys_created on core.idempotency_keys (created_at);
