-- What the store itself keeps: jobs, leases, attachments.

-- A piece of work that runs after its transaction commits, at least once.
create table job (
    id {int} primary key,
    kind text not null,
    payload text not null,              -- JSON
    dedup text,                         -- at most one waiting job a key
    state text not null check (state in ('waiting', 'running', 'done', 'dead', 'superseded')),
    run_at {int} not null,              -- not before; moved by every retry
    created_at {int} not null,
    attempts {int} not null,
    max_attempts {int} not null,
    holder text,                        -- the runner at work, null unless running
    lease_until {int},                  -- when another runner may take it over
    finished_at {int},
    error text                          -- of the last failed attempt
);
create index job_due on job (run_at, id) where state in ('waiting', 'running');
create unique index job_dedup on job (dedup) where state = 'waiting';
create index job_state on job (state, id);

-- A right that one holder has until a time: the sequencer, the scheduler.
create table lease (
    name text primary key,
    holder text not null,
    until {int} not null,
    fence {int} not null                -- grows with every change of holder
);

-- A file kept by the hash of its content; the bytes are in the attachments folder.
create table attachment (
    sha256 text primary key,            -- lower-case hex
    media_type text not null,
    size {int} not null,                -- bytes
    at {int} not null                   -- first stored
);
