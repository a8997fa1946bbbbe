-- What the guard keeps: the audit log, and the one-time links of mails.

-- Who did what, on what, when, and from where. An entry is written by the statement or the transaction that does what it
-- tells. Of people it holds ids alone, so nothing in it ever has to be forgotten; and no foreign keys, for entries
-- outlive what they speak of.
create table core.audit_log (
    id          bigint generated always as identity primary key,
    at          timestamptz not null default now(),
    actor_id    bigint,                       -- the user; none: nobody was signed in, or the command line did it
    action      text not null check (action ~ '^[a-z_]+\.[a-z_]+$' and length(action) <= 60),
    subject     text check (length(subject) <= 100),    -- e.g. 'user:12'
    campaign_id bigint,
    address     text,                         -- of the client
    request_id  text,
    details     jsonb not null default '{}' check (jsonb_typeof(details) = 'object')
);
create index audit_log_actor on core.audit_log (actor_id, id) where actor_id is not null;
create index audit_log_action on core.audit_log (action, id);
create index audit_log_subject on core.audit_log (subject, id) where subject is not null;
create index audit_log_campaign on core.audit_log (campaign_id, id) where campaign_id is not null;
create index audit_log_at on core.audit_log using brin (at);

-- Only ever added to, by its owner too: who wants to change it must take the trigger away first, and can't do so by
-- mistake. `always`: a replication role does not get around it.
create function core.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is only ever added to', tg_table_schema, tg_table_name using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_log_append_only before update or delete or truncate on core.audit_log
    for each statement execute function core.refuse_change();
alter table core.audit_log enable always trigger audit_log_append_only;

-- A request within a campaign adds entries about that campaign, and reads none.
alter table core.audit_log enable row level security;
create policy own_campaign on core.audit_log for insert to townhall_app
    with check (campaign_id = (select nullif(current_setting('app.campaign', true), '')::bigint));
grant insert (actor_id, action, subject, campaign_id, address, request_id, details) on core.audit_log to townhall_app;

-- When the password was last another one: links that were asked for before are worthless. A trigger, so that no
-- statement can forget it.
alter table core.users add column password_changed_at timestamptz;
create function core.note_password_change() returns trigger language plpgsql as $$
begin
    new.password_changed_at := now();
    return new;
end
$$;
create trigger users_password before update of password_hash on core.users
    for each row when (old.password_hash is distinct from new.password_hash)
    execute function core.note_password_change();

-- One-time links, mailed to whoever forgot a password or was invited. A link is good until it expires or the password
-- changes, which its own use does.
create table core.account_links (
    hash       bytea primary key check (length(hash) = 32),    -- SHA-256 of the token
    user_id    bigint not null references core.users (id) on delete cascade,
    purpose    text not null check (purpose in ('reset', 'invitation')),
    issued_at  timestamptz not null,
    expires_at timestamptz not null check (expires_at > issued_at)
);
create index account_links_user on core.account_links (user_id, issued_at);
create index account_links_expires on core.account_links (expires_at);
