drop trigger campaigns_notify on campaign.campaigns;
drop view core.user_items;
drop table core.refresh_tokens;
drop table core.sessions;
drop table core.memberships;
drop table core.users;
drop function core.notify_accounts();
