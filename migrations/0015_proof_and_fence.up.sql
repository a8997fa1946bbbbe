-- An address that its user wrote into the account, and at which nobody has yet shown to read the mail: it is not a
-- person's name to those who give roles by address. A mailed link that is used proves it.
alter table core.users add column email_unproven boolean not null default false;

-- Those whose address was last set by themselves, as far as the audit log tells.
update core.users u set email_unproven = true
 where u.address_changed_at is not null
   and (select a.action = 'user.changed' and a.actor_id is not distinct from u.id
          from core.audit_log a
         where a.subject = 'user:' || u.id
           and (a.action in ('password.reset', 'invitation.accepted')
                or a.action = 'user.changed' and a.details->'changed' ? 'email')
         order by a.id desc limit 1);

-- The campaign that the running statement may see. None set: null, by which functions let the owner work on all; but for
-- townhall_app no campaign at all, also inside functions that run by their owner's rights, where `role` is still the
-- caller's. Identities begin at 1.
create or replace function campaign.current_campaign() returns bigint
    language sql stable parallel safe
as $$
    select coalesce(nullif(current_setting('app.campaign', true), '')::bigint,
                    case when current_setting('role') = 'townhall_app' then 0 end)
$$;
