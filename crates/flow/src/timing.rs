//! Clocks changed by a person who may decide: suspended, resumed, extended.

use crate::effect::{Authority, ClockChange};
use crate::live::{Step, lock_clock};
use crate::{Engine, Error};
use access::{Access, Principal};
use base::Id;
use ledger::{Appended, Context};
use serde_json::json;
use store::Tx;

/// Suspends a clock from now for one of the causes its rule names. Needs `decide` on the matter; the person is the
/// approver.
///
/// # Errors
/// [`Error::Conflict`] when the clock changed after `expected`; [`Error::Denied`]; [`Error::Refused`] when the rule does
/// not allow it.
#[allow(clippy::too_many_arguments)] // the house shape of a writing function plus the change
pub async fn suspend_clock(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    clock: Id,
    expected: i64,
    cause: &str,
    reason: &str,
) -> Result<Appended, Error> {
    let change = |rule: String| ClockChange::Suspend { clock: rule, cause: cause.to_owned() };
    change_clock(tx, cx, engine, (access, who), (clock, expected), change, reason).await
}

/// Lets a suspended clock run on from now.
///
/// # Errors
/// As [`suspend_clock`].
#[allow(clippy::too_many_arguments)]
pub async fn resume_clock(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    clock: Id,
    expected: i64,
    reason: &str,
) -> Result<Appended, Error> {
    let change = |rule: String| ClockChange::Resume { clock: rule };
    change_clock(tx, cx, engine, (access, who), (clock, expected), change, reason).await
}

/// Lengthens a clock by `amount` of its extension unit.
///
/// # Errors
/// As [`suspend_clock`].
#[allow(clippy::too_many_arguments)]
pub async fn extend_clock(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    clock: Id,
    expected: i64,
    amount: u32,
    reason: &str,
) -> Result<Appended, Error> {
    let change = |rule: String| ClockChange::Extend { clock: rule, amount };
    change_clock(tx, cx, engine, (access, who), (clock, expected), change, reason).await
}

async fn change_clock(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    (access, who): (&Access, &Principal),
    (clock, expected): (Id, i64),
    change: impl FnOnce(String) -> ClockChange,
    reason: &str,
) -> Result<Appended, Error> {
    let (mut live, mut row) = lock_clock(tx, engine, clock).await?;
    let right = ("decide", &live.resource("matter"));
    let permit = live.permit(tx, engine, Authority::Person { access, who }, right, cx.now).await?;
    if row.version != expected {
        return Err(live.conflict(tx, who, Some(clock), expected).await?);
    }
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Error::refused("请填写理由", "give the reason"));
    }
    let procedure = live.procedure.clone();
    let Some(rule) = procedure.definition.clock(&row.rule) else {
        return Err(Error::Procedure(format!("there is no clock `{}`", row.rule)));
    };
    let change = change(row.rule.clone());
    row.change(rule, &change, cx.now, reason, &cx.actor.login)?;
    row.save(tx, engine, &procedure.definition, cx.now).await?;
    // the matter's first due instant follows
    live.save(tx, engine).await?;
    let verb = match change {
        ClockChange::Suspend { .. } => "suspended",
        ClockChange::Resume { .. } => "resumed",
        ClockChange::Extend { .. } => "extended",
    };
    let due = row.clock.due(engine.calendar()).map(|d| d.at.rfc3339());
    live.done.insert("clock".to_owned(), json!({"id": clock, "change": verb, "due": due, "reason": reason}));
    let step = Step {
        kind: "clock",
        name: &rule.id,
        from: None,
        to: None,
        form: None,
        target: Some(clock),
        note: Some(reason),
        version: row.version,
    };
    live.record(tx, cx, &permit, "clock.changed", step, None).await
}
