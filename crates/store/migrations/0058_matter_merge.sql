-- Work that went over to the operator that stays when a duplicate was merged into it, so that it goes back when that is undone.
create table matter_merge_row (
    merge {int} not null,               -- operator_merge
    of_table text not null,             -- matter, task, document, reminder
    row {int} not null,
    primary key (merge, of_table, row)
);
