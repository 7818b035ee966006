-- Matters an assessment counts (督办, 约谈), one line each beside the matter: whom it counts for, and with which outcome once it ended. Written
-- with the matter; lines of matters from before are written when the province next opens, by the file of their procedure.
create table matter_assessed (
    matter {int} primary key references matter (id),
    procedure text not null,
    region text not null,               -- of who is assessed
    agency text not null,
    outcome text,                       -- as the file names it; null while it runs
    opened_at {int} not null
);
create index matter_assessed_by_region on matter_assessed (procedure, region, opened_at);
