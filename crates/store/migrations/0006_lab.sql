-- Samples, results, verdicts, nonconformities. A verdict never changes: judging again adds a row.

create table sample (
  id {int} primary key,
  version {int} not null,
  form_no text not null,          -- 抽样单编号, unique in the province
  report_no text,                 -- 报告书编号
  kind text not null,             -- supervision 监督抽检, monitoring 风险监测, evaluation 评价性抽检
  state text not null,            -- sealed, received, testing, approved, submitted
  food text not null,
  product_name text not null,     -- as on the label, food is what it is judged as
  gtin text,
  lot_no text,                    -- as printed
  item text,                      -- trace key of the lot, when it can be formed
  lot_unknown {int} not null,     -- 1 when no trace event names the lot
  place text,                     -- trace key of the place sampled
  place_name text not null,
  site {int},
  operator {int},                 -- operator sampled
  producer {int},
  producer_name text not null,
  produced text,
  sampled text not null,
  received text,
  governing_on text not null,
  governing_rule text not null,   -- production, sampling
  prepackaged {int} not null,
  base_qty text,                  -- 抽样基数, with unit as reported
  region text not null,
  agency text not null,           -- department that ordered the sample
  laboratory {int},
  facts text not null,            -- JSON: packaging, dehydration, fat content, …
  registered_by {int},
  approved_by {int},
  submitted_by {int},
  conclusion text,                -- qualified, unqualified, no_problem, problem, undecided
  created {int} not null,
  submitted_at {int}
);
create unique index sample_by_form_no on sample (form_no);
create index sample_by_region on sample (region, id);
create index sample_by_laboratory on sample (laboratory, id);
create index sample_by_operator on sample (operator, id);
create index sample_by_item on sample (item);
create index sample_by_sampled on sample (sampled, id);

create table result (
  id {int} primary key,
  sample {int} not null references sample (id),
  analyte text not null,          -- as reported
  reported text not null,         -- 0.20, ND, <0.01
  unit text not null,
  lod text,
  loq text,
  method text not null,
  subsamples text not null,       -- JSON list of reported texts, empty when there is one value
  value {real},                   -- for statistics only
  entered_by {int},
  entered {int} not null,
  withdrawn {int} not null        -- 1 when a correction replaced it before approval
);
create index result_by_sample on result (sample, id);
create index result_by_analyte on result (analyte, id);

create table verdict (
  id {int} primary key,
  result {int} not null references result (id),
  sample {int} not null,
  outcome text not null,
  standard text,
  edition text,
  clause text,
  rule text,
  limit_text text,
  near_limit {int} not null,
  body text not null,             -- the whole verdict as JSON, with its reasons
  engine text not null,           -- version of the judging code
  judged {int} not null,
  superseded_by {int},
  reason text not null            -- why it was judged: entered, rejudged: …
);
create index verdict_by_result on verdict (result, id);
create index verdict_by_sample on verdict (sample, id);
create index verdict_by_outcome on verdict (outcome, id);

create table nonconformity (
  id {int} primary key,
  version {int} not null,
  sample {int} not null references sample (id),
  result {int} not null,          -- the first failing result
  verdict {int} not null,
  state text not null,            -- open, closed, overturned
  item text,
  place text,
  operator {int},
  producer {int},
  region text not null,
  agency text not null,
  created {int} not null,
  matter {int}
);
create unique index nonconformity_by_sample on nonconformity (sample);
create index nonconformity_by_region on nonconformity (region, id);
create index nonconformity_by_item on nonconformity (item);
