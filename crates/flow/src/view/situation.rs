//! The leader's picture: places, reached, recovered, overdue, by region; every figure opens to its items.

use super::items::{ItemFilter, conditions, scope};
use crate::Error;
use access::{Access, Principal};
use base::{Decimal, Id, Instant};
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Row, Sql, Store};

/// The figures of a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Places concerned (each once, however many tasks touch it).
    pub places: i64,
    /// Places reported in at least one task.
    pub reached: i64,
    /// Places that still wait in at least one task; a place may be reached in one and wait in another.
    pub waiting: i64,
    /// Tasks to do.
    pub tasks_open: i64,
    /// Tasks done.
    pub tasks_done: i64,
    /// Tasks past due.
    pub tasks_overdue: i64,
    /// Quantities by unit: found, sealed, recovered, sold, destroyed.
    pub quantities: BTreeMap<String, [Decimal; 5]>,
}

/// A region and its figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RegionFigures {
    /// Region code.
    pub region: String,
    /// Its figures.
    pub figures: Figures,
}

/// The picture of a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Situation {
    /// The region asked for.
    pub region: String,
    /// All of it.
    pub total: Figures,
    /// The regions one level below, by code; those without any task are absent.
    pub regions: Vec<RegionFigures>,
}

/// The beginning of a region code down to the level below `prefix`.
const fn below(prefix: &str) -> &'static str {
    match prefix.len() {
        0 | 1 => "substr(i.region, 1, 2)",
        2 | 3 => "substr(i.region, 1, 4)",
        _ => "substr(i.region, 1, 6)",
    }
}

/// The figures of a region (code prefix), of all tasks the person may see or of one matter's family.
///
/// # Errors
/// Storage.
pub async fn situation(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    region: &str,
    matter: Option<Id>,
) -> Result<Situation, Error> {
    grouped(store, access, who, now, region, matter, below(region)).await
}

/// As [`situation`], with one row a county whatever the region: for the map.
///
/// # Errors
/// Storage.
pub async fn situation_by_county(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    region: &str,
    matter: Option<Id>,
) -> Result<Situation, Error> {
    grouped(store, access, who, now, region, matter, below("620100")).await
}

async fn grouped(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    region: &str,
    matter: Option<Id>,
    level: &'static str,
) -> Result<Situation, Error> {
    let filter = ItemFilter { region: region.to_owned(), matter, ..ItemFilter::default() };
    let select = |columns: &[&'static str], group: &'static str| {
        let mut sql = Sql::new("select ");
        for part in columns {
            sql.push(part);
        }
        sql.push(" from task_item i join task t on t.id = i.task where ");
        scope(&mut sql, access, who, now);
        conditions(&mut sql, &filter, now);
        if !group.is_empty() {
            sql.push(" group by ").push(group);
        }
        sql
    };
    let mut tx = store.snapshot().await?;
    let mut out = Situation { region: region.to_owned(), ..Situation::default() };
    let mut by: BTreeMap<String, Figures> = BTreeMap::new();

    const PLACES: &str = "count(distinct i.subject) as places, \
        count(distinct case when i.reported_at is not null then i.subject end) as reached, \
        count(distinct case when i.reported_at is null then i.subject end) as waiting";
    for row in tx.select(&select(&[PLACES], "")).await? {
        (out.total.places, out.total.reached) = (row.int("places")?, row.int("reached")?);
        out.total.waiting = row.int("waiting")?;
    }
    for row in tx.select(&select(&[level, " as code, ", PLACES], level)).await? {
        let figures = by.entry(row.text("code")?).or_default();
        (figures.places, figures.reached) = (row.int("places")?, row.int("reached")?);
        figures.waiting = row.int("waiting")?;
    }
    const SUMS: &str = "i.unit, cast(sum(i.found) as bigint) as found, cast(sum(i.sealed) as bigint) as sealed, \
        cast(sum(i.recovered) as bigint) as recovered, cast(sum(i.sold) as bigint) as sold, \
        cast(sum(i.destroyed) as bigint) as destroyed";
    let mut sql = Sql::new("select ");
    sql.push(level)
        .push(" as code, ")
        .push(SUMS)
        .push(" from task_item i join task t on t.id = i.task where ");
    scope(&mut sql, access, who, now);
    conditions(&mut sql, &filter, now);
    sql.push(" and i.counts = 1 group by ").push(level).push(", i.unit");
    for row in tx.select(&sql).await? {
        let (unit, sums) = (row.text("unit")?, sums(&row)?);
        for figures in [by.entry(row.text("code")?).or_default(), &mut out.total] {
            let at = figures.quantities.entry(unit.clone()).or_insert([Decimal::ZERO; 5]);
            for (sum, part) in at.iter_mut().zip(sums) {
                *sum += part;
            }
        }
    }
    // a task counts where its items lie; a task over two regions below counts in both, once in the total
    let mut counts =
        Sql::new("cast(count(distinct case when t.state = 'open' then t.id end) as bigint) as open, ");
    counts.push("cast(count(distinct case when t.state = 'done' then t.id end) as bigint) as done, ");
    counts.push("cast(count(distinct case when t.state = 'open' and t.due < ").bind(now);
    counts.push(" then t.id end) as bigint) as overdue");
    let tasks = |head: &[&'static str], group: &'static str| {
        let mut sql = Sql::new("select ");
        for part in head {
            sql.push(part);
        }
        sql.append(&counts).push(" from task_item i join task t on t.id = i.task where ");
        scope(&mut sql, access, who, now);
        conditions(&mut sql, &filter, now);
        if !group.is_empty() {
            sql.push(" group by ").push(group);
        }
        sql
    };
    for row in tx.select(&tasks(&[], "")).await? {
        fill(&mut out.total, &row)?;
    }
    for row in tx.select(&tasks(&[level, " as code, "], level)).await? {
        fill(by.entry(row.text("code")?).or_default(), &row)?;
    }
    out.regions = by.into_iter().map(|(region, figures)| RegionFigures { region, figures }).collect();
    Ok(out)
}

fn fill(figures: &mut Figures, row: &Row) -> Result<(), Error> {
    figures.tasks_open = row.int("open")?;
    figures.tasks_done = row.int("done")?;
    figures.tasks_overdue = row.int("overdue")?;
    Ok(())
}

fn sums(row: &Row) -> Result<[Decimal; 5], Error> {
    let mut sums = [Decimal::ZERO; 5];
    for (sum, name) in sums.iter_mut().zip(["found", "sealed", "recovered", "sold", "destroyed"]) {
        *sum = rule::from_micro(row.opt_int(name)?.unwrap_or(0));
    }
    Ok(sums)
}
