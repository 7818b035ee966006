//! A running matter moved to the procedure in force now: a step of its own, with its reason, in the journal.

use crate::effect::Authority;
use crate::live::{ClockRow, Live, Step, clock_columns};
use crate::{Engine, Error, Procedure};
use access::{Access, Principal};
use base::{Id, Instant, Text};
use ledger::{Appended, Context};
use serde_json::json;
use store::Tx;

/// Moves a running matter to the version of its procedure that new matters of its region begin under. Needs `decide` on the
/// matter. Running clocks go on from their own start under the new rule; one the new procedure does not know is void and says why.
///
/// # Errors
/// [`Error::Conflict`] when the matter is no longer at `expected`; [`Error::Denied`]; [`Error::Refused`] when it has ended, runs under that version
/// already, or stands where the new procedure has no place for it.
#[allow(clippy::too_many_arguments)] // the house shape of a writing function plus matter, version and reason
pub async fn migrate(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    matter: Id,
    expected: i64,
    reason: &str,
) -> Result<Appended, Error> {
    let mut live = Live::lock(tx, engine, matter).await?;
    let right = ("decide", &live.resource("matter"));
    let permit = live.permit(tx, engine, Authority::Person { access, who }, right, cx.now).await?;
    if live.version != expected {
        return Err(live.conflict(tx, who, None, expected).await?);
    }
    if live.closed_at.is_some() {
        return Err(Error::refused(
            "办件已办结，不再改用新版程序",
            "the matter has ended; its procedure stays",
        ));
    }
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Error::refused(
            "请填写改用新版程序的理由",
            "give the reason for the change of procedure",
        ));
    }
    let (old, new) =
        (live.procedure.clone(), engine.procedure_in(&live.draft.procedure, &live.draft.region)?.clone());
    if old.hash == new.hash {
        return Err(Error::refused(
            "办件已按现行程序办理",
            "the matter runs under the procedure in force already",
        ));
    }
    let d = &new.definition;
    if d.state(&live.draft.state).is_none_or(|s| s.r#final) {
        return Err(Error::Refused(Text::new(
            format!("新版程序没有环节“{}”，请先办完此环节", live.draft.state),
            format!(
                "the new procedure has no running state `{}`; take the step out of it first",
                live.draft.state
            ),
        )));
    }
    let open = tx
        .query("select distinct kind from task where matter = $1 and state = 'open'", &[matter.into()])
        .await?;
    for row in open {
        let kind = row.text("kind")?;
        if d.task(&kind).is_none() {
            return Err(Error::Refused(Text::new(
                format!("新版程序没有任务“{kind}”，请先完成该任务"),
                format!("the new procedure has no task `{kind}`; finish it first"),
            )));
        }
    }
    let dropped: Vec<String> = live.draft.facts.keys().filter(|n| d.fact(n).is_none()).cloned().collect();
    live.draft.facts.retain(|name, _| d.fact(name).is_some());
    live.procedure = new.clone();
    live.keep_procedure(tx, cx).await?;
    tx.exec_one("update matter set hash = $2 where id = $1", &[matter.into(), new.hash.as_str().into()])
        .await?;
    let why = Text::new(format!("改用新版程序：{reason}"), format!("moved to the new procedure: {reason}"));
    live.carry_clocks(tx, cx, engine, &old, &why).await?;
    live.version += 1;
    live.save(tx, engine).await?;
    live.done.insert(
        "migrated".to_owned(),
        json!({"from": old.hash, "to": new.hash, "dropped": dropped, "reason": reason}),
    );
    let step = Step {
        kind: "migrate",
        name: &d.id,
        from: None,
        to: None,
        form: None,
        target: None,
        note: Some(reason),
        version: live.version,
    };
    live.record(tx, cx, &permit, "matter.migrated", step, None).await
}

impl Live {
    /// Lets the running clocks go on under the procedure now set, and starts those of the present state that are new.
    async fn carry_clocks(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        old: &Procedure,
        why: &Text,
    ) -> Result<(), Error> {
        let procedure = self.procedure.clone();
        let d = &procedure.definition;
        let rows = tx
            .query(
                concat!("select ", clock_columns!(), " from clock where matter = $1 order by id"),
                &[self.draft.id.into()],
            )
            .await?;
        let mut known = Vec::new();
        for row in rows {
            let rule = row.text("rule")?;
            known.push(rule.clone());
            if row.opt_instant("met_at")?.is_some() || row.opt_instant("void_at")?.is_some() {
                continue;
            }
            match d.clock(&rule) {
                Some(rule) => {
                    let mut carried = ClockRow::read(&row, rule)?;
                    if rule.until.is_some() && carried.last_day.is_none() {
                        // the day somebody set under the old version, where it was no end of a clock yet; else the day stands on which it
                        // would have ended
                        let was =
                            old.definition.clock(&rule.id).map(|r| ClockRow::read(&row, r)).transpose()?;
                        let due = was.map(|w| w.clock.due_if_resumed(engine.calendar(), cx.now).date);
                        let set = rule.until.as_ref().map(|f| self.date_fact(f)).transpose()?.flatten();
                        let set = set.filter(|day| *day >= carried.clock.start.china_date());
                        carried.last_day = set.or(due);
                        carried.clock.rule = rule.law_until(carried.clock.start, carried.last_day);
                    }
                    carried.save(tx, engine, d, cx.now).await?;
                }
                None => {
                    tx.exec_one(
                        "update clock set void_at = $2, next_rung = null, version = version + 1, reason = $3 where id = $1",
                        &[row.id("id")?.into(), cx.now.into(), json!(why).to_string().into()],
                    )
                    .await?;
                }
            }
        }
        let entered = tx
            .first(
                "select at from matter_step where matter = $1 and to_state = $2 and from_state <> to_state order by id desc limit 1",
                &[self.draft.id.into(), self.draft.state.as_str().into()],
            )
            .await?;
        let entered: Instant = entered.map(|r| r.instant("at")).transpose()?.unwrap_or(self.opened_at);
        let event = format!("enter:{}", self.draft.state);
        let fresh: Vec<String> = d
            .clocks
            .iter()
            .filter(|c| c.start == event && c.task.is_none() && !known.contains(&c.id))
            .map(|c| c.id.clone())
            .collect();
        let then = Context { now: entered, ids: cx.ids.clone(), actor: cx.actor.clone(), lang: cx.lang };
        self.start_named(tx, &then, engine, &event, &fresh).await
    }
}
