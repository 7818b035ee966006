-- When the last wrong attempt at an account was made: what lies long ago no longer counts.
alter table account add column failed_at {int};
