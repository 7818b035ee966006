//! Spreadsheets of samples and results: read whole, checked row by row, imported whole or not at all.

use base::Id;
use serde::Serialize;

/// What importing samples did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SamplesImported {
    /// The new samples, in row order.
    pub samples: Vec<Id>,
    /// Form numbers whose lot no trace event names.
    pub lot_unknown: Vec<String>,
}

/// What importing results did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResultsImported {
    /// Rows read.
    pub rows: usize,
    /// The samples that got results, in order of first row.
    pub samples: Vec<Id>,
    /// How many results have each outcome word.
    pub outcomes: std::collections::BTreeMap<String, usize>,
}
