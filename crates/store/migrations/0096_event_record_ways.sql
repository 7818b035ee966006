-- A firm's events in the order they were recorded: an index of its own way, and one of its partners'.
create index event_by_operator_record on event (operator, record_time, id) where operator is not null;

create table event_partner_new (
  operator {int} not null,
  event_time {int} not null,
  event {int} not null references event (id),
  record_time {int} not null,
  primary key (operator, event_time, event)
) {clustered};
insert into event_partner_new (operator, event_time, event, record_time)
select p.operator, p.event_time, p.event, e.record_time from event_partner p join event e on e.id = p.event
order by p.operator, p.event_time, p.event;
drop table event_partner;
alter table event_partner_new rename to event_partner;
create index event_partner_by_record on event_partner (operator, record_time, event);
