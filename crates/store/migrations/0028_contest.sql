-- What follows a failed sample: the conclusion served on each party, retests and objections, the draw of the retest laboratory.

-- The conclusion served on a party; its days for a retest or an objection count from here.
create table conclusion_service (
  nonconformity {int} not null references nonconformity (id),
  party text not null,            -- sampled, producer
  served_on text not null,
  recorded {int} not null,
  primary key (nonconformity, party)
);

-- A retest or an objection that was applied for; while one is not ended, the sample is not published.
create table contest (
  matter {int} primary key,
  nonconformity {int} not null references nonconformity (id),
  kind text not null,             -- retest, objection
  operator {int},                 -- who applied
  filed {int} not null,
  ended {int}
);
create index contest_by_nonconformity on contest (nonconformity);

insert into contest (matter, nonconformity, kind, operator, filed)
  select m.id, n.id, m.procedure, m.operator, m.opened_at from matter m join nonconformity n on n.matter = m.parent
  where n.held = 1 and m.procedure in ('retest', 'objection') and m.closed_at is null;

alter table nonconformity drop column held;

-- The list of laboratories frozen when a retest is accepted, and the draw from it.
create table retest_draw (
  id {int} primary key,
  matter {int} not null,
  region text not null,
  record text not null,           -- JSON: the whole record
  secret {bytes},                 -- the server's share of the seed, sealed until the draw
  entry {int} not null,           -- journal entry of the freezing: the checkpoint that first covers it completes the seed
  frozen {int} not null,
  drawn {int}
);
create index retest_draw_by_matter on retest_draw (matter, id);

-- When a list was taken back, and by whom.
alter table bulletin add column withdrawn {int};
alter table bulletin add column withdrawn_by {int};
