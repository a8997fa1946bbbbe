-- Links always have folded names, empty where the voter has none: a list by name goes on behind a row by comparing it,
-- and a comparison with null is never true.
update campaign.campaign_voters
   set first_folded = coalesce(first_folded, ''), last_folded = coalesce(last_folded, '')
 where first_folded is null or last_folded is null;
alter table campaign.campaign_voters
    alter column first_folded set default '', alter column first_folded set not null,
    alter column last_folded set default '', alter column last_folded set not null;

-- errors.csv goes on behind its last row: this is its order. Deleting an import finds its rows by it too.
create index import_faults_order on campaign.import_faults (import_id, (coalesce(member, '')), line, byte_offset);
drop index campaign.import_faults_import;

-- Refused rows of an import of the current campaign, or of any where none is set, behind a place in that order. A
-- function, for behind a policy a comparison of texts is no condition of an index: each page would read all rows.
create function campaign.next_faults(import uuid, after_member text, after_line bigint, after_offset bigint, most bigint)
    returns setof campaign.import_faults
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp
    -- In the index's order, also before the planner has heard of the rows.
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
declare
    here constant bigint := campaign.current_campaign();
begin
    if not exists (select from campaign.imports i
                    where i.id = import and (here is null or i.campaign_id = here)) then
        return;
    end if;
    return query
    select f.* from campaign.import_faults f
     where f.import_id = import
       and (coalesce(f.member, ''), f.line, f.byte_offset) > (after_member, after_line, after_offset)
     order by coalesce(f.member, ''), f.line, f.byte_offset limit most;
end
$$;
revoke execute on function campaign.next_faults from public;
grant execute on function campaign.next_faults to townhall_app;
