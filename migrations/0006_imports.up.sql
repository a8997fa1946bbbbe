-- Files of voters on their way in, and what of them was refused.
create table campaign.imports (
    id            uuid primary key,              -- version 7
    campaign_id   bigint not null references campaign.campaigns (id) on delete cascade,
    created_by    bigint references core.users (id) on delete set null,
    status        text not null default 'queued'
        check (status in ('queued', 'running', 'completed', 'completed_with_errors', 'failed', 'canceled')),
    filename      text,
    object_key    text,                          -- in the object store; none for a file of the command line
    size          bigint not null,
    source        text not null,
    on_match      text not null check (on_match in ('update', 'skip')),
    dry_run       boolean not null,
    mapping       jsonb,
    layout        text,
    columns       text[],                        -- of the file, as its header or layout names them
    rows          bigint not null default 0,
    created       bigint not null default 0,
    updated       bigint not null default 0,
    unchanged     bigint not null default 0,
    duplicates    bigint not null default 0,
    rejected      bigint not null default 0,
    warnings      bigint not null default 0,
    rows_total    bigint,
    -- Where the next row begins: all before it is committed (see importer/record/voter_record.hpp, Position).
    at_member     integer not null default 0,
    at_byte       bigint not null default 0,
    at_line       bigint not null default 0,
    cancel_wanted boolean not null default false,
    failure       text,
    created_at    timestamptz not null default now(),
    started_at    timestamptz,
    finished_at   timestamptz,
    updated_at    timestamptz not null default now()
);
create index imports_campaign on campaign.imports (campaign_id, created_at desc);

create table campaign.import_faults (
    import_id   uuid not null references campaign.imports (id) on delete cascade,
    line        bigint not null,
    byte_offset bigint not null,
    member      text,
    column_name text,
    code        text not null,
    reason      text not null,
    text        text not null,                   -- the row as it stands in the file
    cells       text[] not null                  -- the same in values, as many as can be told apart
);
create index import_faults_import on campaign.import_faults (import_id, line);

-- An import whose job is given up (it ended its worker again and again) has failed.
create function campaign.fail_import() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update campaign.imports
       set status = 'failed', finished_at = now(), updated_at = now(),
           failure = coalesce(failure, 'The import could not be carried out. What was committed stays; send the file again.')
     where id = (new.payload ->> 'id')::uuid and status in ('queued', 'running');
    return null;
end
$$;
create trigger import_given_up after update on core.jobs
    for each row when (new.kind = 'voters.import' and new.state = 'dead' and old.state <> 'dead')
    execute function campaign.fail_import();

alter table campaign.imports enable row level security;
create policy own_campaign on campaign.imports
    using (campaign_id = (select nullif(current_setting('app.campaign', true), '')::bigint));
alter table campaign.import_faults enable row level security;
create policy own_campaign on campaign.import_faults
    using (exists (select from campaign.imports i where i.id = import_id));
grant select on campaign.imports, campaign.import_faults to townhall_app;
