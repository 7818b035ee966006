-- 承诺达标合格证: certificates a grower, producer or collector issues for a lot. Contact persons lie sealed with the
-- journal entry; the certificate is also an event of the lot (certificationInfo), written in the same transaction.
create table certificate (
  id {int} primary key,
  number text not null,           -- region (6), date (6), serial (6), check digits (2)
  operator {int} not null,
  issuer text not null,           -- the operator's name when issued
  region text not null,           -- of the operator
  place text not null,            -- key of the place it was issued at
  item text not null,             -- key of the lot
  product text not null,
  lot_no text,
  quantity text not null,         -- exact decimal
  unit text not null,             -- UN/ECE Rec 20 code
  origin text not null,           -- as stated
  issued text not null,           -- date
  basis text not null,            -- ids of the rulebook, separated by spaces
  reissued {int} not null,        -- 1 when it cites others: goods were mixed or split
  state text not null,            -- valid, void
  void_reason text,
  voided {int},
  capture {int} not null references capture (id),
  created {int} not null,
  journal {int} not null
);
create unique index certificate_by_number on certificate (number);
create index certificate_by_operator on certificate (operator, id);
create index certificate_by_region on certificate (region, id);
create index certificate_by_item on certificate (item, id);

-- The certificates one cites, in order; `held` is the record when it was issued here, null for one on paper.
create table certificate_source (
  certificate {int} not null references certificate (id),
  n {int} not null,
  number text not null,
  held {int},
  item text,                      -- the lot that went in, when known
  quantity text,                  -- how much of it, in the unit of the certificate that cites
  primary key (certificate, n)
);
create index certificate_source_by_number on certificate_source (number);
