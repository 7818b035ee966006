-- A person of the register is found by name without a name being opened: the keyed fingerprint of the name as it is compared. Rows from before
-- get theirs when the province next opens (the key is not in the database); the empty text marks a name that does not open.
alter table person add column name_key text;
create index person_by_name_key on person (name_key);
