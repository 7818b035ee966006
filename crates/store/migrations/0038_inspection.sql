-- Double-random inspections: draws of operators and officers, who is sent where.

create table inspection_draw (
  id {int} primary key,
  version {int} not null,
  plan {int} not null,            -- the matter of the yearly plan
  region text not null,
  agency text not null,
  state text not null,            -- frozen, drawn, cancelled
  count {int} not null,
  root text not null,             -- Merkle root of the frozen list, hex
  record text not null,           -- JSON: the whole draw record
  names text not null,            -- JSON: operator to name, region, business and grade when the list was frozen
  secret {bytes},                 -- the server's share of the seed, sealed until the draw
  source text not null,           -- public source of randomness named beforehand
  source_due {int} not null,      -- not known before
  frozen_by {int},
  frozen {int} not null,
  drawn {int},
  open {int} not null,            -- 1 when the whole record is public
  reason text                     -- why it was cancelled
);
create index inspection_draw_by_region on inspection_draw (region, id);
create index inspection_draw_by_plan on inspection_draw (plan, state);

-- Who inspects what; a row ends when somebody else is sent instead.
create table inspection_officer (
  matter {int} not null,
  account {int} not null,
  operator {int},
  region text not null,
  agency text not null,
  draw {int},
  assigned_by {int},
  at {int} not null,
  ended {int},
  primary key (matter, account)
);
create index inspection_officer_by_account on inspection_officer (account, ended);
create index inspection_officer_by_operator on inspection_officer (operator, at);
create index inspection_officer_by_draw on inspection_officer (draw);
