-- A seat that decides or opens what is confidential is given by one administrator and confirmed by another.
alter table account_grant add column given_by {int};                    -- null: the first account's
alter table account_grant add column waits {int} not null default 0;    -- 1: not in force until confirmed
alter table account_grant add column confirmed_by {int};                -- null: needed none, or confirmed at the machine
create index account_grant_waits on account_grant (account) where waits = 1;
