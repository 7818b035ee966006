-- The sampling system: yearly plan, draw, form, custody, published results.

create table sampling_plan (
  id {int} primary key,
  version {int} not null,
  year {int} not null,
  title text not null,
  kind text not null,             -- supervision, monitoring, evaluation: kept apart
  level text not null,            -- whose plan: national, provincial, city, county
  region text not null,
  agency text not null,
  state text not null,            -- draft, submitted, issued, closed
  drafted_by {int},
  submitted_by {int},
  issued_by {int},
  issued_at {int},
  created {int} not null
);
create index sampling_plan_by_year on sampling_plan (year, region);

create table sampling_task (
  id {int} primary key,
  plan {int} not null references sampling_plan (id),
  region text not null,           -- where the samples are taken
  class text not null,            -- food class of the rulebook
  stage text not null,            -- production, circulation, catering
  budget text not null,           -- national, provincial, city, county
  analytes text not null,         -- JSON list; empty: all of the class
  quota {int} not null,
  laboratory {int},
  until text                      -- last day to take the samples
);
create unique index sampling_task_once on sampling_task (plan, region, class, stage, budget);
create index sampling_task_by_region on sampling_task (region, plan);

create table sampling_draw (
  id {int} primary key,
  version {int} not null,
  task {int} not null references sampling_task (id),
  region text not null,
  agency text not null,
  state text not null,            -- frozen, drawn, cancelled
  count {int} not null,
  root text not null,             -- Merkle root of the frozen list, hex
  record text not null,           -- JSON: the whole draw record
  secret {bytes},                 -- the server's share of the seed, sealed until the draw
  source text not null,           -- public source of randomness named beforehand
  source_due {int} not null,      -- not known before
  frozen_by {int},
  frozen {int} not null,
  drawn {int},
  open {int} not null,            -- 1 when the whole record is public
  reason text                     -- why it was cancelled
);
create index sampling_draw_by_region on sampling_draw (region, id);
create index sampling_draw_by_task on sampling_draw (task);

create table sampling_target (
  id {int} primary key,
  version {int} not null,
  draw {int} not null references sampling_draw (id),
  task {int} not null,
  seq {int} not null,
  operator {int} not null,
  site {int},
  place text,
  label text not null,
  region text not null,
  agency text not null,
  sampler {int} not null,
  partner {int} not null,
  state text not null,            -- waiting, sampled, not_sampled
  products text,                  -- JSON list as found on the spot, in the order found
  chosen {int},                   -- which of them the seed picked
  reason text,                    -- why nothing was taken
  sample {int},
  done {int}
);
create index sampling_target_by_draw on sampling_target (draw, seq);
create index sampling_target_by_sampler on sampling_target (sampler, state);
create index sampling_target_by_partner on sampling_target (partner, state);
create index sampling_target_by_task on sampling_target (task, state);
create index sampling_target_by_operator on sampling_target (operator);

create table sample_form (
  sample {int} primary key references sample (id),
  body text not null,             -- JSON: the fields of the form that are no personal data
  private {bytes}                 -- contact of the sampled unit, sealed
);

create table form_number (
  prefix text primary key,
  last {int} not null
);

create table custody (
  id {int} primary key,
  sample {int} not null references sample (id),
  kind text not null,             -- sealed, sent, handed_over, received, refused, backup_out
  party text not null,            -- who has it now
  seal_no text,
  seal_ok {int},
  temperature text,               -- °C as read
  checks text,                    -- JSON: what the laboratory checked
  note text,
  account {int},
  at {int} not null
);
create index custody_by_sample on custody (sample, id);

create table bulletin (
  id {int} primary key,
  version {int} not null,
  slug text not null,
  region text not null,
  agency text not null,
  title text not null,
  title_en text not null,
  state text not null,            -- draft, published, withdrawn
  drafted_by {int},
  drafted {int} not null,
  published_by {int},
  published {int},
  rows text,                      -- the rows as published, JSON, byte for byte
  sha256 text,                    -- of them
  journal {int},                  -- entry of the publication
  reason text                     -- why it was withdrawn
);
create unique index bulletin_by_slug on bulletin (slug);
create index bulletin_by_region on bulletin (region, id);

create table bulletin_row (
  id {int} primary key,
  bulletin {int} not null references bulletin (id),
  sample {int} not null,
  seq {int} not null,
  qualified {int} not null,
  region text not null,
  class text,
  words text not null,            -- what a search looks in
  body text not null,             -- JSON: the official columns as published
  state text not null,            -- standing, corrected, retracted
  reason text,
  changed {int},
  replaced_by {int}               -- the corrected row
);
create index bulletin_row_by_bulletin on bulletin_row (bulletin, seq);
create index bulletin_row_by_sample on bulletin_row (sample);
create index bulletin_row_by_region on bulletin_row (region, id);

-- 1 while a retest or objection is under way: not published meanwhile
alter table nonconformity add column held {int};

alter table sample add column task {int};
alter table sample add column class text;
alter table sample add column stage text;
alter table sample add column budget text;
alter table sample add column approved_at {int};
create index sample_by_task on sample (task);
