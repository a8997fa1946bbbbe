create index imports_campaign on campaign.imports (campaign_id, created_at desc);
drop index campaign.imports_updated;
drop index campaign.imports_newest;

drop table campaign.sources;
