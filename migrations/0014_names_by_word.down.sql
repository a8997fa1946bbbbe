create index names_spellings on campaign.names using gin (campaign.spellings(campaign_id, kind, value));

-- Names of the current campaign near to a folded word: the word itself, then those that begin with it, then those that
-- differ by one letter. Only where there are none, those that share enough trigrams, which costs the more the more
-- names there are. Short words have few trigrams, so one wrong letter costs more of them.
create or replace function campaign.nearest_names(wanted_kind text, word text, most integer)
    returns table (value text, score real)
    language plpgsql stable security definer rows 24 set search_path = pg_catalog, public, pg_temp
    -- By the indexes, also before the planner has heard of a campaign's names; and there is little to share out.
    set enable_seqscan = off set max_parallel_workers_per_gather = 0
as $$
declare
    here constant bigint := campaign.current_campaign();
begin
    return query
        select n.value, max(n.score)
          from ((select p.value::text, case when p.value = word collate "C" then 2.0 else 1.0 end::real as score
                   from campaign.names p
                  where p.campaign_id = here and p.kind = wanted_kind collate "C"
                    and p.value >= word collate "C" and p.value < (word || chr(1114111)) collate "C"
                  order by p.value limit most)
                union all
                (select t.value::text, similarity(t.value, word) as score
                   from (select s.* from campaign.names s
                          where campaign.spellings(s.campaign_id, s.kind, s.value)
                                && campaign.spellings(here, wanted_kind, word)
                         offset 0) t  -- by that index: the other one would make the spellings of the whole campaign
                  where t.campaign_id = here and t.kind = wanted_kind collate "C"
                  order by score desc, t.value limit most)) n
         group by n.value
         order by 2 desc, 1
         limit most;
    if found then
        return;
    end if;
    perform set_config('pg_trgm.similarity_threshold', case when length(word) <= 5 then '0.22' else '0.3' end, true);
    return query
        select t.value::text, similarity(t.value, word)
          from campaign.names t
         where t.campaign_id = here and t.kind = wanted_kind collate "C" and t.value % word
         order by 2 desc, 1
         limit most;
end
$$;

drop index campaign.names_keys;
drop function campaign.name_keys;
