//! The inbox of a person: the matters that run in the own hands and the tasks to be done, first due first.

use super::lists::{MatterFilter, MatterLine, TaskFilter, TaskLine, Whose, matters, tasks_for};
use super::{Cases, Page, TaskState};
use crate::{Engine, Error};
use access::{Access, Principal};
use base::{Id, Instant, Text};
use serde::Serialize;
use std::collections::BTreeSet;
use store::{Sql, Store};

/// More rows of one duty than its ladder has rungs and levels are not read past.
const RUNGS: usize = 6;

/// Which work.
#[derive(Debug, Clone, Default)]
pub struct InboxFilter {
    /// Whose; the default is what the person may do.
    pub whose: Whose,
    /// Procedure of the matter.
    pub procedure: Option<String>,
    /// Only what is past due.
    pub overdue: bool,
    /// Region code prefix.
    pub region: Option<String>,
    /// Words of a title, or the number of a matter.
    pub text: Option<String>,
    /// Operators the text may mean as well.
    pub meant: Vec<Id>,
}

/// A line of the inbox.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum InboxLine {
    /// A matter that runs.
    Matter(Box<MatterLine>),
    /// A task to do.
    Task(Box<TaskLine>),
}

impl InboxLine {
    fn key(&self) -> (i64, Id) {
        match self {
            Self::Matter(m) => (m.key(), m.id),
            Self::Task(t) => (t.key(), t.id),
        }
    }
}

/// The person's work, first due first.
///
/// # Errors
/// A bad page mark, or storage.
#[allow(clippy::too_many_arguments)] // who, when, what and which page
pub async fn inbox(
    store: &Store,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    now: Instant,
    filter: &InboxFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<InboxLine>, Error> {
    let limit = super::limited(limit);
    let of_matters = MatterFilter {
        whose: filter.whose,
        acting: true,
        running: Some(true),
        procedure: filter.procedure.clone(),
        overdue: filter.overdue,
        region: filter.region.clone(),
        text: filter.text.clone(),
        meant: filter.meant.clone(),
        ..MatterFilter::default()
    };
    let of_tasks = TaskFilter {
        whose: filter.whose,
        state: TaskState::Open,
        overdue: filter.overdue,
        procedure: filter.procedure.clone(),
        region: filter.region.clone(),
        text: filter.text.clone(),
        meant: filter.meant.clone(),
        cases: Cases::Any,
        ..TaskFilter::default()
    };
    let matters = matters(store, engine, access, who, now, &of_matters, after, limit).await?;
    let tasks = tasks_for(store, engine, access, who, now, &of_tasks, after, limit).await?;
    let more =
        matters.next.is_some() || tasks.next.is_some() || matters.rows.len() + tasks.rows.len() > limit;
    let mut rows: Vec<InboxLine> = matters
        .rows
        .into_iter()
        .map(|m| InboxLine::Matter(Box::new(m)))
        .chain(tasks.rows.into_iter().map(|t| InboxLine::Task(Box::new(t))))
        .collect();
    rows.sort_by_key(InboxLine::key);
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|l| {
        let (key, id) = l.key();
        format!("{key}.{id}")
    });
    Ok(Page { rows, next })
}

/// A reminder that still stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReminderLine {
    /// Matter.
    pub matter: Id,
    /// Its task, where the clock is a task's.
    pub task: Option<Id>,
    /// `remind` or `escalate`.
    pub act: String,
    /// The duty.
    pub title: Text,
    /// The matter on screen.
    pub matter_title: Text,
    /// Region code of who was told.
    pub region: String,
    /// When the duty fell or falls due.
    pub due: Instant,
    /// When it was said.
    pub at: Instant,
}

/// What the ladder of clocks said to the person's region and department and what is not settled yet, newest first.
///
/// # Errors
/// Storage.
pub async fn reminders(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    limit: usize,
) -> Result<Vec<ReminderLine>, Error> {
    let mut sql = Sql::new(
        "select r.clock, r.matter, r.task, r.act, r.region, r.title_zh, r.title_en, r.due, r.at, m.title_zh as m_zh, m.title_en as m_en \
         from reminder r join matter m on m.id = r.matter where r.settled_at is null and ",
    );
    let scope = access.scope(who, "view", "task", now).with_agency("r.agency");
    sql.append(&scope.sql("r.region", Some("r.classification"), Some("r.operator")));
    let limit = super::limited(limit);
    sql.push(" order by r.at desc, r.id desc limit ").bind(i64::try_from(limit * RUNGS).unwrap_or(0));
    let (mut lines, mut told) = (Vec::new(), BTreeSet::new());
    for row in store.select(&sql).await? {
        // who sees several levels is told of a duty once, by the newest rung
        if lines.len() == limit || !told.insert(row.id("clock")?) {
            continue;
        }
        lines.push(ReminderLine {
            matter: row.id("matter")?,
            task: row.opt_id("task")?,
            act: row.text("act")?,
            title: Text::new(row.text("title_zh")?, row.text("title_en")?),
            matter_title: Text::new(row.text("m_zh")?, row.text("m_en")?),
            region: row.text("region")?,
            due: row.instant("due")?,
            at: row.instant("at")?,
        });
    }
    Ok(lines)
}
