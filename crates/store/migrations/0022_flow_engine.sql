-- Until when a published document is public; null: without end.
alter table document add column public_until {int};
create index document_until on document (public_until, id) where public_until is not null and status = 'published';

-- Departments other than its own that take a step of a matter, and so see it.
create table matter_agency (
    matter {int} not null references matter (id),
    agency text not null,
    primary key (matter, agency)
);
create index matter_agency_agency on matter_agency (agency, matter);

-- Running numbers of documents, by series.
create table flow_series (
    series text primary key,
    last {int} not null
);

-- The ladder a clock climbs: the instant of its next rung, null when none is left.
alter table clock add column next_rung {int};
create index clock_rung on clock (next_rung, id) where next_rung is not null;

-- What was said when a clock came to a rung, to one agency or operator each.
create table reminder (
    id {int} primary key,
    matter {int} not null references matter (id),
    task {int} references task (id),
    clock {int} not null references clock (id),
    act text not null,                  -- remind, escalate
    region text not null,
    agency text not null,
    operator {int},
    assigned {int},                     -- the account the work is given to
    classification {int} not null,
    title_zh text not null,             -- the duty
    title_en text not null,
    due {int} not null,
    at {int} not null,
    settled_at {int},                   -- when the duty was done or fell away
    journal {int} not null
);
create index reminder_open on reminder (region, at, id) where settled_at is null;
create index reminder_clock on reminder (clock);
create index reminder_matter on reminder (matter);

-- The person a matter is given to.
alter table matter add column assigned {int};
create index matter_assigned on matter (assigned, next_due, id) where assigned is not null;

-- Who stands in for whom while away.
create table absence (
    id {int} primary key,
    account {int} not null,
    deputy {int} not null,
    region text not null,
    valid_from text not null,
    valid_to text not null,
    reason text not null,
    ended_at {int},
    created_at {int} not null
);
create index absence_deputy on absence (deputy, valid_to);
create index absence_account on absence (account, valid_to);
