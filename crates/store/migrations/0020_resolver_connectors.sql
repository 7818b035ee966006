-- Links a resolver gives for things with a GS1 key, company prefixes, connectors to other repositories.

-- Where a firm sends those who scan its codes. The key is a path of a Digital Link: /01/{gtin}, with lot or serial number,
-- or /414/{gln}; a link of a coarse key holds for everything finer.
create table resolver_link (
  id {int} primary key,
  version {int} not null,
  operator {int} not null references operator (id),
  anchor text not null,
  link_type text not null,        -- gs1:pip and the like
  href text not null,             -- https
  title_zh text not null,
  title_en text not null,
  lang text not null,             -- language of the target: zh, en, '' for any
  media text not null,            -- media type of the target
  status text not null,           -- active, removed
  created_at {int} not null,
  updated_at {int} not null
);
create index resolver_link_by_anchor on resolver_link (anchor, status);
create index resolver_link_by_operator on resolver_link (operator, id);

-- How many digits the GS1 company prefixes that begin so have.
create table company_prefix (
  digits text primary key,        -- leading digits
  length {int} not null,          -- 6 to 12
  source text not null,           -- list: GS1's table; rulebook; firm; admin
  operator {int},                 -- of a single firm's prefix
  at {int} not null
);

-- Exchange with other EPCIS repositories.
create table connector (
  id {int} primary key,
  version {int} not null,
  name text not null,
  direction text not null,        -- pull, push
  url text not null,              -- base of the other repository's REST binding
  query text not null,            -- pull: named query of the other; push: own named query; '' everything
  account {int} not null,         -- with whose rights events are captured or given away
  operator {int},
  region text not null,
  secret {bytes},                 -- bearer token, sealed
  state text not null,            -- active, paused, removed
  every {int} not null,           -- seconds between turns
  since {int} not null,           -- pull: record time of the other up to which everything is here
  position {int} not null,        -- push: captures up to this one are delivered
  leaf {int} not null,            -- of the capture after that: events delivered
  batch {int} not null,           -- events a message, smaller after a 413
  failures {int} not null,        -- in a row
  problem text,                   -- of the last failure
  run_at {int} not null,          -- not before
  busy_until {int} not null,      -- lease: a process is at work until then
  holder text,                    -- whose lease
  last_ok {int},
  created {int} not null
);
create unique index connector_by_name on connector (name) where state <> 'removed';
create index connector_due on connector (run_at) where state = 'active';

-- What each turn did; the last ones of each connector are kept.
create table connector_run (
  id {int} primary key,
  connector {int} not null references connector (id),
  started {int} not null,
  finished {int} not null,
  events {int} not null,          -- read or sent
  stored {int} not null,          -- pull: new here
  duplicates {int} not null,      -- pull: known already by their hash
  refused {int} not null,         -- pull: not captured, with the first reason in problem
  problem text
);
create index connector_run_by_connector on connector_run (connector, id);

-- Page tokens a caller has given back.
create table ended_page (
  token text primary key,         -- sha-256 hex
  until {int} not null
);

-- Work on rows that are older than a column or table they belong in.
create table backfill (
  name text primary key,
  reached {int} not null,         -- last record dealt with
  until {int} not null            -- last record to deal with
);
insert into backfill (name, reached, until)
select 'event_partner', 0, coalesce(max(c.id), 0) from capture c
where c.created < (select m.at from schema_migration m where m.number = 11);
