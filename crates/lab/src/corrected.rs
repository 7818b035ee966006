//! What a correction of a submitted report is, and the sample as each of its reports says.

use crate::sample::words;
use crate::{Conclusion, NewResult, Nonconformity, SampleDetail};
use base::{Id, Instant};
use serde::{Deserialize, Serialize};

words! {
    /// Where a correction stands.
    CorrectionState {
        /// Waiting for a second person.
        Proposed = "proposed", "待审核签发", "Waiting to be issued";
        /// The corrected report is out.
        Issued = "issued", "已签发", "Issued";
        /// Not pursued; the report stands.
        Dropped = "dropped", "已退回", "Dropped";
    }
}

/// One result to be put right, added or struck out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultChange {
    /// The result that was wrong; `None`: one that was left out.
    #[serde(default)]
    pub result: Option<Id>,
    /// What it should say; `None`: it does not belong to the sample and is struck out.
    #[serde(default)]
    pub corrected: Option<NewResult>,
}

/// A report as it was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedReport {
    /// Its number.
    pub report_no: String,
    /// What it said of the sample.
    pub conclusion: Option<Conclusion>,
    /// When it was approved.
    pub issued: Option<Instant>,
    /// Its results, each with the verdict in force then.
    pub results: Vec<(Id, Id)>,
}

/// A correction of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportCorrection {
    /// Record id.
    pub id: Id,
    /// Optimistic lock.
    pub version: i64,
    /// The sample.
    pub sample: Id,
    /// 1 for the first of the sample.
    pub seq: i64,
    /// Where it stands.
    pub state: CorrectionState,
    /// Why the report is corrected; the corrected report says it.
    pub reason: String,
    /// What changes.
    pub changes: Vec<ResultChange>,
    /// Number of the corrected report, once issued.
    pub report_no: Option<String>,
    /// What the corrected report says of the sample.
    pub conclusion: Option<Conclusion>,
    /// The report it replaces.
    pub replaced: Option<IssuedReport>,
    /// Account that proposed it.
    pub proposed_by: Id,
    /// When.
    pub proposed: Instant,
    /// Account that issued or dropped it.
    pub decided_by: Option<Id>,
    /// When.
    pub decided: Option<Instant>,
    /// Why it was dropped.
    pub note: Option<String>,
}

/// What the authority is told of a corrected report of a failed sample.
#[derive(Debug, Clone, Copy)]
pub struct CorrectedReport<'a> {
    /// The failure, with what fails by the corrected report.
    pub nonconformity: &'a Nonconformity,
    /// 1 for the first correction of the sample.
    pub seq: i64,
    /// Number of the corrected report.
    pub report_no: &'a str,
    /// The report it replaces.
    pub replaced: &'a IssuedReport,
    /// Why it was corrected.
    pub reason: &'a str,
    /// Whether the sample fails by the corrected report.
    pub fails: bool,
}

impl SampleDetail {
    /// The corrections that were issued, oldest first.
    pub fn issued(&self) -> impl Iterator<Item = &ReportCorrection> {
        self.corrections.iter().filter(|c| c.state == CorrectionState::Issued)
    }

    /// When the report in force was issued.
    #[must_use]
    pub fn report_issued(&self) -> Option<Instant> {
        self.issued().last().and_then(|c| c.decided).or(self.sample.approved_at)
    }

    /// The sample as its nth report says, counted from 1: number, conclusion and results of that report. `None` where there is none.
    #[must_use]
    pub fn as_reported(&self, nth: usize) -> Option<Self> {
        let before = nth.checked_sub(1)?;
        let mut issued = self.issued().skip(before);
        let Some(next) = issued.next() else {
            return (self.issued().count() == before && self.sample.approved_at.is_some())
                .then(|| self.clone());
        };
        let report = next.replaced.as_ref()?;
        let mut told = self.clone();
        told.sample.report_no = Some(report.report_no.clone());
        told.sample.conclusion = report.conclusion;
        told.corrections.retain(|c| c.state == CorrectionState::Issued && c.seq < next.seq);
        told.results = report
            .results
            .iter()
            .filter_map(|(result, verdict)| {
                let mut r = self.results.iter().find(|r| r.id == *result)?.clone();
                let last = r.verdicts.iter().position(|v| v.id == *verdict)?;
                r.verdicts.truncate(last + 1);
                r.withdrawn = false;
                Some(r)
            })
            .collect();
        Some(told)
    }
}
