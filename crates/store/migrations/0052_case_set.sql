-- Cases of an outbreak as they were ranked, kept with the matter or signal they belong to; every set stays.

create table case_set (
    id {int} primary key,
    about text not null,                -- matter:ID or signal:ID
    lines {bytes} not null,             -- the cases, one a line; sealed, for a case may be called after a person
    cases {int} not null,
    zh text not null,                   -- what was found, in a sentence
    en text not null,
    suspects text not null,             -- JSON: the first of the ranking
    truncated {int} not null,           -- the bounds stopped the search
    position {int} not null,            -- capture position the ranking stands on
    saved_by text not null,
    saved_at {int} not null
);
create index case_set_about on case_set (about, id);
