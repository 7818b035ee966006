//! Standards, food trees, scope expressions, adjudication: what the law allows in a food, as data a machine
//! applies and a person can check.
//!
//! [`Rules`] holds every loaded edition; [`Rules::judge`] turns a [`Case`] (one laboratory result) into a
//! [`Verdict`] that binds edition, clause and row and carries its own derivation.
//!
//! How a case is judged: the analyte label is read ([`Analytes`]: synonyms, CAS, sums with parts); the governing date
//! ([`governing_date`]) selects the edition; the food text is placed in that edition's tree ([`Foods`]: names,
//! product forms, facts in brackets); rows whose include list holds the food and whose exclude list does not are
//! in scope; the most specific one wins, and two winners with different limits are `ambiguous`. An unknown fact is tried
//! both ways: if every answer leads to the same verdict it does not matter, else the verdict is
//! `needs_confirmation` and names the fact.
//!
//! Invariants: exact decimals only; the same case and rule set always give the same verdict; whatever cannot be
//! decided is an outcome of its own and never a pass; a higher value never turns a failure into a pass. The crate
//! must never read a clock, a file or the network.

pub mod analytes;
pub mod case;
mod compare;
mod date;
pub mod dates;
pub mod error;
pub mod facts;
mod finding;
pub mod foods;
mod judge;
mod ladder;
mod load;
mod number;
mod plan;
pub mod rule;
pub mod rules;
pub mod sheet;
pub mod tree;
pub mod verdict;
mod wording;

pub use analytes::{Analyte, Analytes};
pub use case::{Case, Placed};
pub use dates::{FoodKind, governing_date};
pub use error::LoadError;
pub use facts::{Fact, Facts};
pub use foods::{Confidence, Foods, Position, Resolution};
pub use rule::{Edition, Rule};
pub use rules::{ENGINE, FILES, Rules};
pub use sheet::{json_line, judge_csv};
pub use tree::Tree;
pub use verdict::{Limit, Loser, Outcome, Status, Step, Verdict};
