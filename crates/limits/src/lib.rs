//! Standards, food trees, scope expressions, adjudication: what the law allows in a food, as data a machine
//! applies and a person can check.
//!
//! [`Rules`] holds every loaded edition; [`Rules::judge`] turns a [`Case`] (one laboratory result) into a
//! [`Verdict`] that binds edition, clause and row and carries its own derivation.
//!
//! How a case is judged: the analyte label is read ([`Analytes`]: synonyms, CAS, sums with parts); the governing date
//! ([`Rules::governing_date`]) selects the edition and the
//! amendments in force; the food text is placed in that edition's tree ([`Foods`]: names,
//! product forms, facts in brackets); rows whose include list holds the food and whose exclude list does not are
//! in scope; the most specific one wins, and two winners with different limits are `ambiguous`. An unknown fact is tried
//! both ways: if every answer leads to the same verdict it does not matter, else the verdict is
//! `needs_confirmation` and names the fact. What no row means is a property of the edition ([`rule::Absence`]).
//!
//! The way from food, analyte and unit to the row (`path`) does not depend on the value: a [`Judge`] works it out once and walks it
//! for every result; the derivation is written only for a [`Verdict`], never for a [`Decision`]. [`Rejudge`] compares two editions, [`second`] brings
//! a new table into use after two independent readings, [`Rules::coverage`] tells what is loaded, [`Rules::says`] and
//! [`Rules::beside`] put the rows of other jurisdictions beside those at home, for reading only.
//!
//! Invariants: exact decimals only; the same case and rule set always give the same verdict; whatever cannot be
//! decided is an outcome of its own and never a pass; above a highest level no higher value passes. The crate
//! must never read a clock, a file or the network.

pub mod abroad;
pub mod analytes;
mod basis;
pub mod case;
mod compare;
pub mod coverage;
mod date;
pub mod dates;
pub mod declared;
pub mod error;
pub mod facts;
mod finding;
pub mod foods;
mod judge;
mod ladder;
mod load;
mod number;
mod path;
mod plan;
mod question;
pub mod rejudge;
pub mod rule;
pub mod rules;
mod scale;
pub mod second;
pub mod sheet;
pub mod sums;
pub mod tree;
pub mod verdict;
mod wording;

pub use abroad::{Answer, Beside, HOME, Level, Line, Relation, Says, Scope};
pub use analytes::{Analyte, Analytes};
pub use case::{Case, Placed};
pub use coverage::Loaded;
pub use dates::{DateRule, FoodKind, Which};
pub use declared::{Checked, DeclaredRow, Standing};
pub use error::LoadError;
pub use facts::{Fact, Facts};
pub use foods::{Confidence, Foods, Position, Resolution};
pub use judge::{Decision, Judge};
pub use rejudge::{Flip, Rejudge};
pub use rule::{Edition, Rule};
pub use rules::{ENGINE, FILES, Rules};
pub use scale::with_unit;
pub use second::{Difference, Refusal, Table, activate};
pub use sheet::{json_line, judge_csv, rejudge_csv};
pub use tree::Tree;
pub use verdict::{Limit, Loser, Outcome, Status, Step, Verdict};
