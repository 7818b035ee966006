-- The last day a person set for a clock (责令改正期限): the clock ends there. Null where the law alone gives the length.
alter table clock add column last_day text;
