-- Work without signal: devices, what they took along, and the log each of them signs.

create table field_device (
  id {int} primary key,
  account {int} not null,
  region text not null,
  agency text not null,
  name text not null,
  public_key {bytes} not null,    -- P-256 point, 65 bytes uncompressed
  enrolled {int} not null,
  revoked {int},
  revoked_by {int},
  reason text,
  head {int} not null             -- how many entries the device said it has made
);
create index field_device_by_account on field_device (account);
create index field_device_by_region on field_device (region);

-- An inspection taken along by a device.
create table field_take (
  device {int} not null,
  matter {int} not null,
  account {int} not null,
  at {int} not null,
  until {int} not null,           -- the phone wipes it then
  returned {int},                 -- given back without having been begun
  primary key (device, matter)
);
create index field_take_by_matter on field_take (matter);

create table field_batch (
  id {int} primary key,
  device {int} not null,
  at {int} not null,
  entries {int} not null,
  digest text not null,           -- Merkle root of the entries stored, hex; stands in the journal
  journal {int} not null
);
create index field_batch_by_device on field_batch (device, id);

create table field_event (
  device {int} not null,
  seq {int} not null,
  matter {int} not null,
  kind text not null,
  at {int} not null,              -- time of the device
  hash text not null,             -- SHA-256 of the text, hex
  previous text not null,
  text text not null,             -- exactly what was signed
  signature {bytes} not null,     -- r and s, 64 bytes
  received {int} not null,
  batch {int} not null,
  primary key (device, seq)
);
create index field_event_by_matter on field_event (matter, kind);

-- Why what a phone finished could not be recorded yet; gone when it was.
create table field_obstacle (
  matter {int} primary key,
  at {int} not null,
  reason_zh text not null,
  reason_en text not null
);

-- A photo named in a log, and its pieces until all have come.
create table field_photo (
  device {int} not null,
  sha256 text not null,
  matter {int} not null,
  account {int} not null,
  size {int} not null,
  done {int},
  primary key (device, sha256)
);
create index field_photo_by_hash on field_photo (sha256);

create table field_piece (
  device {int} not null,
  sha256 text not null,
  start {int} not null,
  bytes {bytes} not null,
  primary key (device, sha256, start)
);
