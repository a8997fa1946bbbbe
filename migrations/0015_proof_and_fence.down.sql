-- The campaign that the running statement may see; null (nothing) when none is set.
create or replace function campaign.current_campaign() returns bigint
    language sql stable parallel safe
as $$ select nullif(current_setting('app.campaign', true), '')::bigint $$;

alter table core.users drop column email_unproven;
