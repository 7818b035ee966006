-- The version of the matter after a step, those on its papers, items and tasks among them: an approval is of the file as it was seen.
-- Null for steps taken before; those of the matter itself say it in `version`.
alter table matter_step add column matter_version {int};
update matter_step set matter_version = version where target is null;
