//! Tests of procedures and their engine, on every store at hand.

#![allow(clippy::unwrap_used)] // a helper that fails fails its test

mod approvals;
mod cases;
mod changes;
mod clocks;
mod counted;
mod dates;
mod drills;
mod features;
mod files;
mod forms;
mod generated;
mod numbers;
mod party;
mod people;
mod private;
mod recall;
mod rulebook;
mod search;
mod story;
mod support;
mod sweeps;
mod together;
mod walks;
mod written;
