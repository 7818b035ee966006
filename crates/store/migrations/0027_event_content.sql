-- An event is looked for by its hash among those of its own millisecond.
--
-- The hash covers the event time, so that what is the same event has the same millisecond (rounded, as the hash has it). With the time before it the
-- tree of hashes grows where events arrive, near its end, and not at a random place for each. Who has the hash alone finds
-- the event by its start among the terms.

create unique index event_by_content on event (((event_time + 500) / 1000), hash, declared);
drop index event_by_hash;
