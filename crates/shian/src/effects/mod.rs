//! The consequences procedures may name that reach into other domains.
//!
//! | effect | parameters | what it does |
//! |---|---|---|
//! | `supply.recall_scope` | `seal`, `check`, `source`: task kinds; `recall`: procedure | draws and freezes the scope of the lot, creates tasks for each county with an item for each place, opens the producer's recall |
//! | `lab.record_service` | | the conclusion of the form was served on a party: its days for retest and objection begin |
//! | `lab.file_contest` | | a retest or objection is applied for: in time or late, and no publication meanwhile |
//! | `lab.hold_nonconformity` | `held`: false | the retest or objection ended |
//! | `lab.freeze_retest_draw` | | freezes the list of laboratories the retest is drawn from |
//! | `lab.draw_retest_laboratory` | | draws from that list by the checkpoint that first covers it |
//! | `lab.settle_nonconformity` | `state`: `closed` or `overturned` | settles the nonconformity the matter is about |
//! | `lab.settle_serious` | | a result of grave risk was reported upwards, or found to be no danger |
//! | `registry.find_licence` | `law` | finds the certificate held under `licence_number`, its dates and until when it may be renewed |
//! | `registry.screen` | `refuse`, `promise` | screens operator and people against bans and the severe list; with `refuse` a hit stops the step, with `promise` a low credit class |
//! | `registry.grant_licence` | `kind`, `law` or `laws` and `law_by` | issues, renews, keeps or cancels a certificate as `request` says |
//! | `registry.set_licence` | `state` | revokes, cancels or suspends the certificate |
//! | `registry.ban` | `years`, `whom`, `basis` | lays a professional ban on the operator or its heads |
//! | `registry.note_credit`, `registry.close_credit`, `registry.count_credit` | `kind`, `text`, `law`, `by`, `fact` | the credit file: writes, closes, counts within a year |
//! | `registry.check_repair` | `laws` | whether the shortest publication is over |
//! | `registry.set_grade` | `kind`, `fact` | gives the operator its grade |
//! | `registry.plan_inspections` | `procedure`, `most` | opens inspections of operators due, worst grade first |
//! | `case.manifest` | | lists the papers of a case by SHA-256 and the digest of the list |
//! | `case.sign` | `fact`, `as`, `agency` | an agency signs for the package, with its own key |

mod licences;
mod manifest;
mod recall_scope;
mod retest;
mod scope_items;
mod serious;
mod settle;
mod standing;

pub use licences::{FindLicence, GrantLicence, Screen, SetLicence};
pub use manifest::{Manifest, Sign};
pub use recall_scope::RecallScope;
pub use retest::{DrawLaboratory, FileContest, FreezeDraw, Hold, RecordService};
pub use serious::SettleSerious;
pub use settle::Settle;
pub use standing::{CheckRepair, CloseCredit, CountCredit, LayBan, NoteCredit, PlanInspections, SetGrade};

use crate::wiring::Templates;
use anyhow::{Context as _, bail};
use base::Id;
use flow::{Effect, EffectCx, EffectError, Effects, Engine, MatterDraft, Procedure, Vocabulary};
use ledger::Permit;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an effect writes under: the transition was authorised, so the permit names procedure and step.
fn permit(matter: &MatterDraft, cx: &EffectCx<'_>) -> Permit {
    let permit = Permit::system(&format!("{}.{}", matter.procedure, cx.step));
    permit.about(matter.agency.as_str(), matter.classification)
}

/// The names of the effects there are, the engine's own included.
#[must_use]
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = Effects::builtin().names().map(str::to_owned).collect();
    let ours = [
        recall_scope::NAME,
        serious::NAME,
        settle::NAME,
        retest::SERVE,
        retest::FILE,
        retest::HOLD,
        retest::FREEZE,
        retest::DRAW,
        manifest::SIGN,
    ];
    names.extend(ours.map(str::to_owned));
    names.extend(registered().into_iter().map(|(name, _)| name.to_owned()));
    names.sort();
    names
}

/// The effects on the register and on cases: they work inside the transaction they are given.
fn registered() -> Vec<(&'static str, Arc<dyn Effect>)> {
    vec![
        (licences::FIND, Arc::new(FindLicence)),
        (licences::SCREEN, Arc::new(Screen)),
        (licences::GRANT, Arc::new(GrantLicence)),
        (licences::END, Arc::new(SetLicence)),
        (standing::BAN, Arc::new(LayBan)),
        (standing::NOTE, Arc::new(NoteCredit)),
        (standing::CLOSE, Arc::new(CloseCredit)),
        (standing::COUNT, Arc::new(CountCredit)),
        (standing::REPAIR, Arc::new(CheckRepair)),
        (standing::GRADE, Arc::new(SetGrade)),
        (standing::PLAN, Arc::new(PlanInspections)),
        (manifest::NAME, Arc::new(Manifest)),
    ]
}

/// The operator on the register the matter concerns.
fn subject_operator(matter: &MatterDraft) -> Result<Id, EffectError> {
    matter.operator.ok_or_else(|| {
        flow::Error::refused(
            "本件尚未确认在册主体，请先选择主体",
            "the matter names no operator on the register yet; name it first",
        )
        .into()
    })
}

/// What procedures may name, given the ones there are.
#[must_use]
pub fn vocabulary(procedures: &[flow::Definition]) -> Vocabulary {
    Vocabulary::new(names(), procedures)
}

/// Everything wrong with a procedure; an overlay is held against what it is laid over as well.
#[must_use]
pub fn findings(d: &flow::Definition, all: &[flow::Definition], words: &Vocabulary) -> Vec<flow::Finding> {
    let mut found = flow::check(d, words);
    let around = |n: &&flow::Definition| n.id == d.id && d.jurisdiction.starts_with(&n.jurisdiction);
    let below = all.iter().filter(around).min_by_key(|n| n.jurisdiction.len());
    if let Some(below) = below.filter(|n| n.jurisdiction != d.jurisdiction) {
        found.extend(flow::check_overlay(below, d));
    }
    found
}

/// The engine over the shipped procedures, with all effects.
///
/// # Errors
/// When a procedure does not hold what it should: every finding is named.
pub fn engine(supply: &supply::Supply, lab: &lab::Lab, vault: access::Vault) -> anyhow::Result<Engine> {
    let definitions = flow::shipped().context("the shipped procedures")?;
    let words = vocabulary(&definitions);
    let findings: Vec<String> = definitions
        .iter()
        .flat_map(|d| findings(d, &definitions, &words).into_iter().map(move |f| format!("{}: {f}", d.id)))
        .collect();
    if !findings.is_empty() {
        bail!("the shipped procedures have faults; run `shian rulebook check`:\n{}", findings.join("\n"));
    }
    let procedures = definitions.into_iter().map(Procedure::compile).collect::<Result<_, _>>()?;
    let mut effects = Effects::builtin();
    effects.register(recall_scope::NAME, Arc::new(RecallScope::new(supply.clone())));
    effects.register(settle::NAME, Arc::new(Settle::new(lab.clone())));
    effects.register(serious::NAME, Arc::new(SettleSerious::new(lab.clone())));
    effects.register(retest::HOLD, Arc::new(Hold::new(lab.clone())));
    effects.register(retest::SERVE, Arc::new(RecordService::new(lab.clone())));
    effects.register(retest::FILE, Arc::new(FileContest::new(lab.clone())));
    effects.register(retest::FREEZE, Arc::new(FreezeDraw::new(lab.clone())));
    effects.register(retest::DRAW, Arc::new(DrawLaboratory::new(lab.clone())));
    effects.register(manifest::SIGN, Arc::new(Sign::new(vault.clone())));
    for (name, effect) in registered() {
        effects.register(name, effect);
    }
    Ok(Engine::new(procedures, effects, Arc::new(Templates), vault)
        .with_recusals(Arc::new(KeptAway))
        .with_register(Arc::new(Operators)))
}

/// Relations declared or confirmed keep a person from every matter of the firm, as they do from its samples and visits.
struct KeptAway;

#[async_trait::async_trait]
impl flow::Recusals for KeptAway {
    async fn ground(
        &self,
        tx: &mut store::Tx,
        account: base::Id,
        operator: base::Id,
    ) -> Result<Option<base::Text>, store::Error> {
        Ok(lab::recusal_ground(tx, account, operator).await?.map(lab::RecusalGround::label))
    }
}

/// Operators as the register names them.
struct Operators;

#[async_trait::async_trait]
impl flow::Register for Operators {
    async fn party(&self, tx: &mut store::Tx, operator: Id) -> Result<Option<flow::Party>, EffectError> {
        let Some(known) = registry::operator_in(tx, operator).await? else { return Ok(None) };
        let place = registry::only_place(tx, operator).await?;
        let address = place.map(|(_, address)| address).filter(|a| !a.trim().is_empty());
        // the identity number of a person stands on no paper
        let code = Some(known.code).filter(|_| !known.natural);
        Ok(Some(flow::Party { name: known.name, code, address }))
    }
}

/// A text parameter of an effect.
fn text<'a>(
    params: &'a BTreeMap<String, serde_json::Value>,
    effect: &str,
    name: &str,
) -> Result<&'a str, flow::Error> {
    let value = params.get(name).and_then(serde_json::Value::as_str);
    value.ok_or_else(|| flow::Error::Procedure(format!("{effect} needs the text parameter `{name}`")))
}
