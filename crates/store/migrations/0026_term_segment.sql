-- What leads to events, in blocks instead of a row each.
--
-- A row of a term at a random place costs a capture more than the event itself, in epochs too. So the terms of what one
-- transaction stores (things, places, documents, starts of hashes, each with the events that name it) are a segment:
-- sorted, front-coded, cut into blocks of just under two kilobytes. Small segments are merged into larger ones in the
-- background. What stands here can be made again from the events, and is at the next start for those that are there.

create table term_segment (
  id {int} primary key,           -- of its first event
  events {int} not null           -- how many events it tells of
);

create table term_block (
  segment {int} not null,
  first text not null,            -- its first term: h, i, l or p (hash, item, link, place) and the key
  n {int} not null,               -- number of the block in the segment
  body {bytes} not null,          -- terms and their events; see supply::term::block
  primary key (segment, first, n)
);

insert into backfill (name, reached, until) select 'event_term', 0, coalesce(max(id), 0) from event;

drop table event_item;
drop table event_place;
drop table event_link;
drop table event_epoch;
