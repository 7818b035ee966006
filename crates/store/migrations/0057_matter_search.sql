-- What a matter is found by: every two neighbouring signs of its Chinese title and every three of its English one, in lower case.
-- A search reads the matters of its rarest term instead of all titles; it works the same on both engines.
create table matter_term (
    term text not null,
    matter {int} not null references matter (id),
    primary key (term, matter)
);

insert into matter_term (term, matter)
with recursive place (at) as (select 1 union all select at + 1 from place where at < 200)
select distinct substr(lower(m.title_zh), p.at, 2), m.id from matter m join place p on p.at < length(m.title_zh)
union
select distinct substr(lower(m.title_en), p.at, 3), m.id from matter m join place p on p.at < length(m.title_en) - 1;

-- Who was away when a deputy took the step.
alter table matter_step add column acting_for {int};
