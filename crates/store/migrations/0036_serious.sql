-- Results that may gravely harm health, one a sample: the authority is told when they are judged and reports within 24 hours.
create table serious_finding (
  sample {int} primary key references sample (id),
  result {int} not null,
  region text not null,
  agency text not null,
  rule text not null,             -- id in sampling/targets.toml
  analyte text not null,
  found {int} not null,
  matter {int},
  reported {int}
);
create index serious_finding_by_region on serious_finding (region, sample);
