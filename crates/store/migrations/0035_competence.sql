-- What is known of a laboratory beside its annex.
create table proficiency (
  id {int} primary key,
  laboratory {int} not null,      -- an operator
  scheme text not null,
  round text not null,
  item text not null,             -- analyte as reported
  z text,
  outcome text not null,          -- satisfactory, questionable, unsatisfactory
  held text not null              -- day of the report
);
create unique index proficiency_once on proficiency (laboratory, scheme, round, item);

-- A decision by name that results of a laboratory without a loaded annex count.
create table laboratory_acceptance (
  id {int} primary key,
  laboratory {int} not null,
  accepted_by {int} not null,
  accepted {int} not null,
  reason text not null,
  ended {int}
);
create index laboratory_acceptance_by_laboratory on laboratory_acceptance (laboratory, id);
