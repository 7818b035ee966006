-- The EPCIS service: documents worked off later, partners, words in use, master data, named queries, subscriptions.

-- A document too long to be dealt with before answering is a capture in state running; its events come as portions,
-- captures of their own.
alter table capture add column part_of {int};     -- of a portion: the capture it belongs to
alter table capture add column document text;     -- sha-256 of the document kept as attachment until it is worked off
alter table capture add column reached {int};     -- events of the document dealt with so far
create index capture_by_part on capture (part_of, id) where part_of is not null;

-- Whom an event concerns beside who captured it: the operators of the places it names as source and destination.
create table event_partner (
  operator {int} not null,
  event {int} not null references event (id),
  primary key (operator, event)
);

-- Words that occur in events, so that the resources of a repository are listed without reading it.
create table event_word (
  kind text not null,             -- type, biz_step, disposition
  word text not null,
  primary key (kind, word)
);

-- Master data of capture headers; every statement is a version of its own.
create table master_data (
  id {int} primary key,
  vocabulary text not null,       -- vocabulary type, a URI
  element text not null,          -- key of the element: canonical for places and items, else as given
  version {int} not null,         -- 1, 2, ... in the order of recording
  recorded {int} not null,
  capture {int} not null references capture (id),
  operator {int},                 -- in whose name it was stated
  region text not null,
  body text not null,             -- JSON of the element as stated
  latest {int} not null           -- 1 for the version in force
);
create unique index master_data_by_version on master_data (vocabulary, element, version);
create index master_data_latest on master_data (vocabulary, element) where latest = 1;

create table named_query (
  id {int} primary key,
  owner {int} not null,           -- operator of a firm; 0 for authorities, who share theirs
  name text not null,
  account {int} not null,
  definition text not null,       -- JSON
  created {int} not null
);
create unique index named_query_by_name on named_query (owner, name);

create table subscription (
  id {int} primary key,
  query {int} not null references named_query (id),
  account {int} not null,         -- with whose rights events are delivered
  dest text not null,             -- http(s) address of the receiver
  secret {bytes},                 -- signatureToken, sealed
  schedule text,                  -- JSON; null for a stream
  report_if_empty {int} not null,
  epc_format text not null,
  xml {int} not null,             -- 1: deliver XML
  created {int} not null,
  initial {int} not null,         -- initialRecordTime
  floor {int} not null,           -- only events recorded at or after this
  position {int} not null,        -- captures up to this one are delivered
  leaf {int} not null,            -- of the capture after that: events delivered
  last_notified {int},
  run_at {int} not null,          -- not before; moved by the schedule and by failures
  batch {int} not null,           -- events a message, smaller after a 413
  failures {int} not null,        -- in a row
  problem text,                   -- of the last failure
  busy_until {int} not null       -- a process is delivering until then
);
create index subscription_by_query on subscription (query, id);
create index subscription_due on subscription (run_at);
