drop function campaign.next_faults;
create index import_faults_import on campaign.import_faults (import_id, line);
drop index campaign.import_faults_order;
alter table campaign.campaign_voters
    alter column first_folded drop not null, alter column first_folded drop default,
    alter column last_folded drop not null, alter column last_folded drop default;
