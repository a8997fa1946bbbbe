-- townhall: no-transaction
drop index concurrently if exists website.next_name_idx;
drop index concurrently if exists campaign.next_version_idx;
