-- Which forms name a file, and who sent it: a file is shown to those who may see a form that names it.

create table form_file (
    sha256 text not null references attachment (sha256),
    entry {int} not null references form_entry (id),
    matter {int} not null references matter (id),
    task {int} references task (id),    -- when the form reports an item of a task
    primary key (sha256, entry)
);
create index form_file_entry on form_file (entry);

-- A form may name a file only if its author sent it or may see it already.
create table file_upload (
    sha256 text not null references attachment (sha256),
    account {int} not null,
    at {int} not null,
    primary key (sha256, account)
);

-- Files of forms kept before this step.
insert into form_file (sha256, entry, matter, task)
select a.sha256, f.id, f.matter,
       (select max(i.task) from matter_step s join task_item i on i.id = s.target where s.form = f.id)
from attachment a join form_entry f on f.body like '%"' || a.sha256 || '"%';
insert into file_upload (sha256, account, at)
select distinct n.sha256, f.account, f.at
from form_file n join form_entry f on f.id = n.entry
where f.account is not null and f.at = (
    select min(g.at) from form_file m join form_entry g on g.id = m.entry
    where m.sha256 = n.sha256 and g.account = f.account);
