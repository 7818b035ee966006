-- Who said what a lot is, and whether where it comes into being: others may fill gaps, not change it.
alter table lot add column stated_by {int};
alter table lot add column made {int} not null default 0;
update lot set stated_by = (select operator from event where id = first_event),
  made = coalesce((select case when type = 'TransformationEvent' or (type = 'ObjectEvent' and action = 'ADD') then 1 else 0 end
    from event where id = first_event), 0);
