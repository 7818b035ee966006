//! Work done in a task: an item reported, the last one completing the task; tasks handed to a person.

use crate::effect::Authority;
use crate::form::{Entry, Form, Lift};
use crate::live::{Bounds, Live, Step, permit};
use crate::people::fit_to_hold;
use crate::step::take_steps;
use crate::{Engine, Error};
use access::{Access, Principal, Resource};
use base::{Id, Text};
use ledger::{Appended, Context, Permit};
use serde_json::{Map, Value as Json, json};
use store::{Row, Tx};

/// What a report did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemOutcome {
    /// The item.
    pub item: Id,
    /// Its version now.
    pub version: i64,
    /// Its task.
    pub task: Id,
    /// Its matter.
    pub matter: Id,
    /// Whether the task is complete now.
    pub task_done: bool,
    /// The journal entry.
    pub journal: Appended,
}

/// A task's row, as far as writing needs it.
struct TaskRow {
    id: Id,
    kind: String,
    state: String,
    items_total: i64,
    items_done: i64,
    version: i64,
    assigned: Option<Id>,
    resource: Resource,
}

impl TaskRow {
    async fn read(tx: &mut Tx, id: Id) -> Result<Self, Error> {
        let row = tx
            .one(
                "select id, kind, region, agency, operator, classification, state, items_total, items_done, version, assigned \
                 from task where id = $1",
                &[id.into()],
            )
            .await?;
        let classification = u8::try_from(row.int("classification")?).unwrap_or(2);
        Ok(Self {
            id,
            kind: row.text("kind")?,
            state: row.text("state")?,
            items_total: row.int("items_total")?,
            items_done: row.int("items_done")?,
            version: row.int("version")?,
            assigned: row.opt_id("assigned")?,
            resource: Resource::new("task", row.text("region")?)
                .of_agency(row.text("agency")?)
                .of_operator(row.opt_id("operator")?)
                .classified(classification),
        })
    }
}

/// Reports an item of a task, or corrects an earlier report while the matter runs. Needs `act` on the task. The last
/// item completes the task: its clock is met and its effects run. Files are named by hash in the form's file fields.
///
/// # Errors
/// [`Error::Conflict`] when somebody reported it after `expected`; [`Error::Denied`]; [`Error::Form`]; [`Error::Refused`]
/// when the task is void or the matter has ended.
#[allow(clippy::too_many_arguments)] // the house shape of a writing function plus item, version and form
pub async fn report_item(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    item: Id,
    expected: i64,
    form: &Json,
) -> Result<ItemOutcome, Error> {
    let missing = || Error::missing(&Text::of("任务项", "task item"), item);
    let row = tx.first("select task, matter from task_item where id = $1", &[item.into()]).await?;
    let row = row.ok_or_else(missing)?;
    // the matter first, always in this order: two officers wait for each other instead of locking crosswise
    let mut live = Live::lock(tx, engine, row.id("matter")?).await?;
    let mut task = TaskRow::read(tx, row.id("task")?).await?;
    let authority = Authority::Person { access, who };
    let permit = live.permit(tx, engine, authority, ("act", &task.resource), cx.now).await?;
    let row = tx
        .one(
            "select subject, kind, expected, unit, reported_at, version from task_item where id = $1",
            &[item.into()],
        )
        .await?;
    if row.int("version")? != expected {
        return Err(live.conflict(tx, who, Some(item), expected).await?);
    }
    if task.state == "void" || live.closed_at.is_some() {
        return Err(Error::refused(
            "办件已办结或任务已取消，不能再填报",
            "the matter has ended or the task was cancelled; nothing can be reported any more",
        ));
    }
    let procedure = live.procedure.clone();
    let Some(rule) = procedure.definition.task(&task.kind) else {
        return Err(Error::Procedure(format!("there is no task kind `{}`", task.kind)));
    };
    let expected_quantity = row.opt_int("expected")?.map(|m| rule::from_micro(m).to_string());
    let context = json!({
        "facts": live.draft.facts,
        "item": {"expected": expected_quantity, "unit": row.text("unit")?, "kind": row.text("kind")?},
        "matter": {"opened": live.opened_at.china_date().to_string()},
        "today": cx.now.china_date().to_string(),
    });
    let entry = live.check_form(tx, (&authority, cx.now), Some(&rule.form), form, &context).await?;
    let Some(fields) = procedure.definition.form(&rule.form) else { return Err(missing()) };
    let entry_id = live.keep_form(tx, cx, engine, &rule.form, &entry.body, Some(task.id)).await?;
    let first = row.opt_int("reported_at")?.is_none();
    write_report(tx, cx, &live, item, &row, fields, &entry, entry_id).await?;
    let version = expected + 1;
    if first {
        task.items_done += 1;
    }
    let completes = first && task.state == "open" && task.items_done >= task.items_total;
    if completes {
        "done".clone_into(&mut task.state);
    }
    tx.exec_one(
        "update task set items_done = $2, state = $3, done_at = case when $4 = 1 then $5 else done_at end, version = version + 1 \
         where id = $1 and version = $6",
        &[
            task.id.into(),
            task.items_done.into(),
            task.state.as_str().into(),
            completes.into(),
            cx.now.into(),
            task.version.into(),
        ],
    )
    .await?;
    live.touch(tx).await?;
    let mut steps = Vec::new();
    if completes {
        live.meet_clocks(tx, cx, engine, &["task:done".to_owned()], Some(task.id)).await?;
        if !rule.on_done.is_empty() {
            let step = format!("task:{}", task.kind);
            let bounds = Bounds { step: &step, tasks: &[], opens: &[], form: &entry.body, reason: "" };
            (steps, _) = live.run_effects(tx, cx, engine, authority, &rule.on_done, &bounds).await?;
            live.save(tx, engine).await?;
        }
    }
    live.done.insert("item".to_owned(), json!(item));
    live.done.insert("task".to_owned(), json!(task.id));
    live.done.insert("subject".to_owned(), json!(row.text("subject")?));
    live.done.insert("form".to_owned(), Json::Object(entry.open.clone()));
    live.done.insert("task_done".to_owned(), json!(task.state == "done"));
    let note = entry.body.get("note").and_then(Json::as_str);
    let step = Step {
        kind: "item",
        name: &task.kind,
        from: None,
        to: None,
        form: Some(entry_id),
        target: Some(item),
        note,
        version,
    };
    let journal = live.record(tx, cx, &permit, "task.item", step, Some(entry.private)).await?;
    if completes && !rule.on_done.is_empty() {
        let step = Step {
            kind: "task",
            name: &task.kind,
            from: None,
            to: None,
            form: None,
            target: None,
            note: None,
            version: live.version,
        };
        live.record(tx, cx, &Permit::system("task:done"), "task.done", step, None).await?;
    }
    take_steps(tx, cx, engine, &format!("task:{}", task.kind), steps, 0).await?;
    Ok(ItemOutcome {
        item,
        version,
        task: task.id,
        matter: live.draft.id,
        task_done: task.state == "done",
        journal,
    })
}

#[allow(clippy::too_many_arguments)]
async fn write_report(
    tx: &mut Tx,
    cx: &Context,
    live: &Live,
    item: Id,
    row: &Row,
    fields: &Form,
    entry: &Entry,
    entry_id: Id,
) -> Result<(), Error> {
    let lifts = [Lift::Found, Lift::Sealed, Lift::Recovered, Lift::Sold, Lift::Destroyed];
    let [found, sealed, recovered, sold, destroyed] = lifts.map(|lift| entry.quantity(fields, lift));
    // the latest report of quantities on a place is the one that counts
    let asks = fields.measures();
    if asks {
        tx.exec(
            "update task_item set counts = 0 where matter = $1 and subject = $2 and id <> $3",
            &[live.draft.id.into(), row.text("subject")?.into(), item.into()],
        )
        .await?;
    }
    let answer = entry.lifted(fields, Lift::Answer).and_then(Json::as_str);
    tx.exec_one(
        "update task_item set report = $2, reported_by = $3, reported_at = $4, answer = $5, found = $6, sealed = $7, \
         recovered = $8, sold = $9, destroyed = $10, counts = $11, version = version + 1 where id = $1",
        &[
            item.into(),
            entry_id.into(),
            cx.actor.account.into(),
            cx.now.into(),
            answer.into(),
            found.into(),
            sealed.into(),
            recovered.into(),
            sold.into(),
            destroyed.into(),
            asks.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Hands an open task to a person, or back to the agency (`account` none). Needs `act` on the task.
///
/// # Errors
/// [`Error::Conflict`] when the task changed after `expected`; [`Error::Denied`]; [`Error::Refused`] when it is not open, and for
/// who cannot hold it.
#[allow(clippy::too_many_arguments)]
pub async fn assign_task(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    task: Id,
    expected: i64,
    account: Option<Id>,
) -> Result<Appended, Error> {
    let row = tx.first("select matter from task where id = $1", &[task.into()]).await?;
    let row = row.ok_or_else(|| Error::missing(&Text::of("任务", "task"), task))?;
    let mut live = Live::lock(tx, engine, row.id("matter")?).await?;
    let row = TaskRow::read(tx, task).await?;
    let permit = permit(Authority::Person { access, who }, "act", &row.resource, cx.now)?;
    if row.version != expected {
        return Err(live.conflict(tx, who, Some(task), expected).await?);
    }
    if row.state != "open" {
        return Err(Error::refused(
            "任务已完成或已取消，无需转交",
            "the task is done or cancelled; nothing to hand over",
        ));
    }
    fit_to_hold(tx, cx, (engine, access), &live, &row.resource, row.assigned, account).await?;
    tx.exec_one(
        "update task set assigned = $2, version = version + 1 where id = $1",
        &[task.into(), account.into()],
    )
    .await?;
    live.done = Map::from_iter([("task".to_owned(), json!(task)), ("assigned".to_owned(), json!(account))]);
    let step = Step {
        kind: "task",
        name: &row.kind,
        from: None,
        to: None,
        form: None,
        target: Some(task),
        note: None,
        version: row.version + 1,
    };
    live.record(tx, cx, &permit, "task.assigned", step, None).await
}
