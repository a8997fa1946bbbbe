-- To the queue as it was made.
drop index core.idempotency_keys_created;
drop table core.job_schedules;
drop function core.claim_jobs(text[], integer[], integer[], integer[], boolean[], timestamptz[], bigint[], text);
drop index core.jobs_ready;
alter table core.jobs drop column lost;
create index jobs_ready on core.jobs (kind, priority, run_at, id) where state = 'ready';

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
        lease_until = null, locked_by = null
    from unnest(ids, attempts, outcomes, errors, waits) as s (id, attempt, outcome, error, wait)
    where j.id = s.id and j.attempt = s.attempt and j.state || '' = 'running'
    returning j.id, j.state;
end
$$;

create or replace function core.rescue_jobs()
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

revoke execute on function core.claim_jobs, core.settle_jobs, core.rescue_jobs from public;
