drop table core.account_links;
drop trigger users_password on core.users;
drop function core.note_password_change();
alter table core.users drop column password_changed_at;
drop table core.audit_log;
drop function core.refuse_change();
