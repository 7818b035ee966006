//! The steps a person can take now, each with its form as it opens, or why it cannot be taken yet.

use super::matter::{Action, body};
use crate::definition::Side;
use crate::form::{Field, FieldType};
use crate::live::Live;
use crate::{Engine, Error};
use access::{Access, Principal};
use base::{Id, Instant, Text};
use serde_json::{Map, Value as Json};
use store::{Sql, Tx};

pub(super) async fn actions(
    tx: &mut Tx,
    live: &Live,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    (now, open): (Instant, bool),
) -> Result<Vec<Action>, Error> {
    let d = &live.procedure.definition;
    let scope = live.scope(tx, now).await?;
    let away = match who.operator {
        None => live.kept_away(tx, engine, who.account).await?,
        Some(_) => None,
    };
    let drill = d.drill.as_ref().map(|fact| format!("facts.{fact}"));
    let mut actions = Vec::new();
    for t in d.leaving(&live.draft.state) {
        let side = match t.by {
            Side::Agency => who.operator.is_none(),
            Side::Operator => who.operator.is_some() && who.operator == live.draft.operator,
            Side::Citizen | Side::System => false,
        };
        if !side || access.check(who, &t.action, &live.resource_of(t), now).is_err() {
            continue;
        }
        // what only a drill does, or only what is real, is no step of the other
        let place = format!("transition.{}", t.id);
        if drill.as_ref().is_some_and(|fact| live.procedure.guards.never_holds(&place, &scope, fact)) {
            continue;
        }
        let own = live.taken_by(tx, t.not_by.as_deref()).await? == Some(who.account);
        let refusal = if away.is_some() {
            away.clone()
        } else if own {
            Some(Text::of(
                "前一步由您本人办理，请由他人办理",
                "you took the earlier step; another person must take this one",
            ))
        } else {
            let refused = live.procedure.guards.refuses_without_form(&place, &scope);
            if refused { t.refusal.clone() } else { None }
        };
        let papers = live.papers(tx, t, &scope).await?;
        let refusal = match refusal.or_else(|| crate::paper::refusal(&papers)) {
            None => live.too_early(tx, engine.calendar(), t, now).await?,
            said => said,
        };
        if t.quiet && refusal.is_some() {
            continue;
        }
        let mut form = t.form.as_deref().and_then(|f| d.form(f)).cloned();
        let mut entered = Map::new();
        if let Some(form) = &mut form {
            let shown =
                |f: &Field| live.procedure.guards.decided(&format!("form.{}.{}.when", form.id, f.id), &scope);
            decide(&mut form.fields, &shown);
            entered = match t.refills {
                true => last_entered(tx, engine, live.draft.id, who, (&form.id, open)).await?,
                false => Map::new(),
            };
            let known = |name: &&String| {
                who.operator.is_none() || d.party_sees.as_ref().is_some_and(|seen| seen.contains(name))
            };
            for field in form.leaves() {
                let fact = field.from.as_ref().filter(known).and_then(|f| live.draft.facts.get(f));
                if let Some(value) = fact.filter(|v| !v.is_null() && !entered.contains_key(&field.id)) {
                    entered.insert(field.id.clone(), value.clone());
                }
            }
        }
        actions.push(Action {
            id: t.id.clone(),
            title: t.title.clone(),
            form,
            entered,
            refusal,
            papers,
            quiet: t.quiet,
        });
    }
    Ok(actions)
}

/// Leaves out the fields that do not apply whatever is entered, and asks for those that do without a condition.
fn decide(fields: &mut Vec<Field>, shown: &impl Fn(&Field) -> Option<bool>) {
    fields.retain_mut(|f| {
        let applies = if f.when.is_some() { shown(f) } else { None };
        if applies == Some(true) {
            f.when = None;
        }
        if f.kind == FieldType::Part {
            decide(&mut f.fields, shown);
        }
        applies != Some(false)
    });
}

/// What the person's side entered last in a form of the matter; what it may not read is asked anew.
async fn last_entered(
    tx: &mut Tx,
    engine: &Engine,
    matter: Id,
    who: &Principal,
    (form, open): (&str, bool),
) -> Result<Map<String, Json>, Error> {
    let mut sql = Sql::new(
        "select f.id as entry, f.body from form_entry f left join account a on a.id = f.account where f.matter = ",
    );
    sql.bind(matter).push(" and f.form = ").bind(form);
    match who.operator {
        Some(party) => {
            sql.push(" and (a.operator = ").bind(party).push(" or f.account = ").bind(who.account).push(")")
        }
        None => sql.push(" and a.operator is null"),
    };
    let rows = tx.select(sql.push(" order by f.id desc limit 1")).await?;
    let Some(row) = rows.first() else { return Ok(Map::new()) };
    let mut entered = body(engine, row, open)?.unwrap_or_default();
    entered.retain(|_, v| v.get("sealed").is_none());
    Ok(entered)
}
