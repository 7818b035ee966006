//! What came of the matters an assessment counts (督办, 约谈), for those who were supervised: one line a matter, each with one outcome, so
//! that every count is as long as the list it opens. Which procedures are counted, and with which outcomes, their files say.

use super::{Page, cursor, inside, limited, page};
use crate::{Engine, Error};
use access::{Access, Principal};
use base::{Date, Id, Instant, Text};
use serde::Serialize;
use store::{Sql, Store};

/// Under way, no clock past due.
pub const RUNNING: &str = "running";
/// Under way, a clock past due.
pub const OVERDUE: &str = "overdue";

/// A column of counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// The procedure counted.
    pub procedure: String,
    /// Its name.
    pub title: Text,
    /// The outcome counted; `None`: all.
    pub outcome: Option<String>,
    /// The outcome on screen.
    pub label: Text,
    /// It counts against who is assessed.
    pub late: bool,
}

/// The columns of the assessment: for each procedure counted all of it, what runs, and its outcomes as its file names them.
#[must_use]
pub fn assessed_figures(engine: &Engine) -> Vec<Figure> {
    let mut figures = Vec::new();
    for p in engine.procedures() {
        let Some(rule) = &p.definition.assessed else { continue };
        let mut add = |outcome: Option<&str>, label: Text, late: bool| {
            figures.push(Figure {
                procedure: p.definition.id.clone(),
                title: p.definition.title.clone(),
                outcome: outcome.map(ToOwned::to_owned),
                label,
                late,
            });
        };
        add(None, Text::of("全部", "All"), false);
        add(Some(RUNNING), Text::of("在办", "Under way"), false);
        add(Some(OVERDUE), Text::of("逾期未办结", "Overdue"), true);
        for o in &rule.outcomes {
            add(Some(&o.id), o.title.clone(), o.late);
        }
    }
    figures
}

/// Which to count.
#[derive(Debug, Clone, Default)]
pub struct SupervisedFilter {
    /// Region code prefix of those supervised; empty: all.
    pub region: String,
    /// Department supervised.
    pub agency: Option<String>,
    /// First day of the period, by the day of opening.
    pub from: Option<Date>,
    /// Last day of the period.
    pub to: Option<Date>,
    /// Procedure.
    pub procedure: Option<String>,
    /// Outcome.
    pub outcome: Option<String>,
}

/// How many matters of a procedure came to an outcome with one agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SupervisedCount {
    /// Procedure.
    pub procedure: String,
    /// Region code of who is supervised.
    pub region: String,
    /// Department of who is supervised.
    pub agency: String,
    /// [`RUNNING`], [`OVERDUE`] or an outcome of the file.
    pub outcome: String,
    /// How many.
    pub matters: i64,
}

/// A matter the assessment counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SupervisedLine {
    /// The matter.
    pub matter: Id,
    /// Its procedure.
    pub procedure: String,
    /// On screen.
    pub title: Text,
    /// Region code of who is supervised.
    pub region: String,
    /// Department of who is supervised.
    pub agency: String,
    /// When it was opened.
    pub opened: Instant,
    /// When it ended.
    pub closed: Option<Instant>,
    /// [`RUNNING`], [`OVERDUE`] or an outcome of the file.
    pub outcome: String,
}

/// The outcome as it stands at a moment, as a column.
fn outcome(sql: &mut Sql, now: Instant) {
    sql.push("case when m.closed_at is not null then coalesce(a.outcome, '') when m.next_due < ").bind(now);
    sql.push(" then 'overdue' else 'running' end");
}

/// The lines a filter leaves, of those the person may see.
fn conditions(sql: &mut Sql, access: &Access, who: &Principal, now: Instant, filter: &SupervisedFilter) {
    sql.push(" from matter_assessed a join matter m on m.id = a.matter where ");
    let scope = access.scope(who, "view", "matter", now).with_agency("m.agency");
    sql.append(&scope.sql("m.region", Some("m.classification"), Some("m.party")));
    inside(sql, "a.region", &filter.region);
    if let Some(agency) = &filter.agency {
        sql.push(" and a.agency = ").bind(agency);
    }
    if let Some(procedure) = &filter.procedure {
        sql.push(" and a.procedure = ").bind(procedure);
    }
    if let Some(from) = filter.from {
        sql.push(" and a.opened_at >= ").bind(Instant::china(from, 0, 0));
    }
    if let Some(after) = filter.to.and_then(|to| to.tomorrow().ok()) {
        sql.push(" and a.opened_at < ").bind(Instant::china(after, 0, 0));
    }
    match filter.outcome.as_deref() {
        None => {}
        Some(RUNNING) => {
            sql.push(" and m.closed_at is null and m.next_due >= ").bind(now);
        }
        Some(OVERDUE) => {
            sql.push(" and m.closed_at is null and m.next_due < ").bind(now);
        }
        Some(other) => {
            sql.push(" and m.closed_at is not null and a.outcome = ").bind(other);
        }
    }
}

/// The counts by agency, procedure and outcome, in the order of regions; as many rows as there are agencies and outcomes.
///
/// # Errors
/// Storage.
pub async fn supervised_counts(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    filter: &SupervisedFilter,
) -> Result<Vec<SupervisedCount>, Error> {
    let mut sql = Sql::new("select a.procedure, a.region, a.agency, ");
    outcome(&mut sql, now);
    sql.push(" as outcome, count(*) as n");
    conditions(&mut sql, access, who, now, filter);
    sql.push(" group by 1, 2, 3, 4 order by 2, 3, 1, 4");
    let read = |row: &store::Row| {
        Ok(SupervisedCount {
            procedure: row.text("procedure")?,
            region: row.text("region")?,
            agency: row.text("agency")?,
            outcome: row.text("outcome")?,
            matters: row.int("n")?,
        })
    };
    store.select(&sql).await?.iter().map(read).collect()
}

/// The matters counted, newest first.
///
/// # Errors
/// A bad page mark, or storage.
pub async fn supervised(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    filter: &SupervisedFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<SupervisedLine>, Error> {
    let limit = limited(limit);
    let mut sql = Sql::new(
        "select a.matter, a.procedure, m.title_zh, m.title_en, a.region, a.agency, a.opened_at, m.closed_at, ",
    );
    outcome(&mut sql, now);
    sql.push(" as outcome");
    conditions(&mut sql, access, who, now, filter);
    if let Some((at, id)) = cursor(after)? {
        sql.push(" and (a.opened_at, a.matter) < (").bind(at).push(", ").bind(id).push(")");
    }
    sql.push(" order by a.opened_at desc, a.matter desc limit ").bind(i64::try_from(limit).unwrap_or(0) + 1);
    let read = |row: &store::Row| {
        Ok::<_, store::Error>(SupervisedLine {
            matter: row.id("matter")?,
            procedure: row.text("procedure")?,
            title: Text::new(row.text("title_zh")?, row.text("title_en")?),
            region: row.text("region")?,
            agency: row.text("agency")?,
            opened: row.instant("opened_at")?,
            closed: row.opt_instant("closed_at")?,
            outcome: row.text("outcome")?,
        })
    };
    let lines = store.select(&sql).await?.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(page(lines, limit, |l| (l.opened.0, l.matter)))
}
