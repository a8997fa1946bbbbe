drop table website.submissions;
drop table website.visitors;
