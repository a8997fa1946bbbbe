alter table website.submissions add column next_version jsonb not null default '{}';
