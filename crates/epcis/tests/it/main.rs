//! Integration tests of `epcis`, one binary.

// clippy.toml exempts only the test functions themselves, not what they share
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod built;
mod conversions;
mod differential;
mod documents;
mod files;
mod generated;
mod hashes;
mod hollow;
mod markup;
mod properties;
mod query;
mod rules;
mod seeds;
mod streams;
mod translations;
