-- Names of several words ("garcia marquez", "mary ann") are found by each of their words too: whoever searches for
-- Marquez means them as well. Short words ("de", "la", "van") are in too many names to tell one from another; and of a
-- name of hundreds of words the first few count.
create function campaign.name_keys(campaign bigint, kind text, name text) returns bigint[]
    language plpgsql immutable strict parallel safe
as $$
declare
    keys bigint[] := campaign.spellings(campaign, kind, name);
    word text;
begin
    if pg_catalog.strpos(name, ' ') > 0 then
        foreach word in array (pg_catalog.string_to_array(name, ' '))[1:6] loop
            if pg_catalog.length(word) > 3 then
                keys := keys || campaign.spellings(campaign, kind, word);
            end if;
        end loop;
    end if;
    return keys;
end
$$;
revoke execute on function campaign.name_keys from public;
create index names_keys on campaign.names using gin (campaign.name_keys(campaign_id, kind, value));
drop index campaign.names_spellings;

-- As before, by the new index. Several words are one name that is there or is not: by trigrams they would find everybody
-- who has one of the words.
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
                          where campaign.name_keys(s.campaign_id, s.kind, s.value)
                                && campaign.spellings(here, wanted_kind, word)
                         offset 0) t  -- by that index: the other one would make the keys of the whole campaign
                  where t.campaign_id = here and t.kind = wanted_kind collate "C"
                  order by score desc, t.value limit most)) n
         group by n.value
         order by 2 desc, 1
         limit most;
    if found or strpos(word, ' ') > 0 then
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
