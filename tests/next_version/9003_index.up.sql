-- townhall: no-transaction
-- What PostgreSQL does beside others.
create index concurrently if not exists next_version_idx on campaign.voters (next_version);
create index concurrently if not exists next_name_idx on website.visitors (name);
