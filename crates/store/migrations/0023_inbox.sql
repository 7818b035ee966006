-- The running matters of a county in order of their clocks, decided by the index alone: what an inbox reads first.
create index matter_work on matter (region, next_due, id, agency, classification, assigned, operator) where closed_at is null;
