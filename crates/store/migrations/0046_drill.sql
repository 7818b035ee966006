-- A matter that is an exercise: it, what follows from it and everything drafted in it say so, and no statistic counts it.
alter table matter add column drill {int} not null default 0;

update matter set drill = 1 where procedure = 'incident' and facts like '%"drill":true%';
