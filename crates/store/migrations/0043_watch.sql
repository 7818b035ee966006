-- Surveillance: counts as they became known, what is usual, verdicts of the last judgement, signals and their follow-up.

-- What was reported of one day, by the day it was recorded on: the row recorded last is the count, older ones say how late it grew.
create table watch_count (
    hazard text not null,
    place text not null,                -- county code
    day text not null,                  -- of the event
    source text not null,
    recorded text not null,
    cases {int} not null,
    primary key (hazard, place, day, source, recorded)
) {clustered};
create index watch_count_day on watch_count (day, source);

-- Days a source speaks of: a day without a row counts zero inside, is unknown outside.
create table watch_cover (
    source text not null,
    hazard text not null,
    region text not null,               -- code prefix it covers
    first_day text not null,
    last_day text not null,
    primary key (source, hazard, region)
);

-- What each method said of the last period of each series.
create table watch_verdict (
    method text not null,
    hazard text not null,
    place text not null,
    from_day text not null,
    to_day text not null,
    observed {real} not null,
    expected {real} not null,
    statistic {real} not null,
    p_value {real} not null,
    primary key (method, hazard, place)
);

-- What a statistic usually is, by method, as the last night found it.
create table watch_null (
    method text primary key,
    body text not null                  -- JSON
);

create table watch_night (
    day text primary key,
    at {int} not null,
    series {int} not null,
    verdicts {int} not null,
    undecided {int} not null,
    alarms {int} not null,
    raised {int} not null,
    grown {int} not null
);

create table watch_signal (
    id {int} primary key,
    version {int} not null,
    hazard text not null,
    region text not null,               -- common beginning of its places
    status text not null,               -- new, assigned, verified, explained, false
    from_day text not null,
    to_day text not null,
    observed {real} not null,
    expected {real} not null,
    q_value {real} not null,
    because_zh text not null,
    because_en text not null,
    alarms text not null,               -- JSON
    assigned {int},
    assigned_name text not null,
    created_at {int} not null,
    changed_at {int} not null,
    closed_at {int}
);
create index watch_signal_hazard on watch_signal (hazard, to_day);
create index watch_signal_status on watch_signal (status, id);

create table watch_signal_place (
    signal {int} not null references watch_signal (id),
    place text not null,
    primary key (signal, place)
);
create index watch_signal_place_place on watch_signal_place (place, signal);

create table watch_signal_method (
    signal {int} not null references watch_signal (id),
    method text not null,
    primary key (signal, method)
);

-- Matters opened from a signal.
create table watch_signal_matter (
    signal {int} not null references watch_signal (id),
    matter {int} not null,
    primary key (signal, matter)
);

create table watch_note (
    id {int} primary key,
    signal {int} not null references watch_signal (id),
    at {int} not null,
    account {int},
    name text not null,
    status text not null,               -- after the note
    body text not null
);
create index watch_note_signal on watch_note (signal, id);
