//! Samples, results, verdicts, nonconformities: from the sampling form to the report that opens a disposal.
//!
//! Main type: [`Lab`], which holds the rights, the limits and the connections; its writing methods work inside the
//! caller's transaction and append their own journal entries. Invariants: a verdict row never changes (judging again
//! adds one); whoever entered a result never approves its report; a submitted report never changes, it is replaced by a
//! corrected one; a sheet is imported whole or not at all, a file of
//! [`ResultFile`] row by row; risk monitoring never becomes a nonconformity; a laboratory does not see whose a sample is before
//! its report is submitted. It must never know procedures, trace events or the register: it asks
//! them through [`Surroundings`] and tells them through [`Consequence`].

mod accreditation;
mod blind;
mod competence;
mod concluded;
mod contest;
mod corrected;
mod correction;
mod declared;
mod declared_sheet;
mod error;
mod failed;
mod hook;
mod import;
mod measured;
mod names;
mod nonconformity;
mod query;
mod register;
mod report;
mod reported;
mod result;
mod result_batch;
mod result_file;
mod retest;
mod sample;
mod sample_filter;
mod sampling;
mod serious;
mod timing;

pub use accreditation::{Accredited, Qualification, accreditation, scope_columns};
pub use blind::ToTest;
pub use competence::{
    Acceptance, Proficiency, Proficient, acceptance, proficiency, proficiency_columns, weak_items,
};
pub use concluded::{Concluded, Slot, concluded, concluded_of_plan};
pub use contest::{Contest, ContestKind, ContestStanding, NewContest, Party, PartyStanding};
pub use corrected::{CorrectedReport, CorrectionState, IssuedReport, ReportCorrection, ResultChange};
pub use declared::{
    Declared, DeclaredFilter, DeclaredLine, DeclaredState, DeclaredVerdict, Declarer, NewDeclared,
    declared_bytes, declared_standards, public_declared,
};
pub use declared_sheet::{declared_columns, declared_rows};
pub use error::{Error, Problem};
pub use failed::{Failed, failed_since};
pub use hook::{Asked, Consequence, Found, HookError, Surroundings};
pub use import::{ResultsImported, SamplesImported, result_columns, sample_columns};
pub use measured::{MOST_MEASURED, Measured, MeasuredFilter};
pub use nonconformity::{Failure, Nonconformity, NonconformityState};
pub use query::{NonconformityFilter, Page, SampleDetail, SampleRow};
pub use report::{ReportFacts, Submitted, report_facts, reports_submitted};
pub use result::{JudgedResult, NewResult, VerdictRecord};
pub use result_batch::{MOST_SENT, SentResult, SentRow};
pub use result_file::{RESULT_FILE_JOB, ResultFile};
pub use retest::{RetestDraw, RetestDrawn, RetestRecord, retest_draw, retest_draws};
pub use sample::{Conclusion, NewSample, Sample, SampleKind, SampleState};
pub use sample_filter::{Finding, Reached, SampleFilter, SampleSort};
pub use serious::{NewSerious, SeriousFilter, SeriousFinding};
pub use timing::{Timing, days_taken, report_due};

use access::Access;
use limits::{Judge, Rules};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

pub use crate::sampling::*;

/// The laboratory part of the office with what it is connected to.
#[derive(Clone)]
pub struct Lab {
    /// Rights.
    pub access: Access,
    /// The limits results are judged by.
    pub rules: &'static Rules,
    /// What a failed supervision sample brings about.
    pub consequence: Arc<dyn Consequence>,
    /// The register and the trace record.
    pub surroundings: Arc<dyn Surroundings>,
    /// One session of judging, so that each food and analyte is placed once.
    judge: Arc<Mutex<Judge<'static>>>,
    /// The units the limits of each analyte are set in, by its canonical name.
    units: Arc<HashMap<&'static str, Vec<String>>>,
}

impl Lab {
    /// A laboratory part over rights and limits, connected to its neighbours.
    #[must_use]
    pub fn new(
        access: Access,
        rules: &'static Rules,
        consequence: Arc<dyn Consequence>,
        surroundings: Arc<dyn Surroundings>,
    ) -> Self {
        let mut units: HashMap<&'static str, Vec<String>> = HashMap::new();
        for edition in rules.editions().iter().filter(|e| e.jurisdiction == limits::HOME) {
            for rule in edition.rules.iter().filter(|r| !r.unit.is_empty()) {
                let known = units.entry(rule.analyte.as_str()).or_default();
                if !known.contains(&rule.unit) {
                    known.push(rule.unit.clone());
                }
            }
        }
        let judge = Arc::new(Mutex::new(Judge::new(rules)));
        Self { access, rules, consequence, surroundings, judge, units: Arc::new(units) }
    }

    /// The units the limits of an analyte are set in; none when no limit is set on it.
    pub(crate) fn units_of(&self, analyte: &str) -> Vec<String> {
        let name = self.rules.analytes().resolve(analyte).name;
        self.units.get(name.as_str()).cloned().unwrap_or_default()
    }
}

impl std::fmt::Debug for Lab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lab").field("rules", &self.rules.hash()).finish_non_exhaustive()
    }
}
