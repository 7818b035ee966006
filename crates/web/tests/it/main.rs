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

/// The laboratory found everything in order when a sample came.
pub(crate) fn arrival() -> serde_json::Value {
    let checks: std::collections::BTreeMap<&str, bool> =
        lab::Book::builtin().checks().iter().map(|c| (c.id.as_str(), true)).collect();
    serde_json::json!({ "checks": checks })
}
