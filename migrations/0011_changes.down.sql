drop index website.submissions_updated;
alter table website.submissions drop column updated_at;

drop trigger campaigns_notify_new on campaign.campaigns;

drop trigger users_address on core.users;
drop function core.note_address_change();
alter table core.users drop column address_changed_at;

update campaign.campaign_voters m set removed_at = null
  from campaign.voters v where v.id = m.voter_id and v.deleted_at = m.removed_at;

-- Overlays `patch` (columns of campaign.voters; null clears) on a voter that the current campaign holds, or on any
-- voter where none is set. Every campaign that holds the voter sees the change. Null when there is no such voter.
create or replace function campaign.change_voter(voter bigint, patch jsonb, new_first text, new_last text) returns bigint
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    here constant bigint := campaign.current_campaign();
begin
    perform 1 from campaign.voters v
      where v.id = voter and v.deleted_at is null
        and (here is null or exists (select from campaign.campaign_voters m
                                      where m.campaign_id = here and m.voter_id = voter and m.removed_at is null))
        for update;
    if not found then
        return null;
    end if;
    update campaign.voters v
       set (first_name, middle_name, last_name, suffix, date_of_birth, birth_year, gender, party, status, registered_at,
            phone, email, other_phones, other_emails, address, address2, city, state, zip, zip4, county, country,
            mailing, precinct, districts, extra) =
           (select n.first_name, n.middle_name, n.last_name, n.suffix, n.date_of_birth, n.birth_year, n.gender, n.party,
                   n.status, n.registered_at, n.phone, n.email, n.other_phones, n.other_emails, n.address, n.address2,
                   n.city, n.state, n.zip, n.zip4, n.county, n.country, n.mailing, n.precinct, n.districts, n.extra
              from jsonb_populate_record(v, patch) n),
           content_hash = null, updated_at = clock_timestamp()
     where v.id = voter;
    perform campaign.remember_names(m.campaign_id, new_first, new_last)
       from campaign.campaign_voters m where m.voter_id = voter order by m.campaign_id;
    update campaign.campaign_voters m
       set changed_at = clock_timestamp(), first_folded = new_first, last_folded = new_last
     where m.voter_id = voter;
    return voter;
end
$$;

-- Makes a voter of `doc` (columns of campaign.voters) and links it to the current campaign, if there is one.
create or replace function campaign.create_voter(doc jsonb, first_folded text, last_folded text) returns bigint
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    here constant bigint := campaign.current_campaign();
    made bigint;
begin
    insert into campaign.voters (id, source, identity, first_name, middle_name, last_name, suffix, date_of_birth,
        birth_year, gender, party, status, registered_at, phone, email, other_phones, other_emails, address, address2,
        city, state, zip, zip4, county, country, mailing, precinct, districts, extra)
    select nextval(pg_get_serial_sequence('campaign.voters', 'id')), source, identity, first_name, middle_name,
        last_name, suffix, date_of_birth, birth_year, gender, party, status, registered_at, phone, email, other_phones,
        other_emails, address, address2, city, state, zip, zip4, county, country, mailing, precinct, districts, extra
      from jsonb_populate_record(null::campaign.voters, doc)
    returning id into made;
    if here is not null then
        insert into campaign.campaign_voters (campaign_id, voter_id, first_folded, last_folded)
        values (here, made, first_folded, last_folded);
        perform campaign.remember_names(here, first_folded, last_folded);
    end if;
    return made;
end
$$;

drop function campaign.lock_voter;
