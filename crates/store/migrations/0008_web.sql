-- Answers already given to programs: a repeated request with the same Idempotency-Key gets the same answer and does
-- nothing. Written in the transaction of the change itself; kept for a week.

create table idempotency (
  account {int} not null,
  key text not null,              -- as sent, at most 200 characters
  request text not null,          -- SHA-256 over method, path and body, hex
  status {int} not null,          -- HTTP status of the answer
  location text not null,         -- Location header, empty without one
  body text not null,             -- JSON
  at {int} not null,
  primary key (account, key)
);
create index idempotency_by_time on idempotency (at);
