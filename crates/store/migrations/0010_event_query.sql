-- What the query language asks of events beside their time, place and things.

create index event_by_record on event (record_time, id);
create index event_by_join on event (join_id) where join_id is not null;
create index event_by_declaration on event (declared) where declared <> '';
create index event_by_document on event (document) where document is not null;
create index event_by_source on event (source) where source is not null;
create index event_by_destination on event (destination) where destination is not null;

-- a firm's events, newest first
drop index event_by_operator;
create index event_by_operator on event (operator, event_time, id);

-- Business transactions, sources and destinations beyond the one of each that has a column.
create table event_link (
  event {int} not null references event (id),
  list text not null,             -- bizTransaction, source, destination
  value text not null,            -- key: canonical Digital Link or full URI
  primary key (list, value, event)
);
