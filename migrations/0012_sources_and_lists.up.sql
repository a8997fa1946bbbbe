-- Whose ids a source's name stands for. A name of one's own (no state's, none that we give) belongs to the campaign that
-- first imported with it: else whoever guesses it, and an id, is linked to the people of another campaign.
create table campaign.sources (
    source      text collate "C" primary key check (length(source) between 1 and 100),
    -- Null once the campaign is gone: nobody gets the name, for the people that it knew are still there.
    campaign_id bigint references campaign.campaigns (id) on delete set null,
    claimed_at  timestamptz not null default now()
);
create index sources_campaign on campaign.sources (campaign_id);

-- townhall_app has no rights on it; the policy is for the day that it gets one.
alter table campaign.sources enable row level security;
create policy own_campaign on campaign.sources
    using (campaign_id = (select nullif(current_setting('app.campaign', true), '')::bigint));

-- The names that are in use: of the first import that wrote with each, else nobody's. The distinct sources are found by
-- steps in the index of (source, identity), not by reading every voter.
with recursive used (source) as (
    (select v.source from campaign.voters v order by v.source limit 1)
    union all
    select (select v.source from campaign.voters v where v.source > u.source order by v.source limit 1)
      from used u where u.source is not null
), first_import as (
    select distinct on (i.source) i.source collate "C" as source, i.campaign_id from campaign.imports i
     where i.started_at is not null and not i.dry_run order by i.source, i.created_at, i.id
)
insert into campaign.sources (source, campaign_id)
select coalesce(u.source, f.source), f.campaign_id
  from used u full join first_import f on f.source = u.source
 where coalesce(u.source, f.source) not like 'campaign:%'
   and coalesce(u.source, f.source) not in ('demo', 'manual', 'us-fl', 'us-nc', 'us-oh', 'us-tx', 'us-wa');

-- Lists of imports go on behind an import, newest first: version 7 is the order of arrival. And those that changed.
create index imports_newest on campaign.imports (campaign_id, id);
create index imports_updated on campaign.imports (updated_at);
drop index campaign.imports_campaign;
