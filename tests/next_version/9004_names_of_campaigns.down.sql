alter table campaign.campaigns alter column name type text;
