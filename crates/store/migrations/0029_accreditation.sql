-- What a laboratory is accredited for (CMA, CATL): its results outside it are refused once it is loaded.
create table accreditation (
  id {int} primary key,
  laboratory {int} not null,      -- an operator
  qualification text not null,    -- cma, catl
  certificate text not null,      -- 证书编号
  analyte text not null,          -- as printed in the annex
  method text not null,           -- standard of the method; empty: any
  class text,                     -- food class of the rulebook; null: any
  valid_from text not null,
  valid_to text not null
);
create index accreditation_by_laboratory on accreditation (laboratory, id);
