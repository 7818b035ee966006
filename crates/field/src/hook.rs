//! What inspections outside ask of procedures and register.

use access::Principal;
use async_trait::async_trait;
use base::{Date, Id, Instant, Text};
use ledger::Context;
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};
use store::Tx;

/// A failure of a connected part. An [`access::Denied`] or a [`Refused`] in it reaches the person.
pub type HookError = Box<dyn std::error::Error + Send + Sync>;

/// A step the procedure does not take now, with what is missing.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub Text);

/// The yearly plan a draw is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The matter.
    pub matter: Id,
    /// Region code.
    pub region: String,
    /// Department.
    pub agency: String,
    /// Year.
    pub year: String,
    /// Approved, published and running.
    pub running: bool,
    /// Visits a year by risk grade.
    pub visits: BTreeMap<String, f64>,
    /// How often the common frequency, by credit class.
    pub times: BTreeMap<String, f64>,
}

/// Everybody is visited at least once in two years (Order 49 of 2021, art. 14: full coverage of two years).
const LEAST_VISITS: f64 = 0.5;
/// Visits a year supposed of an operator without a grade: those of the middle.
const UNGRADED: f64 = 1.0;

impl Plan {
    /// Visits a year of an operator: those of its risk grade, times what its credit class says, once in two years at least. An
    /// operator without a grade is taken for the middle, one without a class for the common frequency.
    #[must_use]
    pub fn visits_of(&self, grade: &str, credit: &str) -> f64 {
        let by_grade = self.visits.get(grade).copied().unwrap_or(UNGRADED).max(0.0);
        (by_grade * self.times.get(credit).copied().unwrap_or(1.0)).max(LEAST_VISITS)
    }
}

/// An operator that can be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Record.
    pub operator: Id,
    /// Name.
    pub name: String,
    /// Region code of the county.
    pub region: String,
    /// Checklist of its business: `production`, `catering`, ….
    pub business: String,
    /// Risk grade A–D; empty when not graded.
    pub grade: String,
    /// Credit class A–D; empty when none was reckoned yet.
    pub credit: String,
    /// Penalties and failed inspections of the last two years: they double the chance.
    pub marked: bool,
    /// Day of the last inspection.
    pub inspected: Option<Date>,
    /// An inspection is open.
    pub busy: bool,
}

/// An inspection as far as those outside need it.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The matter.
    pub matter: Id,
    /// Region code.
    pub region: String,
    /// Department.
    pub agency: String,
    /// On screen.
    pub title: Text,
    /// Still to be carried out.
    pub waiting: bool,
    /// Ended as not done.
    pub called_off: bool,
    /// The operator.
    pub operator: Option<Id>,
    /// Checklist of the business.
    pub business: String,
}

/// Procedures and register behind the inspections.
#[async_trait]
pub trait Office: Send + Sync {
    /// The plan of that matter; `None` when there is none.
    async fn plan(&self, tx: &mut Tx, matter: Id) -> Result<Option<Plan>, HookError>;

    /// Every operator in business in a region.
    async fn roster(&self, tx: &mut Tx, region: &str, now: Instant) -> Result<Vec<Candidate>, HookError>;

    /// Who can be sent in a region for a department: account and name.
    async fn officers(
        &self,
        tx: &mut Tx,
        region: &str,
        agency: &str,
        on: Date,
    ) -> Result<Vec<(Id, String)>, HookError>;

    /// From which operators each of these officers keeps away, as declared.
    async fn recused(&self, tx: &mut Tx, accounts: &[Id]) -> Result<HashMap<Id, Vec<Id>>, HookError>;

    /// Opens an inspection of a drawn operator in the right of `who`, given to the first of those sent.
    async fn open(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        plan: &Plan,
        drawn: (&Candidate, Id, &[Id]),
    ) -> Result<Id, HookError>;

    /// Ends an inspection as not done, in the right of `who`: the word of the reason and an explanation.
    async fn call_off(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        matter: Id,
        why: (&str, &str),
    ) -> Result<(), HookError>;

    /// The inspection of that matter; `None` when it is none.
    async fn inspection(&self, tx: &mut Tx, matter: Id) -> Result<Option<Inspection>, HookError>;

    /// Gives an inspection to a person, in the right of `who`.
    async fn give(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        matter: Id,
        account: Id,
    ) -> Result<(), HookError>;

    /// What an officer takes along: facts of the operator, the last findings, the checklist of its business.
    async fn sheet(&self, tx: &mut Tx, matter: Id) -> Result<Json, HookError>;

    /// Records an inspection from what was entered outside, in the right of `who`: one step of the procedure.
    async fn record(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        matter: Id,
        form: &Json,
    ) -> Result<(), HookError>;
}
