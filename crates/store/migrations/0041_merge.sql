-- Duplicate operators merged into one, with what went over, so that it can be undone.

create table operator_merge (
    id {int} primary key,
    kept {int} not null references operator (id),
    dropped {int} not null references operator (id),
    status text not null,               -- of the dropped one before
    reason text not null,
    merged_by {int},
    merged_at {int} not null,
    undone_by {int},
    undone_at {int}
);
create index operator_merge_kept on operator_merge (kept);
create unique index operator_merge_dropped on operator_merge (dropped) where undone_at is null;

-- A row that went over: table and id.
create table operator_merge_row (
    merge {int} not null references operator_merge (id),
    of_table text not null,
    row {int} not null,
    primary key (merge, of_table, row)
);

-- Complaints and reports are compared with those of the same weeks.
create index matter_procedure_opened on matter (procedure, opened_at);
