//! The doors from outside: EPCIS bindings, REST, pages, rights, headers, budgets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "says when it proves nothing")]

mod bindings;
mod conformance;
mod connectors;
mod doors;
mod examples;
mod firm;
mod jobs;
mod journal;
mod open_data;
mod papers;
mod petitions;
mod province;
mod quiet;
mod records;
mod resolver;
mod rest;
mod science;
mod service;
mod standing;
mod targeting;
mod trace;
mod work;
