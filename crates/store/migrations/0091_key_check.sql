-- Fingerprints of the keys a province was founded with: a missing key is not made anew in silence.
create table key_check (
  name text primary key,
  print text not null,
  at {int} not null
);
