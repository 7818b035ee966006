//! The clause a number or condition of the rulebook rests on.

use base::clock::Status;
use serde::{Deserialize, Serialize};

/// The clause a rule rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Name of the law or rule, with its year.
    pub document: String,
    /// Article (and paragraph).
    pub clause: String,
    /// Whether the clause was checked.
    pub status: Status,
}

impl Basis {
    /// Whether document and clause are both named.
    #[must_use]
    pub fn is_named(&self) -> bool {
        !self.document.trim().is_empty() && !self.clause.trim().is_empty()
    }
}
