drop table campaign.import_faults;
drop table campaign.imports;
