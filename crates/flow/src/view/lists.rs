//! Inboxes and lists, ordered by clock, cut to what the person may see, paged by key.

use super::items::{Cases, of_case};
use super::{Due, Page, cursor, inside, kind_title, limited, page, state_title};
use crate::definition::{ClockUse, Definition, Side, State};
use crate::live::ClockRow;
use crate::people::stands_for;
use crate::words::{self, Found};
use crate::{Engine, Error};
use access::{Access, Principal};
use base::{Id, Instant, Text};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use store::{Row, Sql, Store, Tx};

/// Whose tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whose {
    /// All the person may see.
    All,
    /// Those the person may do: given to them (or to somebody they stand in for), or to nobody yet.
    #[default]
    Doable,
    /// Those given to the person, or to somebody they stand in for.
    Mine,
}

/// Order of a list of matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MatterOrder {
    /// First due first.
    #[default]
    Due,
    /// Newest first.
    Opened,
    /// Oldest first.
    Oldest,
}

/// State of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaskState {
    /// To do.
    #[default]
    Open,
    /// Done.
    Done,
    /// Cancelled.
    Void,
    /// Any.
    Any,
}

/// Which tasks.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// Whose.
    pub whose: Whose,
    /// In which state.
    pub state: TaskState,
    /// Only those past due.
    pub overdue: bool,
    /// Task kind.
    pub kind: Option<String>,
    /// Procedure of the matter.
    pub procedure: Option<String>,
    /// Region code prefix.
    pub region: Option<String>,
    /// Words of the title, or part of a place's name or key in it.
    pub text: Option<String>,
    /// Operators the text may mean as well: by their names or licences, which the caller knows.
    pub meant: Vec<Id>,
    /// Of this matter.
    pub matter: Option<Id>,
    /// Of the case this matter belongs to.
    pub case: Option<Id>,
    /// State of their case.
    pub cases: Cases,
}

/// A task in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskLine {
    /// Task.
    pub id: Id,
    /// Matter.
    pub matter: Id,
    /// Procedure of the matter.
    pub procedure: String,
    /// Kind.
    pub kind: String,
    /// Kind on screen.
    pub kind_title: Text,
    /// On screen.
    pub title: Text,
    /// Region code.
    pub region: String,
    /// Department.
    pub agency: String,
    /// Operator who does it, for firms' tasks.
    pub operator: Option<Id>,
    /// `open`, `done`, `void`.
    pub state: String,
    /// Account it is given to.
    pub assigned: Option<Id>,
    /// Its clock.
    pub due: Option<Due>,
    /// Items.
    pub items_total: i64,
    /// Items reported.
    pub items_done: i64,
    /// Of an exercise, not a real case.
    pub drill: bool,
    /// For changes.
    pub version: i64,
    #[serde(skip)]
    key: i64,
}

/// Whose turn it is in a matter that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The operator's: a time of its own runs, or the matter waits for it alone. The clock of a line is then the operator's.
    Operator,
    /// The authority's.
    Authority,
}

/// Which matters.
#[derive(Debug, Clone)]
pub struct MatterFilter {
    /// Whose; all unless said.
    pub whose: Whose,
    /// Only those the person may act on.
    pub acting: bool,
    /// Order.
    pub order: MatterOrder,
    /// Procedure.
    pub procedure: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Running (true) or ended (false).
    pub running: Option<bool>,
    /// Only those with a clock past due.
    pub overdue: bool,
    /// Only drills (true) or only what is real (false).
    pub drill: Option<bool>,
    /// Region code prefix.
    pub region: Option<String>,
    /// Words of the title, the number of the matter, or its subject.
    pub text: Option<String>,
    /// Operators the text may mean as well: by their names or licences, which the caller knows.
    pub meant: Vec<Id>,
    /// Operator concerned.
    pub operator: Option<Id>,
    /// Subject, `kind:id`.
    pub subject: Option<String>,
    /// Opened by this matter.
    pub parent: Option<Id>,
    /// Whose turn it is.
    pub turn: Option<Turn>,
    /// No drills: what the figures count.
    pub real: bool,
}

impl Default for MatterFilter {
    fn default() -> Self {
        Self {
            whose: Whose::All,
            acting: false,
            order: MatterOrder::Due,
            procedure: None,
            state: None,
            running: None,
            overdue: false,
            drill: None,
            region: None,
            text: None,
            meant: Vec::new(),
            operator: None,
            subject: None,
            parent: None,
            turn: None,
            real: false,
        }
    }
}

/// A matter in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatterLine {
    /// Matter.
    pub id: Id,
    /// Procedure.
    pub procedure: String,
    /// Procedure on screen.
    pub procedure_title: Text,
    /// On screen.
    pub title: Text,
    /// State.
    pub state: String,
    /// State on screen.
    pub state_title: Text,
    /// Region code.
    pub region: String,
    /// Department.
    pub agency: String,
    /// Subject, `kind:id`.
    pub subject: String,
    /// Operator concerned.
    pub operator: Option<Id>,
    /// Account it is given to.
    pub assigned: Option<Id>,
    /// Its first running clock.
    pub due: Option<Due>,
    /// When it began.
    pub opened_at: Instant,
    /// When it ended.
    pub closed_at: Option<Instant>,
    /// An exercise, not a real case.
    pub drill: bool,
    /// For changes.
    pub version: i64,
    #[serde(skip)]
    key: i64,
}

impl MatterLine {
    pub(super) const fn key(&self) -> i64 {
        self.key
    }
}

impl TaskLine {
    pub(super) const fn key(&self) -> i64 {
        self.key
    }
}

/// Restricts rows to whose they are.
async fn whose(
    tx: &mut Tx,
    sql: &mut Sql,
    column: &'static str,
    whose: Whose,
    who: &Principal,
    now: Instant,
) -> Result<(), Error> {
    if whose == Whose::All {
        return Ok(());
    }
    let own = stands_for(tx, who.account, now.china_date()).await?;
    sql.push(" and (");
    if whose == Whose::Doable {
        sql.push(column).push(" is null or ");
    }
    sql.push(column).push(" in ").bind_list(own).push(")");
    Ok(())
}

/// The person's tasks, first due first.
///
/// # Errors
/// A bad page mark, or storage.
#[allow(clippy::too_many_arguments)] // who, when, what and which page
pub async fn tasks_for(
    store: &Store,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    now: Instant,
    filter: &TaskFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<TaskLine>, Error> {
    let limit = limited(limit);
    let mut sql = Sql::new(
        "select t.id, t.matter, t.kind, t.region, t.agency, t.operator, t.state, t.assigned, t.due, t.title_zh, t.title_en, \
         t.items_total, t.items_done, t.version, m.procedure, m.hash, m.drill from task t join matter m on m.id = t.matter where ",
    );
    let action = if filter.whose == Whose::Doable { "act" } else { "view" };
    let scope = access.scope(who, action, "task", now).with_agency("t.agency");
    sql.append(&scope.sql("t.region", Some("t.classification"), Some("t.operator")));
    let mut tx = store.snapshot().await?;
    whose(&mut tx, &mut sql, "t.assigned", filter.whose, who, now).await?;
    match filter.state {
        TaskState::Open => sql.push(" and t.state = 'open'"),
        TaskState::Done => sql.push(" and t.state = 'done'"),
        TaskState::Void => sql.push(" and t.state = 'void'"),
        TaskState::Any => &mut sql,
    };
    if filter.overdue {
        sql.push(" and t.state = 'open' and t.due < ").bind(now);
    }
    if let Some(kind) = &filter.kind {
        sql.push(" and t.kind = ").bind(kind);
    }
    if let Some(procedure) = &filter.procedure {
        sql.push(" and m.procedure = ").bind(procedure);
    }
    if let Some(region) = &filter.region {
        inside(&mut sql, "t.region", region);
    }
    if let Some(matter) = filter.matter {
        sql.push(" and t.matter = ").bind(matter);
    }
    of_case(&mut sql, "t.matter", filter.case, filter.cases);
    if let Some(text) = filter.text.as_deref().filter(|t| !t.trim().is_empty()) {
        match words::find_tasks(&mut tx, text, &filter.meant).await? {
            Found::Few(ids) => sql.push(" and t.id in ").bind_list(ids),
            Found::Many => {
                words::push_tasks_walked(&mut sql, text, &filter.meant);
                &mut sql
            }
        };
    }
    if let Some((due, id)) = cursor(after)? {
        sql.push(" and (t.due, t.id) > (").bind(due).push(", ").bind(id).push(")");
    }
    sql.push(" order by t.due, t.id limit ").bind(i64::try_from(limit).unwrap_or(0) + 1);
    let rows = tx.select(&sql).await?;
    let clocks = clocks_of(&mut tx, engine, &rows, Of::Task, |_| true).await?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in &rows {
        lines.push(task_line(&mut tx, engine, row, &clocks, now).await?);
    }
    Ok(page(lines, limit, |l| (l.key, l.id)))
}

pub(super) async fn task_line(
    tx: &mut Tx,
    engine: &Engine,
    row: &Row,
    clocks: &BTreeMap<Id, (Text, ClockRow)>,
    now: Instant,
) -> Result<TaskLine, Error> {
    let procedure = engine.version(tx, &row.text("hash")?).await?;
    let (id, kind) = (row.id("id")?, row.text("kind")?);
    Ok(TaskLine {
        id,
        matter: row.id("matter")?,
        procedure: row.text("procedure")?,
        kind_title: kind_title(&procedure, &kind),
        kind,
        title: Text::new(row.text("title_zh")?, row.text("title_en")?),
        region: row.text("region")?,
        agency: row.text("agency")?,
        operator: row.opt_id("operator")?,
        state: row.text("state")?,
        assigned: row.opt_id("assigned")?,
        due: clocks.get(&id).map(|(title, c)| Due::of(title, &c.clock, engine.calendar(), now)),
        items_total: row.int("items_total")?,
        items_done: row.int("items_done")?,
        drill: row.flag("drill")?,
        version: row.int("version")?,
        key: row.int("due")?,
    })
}

/// Matters the person may see, first due first.
///
/// # Errors
/// A bad page mark, or storage.
#[allow(clippy::too_many_arguments)]
pub async fn matters(
    store: &Store,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    now: Instant,
    filter: &MatterFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<MatterLine>, Error> {
    let limit = limited(limit);
    let mut sql = Sql::new(
        "select m.id, m.procedure, m.hash, m.title_zh, m.title_en, m.state, m.region, m.agency, m.subject, m.operator, \
         m.opened_at, m.closed_at, m.next_due, m.assigned, m.version, m.drill from matter m where ",
    );
    let action = if filter.acting { "act" } else { "view" };
    // who sees a prefecture or more finds the first due soonest by walking the clocks; a county by its own index, which an
    // expression in place of the column keeps the database from taking
    let wide = filter.region.is_none() && who.grants.iter().any(|g| g.region.len() <= 4);
    let region = if wide { "m.region || ''" } else { "m.region" };
    sql.append(&matters_of(engine, access, who, action, now, region));
    let mut tx = store.snapshot().await?;
    whose(&mut tx, &mut sql, "m.assigned", filter.whose, who, now).await?;
    if let Some(procedure) = &filter.procedure {
        sql.push(" and m.procedure = ").bind(procedure);
    }
    if let Some(state) = &filter.state {
        sql.push(" and m.state = ").bind(state);
    }
    match filter.running {
        Some(true) => sql.push(" and m.closed_at is null"),
        Some(false) => sql.push(" and m.closed_at is not null"),
        None => &mut sql,
    };
    if filter.overdue {
        sql.push(" and m.closed_at is null and m.next_due < ").bind(now);
    }
    if let Some(drill) = filter.drill {
        sql.push(if drill { " and m.drill = 1" } else { " and m.drill = 0" });
    }
    if let Some(region) = &filter.region {
        inside(&mut sql, "m.region", region);
    }
    if let Some(operator) = filter.operator {
        sql.push(" and m.operator = ").bind(operator);
    }
    if let Some(subject) = &filter.subject {
        sql.push(" and m.subject = ").bind(subject);
    }
    if let Some(parent) = filter.parent {
        sql.push(" and m.parent = ").bind(parent);
    }
    if filter.real {
        sql.push(" and m.drill = 0");
    }
    match filter.turn {
        Some(Turn::Operator) => operators_turn(sql.push(" and "), engine),
        Some(Turn::Authority) => operators_turn(sql.push(" and not "), engine),
        None => {}
    }
    if let Some(text) = filter.text.as_deref().filter(|t| !t.trim().is_empty()) {
        match words::find(&mut tx, text, &filter.meant).await? {
            Found::Few(ids) => sql.push(" and m.id in ").bind_list(ids),
            Found::Many => {
                words::push_walked(&mut sql, text, &filter.meant);
                &mut sql
            }
        };
    }
    let (key, beyond, order) = match filter.order {
        MatterOrder::Due => ("m.next_due", " > (", " order by m.next_due, m.id limit "),
        MatterOrder::Opened => ("m.opened_at", " < (", " order by m.opened_at desc, m.id desc limit "),
        MatterOrder::Oldest => ("m.opened_at", " > (", " order by m.opened_at, m.id limit "),
    };
    if let Some((at, id)) = cursor(after)? {
        sql.push(" and (").push(key).push(", m.id)").push(beyond).bind(at).push(", ").bind(id).push(")");
    }
    sql.push(order).bind(i64::try_from(limit).unwrap_or(0) + 1);
    let rows = tx.select(&sql).await?;
    let own = |rule: &ClockUse| filter.turn != Some(Turn::Operator) || rule.by == Side::Operator;
    let clocks = clocks_of(&mut tx, engine, &rows, Of::Matter, own).await?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in &rows {
        let procedure = engine.version(&mut tx, &row.text("hash")?).await?;
        let (id, state) = (row.id("id")?, row.text("state")?);
        lines.push(MatterLine {
            id,
            procedure: row.text("procedure")?,
            procedure_title: procedure.definition.title.clone(),
            title: Text::new(row.text("title_zh")?, row.text("title_en")?),
            state_title: state_title(&procedure, &state),
            state,
            region: row.text("region")?,
            agency: row.text("agency")?,
            subject: row.text("subject")?,
            operator: row.opt_id("operator")?,
            due: clocks.get(&id).map(|(title, c)| Due::of(title, &c.clock, engine.calendar(), now)),
            assigned: row.opt_id("assigned")?,
            opened_at: row.instant("opened_at")?,
            closed_at: row.opt_instant("closed_at")?,
            drill: row.flag("drill")?,
            version: row.int("version")?,
            key: match filter.order {
                MatterOrder::Due => row.int("next_due")?,
                MatterOrder::Opened | MatterOrder::Oldest => row.int("opened_at")?,
            },
        });
    }
    Ok(page(lines, limit, |l| (l.key, l.id)))
}

/// The matters `m` somebody may do `action` on; `region` is the column of their region as the query should use it.
pub(super) fn matters_of(
    engine: &Engine,
    access: &Access,
    who: &Principal,
    action: &str,
    now: Instant,
    region: &'static str,
) -> Sql {
    let scope = access.scope(who, action, "matter", now).with_agency("m.agency");
    let own = scope.sql(region, Some("m.classification"), Some("m.party"));
    if !who.grants.iter().any(|g| engine.guests.contains(&g.agency)) {
        return own;
    }
    // a department that takes steps in the matters of others sees those
    let mut sql = Sql::new("(");
    sql.append(&own).push(" or exists (select 1 from matter_agency a where a.matter = m.id and ");
    let guests = access.scope(who, action, "matter", now).with_agency("a.agency");
    sql.append(&guests.sql("m.region", Some("m.classification"), Some("m.party"))).push("))");
    sql
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Of {
    Task,
    Matter,
}

/// Names by procedure.
type Named<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The states of the procedures in force that fit.
fn states_of(engine: &Engine, fits: impl Fn(&Definition) -> Vec<&State>) -> Named<'_> {
    let mut states = Named::new();
    for d in engine.in_force().map(|p| &p.definition) {
        states.entry(&d.id).or_default().extend(fits(d).into_iter().map(|s| s.id.as_str()));
    }
    states
}

/// A matter of one of these procedures, with one of its names in `column`.
fn pairs(sql: &mut Sql, column: &'static str, all: &Named<'_>) {
    sql.push("(1 = 0");
    for (procedure, names) in all.iter().filter(|(_, names)| !names.is_empty()) {
        sql.push(" or (m.procedure = ").bind(*procedure).push(" and ").push(column).push(" in ");
        sql.bind_list(names.iter().copied()).push(")");
    }
    sql.push(")");
}

/// Running matters in which the operator has something to do, by the procedures in force.
fn operators_turn(sql: &mut Sql, engine: &Engine) {
    let mut clocks = Named::new();
    for d in engine.in_force().map(|p| &p.definition) {
        let own = d.clocks.iter().filter(|c| c.by == Side::Operator && c.task.is_none());
        clocks.entry(&d.id).or_default().extend(own.map(|c| c.id.as_str()));
    }
    sql.push("(");
    pairs(sql, "m.state", &states_of(engine, |d| d.awaiting_operator().collect()));
    sql.push(
        " or exists (select 1 from clock c where c.matter = m.id and c.met_at is null and c.void_at is null and ",
    );
    pairs(sql, "c.rule", &clocks);
    sql.push("))");
}

/// The first due running clock of each task or matter listed, of those wanted.
pub(super) async fn clocks_of(
    tx: &mut Tx,
    engine: &Engine,
    listed: &[Row],
    of: Of,
    wanted: impl Fn(&ClockUse) -> bool,
) -> Result<BTreeMap<Id, (Text, ClockRow)>, Error> {
    let mut ids = Vec::with_capacity(listed.len());
    for row in listed {
        ids.push(row.id("id")?);
    }
    let mut sql = Sql::new(
        "select c.id, c.matter, c.task, c.rule, c.started_at, c.suspensions, c.extensions, c.met_at, c.void_at, c.last_day, c.version, m.hash \
         from clock c join matter m on m.id = c.matter where c.met_at is null and c.void_at is null and ",
    );
    // ids are never 0; written so that the database does not read every clock that belongs to no task by the index of tasks
    sql.push(if of == Of::Task { "c.task in " } else { "coalesce(c.task, 0) = 0 and c.matter in " });
    sql.bind_list(ids).push(" order by c.due desc, c.id desc");
    let mut found = BTreeMap::new();
    for row in tx.select(&sql).await? {
        let procedure = engine.version(tx, &row.text("hash")?).await?;
        if let Some(rule) = procedure.definition.clock(&row.text("rule")?).filter(|rule| wanted(rule)) {
            let clock = ClockRow::read(&row, rule)?;
            let owner = if of == Of::Task { clock.task } else { Some(clock.matter) };
            // latest first: the first due one is written last
            found.extend(owner.map(|id| (id, (rule.title.clone(), clock))));
        }
    }
    Ok(found)
}
