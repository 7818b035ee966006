-- The day a paper was served, where it was put right; null: the day it was issued.
alter table document add column served_on text;
