alter table website.visitors alter column name type varchar(400);
