-- What the legal ledgers lack, kept beside the events and following the journal. A row an event that belongs to a ledger: whose, on which
-- day, how many rows, how many lack something, and how many lack each field. Everything here can be made again from the events.
create table record_event (
    event {int} primary key,
    operator {int} not null,
    region text not null,
    day text not null,
    certificate text,
    total {int} not null,
    incomplete {int} not null,
    misfit {int} not null,
    no_name {int} not null,
    no_spec {int} not null,
    no_quantity {int} not null,
    no_lot {int} not null,
    no_shelf_life {int} not null,
    no_partner {int} not null,
    no_address {int} not null,
    no_contact {int} not null,
    no_licence {int} not null,
    no_certificate {int} not null,
    no_document {int} not null
);
create index record_event_day on record_event (day, region);
create index record_event_operator on record_event (operator);
create index record_event_certificate on record_event (certificate);

-- Links that one side only records: a row for each place and day.
create table record_link (
    place text not null,
    day text not null,
    operator {int} not null,
    region text not null,
    received {int} not null,
    shipped {int} not null,
    other {int} not null,
    primary key (place, day)
);
create index record_link_day on record_link (day, region);
create index record_link_operator on record_link (operator);

-- The names the rows are sorted and searched by.
create table record_firm (
    operator {int} primary key,
    name text not null
);
