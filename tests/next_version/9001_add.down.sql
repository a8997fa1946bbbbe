drop view core.next_view;
drop table core.next_version;
alter table campaign.voters drop column next_version, drop column counted;
