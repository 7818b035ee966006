-- Assessments: surveys of consumption.

create table diet_survey (
  id {int} primary key,
  region text not null,
  title text not null,
  sha256 text not null,           -- of both tables
  persons {int} not null,
  days {int} not null,
  eaten {int} not null,           -- rows of consumption
  people text not null,           -- CSV: person, body_weight_kg, age, sex, weight; persons are numbered anew
  consumption text not null,      -- CSV: person, day, food, grams
  uploaded_by {int},
  created {int} not null
);
create index diet_survey_by_region on diet_survey (region, id);
create unique index diet_survey_once on diet_survey (region, sha256);
