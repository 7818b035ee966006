-- Trace events (GS1 EPCIS 2.0). One capture is one transaction and one journal entry that carries the Merkle root
-- of its events' leaves. An event never changes after it is stored, except that an error declaration withdraws it.

-- One row: the order in which captures were committed. Taken as the last statement of a capture, so that a reader
-- who has followed to position n never misses a capture with a smaller position.
create table capture_position (
  id {int} primary key check (id = 1),
  last {int} not null
);
insert into capture_position (id, last) values (1, 0);

create table capture (
  id {int} primary key,
  position {int},                 -- order of commit, null when nothing was stored
  account {int},
  operator {int},                 -- in whose name the events were captured
  region text not null,
  format text not null,           -- json, ledger.purchase, ledger.sales
  bytes_hash text not null,       -- sha-256 hex of what was received
  events {int} not null,          -- events in the document
  stored {int} not null,
  duplicates {int} not null,
  events_root text,               -- sha-256:hex, RFC 6962 root over the hash ids of the stored events, in document order
  error_behaviour text not null,  -- rollback, proceed
  context text not null,          -- JSON-LD context of the document, for giving its events back
  state text not null,            -- stored, part, refused
  problems text not null,         -- JSON list of problem documents
  created {int} not null,
  finished {int} not null,
  journal {int}
);
create unique index capture_by_position on capture (position);
create index capture_by_account on capture (account, id);
create index capture_by_operator on capture (operator, id);
create index capture_by_journal on capture (journal);

create table event (
  id {int} primary key,
  hash {bytes} not null,          -- the 32 bytes of the CBV 2.0 event hash id
  declared text not null,         -- time of the error declaration, '' for an event proper
  event_id text,                  -- as given, null when the document had none
  capture {int} not null references capture (id),
  leaf {int} not null,            -- index among the capture's leaves
  type text not null,
  action text,
  biz_step text,
  disposition text,
  event_time {int} not null,
  tz text not null,
  record_time {int} not null,
  read_point text,
  biz_location text,
  source text,                    -- place the things came from, as the event says
  destination text,               -- place the things go to
  document text,                  -- the document that travels with the goods
  join_id text,                   -- transformationID
  operator {int},
  region text not null,
  body text not null,             -- the event as JSON
  withdrawn {int} not null,       -- 1 when an error declaration withdrew it
  withdraws {int}                 -- of an error declaration: the event it withdraws, when stored before
);
create unique index event_by_hash on event (hash, declared);
create unique index event_by_event_id on event (event_id, declared) where event_id is not null;
create index event_by_capture on event (capture, leaf);
create index event_by_place on event (biz_location, event_time) where biz_location is not null;
create index event_by_read_point on event (read_point, event_time) where read_point is not null;
create index event_by_time on event (event_time, id);
create index event_by_operator on event (operator, id);

create table event_item (
  event {int} not null references event (id),
  n {int} not null,               -- position within the event
  role text not null,             -- epc, parent, child, input, output
  item text not null,             -- key of the instance, lot or class
  class text,                     -- key of the product class, when one is known
  qty text,                       -- exact decimal as reported
  uom text,                       -- UN/ECE Rec 20 code
  kg {real},                      -- for sums and graphs only
  primary key (event, n)
);
create index event_item_by_item on event_item (item, event);
create index event_item_by_class on event_item (class, event);

-- Facts of a lot stated when it was made (ilmd) or received (ledger): the last statement wins.
create table lot (
  item text primary key,
  class text,
  lot_no text,                    -- as stated, for lots without a GS1 key
  name text,                      -- product name as stated
  spec text,                      -- package size as stated
  produced text,                  -- production date
  expires text,                   -- last day of shelf life
  first_event {int} not null,
  region text not null
);
create index lot_by_class on lot (class, item);
create index lot_by_name on lot (name, item);

-- Places named by master data or ledgers that no register knows: enough to show a name.
create table place (
  key text primary key,
  name text,
  address text,
  updated {int} not null
);

-- A scope as it was when a decision was taken on it.
create table frozen_scope (
  id {int} primary key,
  item text not null,
  place text,
  at {int} not null,
  body text not null,             -- stable JSON
  hash text not null,             -- sha-256 hex of body
  journal {int} not null
);
create index frozen_scope_by_item on frozen_scope (item, id);
