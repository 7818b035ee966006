-- 文号: the number a paper bears once it is issued, and the sign (发文机关代字) an organ puts before its numbers.
create table organ_sign (
    region text not null,
    agency text not null,
    sign text not null,
    at {int} not null,
    primary key (region, agency)
);
create unique index organ_sign_by_sign on organ_sign (sign);

alter table document add column number text;
create unique index document_by_number on document (number) where number is not null;

-- A person of the register bears the name of a sampler, and who decides found that it is another person.
create table sampling_namesake (
    sampler {int} not null,         -- an account
    person {int} not null,          -- of the register
    cleared {int} not null,
    cleared_by {int},
    primary key (sampler, person)
);
