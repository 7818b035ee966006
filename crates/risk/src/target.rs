//! Whom to inspect and what to sample next: a score from the record of a place, its neighbours and namesakes, learnt from past
//! visits and proven in time order.
//!
//! A model is the mean of boosted trees and a ridge logistic on the log-odds scale, both fitted with the inspector and the season as
//! a known offset and scored without it: how strict the inspector was moves neither a place's record nor its score. Everything
//! a score rests on was known before the first day of the window it is for, and a window of the proof lacks what the window to
//! score lacks: months not on record, or told without inspector and facts. Proposals keep a random share of at least 5 %, so that
//! rates can be estimated without bias and the model does not only learn where it looked.

pub mod measure;
pub mod proposal;
pub mod ridge;
pub mod roles;
pub mod trees;

mod features;
mod groups;
mod hands;
mod model;
mod visits;

pub use model::{Fair, Options, Outcome, Scored, Window, run};
pub use roles::{Named, Roles};

use crate::table::TableError;

/// Why no score is given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A table cannot be used.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The history does not tell the outcome.
    #[error(
        "the history has neither the column {outcome:?} nor a count that is above 0 exactly where it is 1; add one"
    )]
    History {
        /// Outcome column.
        outcome: String,
    },
    /// All rows to score have an outcome.
    #[error("nothing to score: every row has a value in {outcome:?}; leave it empty for the visits to come")]
    NothingToScore {
        /// Outcome column.
        outcome: String,
    },
    /// Too little to learn from.
    #[error(
        "too little to learn from: {found} visits found something and {clean} did not; at least 20 of each are needed"
    )]
    TooFew {
        /// Visits that found something.
        found: usize,
        /// Visits that did not.
        clean: usize,
    },
}
