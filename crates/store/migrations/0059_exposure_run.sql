-- Long runs of exposure: begun on a page, worked off as a job, their answers kept.

create table exposure_run (
  id {int} primary key,
  account {int} not null,
  region text not null,
  question text not null,         -- as part of an address
  substance text not null,        -- the one asked for
  state text not null,            -- waiting, running, stopping, stopped, failed, done
  attempt {int} not null,         -- 1, and one more each time it is begun again
  created {int} not null,
  seen {int} not null,            -- last sign of life of whoever works on it
  share {int} not null,           -- thousandths done
  finished {int},
  recipe text not null,           -- of the answer; empty before
  said_zh text not null,          -- why it failed
  said_en text not null,
  told text,                      -- JSON: the figures
  model text,                     -- JSON: the model file without the tables of the survey
  survey text not null            -- SHA-256 of the survey answered from; empty before
);
create index exposure_run_by_account on exposure_run (account, id);
