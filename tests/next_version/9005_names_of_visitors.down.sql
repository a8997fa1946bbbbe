alter table website.visitors alter column name type text;
