drop table campaign.sources;
