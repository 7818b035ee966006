//! Standards, food trees, scope expressions, adjudication: what the law allows in a food, as data a machine
//! applies and a person can check.
//!
//! [`Rules`] holds every loaded edition; [`Rules::judge`] turns a [`Case`] (one laboratory result) into a
//! [`Verdict`] that binds edition, clause and row and carries its own derivation. Invariants: exact decimals
//! only; the same case and rule set always give the same verdict; whatever cannot be decided is an outcome of
//! its own and never a pass. It must never read a clock, a file or the network.

pub mod case;
mod date;
pub mod facts;
pub mod rules;
pub mod verdict;

pub use case::{Case, Placed};
pub use facts::{Fact, Facts};
pub use rules::{ENGINE, Rules};
pub use verdict::{Limit, Loser, Outcome, Status, Step, Verdict};
