-- Relations samplers declare to firms: they keep away from them in every draw frozen while the relation stands.
create table sampling_recusal (
  id {int} primary key,
  sampler {int} not null,         -- an account
  operator {int} not null,
  region text not null,
  agency text not null,
  ground text not null,           -- kin, employment, interest, other
  declared {int} not null,
  declared_by {int},
  ended {int}
);
create index sampling_recusal_by_sampler on sampling_recusal (sampler, operator);
create index sampling_recusal_by_region on sampling_recusal (region, id);
