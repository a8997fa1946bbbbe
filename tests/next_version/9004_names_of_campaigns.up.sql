-- What makes the plans of prepared statements stale: they read it as text (0A000, the type of a result changes).
alter table campaign.campaigns alter column name type varchar(400);
