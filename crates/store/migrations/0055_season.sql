-- The season of a task: the months in which its samples are taken, as a JSON list; absent: all the year.
alter table sampling_task add column months text;
