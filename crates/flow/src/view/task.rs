//! One task with its places: what is to be reported of each, and what is known of it from another task.

use super::TaskLine;
use super::lists::{Of, clocks_of, task_line};
use super::matter::body;
use crate::form::Form;
use crate::{Engine, Error, FileView, Procedure};
use access::{Access, Principal, Resource};
use base::{Decimal, Id, Instant, Text};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use store::{Store, Tx};

/// An item of a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemView {
    /// Item.
    pub id: Id,
    /// Place key.
    pub subject: String,
    /// Site.
    pub site: Option<Id>,
    /// Name of the place.
    pub label: String,
    /// Region code.
    pub region: String,
    /// Quantity expected.
    pub expected: Option<Decimal>,
    /// Unit.
    pub unit: String,
    /// When it was reported.
    pub reported_at: Option<Instant>,
    /// The report.
    pub report: Option<Map<String, Json>>,
    /// While it is not reported: what was reported of the same place in another task of the case with the same form.
    pub earlier: Option<Earlier>,
    /// For changes.
    pub version: i64,
}

/// What was reported of a place in another task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Earlier {
    /// Kind of that task, on screen.
    pub kind_title: Text,
    /// When.
    pub at: Instant,
    /// The report.
    pub report: Map<String, Json>,
}

/// A task with its items.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskView {
    /// The task.
    pub line: TaskLine,
    /// State of its matter and its title.
    pub matter_title: Text,
    /// Form of each item.
    pub form: Option<Form>,
    /// Its items, in order.
    pub items: Vec<ItemView>,
    /// Whether the person may report.
    pub may_act: bool,
    /// The files the forms of its matter name.
    #[serde(skip)]
    pub files: BTreeMap<String, FileView>,
}

/// A task with its items, as the person may see it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`] (needs `view`), storage.
pub async fn task(
    store: &Store,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    now: Instant,
    id: Id,
) -> Result<TaskView, Error> {
    let mut tx = store.snapshot().await?;
    let rows = tx
        .query(
            "select t.id, t.matter, t.kind, t.region, t.agency, t.operator, t.state, t.assigned, t.due, t.title_zh, t.title_en, \
             t.items_total, t.items_done, t.version, t.classification, m.procedure, m.hash, m.drill, m.title_zh as m_zh, m.title_en as m_en \
             from task t join matter m on m.id = t.matter where t.id = $1",
            &[id.into()],
        )
        .await?;
    let row = rows.first().ok_or_else(|| Error::missing(&Text::of("任务", "task"), id))?;
    let resource = Resource::new("task", row.text("region")?)
        .of_agency(row.text("agency")?)
        .of_operator(row.opt_id("operator")?)
        .classified(u8::try_from(row.int("classification")?).unwrap_or(2));
    access.check(who, "view", &resource, now)?;
    let may_act = access.check(who, "act", &resource, now).is_ok();
    let clocks = clocks_of(&mut tx, engine, &rows, Of::Task, |_| true).await?;
    let line = task_line(&mut tx, engine, row, &clocks, now).await?;
    let procedure = engine.version(&mut tx, &row.text("hash")?).await?;
    let d = &procedure.definition;
    let form = d.task(&line.kind).and_then(|t| d.form(&t.form)).cloned();
    let mut earlier = match &form {
        Some(form) => earlier(&mut tx, engine, &procedure, id, &form.id, may_act).await?,
        None => BTreeMap::new(),
    };
    let mut items = Vec::new();
    let found = tx
        .query(
            "select i.id, i.subject, i.site, i.label, i.region, i.expected, i.unit, i.reported_at, i.version, f.id as entry, f.body \
             from task_item i left join form_entry f on f.id = i.report where i.task = $1 order by i.ord, i.id",
            &[id.into()],
        )
        .await?;
    for row in found {
        let subject = row.text("subject")?;
        let reported_at = row.opt_instant("reported_at")?;
        items.push(ItemView {
            id: row.id("id")?,
            earlier: earlier.remove(&subject).filter(|_| reported_at.is_none()),
            subject,
            site: row.opt_id("site")?,
            label: row.text("label")?,
            region: row.text("region")?,
            expected: row.opt_int("expected")?.map(rule::from_micro),
            unit: row.text("unit")?,
            reported_at,
            report: body(engine, &row, may_act)?,
            version: row.int("version")?,
        });
    }
    let files = crate::files::named(&mut tx, line.matter).await?;
    let matter_title = Text::new(row.text("m_zh")?, row.text("m_en")?);
    Ok(TaskView { line, matter_title, form, items, may_act, files })
}

/// The latest report with the same form on each place of a task, made in another task of the same matter, region and
/// department: the same officers went there.
async fn earlier(
    tx: &mut Tx,
    engine: &Engine,
    procedure: &Procedure,
    task: Id,
    form: &str,
    open: bool,
) -> Result<BTreeMap<String, Earlier>, Error> {
    let rows = tx
        .query(
            "select o.subject, o.kind, o.reported_at, f.id as entry, f.body from task_item i join task t on t.id = i.task \
             join task_item o on o.matter = i.matter and o.subject = i.subject and o.task <> i.task \
             join task u on u.id = o.task join form_entry f on f.id = o.report \
             where i.task = $1 and u.region = t.region and u.agency = t.agency and f.form = $2 \
             and o.reported_at is not null order by o.reported_at",
            &[task.into(), form.into()],
        )
        .await?;
    let mut found = BTreeMap::new();
    for row in rows {
        let report = body(engine, &row, open)?.unwrap_or_default();
        let kind_title = super::kind_title(procedure, &row.text("kind")?);
        found.insert(row.text("subject")?, Earlier { kind_title, at: row.instant("reported_at")?, report });
    }
    Ok(found)
}
