-- Changes that wait for each other, and voters and campaigns that come and go.

-- Locks a voter that the current campaign holds, or any where none is set, for the rest of the transaction: what is
-- decided by its present state holds. Null when there is no such voter.
create function campaign.lock_voter(voter bigint) returns bigint
    language sql security definer set search_path = pg_catalog, pg_temp
as $$
    select v.id from campaign.voters v
     where v.id = voter and v.deleted_at is null
       and (campaign.current_campaign() is null
            or exists (select from campaign.campaign_voters m
                        where m.campaign_id = campaign.current_campaign() and m.voter_id = voter
                          and m.removed_at is null))
       for update;
$$;
revoke execute on function campaign.lock_voter from public;
grant execute on function campaign.lock_voter to townhall_app;

-- Makes a voter of `doc` (columns of campaign.voters) and links it to the current campaign, if there is one. Somebody
-- whom the campaign had and took out comes back, changed by what `doc` says; whom it holds, or never held, is refused.
create or replace function campaign.create_voter(doc jsonb, first_folded text, last_folded text) returns bigint
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    here constant bigint := campaign.current_campaign();
    made bigint;
    kept_first text;
    kept_last text;
begin
    insert into campaign.voters (id, source, identity, first_name, middle_name, last_name, suffix, date_of_birth,
        birth_year, gender, party, status, registered_at, phone, email, other_phones, other_emails, address, address2,
        city, state, zip, zip4, county, country, mailing, precinct, districts, extra)
    select nextval(pg_get_serial_sequence('campaign.voters', 'id')), source, identity, first_name, middle_name,
        last_name, suffix, date_of_birth, birth_year, gender, party, status, registered_at, phone, email, other_phones,
        other_emails, address, address2, city, state, zip, zip4, county, country, mailing, precinct, districts, extra
      from jsonb_populate_record(null::campaign.voters, doc)
    on conflict (source, identity) do nothing
    returning id into made;
    if made is null then
        select v.id into made from campaign.voters v
         where v.source = doc->>'source' and v.identity = doc->>'identity' and v.deleted_at is null for update;
        update campaign.campaign_voters m set removed_at = null
         where m.campaign_id = here and m.voter_id = made and m.removed_at is not null
        returning m.first_folded, m.last_folded into kept_first, kept_last;
        if not found then
            raise unique_violation using message = 'the voter is there', constraint = 'voters_source_identity_key';
        end if;
        return campaign.change_voter(made, doc - 'source' - 'identity',
                                     case when doc ? 'first_name' then first_folded else kept_first end,
                                     case when doc ? 'last_name' then last_folded else kept_last end);
    end if;
    if here is not null then
        insert into campaign.campaign_voters (campaign_id, voter_id, first_folded, last_folded)
        values (here, made, first_folded, last_folded);
        perform campaign.remember_names(here, first_folded, last_folded);
    end if;
    return made;
end
$$;

-- Overlays `patch` (columns of campaign.voters; null clears) on a voter that the current campaign holds, or on any
-- voter where none is set. Every campaign that holds the voter sees the change. Null when there is no such voter.
-- Another ZIP code does not keep the last four digits of the one before.
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
              from jsonb_populate_record(v, case when patch ? 'zip' and not patch ? 'zip4'
                                                  and patch->>'zip' is distinct from v.zip
                                                 then patch || '{"zip4": null}' else patch end) n),
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

-- Who is hidden is in no campaign: lists find where their pages begin, and count, by the links alone. `removed_at` is the
-- voter's `deleted_at`, which tells these links from those that were removed before.
update campaign.campaign_voters m set removed_at = v.deleted_at
  from campaign.voters v where v.id = m.voter_id and v.deleted_at is not null and m.removed_at is null;

-- When the address was last another one: a link that was asked for before was meant for whoever reads the mail there. A
-- trigger, so that no statement can forget it.
alter table core.users add column address_changed_at timestamptz;
create function core.note_address_change() returns trigger language plpgsql as $$
begin
    new.address_changed_at := now();
    return new;
end
$$;
create trigger users_address before update of email on core.users
    for each row when (old.email is distinct from new.email)
    execute function core.note_address_change();

-- Processes know which campaigns there are; a new one is told as a hidden one is.
create trigger campaigns_notify_new after insert or delete on campaign.campaigns
    for each statement execute function core.notify_accounts();

-- When a submission last changed, by the clock of its transaction: `received_at` is the program's.
alter table website.submissions add column updated_at timestamptz not null default now();
create index submissions_updated on website.submissions (updated_at);
