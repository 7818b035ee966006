-- What a task is found by: every two neighbouring signs of its Chinese title and of the names of its places, every three of its English
-- title, in lower case, and the last part of each place's key as a whole. As with matters, a search reads the tasks of its rarest term.
create table task_term (
    term text not null,
    task {int} not null references task (id),
    primary key (term, task)
);

insert into task_term (term, task)
with recursive place (at) as (select 1 union all select at + 1 from place where at < 200)
select distinct substr(lower(t.title_zh), p.at, 2), t.id from task t join place p on p.at < length(t.title_zh)
union
select distinct substr(lower(t.title_en), p.at, 3), t.id from task t join place p on p.at < length(t.title_en) - 1
union
select distinct substr(lower(i.label), p.at, 2), i.task from task_item i join place p on p.at < length(i.label)
union
select distinct lower(substr(i.subject, 1 + coalesce((select max(q.at) from place q where q.at <= length(i.subject) and substr(i.subject, q.at, 1) = '/'), 0))), i.task
from task_item i;
