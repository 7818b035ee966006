//! What targeting asks of registers, procedures and samples.

use crate::{Aim, Facts};
use access::Principal;
use async_trait::async_trait;
use base::{Date, Id, Instant, Text};
use ledger::Context;
use std::collections::HashMap;
use store::Tx;

/// A failure of a connected part. An [`access::Denied`] or a [`Refused`] in it reaches the person.
pub type HookError = Box<dyn std::error::Error + Send + Sync>;

/// What a plan does not take now, with the remedy.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub Text);

/// What an accepted proposal hands over to a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What is proposed.
    pub aim: Aim,
    /// The proposal.
    pub proposal: Id,
    /// Region code.
    pub region: String,
    /// The plan it feeds: the matter of a running yearly inspection plan, or a draft of a sampling plan.
    pub plan: Id,
    /// Subjects with the operator each stands for.
    pub chosen: Vec<(String, Option<Id>)>,
    /// Samples of each; 1 for inspections.
    pub quota: u32,
    /// The public source that will draw the officers.
    pub source: String,
    /// When its value is known.
    pub source_due: Instant,
}

/// What came of one subject of a delivery so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The subject.
    pub subject: String,
    /// Visits or samples with a result.
    pub done: u32,
    /// Of these, those that found something.
    pub found: u32,
}

/// Registers, procedures and samples behind targeting.
#[async_trait]
pub trait Ground: Send + Sync {
    /// Everything known of a region: what can be visited, and visits with their results, each with its day.
    async fn facts(&self, aim: Aim, region: &str, today: Date) -> Result<Facts, HookError>;

    /// The operators of these codes (unified social credit codes) with their region; unknown ones are absent.
    async fn operators(
        &self,
        tx: &mut Tx,
        codes: &[String],
    ) -> Result<HashMap<String, (Id, String)>, HookError>;

    /// Hands an accepted proposal to its plan, in the right of `who`: the draw of officers that was frozen, or the sampling plan.
    async fn deliver(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        delivery: &Delivery,
    ) -> Result<Id, HookError>;

    /// What came of a delivery so far; subjects without a result are absent.
    async fn done(&self, aim: Aim, delivery: Id) -> Result<Vec<Done>, HookError>;
}
