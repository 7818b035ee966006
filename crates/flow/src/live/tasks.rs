//! Tasks of a matter: fanned out to agencies, widened without doubling, voided.

use super::{Live, NEVER};
use crate::effect::{NewItem, NewTask};
use crate::form::Form;
use crate::{Engine, Error};
use base::{Id, Text};
use ledger::Context;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use store::{Tx, Value};

/// Items of a kind the matter has, by subject: id, expected quantity, still unreported.
type Known = BTreeMap<String, (Id, Option<i64>, bool)>;

impl Live {
    /// Creates tasks; `allowed` are the kinds the step may create. Items whose subject the matter has under the kind already
    /// are left out, but their expected quantity is brought up to date while they are unreported.
    pub(crate) async fn add_tasks(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        tasks: Vec<NewTask>,
        allowed: &[String],
    ) -> Result<(), Error> {
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        for mut task in tasks {
            if !allowed.contains(&task.kind) {
                return Err(Error::Procedure(format!(
                    "an effect creates the task `{}`, which this step does not list in `tasks`",
                    task.kind
                )));
            }
            if !known.contains_key(&task.kind) {
                let rows = tx
                    .query(
                        "select i.id, i.subject, i.expected, i.reported_at from task_item i join task t on t.id = i.task \
                         where i.matter = $1 and i.kind = $2 and t.state <> 'void'",
                        &[self.draft.id.into(), task.kind.as_str().into()],
                    )
                    .await?;
                let mut of = BTreeMap::new();
                for r in rows {
                    let waiting = r.opt_int("reported_at")?.is_none();
                    of.insert(r.text("subject")?, (r.id("id")?, r.opt_int("expected")?, waiting));
                }
                known.insert(task.kind.clone(), of);
            }
            let have = known.entry(task.kind.clone()).or_default();
            let mut fresh = Vec::new();
            let mut seen = BTreeSet::new();
            for item in task.items {
                let expected = quantity(&item)?;
                match have.get(&item.subject) {
                    Some((id, before, true)) if *before != expected => {
                        tx.exec(
                            "update task_item set expected = $2, version = version + 1 where id = $1",
                            &[(*id).into(), expected.into()],
                        )
                        .await?;
                    }
                    Some(_) => {}
                    None if seen.insert(item.subject.clone()) => fresh.push(item),
                    None => {}
                }
            }
            task.items = fresh;
            if !task.items.is_empty() {
                let kind = task.kind.clone();
                let subjects: Vec<String> = task.items.iter().map(|i| i.subject.clone()).collect();
                let id = self.insert_task(tx, cx, task).await?;
                for subject in subjects {
                    have.insert(subject, (id, None, false));
                }
                self.start_clocks(tx, cx, engine, "task:created", Some((id, &kind))).await?;
            }
        }
        Ok(())
    }

    async fn insert_task(&mut self, tx: &mut Tx, cx: &Context, task: NewTask) -> Result<Id, Error> {
        let Some(rule) = self.procedure.definition.task(&task.kind) else {
            return Err(Error::Procedure(format!("there is no task kind `{}`", task.kind)));
        };
        let id = cx.id();
        let total = i64::try_from(task.items.len()).unwrap_or(i64::MAX);
        let title = Text::new(
            format!("{}：{}", rule.title.zh, self.draft.title.zh),
            format!("{}: {}", rule.title.en, self.draft.title.en),
        );
        tx.exec(
            "insert into task (id, matter, kind, region, agency, operator, classification, title_zh, title_en, state, assigned, \
             due, items_total, items_done, created_at, version) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10, $11, $12, 0, $13, 1)",
            &[
                id.into(),
                self.draft.id.into(),
                task.kind.as_str().into(),
                task.region.as_str().into(),
                rule.agency.as_str().into(),
                task.operator.into(),
                i64::from(self.draft.classification).into(),
                title.zh.as_ref().into(),
                title.en.as_ref().into(),
                task.assigned.into(),
                NEVER.into(),
                total.into(),
                cx.now.into(),
            ],
        )
        .await?;
        let measured = self.procedure.definition.form(&rule.form).is_some_and(Form::measures);
        let mut values: Vec<Value> = Vec::with_capacity(task.items.len() * 14);
        for (ord, item) in task.items.iter().enumerate() {
            values.extend([
                cx.id().into(),
                id.into(),
                self.draft.id.into(),
                task.kind.as_str().into(),
                i64::try_from(ord).unwrap_or(i64::MAX).into(),
                item.subject.as_str().into(),
                item.site.into(),
                item.label.as_str().into(),
                item.region.as_str().into(),
                quantity(item)?.into(),
                item.unit.as_str().into(),
                measured.into(),
                0i64.into(),
                1i64.into(),
            ]);
        }
        tx.insert_many(
            "insert into task_item (id, task, matter, kind, ord, subject, site, label, region, expected, unit, measured, counts, version)",
            14,
            values,
            "",
        )
        .await?;
        let places = task.items.iter().map(|i| (i.label.as_str(), i.subject.as_str()));
        crate::words::keep_task(tx, id, &title, places).await?;
        let list = self.done.entry("tasks").or_insert_with(|| json!([]));
        if let Json::Array(list) = list {
            list.push(json!({"id": id, "kind": task.kind, "region": task.region, "items": total}));
        }
        tracing::debug!(task = %id, kind = task.kind, region = task.region, items = total, "task created");
        Ok(id)
    }

    /// Voids the open tasks of the matter and their clocks.
    pub(crate) async fn void_tasks(&mut self, tx: &mut Tx, cx: &Context) -> Result<(), Error> {
        let voided = tx
            .exec(
                "update task set state = 'void', done_at = $2, due = 9223372036854775807, version = version + 1 \
                 where matter = $1 and state = 'open'",
                &[self.draft.id.into(), cx.now.into()],
            )
            .await?;
        if voided > 0 {
            self.done.insert("tasks_voided".to_owned(), json!(voided));
        }
        Ok(())
    }
}

fn quantity(item: &NewItem) -> Result<Option<i64>, Error> {
    let Some(expected) = item.expected else { return Ok(None) };
    rule::micro(expected.round_dp(6)).map(Some).ok_or_else(|| {
        Error::Procedure(format!(
            "the expected quantity {expected} of {} is too large; use a larger unit",
            item.subject
        ))
    })
}
