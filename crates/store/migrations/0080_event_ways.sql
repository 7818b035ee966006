-- Pages of events without gathering what matches first.
--
-- What a firm sees of its partners is walked in the order of time, like its own; and rare words (type, action, step, disposition, region) lead to their
-- events as things and places do. The terms of events stored before are made again at the next start.

create table event_partner_new (
  operator {int} not null,
  event_time {int} not null,
  event {int} not null references event (id),
  primary key (operator, event_time, event)
) {clustered};
insert into event_partner_new (operator, event_time, event)
select p.operator, e.event_time, p.event from event_partner p join event e on e.id = p.event
order by p.operator, e.event_time, p.event;
drop table event_partner;
alter table event_partner_new rename to event_partner;

delete from term_block;
delete from term_segment;
update backfill set reached = 0, until = (select coalesce(max(id), 0) from event) where name = 'event_term';
