//! The leader's picture: places, reached, recovered, overdue, by region; every figure opens to its records.

use super::inside;
use super::items::{Cases, ItemFilter, conditions, of_case, real, scope};
use super::places::FROM;
use crate::Error;
use access::{Access, Principal};
use base::{Decimal, Id, Instant};
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Row, Sql, Store};

/// The figures of a region. A place is counted once in each case, however many tasks touch it there, and again in
/// another case: what was reached in an old one says nothing of a new one.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Places concerned.
    pub places: i64,
    /// Of these, reported in at least one task of the case.
    pub reached: i64,
    /// Of these, not reported yet; with `reached` they are all places.
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

/// How many digits of a region code name the level below `prefix`.
const fn below(prefix: &str) -> u8 {
    match prefix.len() {
        0 | 1 => 2,
        2 | 3 => 4,
        _ => 6,
    }
}

/// The figures of a region (code prefix), of the cases the person may see; `matter` narrows them to its case.
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
    cases: Cases,
) -> Result<Situation, Error> {
    let filter = ItemFilter { region: region.to_owned(), matter, cases, ..ItemFilter::default() };
    grouped(store, access, who, now, &filter, below(region)).await
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
    cases: Cases,
) -> Result<Situation, Error> {
    let filter = ItemFilter { region: region.to_owned(), matter, cases, ..ItemFilter::default() };
    grouped(store, access, who, now, &filter, 6).await
}

async fn grouped(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    filter: &ItemFilter,
    digits: u8,
) -> Result<Situation, Error> {
    let (of_item, of_task) = match digits {
        2 => ("substr(i.region, 1, 2)", "substr(t.region, 1, 2)"),
        4 => ("substr(i.region, 1, 4)", "substr(t.region, 1, 4)"),
        _ => ("substr(i.region, 1, 6)", "substr(t.region, 1, 6)"),
    };
    let mut tx = store.snapshot().await?;
    let mut by: BTreeMap<String, Figures> = BTreeMap::new();

    let mut sql = Sql::new("select g.code, count(*) as places, count(g.reached) as reached from (select ");
    sql.push("min(").push(of_item).push(") as code, max(i.reported_at) as reached").push(FROM);
    scope(&mut sql, access, who, now);
    conditions(&mut sql, filter, now);
    sql.push(" group by m.root, i.subject) g group by g.code");
    for row in tx.select(&sql).await? {
        let figures = by.entry(row.text("code")?).or_default();
        (figures.places, figures.reached) = (row.int("places")?, row.int("reached")?);
        figures.waiting = figures.places - figures.reached;
    }

    let mut sql = Sql::new("select ");
    sql.push(of_item).push(
        " as code, i.unit, cast(sum(i.found) as bigint) as found, cast(sum(i.sealed) as bigint) as sealed, \
         cast(sum(i.recovered) as bigint) as recovered, cast(sum(i.sold) as bigint) as sold, \
         cast(sum(i.destroyed) as bigint) as destroyed",
    );
    sql.push(FROM);
    scope(&mut sql, access, who, now);
    conditions(&mut sql, filter, now);
    sql.push(" and i.counts = 1 group by ").push(of_item).push(", i.unit");
    for row in tx.select(&sql).await? {
        let figures = by.entry(row.text("code")?).or_default();
        figures.quantities.insert(row.text("unit")?, sums(&row)?);
    }

    // a task belongs to the region of its agency
    let mut sql = Sql::new("select ");
    sql.push(of_task).push(
        " as code, cast(sum(case when t.state = 'open' then 1 else 0 end) as bigint) as open, \
         cast(sum(case when t.state = 'done' then 1 else 0 end) as bigint) as done, \
         cast(sum(case when t.state = 'open' and t.due < ",
    );
    sql.bind(now).push(" then 1 else 0 end) as bigint) as overdue from task t where ");
    scope(&mut sql, access, who, now);
    inside(&mut sql, "t.region", &filter.region);
    of_case(&mut sql, "t.matter", filter.matter, filter.cases);
    if filter.matter.is_none() {
        real(&mut sql, "t.matter");
    }
    sql.push(" and t.state <> 'void' group by ").push(of_task);
    for row in tx.select(&sql).await? {
        let figures = by.entry(row.text("code")?).or_default();
        figures.tasks_open = row.int("open")?;
        figures.tasks_done = row.int("done")?;
        figures.tasks_overdue = row.int("overdue")?;
    }

    let mut out = Situation { region: filter.region.clone(), ..Situation::default() };
    for figures in by.values() {
        out.total.add(figures);
    }
    out.regions = by.into_iter().map(|(region, figures)| RegionFigures { region, figures }).collect();
    Ok(out)
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.places += other.places;
        self.reached += other.reached;
        self.waiting += other.waiting;
        self.tasks_open += other.tasks_open;
        self.tasks_done += other.tasks_done;
        self.tasks_overdue += other.tasks_overdue;
        for (unit, sums) in &other.quantities {
            let at = self.quantities.entry(unit.clone()).or_insert([Decimal::ZERO; 5]);
            for (sum, part) in at.iter_mut().zip(sums) {
                *sum += part;
            }
        }
    }
}

fn sums(row: &Row) -> Result<[Decimal; 5], Error> {
    let mut sums = [Decimal::ZERO; 5];
    for (sum, name) in sums.iter_mut().zip(["found", "sealed", "recovered", "sold", "destroyed"]) {
        *sum = rule::from_micro(row.opt_int(name)?.unwrap_or(0));
    }
    Ok(sums)
}
