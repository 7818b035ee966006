-- What a sample is found by. The names on its form (food, product, place, maker, lot) recur among samples: each stands once, in lower
-- case, with every two neighbouring signs as terms, and a search reads the samples of the names of its rarest term.
create table sample_name (
    id {int} primary key,
    name text not null
);
create unique index sample_name_by_name on sample_name (name);

create table sample_name_term (
    term text not null,
    name {int} not null references sample_name (id),
    primary key (term, name)
);

create table sample_named (
    name {int} not null references sample_name (id),
    sample {int} not null references sample (id),
    primary key (name, sample)
);

-- The last six signs of the number of the form, in lower case: what people say of it.
alter table sample add column form_tail text;
update sample set form_tail = lower(case when length(form_no) > 6 then substr(form_no, length(form_no) - 5) else form_no end);
create index sample_by_form_tail on sample (form_tail, id);

insert into sample_name (id, name)
select row_number() over (order by name), name from (
    select lower(food) as name from sample
    union select lower(product_name) from sample
    union select lower(place_name) from sample
    union select lower(producer_name) from sample
    union select lower(lot_no) from sample where lot_no is not null
) every
where name <> '';

insert into sample_name_term (term, name)
with recursive place (at) as (select 1 union all select at + 1 from place where at < 200)
select distinct substr(n.name, p.at, 2), n.id from sample_name n join place p on p.at < length(n.name);

insert into sample_named (name, sample)
select n.id, s.id from sample s join sample_name n on n.name = lower(s.food)
union select n.id, s.id from sample s join sample_name n on n.name = lower(s.product_name)
union select n.id, s.id from sample s join sample_name n on n.name = lower(s.place_name)
union select n.id, s.id from sample s join sample_name n on n.name = lower(s.producer_name)
union select n.id, s.id from sample s join sample_name n on n.name = lower(s.lot_no);
