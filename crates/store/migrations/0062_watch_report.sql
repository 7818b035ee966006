-- Cold-chain breaks and rumours as people enter them; the watch counts them by county and day.
create table watch_report (
    id {int} primary key,
    hazard text not null,
    place text not null,                -- county code
    day text not null,                  -- of the event
    cases {int} not null,
    told text not null,                 -- what happened
    heard text not null,                -- where it was heard
    entered_at {int} not null,
    account {int} not null,
    name text not null,
    withdrawn_at {int},
    withdrawn_why text not null
);
create index watch_report_day on watch_report (day, id);
create index watch_report_place on watch_report (place, id);
