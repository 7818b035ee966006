-- What leads from a thing, place or document to its events, in trees that grow at their end.
--
-- A key is a random place in a tree: with one tree for everything, every insertion dirties a page of its own. So the
-- rows are kept by epochs of about 16,384 events in the order of recording: insertions meet in the pages of the epoch
-- that is being written, and a search asks every epoch (event_epoch names them). An event's own list of things
-- is in its row; what is in these tables can be rebuilt from the events.

alter table event add column items text not null default '';   -- "role quantity unit item|...", '-' for none

update event set items = coalesce(
  (select string_agg(i.role || ' ' || coalesce(i.qty, '-') || ' ' || coalesce(i.uom, '-') || ' ' || i.item, '|' order by i.n)
   from event_item i where i.event = event.id), '');

create table event_epoch (
  epoch {int} primary key
);
insert into event_epoch (epoch)
select distinct epoch from (select (row_number() over (order by id) - 1) / 16384 as epoch from event) as n;

create table event_item_new (
  epoch {int} not null,
  item text not null,             -- key of the instance, lot or class
  event {int} not null,
  parts {int} not null,           -- sum of 1 epc, 2 parent, 4 child, 8 input, 16 output
  primary key (epoch, item, event)
) {clustered};
insert into event_item_new (epoch, item, event, parts)
select n.epoch, i.item, i.event, sum(distinct case i.role when 'epc' then 1 when 'parent' then 2 when 'child' then 4 when 'input' then 8 else 16 end)
from event_item i
join (select id, (row_number() over (order by id) - 1) / 16384 as epoch from event) as n on n.id = i.event
group by n.epoch, i.item, i.event order by n.epoch, i.item, i.event;
drop table event_item;
alter table event_item_new rename to event_item;

create table event_place (
  epoch {int} not null,
  place text not null,            -- place key, or the party a source or destination names
  event {int} not null,
  parts {int} not null,           -- sum of 1 read point, 2 business location, 4 source, 8 destination
  primary key (epoch, place, event)
) {clustered};
insert into event_place (epoch, place, event, parts)
select n.epoch, x.place, x.event, sum(distinct x.part)
from (
  select id as event, read_point as place, 1 as part from event where read_point is not null
  union all select id, biz_location, 2 from event where biz_location is not null
  union all select id, source, 4 from event where source is not null
  union all select id, destination, 8 from event where destination is not null
  union all select event, value, case list when 'source' then 4 else 8 end from event_link where list in ('source', 'destination')
) as x
join (select id, (row_number() over (order by id) - 1) / 16384 as epoch from event) as n on n.id = x.event
group by n.epoch, x.place, x.event order by n.epoch, x.place, x.event;

create table event_link_new (
  epoch {int} not null,
  value text not null,            -- key: canonical Digital Link or full URI
  event {int} not null,
  parts {int} not null,           -- sum of 1 business transaction, 2 transformation
  primary key (epoch, value, event)
) {clustered};
insert into event_link_new (epoch, value, event, parts)
select n.epoch, x.value, x.event, sum(distinct x.part)
from (
  select id as event, document as value, 1 as part from event where document is not null
  union all select id, join_id, 2 from event where join_id is not null
  union all select event, value, 1 from event_link where list = 'bizTransaction'
) as x
join (select id, (row_number() over (order by id) - 1) / 16384 as epoch from event) as n on n.id = x.event
group by n.epoch, x.value, x.event order by n.epoch, x.value, x.event;
drop table event_link;
alter table event_link_new rename to event_link;

drop index event_by_place;
drop index event_by_read_point;
drop index event_by_source;
drop index event_by_destination;
drop index event_by_document;
drop index event_by_join;
drop index event_by_operator;
create index event_by_operator on event (operator, event_time, id) where operator is not null;

create table event_partner_new (
  operator {int} not null,
  event {int} not null references event (id),
  primary key (operator, event)
) {clustered};
insert into event_partner_new (operator, event) select operator, event from event_partner order by operator, event;
drop table event_partner;
alter table event_partner_new rename to event_partner;

create table lot_new (
  item text primary key,
  class text,
  lot_no text,                    -- as stated, for lots without a GS1 key
  name text,                      -- product name as stated
  spec text,                      -- package size as stated
  produced text,                  -- production date
  expires text,                   -- last day of shelf life
  first_event {int} not null,
  region text not null
) {clustered};
insert into lot_new (item, class, lot_no, name, spec, produced, expires, first_event, region)
select item, class, lot_no, name, spec, produced, expires, first_event, region from lot order by item;
drop table lot;
alter table lot_new rename to lot;
create index lot_by_class on lot (class, item);
create index lot_by_name on lot (name, item);
