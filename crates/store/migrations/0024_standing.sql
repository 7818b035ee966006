-- What follows an operator from its procedures: certificates in series, bans, the credit file, grades.

-- The next number of a series of certificates: SC101620102, JY1620102, ….
create table licence_series (
    series text primary key,
    next {int} not null
);

-- A professional ban: on an operator, or on a person known by a keyed fingerprint of the identity number.
create table ban (
    id {int} primary key,
    operator {int},                     -- the operator banned, or at which the person banned worked
    number_key text,                    -- fingerprint of the person's identity number; null for an operator
    basis text not null,                -- clause
    valid_from text not null,
    valid_to text,                      -- last day; null for life
    matter {int},                       -- procedure that decided it
    region text not null,
    created_at {int} not null
);
create index ban_operator on ban (operator, id);
create index ban_number on ban (number_key);

-- One line of an operator's credit file.
create table credit_entry (
    id {int} primary key,
    operator {int} not null references operator (id),
    kind text not null,                 -- inspection, penalty, severe, interview, crime, risk_grade, …
    happened text not null,             -- date
    text text not null,                 -- what, in words; no personal data
    until text,                         -- last day it counts; null: no end
    closed text,                        -- repaired or removed on
    matter {int},
    region text not null,
    created_at {int} not null
);
create index credit_entry_operator on credit_entry (operator, kind, happened);
create unique index credit_entry_once on credit_entry (matter, kind);

-- The grade of an operator by kind (risk, credit); the newest counts.
create table grade (
    id {int} primary key,
    operator {int} not null references operator (id),
    kind text not null,
    grade text not null,
    since text not null,
    matter {int},
    region text not null,
    created_at {int} not null
);
create index grade_operator on grade (operator, kind, id);
create index grade_region on grade (kind, grade, region);
