-- The one record: entries, their erasable private parts, the Merkle tree and its signed checkpoints.

-- An entry is written in the transaction of the change it records; only `position` is written later, once.
create table journal (
    id {int} primary key,
    at {int} not null,
    kind text not null,
    region text not null,
    subject text not null,
    actor text not null,
    canonical text not null,            -- the bytes the leaf commits to
    leaf {bytes} not null,              -- SHA-256(0x00 || canonical)
    position {int}                      -- in the tree, from 0; null until sequenced
);
create unique index journal_position on journal (position);
create index journal_waiting on journal (id) where position is null;
create index journal_subject on journal (subject, id);

-- Personal data of an entry; the leaf holds SHA-256(salt || body). Erasing sets body and salt to null.
create table journal_private (
    id {int} primary key,
    salt {bytes},
    body text,                          -- JSON
    erased_at {int}
);

-- Hash tiles of height 8: up to 256 hashes of one tree level (8 * level), 32 bytes each.
create table log_tile (
    level {int} not null,
    idx {int} not null,
    hashes {bytes} not null,
    primary key (level, idx)
);

-- Every signed head of the tree.
create table log_checkpoint (
    size {int} primary key,
    root {bytes} not null,
    at {int} not null,
    note text not null                  -- C2SP signed note
);

-- Keys that ever signed a checkpoint.
create table log_key (
    vkey text primary key,              -- C2SP verifier key
    at {int} not null
);

-- How far each derived table has followed the journal.
create table projection (
    name text primary key,
    position {int} not null,            -- the next position to apply
    at {int} not null
);
