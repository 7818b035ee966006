//! Nonconformities: a supervision sample whose report fails.

use crate::sample::words;
use base::{Id, Instant};
use serde::{Deserialize, Serialize};

words! {
    /// Where a nonconformity stands.
    NonconformityState {
        /// Disposal is under way.
        Open = "open", "处置中", "Open";
        /// Disposal is complete.
        Closed = "closed", "已办结", "Closed";
        /// A retest or objection overturned the verdict.
        Overturned = "overturned", "已推翻", "Overturned";
    }
}

/// A supervision sample that failed: one record a sample, whatever the number of failing results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Nonconformity {
    /// Record id.
    pub id: Id,
    /// Optimistic lock.
    pub version: i64,
    /// The sample.
    pub sample: Id,
    /// 抽样单编号.
    pub form_no: String,
    /// What failed: the sample's food.
    pub food: String,
    /// Name on the label.
    pub product_name: String,
    /// The first failing result.
    pub result: Id,
    /// Its verdict.
    pub verdict: Id,
    /// Analyte, value and limit of every failing result.
    pub failures: Vec<Failure>,
    /// Where it stands.
    pub state: NonconformityState,
    /// Trace key of the lot.
    pub item: Option<String>,
    /// Lot number as printed.
    pub lot_no: Option<String>,
    /// Trace key of the place sampled.
    pub place: Option<String>,
    /// Name of the place sampled.
    pub place_name: String,
    /// The operator sampled.
    pub operator: Option<Id>,
    /// The producer.
    pub producer: Option<Id>,
    /// The producer as labelled.
    pub producer_name: String,
    /// Region code of the place sampled.
    pub region: String,
    /// Department that ordered the sample.
    pub agency: String,
    /// Time of record.
    pub created: Instant,
    /// The disposal matter.
    pub matter: Option<Id>,
}

/// One failing result, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The result.
    pub result: Id,
    /// Analyte as reported.
    pub analyte: String,
    /// Value as reported.
    pub reported: String,
    /// Unit as reported.
    pub unit: String,
    /// The limit, with unit.
    pub limit: String,
    /// Standard with edition and clause.
    pub basis: String,
}
