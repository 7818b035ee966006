-- The operator concerned, as long as it may see the matter: not while a drawn inspection waits for its officers, nor while a clue is
-- checked (`unseen` in the procedure's file). Matters that were opened before keep what they showed.
alter table matter add column party {int};
update matter set party = operator;
create index matter_party on matter (party, id);
