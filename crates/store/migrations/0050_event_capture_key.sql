-- PostgreSQL does not look the capture of every event up again.
--
-- An event and its capture are written by one function in one transaction, and neither is ever deleted; the check of the key took and kept a lock
-- on the capture's row for each event, a quarter of the server's work for it. SQLite, which checks it in passing, keeps it.

{postgres} alter table event drop constraint event_capture_fkey;
