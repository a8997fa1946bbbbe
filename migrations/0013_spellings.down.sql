-- Names of the current campaign near to a folded word: the word itself, then those that begin with it, then those that
-- share enough trigrams. Short words have few trigrams, so one wrong letter costs more of them.
create or replace function campaign.nearest_names(wanted_kind text, word text, most integer)
    returns table (value text, score real)
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
    here constant bigint := campaign.current_campaign();
begin
    perform set_config('pg_trgm.similarity_threshold', case when length(word) <= 5 then '0.22' else '0.3' end, true);
    return query
        select n.value, max(n.score)
          from ((select p.value::text, case when p.value = word collate "C" then 2.0 else 1.0 end::real as score
                   from campaign.names p
                  where p.campaign_id = here and p.kind = wanted_kind collate "C"
                    and p.value >= word collate "C" and p.value < (word || chr(1114111)) collate "C"
                  order by p.value limit most)
                union all
                (select t.value::text, similarity(t.value, word) as score
                   from campaign.names t
                  where t.campaign_id = here and t.kind = wanted_kind collate "C" and t.value % word
                  order by score desc, t.value limit most)) n
         group by n.value
         order by 2 desc, 1
         limit most;
end
$$;

drop index campaign.names_spellings;
drop function campaign.spellings;
