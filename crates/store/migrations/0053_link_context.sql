-- For whom or what a link of the resolver is meant (GS1-Conformant Resolver standard: context), such as a country or a
-- business process; '' for everybody.

alter table resolver_link add column context text not null default '';
