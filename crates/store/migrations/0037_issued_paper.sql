-- Papers issued as files, and files of results too long to be dealt with before answering.

-- A paper as it was first made: the same content is never made anew, so that the hash in the journal stays that of the file.
create table issued_paper (
  subject text not null,          -- kind:id of the record
  name text not null,             -- report, form, document, licence
  language text not null,         -- zh, en
  content text not null,          -- hex SHA-256 of heading and body
  sha256 text not null references attachment (sha256),
  at {int} not null,
  journal {int} not null,
  primary key (subject, name, language, content)
);

-- A file of results worked off in portions.
create table result_import (
  id {int} primary key,
  account {int} not null,
  laboratory {int},
  region text not null,
  file_name text not null,
  document text not null references attachment (sha256),
  state text not null,            -- running, stored, part, refused
  reached {int} not null,         -- rows of the file dealt with
  stored {int} not null,
  repeated {int} not null,        -- rows that were stored before with the same value
  wrong {int} not null,           -- rows refused
  outcomes text not null,         -- JSON: verdict word to how many
  problem_zh text,                -- why the whole file was refused
  problem_en text,
  created {int} not null,
  finished {int}
);
create index result_import_by_account on result_import (account, id);
create index result_import_by_laboratory on result_import (laboratory, id);

-- What is wrong with which row.
create table result_import_error (
  import {int} not null references result_import (id),
  line {int} not null,            -- as a spreadsheet counts, the heading being 1
  n {int} not null,
  field text not null,
  value text not null,
  zh text not null,
  en text not null,
  primary key (import, line, n)
);
