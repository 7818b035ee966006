-- Enterprise standards as firms declare them in public, and results judged by them beside the law.

create table declared_standard (
  id {int} primary key,
  version {int} not null,
  operator {int} not null,        -- the firm that declares
  operator_name text not null,
  region text not null,
  number text not null,           -- Q/… as the firm numbers it
  title text not null,
  effective text not null,        -- first day it binds the firm
  state text not null,            -- draft, published, withdrawn
  rows text not null,             -- JSON: declared rows with their check; byte for byte as journalled once published
  sha256 text,                    -- of them
  words text not null,            -- what a search looks in
  created {int} not null,
  created_by {int},
  published {int},
  withdrawn {int},
  reason text,                    -- why it was withdrawn
  journal {int}                   -- entry of the publication
);
create index declared_standard_by_operator on declared_standard (operator, id);
create index declared_standard_by_number on declared_standard (number, state);
create index declared_standard_by_state on declared_standard (state, id);

-- A verdict by a declared row never changes and never replaces the one by the law.
create table declared_verdict (
  id {int} primary key,
  result {int} not null references result (id),
  sample {int} not null,
  standard {int} not null references declared_standard (id),
  outcome text not null,
  body text not null,             -- the whole verdict as JSON
  judged {int} not null
);
create index declared_verdict_by_sample on declared_verdict (sample, id);

-- The declared standard the form cites, found by its number among those of the producer and the firm sampled.
alter table sample_form add column declared {int};
