-- Credit classes that lapse, how often somebody may try, and what can be claimed once.

-- The day on which a kept credit class was last reckoned because time had passed.
create table credit_check (
    operator {int} primary key references operator (id),
    day text not null
);

-- Tries within a window of time. The key is a keyed fingerprint (of an address, of a matter's number): what it stands for is
-- kept nowhere, and the row goes when the window is over.
create table attempt (
    key text primary key,
    count {int} not null,
    until {int} not null
);
create index attempt_until on attempt (until);

-- What a matter claimed for itself alone: one reward a case.
create table flow_claim (
    what text not null,
    value text not null,
    matter {int} not null references matter (id),
    primary key (what, value)
);
