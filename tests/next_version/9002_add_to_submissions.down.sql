alter table website.submissions drop column next_version;
