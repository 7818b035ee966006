//! What who opened a matter may do about its outcome.

use base::Text;
use rule::Basis;
use serde::{Deserialize, Serialize};

/// A way to object to how a matter went or ended, told to who opened it when they follow it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    /// The states in which it is told.
    pub states: Vec<String>,
    /// What may be done, where and by when.
    pub title: Text,
    /// The clauses that give it.
    pub basis: Vec<Basis>,
}
