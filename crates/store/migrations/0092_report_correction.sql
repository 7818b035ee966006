-- Corrections of reports that were submitted (检验报告更正): proposed by one person, issued by another. The report corrected stays as it
-- was issued: its number, its conclusion and its results with the verdicts in force then.
create table report_correction (
  id {int} primary key,
  version {int} not null,
  sample {int} not null references sample (id),
  seq {int} not null,             -- 1: the first correction of this sample's report
  state text not null,            -- proposed, issued, dropped
  reason text not null,
  changes text not null,          -- JSON: results put right, added, struck out
  report_no text,                 -- of the corrected report, once issued
  conclusion text,                -- what the corrected report says
  replaced text,                  -- JSON: the report it replaces, as it was issued
  proposed_by {int} not null,
  proposed {int} not null,
  decided_by {int},
  decided {int},
  note text                       -- why it was dropped
);
create unique index report_correction_by_sample on report_correction (sample, seq);
