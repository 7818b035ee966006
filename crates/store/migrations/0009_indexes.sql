-- Orders that lists ask for, so that a page reads its rows only.

-- the laboratory's bench: newest sampling date first
create index sample_by_laboratory_sampled on sample (laboratory, sampled, id);
