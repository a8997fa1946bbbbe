drop trigger import_given_up on core.jobs;
drop function campaign.fail_import;
drop table campaign.import_faults;
drop table campaign.imports;
