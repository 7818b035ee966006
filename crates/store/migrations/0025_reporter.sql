-- Who complained or reported: apart from what was said, sealed, opened only by its own right and with a trace.

create table reporter (
    id {int} primary key,
    matter {int} not null,              -- the complaint or report
    region text not null,
    agency text not null,
    guarded {int} not null,             -- 1: opened by two persons only (reports); 0: by the office that mediates
    code_key text not null,             -- fingerprint of the code on the receipt
    name {bytes},                       -- sealed; null when anonymous
    phone {bytes},
    number {bytes},
    address {bytes},
    created_at {int} not null
);
create unique index reporter_matter on reporter (matter);

-- Each asking, granting and reading of an identity.
create table reporter_access (
    id {int} primary key,
    reporter {int} not null references reporter (id),
    asked_by {int} not null,
    asked_at {int} not null,
    reason text not null,
    granted_by {int},
    granted_at {int},
    read_at {int}
);
create index reporter_access_reporter on reporter_access (reporter, id);
