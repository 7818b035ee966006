-- A long document of which all is to be stored or nothing is judged as a whole before its first event is stored.
--
-- While it is judged it claims the names of its events; once it is found good (judged) nobody else may give such a name to something else, so
-- that it can be stored in portions none of which fails. Each portion gives up the claims of its events.

alter table capture add column judged {int};      -- of such a document: when all of it was found good
create index capture_judged on capture (id) where judged is not null and finished = 0;

-- How often a document was found good: who read the claims before the last time reads them again.
alter table capture_position add column verdicts {int} not null default 0;

create table event_claim (
  capture {int} not null,         -- the document
  event_id text not null,
  declared text not null,         -- as in event, with which the name is unique
  hash {bytes} not null,
  pointer text not null,          -- where the event stands in the document
  primary key (capture, event_id, declared)
) {clustered};
