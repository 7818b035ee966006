-- Identities and rights: accounts, grants, sessions, tokens.

-- A person or a firm's software. Name, phone and the one-time-code secret are sealed with the vault key.
create table account (
    id {int} primary key,
    version {int} not null,
    login text not null,                -- lower case
    region text not null,               -- who administers it
    operator {int},                     -- the firm or laboratory it acts for
    name {bytes} not null,              -- sealed
    phone {bytes},                      -- sealed
    password text not null,             -- PHC string, argon2id
    must_change {int} not null check (must_change in (0, 1)),
    status text not null check (status in ('active', 'suspended')),
    failures {int} not null,            -- wrong passwords or codes since the last success
    locked_until {int},
    totp {bytes},                       -- sealed secret; null without one-time codes
    totp_state text not null check (totp_state in ('off', 'pending', 'on')),
    totp_step {int} not null,           -- last 30-second step accepted: a code works once
    created_at {int} not null
);
create unique index account_login on account (login);
create index account_region on account (region, id);
create index account_operator on account (operator, id);

-- A seat: role, region prefix, department, highest classification, dates.
create table account_grant (
    id {int} primary key,
    account {int} not null references account (id),
    role text not null check (role in ('officer', 'desk', 'leader', 'laboratory', 'firm', 'admin')),
    region text not null,
    agency text not null,
    ceiling {int} not null check (ceiling between 0 and 2),
    valid_from text not null,
    valid_to text,
    created_at {int} not null
);
create index account_grant_account on account_grant (account, id);

-- A browser's login; the token itself is only in the cookie.
create table session (
    token {bytes} primary key,          -- SHA-256 of the token
    id {int} not null,
    account {int} not null references account (id),
    created_at {int} not null,
    seen_at {int} not null,
    expires_at {int} not null           -- whatever happens
);
create unique index session_id on session (id);
create index session_account on session (account, id);
create index session_expires on session (expires_at);

-- A bearer token of a firm's or laboratory's software.
create table api_token (
    id {int} primary key,
    token {bytes} not null,             -- SHA-256 of the token
    account {int} not null references account (id),
    name text not null,
    created_at {int} not null,
    expires_at {int},
    revoked_at {int}
);
create unique index api_token_token on api_token (token);
create index api_token_account on api_token (account, id);

-- Codes for the day the phone is lost, each good once.
create table recovery_code (
    account {int} not null references account (id),
    code {bytes} not null,              -- SHA-256 with the account id
    primary key (account, code)
);
