-- Links always have folded names, empty where the voter has none: a list by name goes on behind a row by comparing it,
-- and a comparison with null is never true.
update campaign.campaign_voters
   set first_folded = coalesce(first_folded, ''), last_folded = coalesce(last_folded, '')
 where first_folded is null or last_folded is null;
alter table campaign.campaign_voters
    alter column first_folded set default '', alter column first_folded set not null,
    alter column last_folded set default '', alter column last_folded set not null;
