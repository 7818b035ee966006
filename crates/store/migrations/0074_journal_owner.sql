-- Whose a journal entry is: the department that owns the record it is about, and how that record is classified. Its readers are chosen by them
-- as the readers of the record are. They are no part of the leaf.
alter table journal add column agency text not null default '';
alter table journal add column classification {int} not null default 1;

-- what was written before is told by the matter it is a step of
update journal set agency = m.agency, classification = m.classification from matter_step s join matter m on m.id = s.matter
    where s.journal = journal.id;
