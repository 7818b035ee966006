-- Targeting: past inspections from elsewhere, models as they were learnt, scores of the newest, proposals and what came of them.

-- Inspections done before this platform kept them, from a file: history to learn from, no matter of ours.
create table target_visit (
    id {int} primary key,
    operator {int} not null,
    region text not null,
    on_day text not null,
    found {int} not null,               -- 1 when something was found
    key_points {int},                   -- key points failed; null: not told
    general_points {int},
    inspector text not null,            -- team or code, as written; empty: not told
    batch {int} not null                -- the import
);
create unique index target_visit_once on target_visit (operator, on_day, inspector);
create index target_visit_by_day on target_visit (on_day);

-- A model as it was learnt: never changed.
create table target_model (
    id {int} primary key,
    aim text not null,                  -- inspect, sample
    region text not null,
    made {int} not null,
    from_day text not null,             -- first and last visit learnt from
    to_day text not null,
    visits {int} not null,
    found {int} not null,
    candidates {int} not null,
    seed {int} not null,
    recipe text not null,               -- SHA-256 of settings and both tables
    learnt text not null,               -- SHA-256 of the table learnt from
    body text not null,                 -- JSON: settings, features, windows, reliability, fairness
    train text not null,                -- CSV
    score text not null                 -- CSV
);
create index target_model_by_aim on target_model (aim, id);

-- Scores of the newest model of each aim: can be deleted and worked out again.
create table target_score (
    model {int} not null references target_model (id),
    subject text not null,              -- operator:ID, or county~class~stage
    operator {int},
    name text not null,
    search text not null,               -- lower case
    region text not null,
    kind text not null,                 -- business, or food class
    stage text not null,
    chance {real} not null,
    place {int} not null,               -- 1 the highest chance
    reasons text not null,              -- JSON
    primary key (model, subject)
);
create index target_score_by_chance on target_score (model, place);
create index target_score_by_operator on target_score (operator);

-- The last try to learn, by aim.
create table target_night (
    aim text primary key,
    day text not null,
    at {int} not null,
    said_zh text not null,
    said_en text not null
);

create table target_proposal (
    id {int} primary key,
    version {int} not null,
    aim text not null,
    model {int} not null references target_model (id),
    region text not null,
    agency text not null,
    kind text not null,                 -- only of this kind; empty: all
    state text not null,                -- frozen, drawn, accepted, declined, cancelled
    take {int} not null,                -- how many are proposed
    audit {int} not null,               -- of these at random
    quota {int} not null,               -- samples of each; 1 for inspections
    record text not null,               -- JSON: the draw of the random share, verifiable
    secret {bytes},                     -- the server's share of its seed, sealed until the draw
    source_due {int} not null,
    expected {real} not null,           -- visits expected to find something
    by_chance {real} not null,          -- the same if all were drawn at random
    proposed_by {int},
    proposed {int} not null,
    decided_by {int},
    decided {int},
    reason text,
    into_plan {int},                    -- plan it fed
    delivery {int}                      -- draw of inspections, or sampling plan
);
create index target_proposal_by_region on target_proposal (region, id);

create table target_item (
    proposal {int} not null references target_proposal (id),
    subject text not null,
    operator {int},
    name text not null,
    region text not null,
    kind text not null,
    stage text not null,
    chance {real} not null,
    why text not null,                  -- score, audit
    inclusion {real} not null,          -- chance to be proposed
    reasons text not null,
    accepted {int},                     -- null: not decided
    primary key (proposal, subject)
);
create index target_item_by_operator on target_item (operator);
