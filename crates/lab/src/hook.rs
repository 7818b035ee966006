//! What the laboratory asks of others: places and lots, and the consequence of a failed sample.

use crate::{CorrectedReport, NewContest, NewSerious, Nonconformity, Stage};
use access::Principal;
use async_trait::async_trait;
use base::{Date, Id};
use ledger::Context;
use store::Tx;

/// A failure of a connected part.
pub type HookError = Box<dyn std::error::Error + Send + Sync>;

/// What happens when a supervision sample fails: `shian` opens the disposal matter through the procedure engine.
#[async_trait]
pub trait Consequence: Send + Sync {
    /// Called once for each nonconformity, in the transaction that records it; an error rolls everything back.
    /// Returns the matter it opened, if any.
    async fn nonconforming(
        &self,
        tx: &mut Tx,
        cx: &Context,
        nonconformity: &Nonconformity,
    ) -> Result<Option<Id>, HookError>;

    /// Called once for each sample with a result that may gravely harm health, in the transaction that records the result: the
    /// authority is told. Returns the matter it opened, if any.
    async fn serious(&self, tx: &mut Tx, cx: &Context, new: &NewSerious<'_>)
    -> Result<Option<Id>, HookError>;

    /// Called for each corrected report of a sample that failed, in the transaction that issues it: the disposal is told. Returns the
    /// matter that deals with the failure from now on.
    async fn corrected(
        &self,
        tx: &mut Tx,
        cx: &Context,
        report: &CorrectedReport<'_>,
    ) -> Result<Option<Id>, HookError>;

    /// Opens the retest or the objection in the right of `who`; what was opened before for the same party is given again.
    /// An [`access::Denied`] in the error reaches the person.
    async fn contest(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        new: &NewContest<'_>,
    ) -> Result<Id, HookError>;
}

/// The operator or place a sampling form names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Trace key of the place (`https://id.gs1.org/414/…`).
    pub place: Option<String>,
    /// Unified social credit code of the operator.
    pub uscc: Option<String>,
    /// Name as written.
    pub name: String,
}

/// What the register knows of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The operator.
    pub operator: Option<Id>,
    /// The site.
    pub site: Option<Id>,
    /// Trace key of the site.
    pub place: Option<String>,
    /// Name in the register.
    pub name: String,
    /// Region code.
    pub region: String,
    /// Code of its kind of business, where a roster is stratified by it; empty when not asked.
    pub kind: String,
}

/// The register and the trace record, as far as a sample needs them.
#[async_trait]
pub trait Surroundings: Send + Sync {
    /// Whether any trace event names the lot.
    async fn lot_known(&self, tx: &mut Tx, item: &str) -> Result<bool, HookError>;

    /// The operator and place meant; `None` when nothing or more than one fits.
    async fn find(&self, tx: &mut Tx, asked: &Asked) -> Result<Option<Found>, HookError>;

    /// Everybody in a region who can be sampled at a stage: the roster of a draw.
    async fn roster(&self, tx: &mut Tx, region: &str, stage: Stage) -> Result<Vec<Found>, HookError>;

    /// Address of an operator's place of business as the public may read it; empty when unknown.
    async fn address(&self, tx: &mut Tx, operator: Id) -> Result<String, HookError>;

    /// Name of an operator; empty when unknown.
    async fn name(&self, tx: &mut Tx, operator: Id) -> Result<String, HookError>;

    /// The laboratories on the register: among them a retest laboratory is drawn.
    async fn laboratories(&self, tx: &mut Tx) -> Result<Vec<Found>, HookError>;

    /// Who can be sent to take samples in a county for a department: account and name.
    async fn samplers(
        &self,
        tx: &mut Tx,
        region: &str,
        agency: &str,
        on: Date,
    ) -> Result<Vec<(Id, String)>, HookError>;
}
