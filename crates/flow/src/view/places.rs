//! Places of cases: each place once a case, with everything that is to be done there and what was found.

use super::items::{ItemFilter, conditions, scope};
use super::{Page, cursor, kind_title, limited, page};
use crate::{Engine, Error};
use access::{Access, Principal};
use base::{Decimal, Id, Instant, Text};
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Row, Sql, Store};

/// Which places by what is known of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// All.
    #[default]
    Any,
    /// Reported in at least one task of the case.
    Reached,
    /// Not reported in any task of the case yet.
    Waiting,
    /// Something was recovered.
    Recovered,
    /// Something was put under seal.
    Sealed,
    /// Something had been sold already.
    Sold,
}

/// Which places: the filter of the situation, so that every figure opens to exactly its records.
#[derive(Debug, Clone, Default)]
pub struct PlaceFilter {
    /// The items that make the places.
    pub items: ItemFilter,
    /// What is known of the places.
    pub reach: Reach,
}

/// What is to be done at a place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceTask {
    /// The task.
    pub task: Id,
    /// The item in it.
    pub item: Id,
    /// Kind of the task on screen.
    pub kind_title: Text,
    /// When the place was reported in it.
    pub reported_at: Option<Instant>,
}

/// A place in a case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceLine {
    /// The matter at the top of the case.
    pub case: Id,
    /// Its title.
    pub case_title: Text,
    /// Place key.
    pub subject: String,
    /// Name of the place.
    pub label: String,
    /// Region code.
    pub region: String,
    /// Quantities; `None` where not asked or not known. Those found are of the report that counts.
    pub expected: Option<Decimal>,
    /// Found at the place.
    pub found: Option<Decimal>,
    /// Under seal.
    pub sealed: Option<Decimal>,
    /// Taken back.
    pub recovered: Option<Decimal>,
    /// Already sold.
    pub sold: Option<Decimal>,
    /// Destroyed on the spot.
    pub destroyed: Option<Decimal>,
    /// Their unit.
    pub unit: String,
    /// First report.
    pub reached_at: Option<Instant>,
    /// The work at the place, in order of making.
    pub tasks: Vec<PlaceTask>,
    #[serde(skip)]
    first: Id,
}

/// The tables a place is drawn from.
pub(super) const FROM: &str =
    " from task_item i join task t on t.id = i.task join matter m on m.id = i.matter where ";

/// Appends the condition on a group of items (root, subject).
fn reached(sql: &mut Sql, reach: Reach) {
    sql.push(match reach {
        Reach::Any => "",
        Reach::Reached => " and max(i.reported_at) is not null",
        Reach::Waiting => " and max(i.reported_at) is null",
        Reach::Recovered => " and sum(case when i.counts = 1 then i.recovered else 0 end) > 0",
        Reach::Sealed => " and sum(case when i.counts = 1 then i.sealed else 0 end) > 0",
        Reach::Sold => " and sum(case when i.counts = 1 then i.sold else 0 end) > 0",
    });
}

/// The places behind a figure.
///
/// # Errors
/// A bad page mark, or storage.
#[allow(clippy::too_many_arguments)] // who, when, what and which page
pub async fn places(
    store: &Store,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    now: Instant,
    filter: &PlaceFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<PlaceLine>, Error> {
    let limit = limited(limit);
    let mut sql = Sql::new(
        "select m.root, max(c.title_zh) as case_zh, max(c.title_en) as case_en, i.subject, min(i.id) as first, max(i.label) as label, min(i.region) as region, \
         max(i.expected) as expected, max(i.unit) as unit, min(i.reported_at) as reached, \
         cast(sum(case when i.counts = 1 then i.found end) as bigint) as found, \
         cast(sum(case when i.counts = 1 then i.sealed end) as bigint) as sealed, \
         cast(sum(case when i.counts = 1 then i.recovered end) as bigint) as recovered, \
         cast(sum(case when i.counts = 1 then i.sold end) as bigint) as sold, \
         cast(sum(case when i.counts = 1 then i.destroyed end) as bigint) as destroyed \
         from task_item i join task t on t.id = i.task join matter m on m.id = i.matter join matter c on c.id = m.root where ",
    );
    scope(&mut sql, access, who, now);
    conditions(&mut sql, &filter.items, now);
    sql.push(" group by m.root, i.subject having 1 = 1");
    reached(&mut sql, filter.reach);
    if let Some((_, id)) = cursor(after)? {
        sql.push(" and min(i.id) > ").bind(id);
    }
    sql.push(" order by first limit ").bind(i64::try_from(limit).unwrap_or(0) + 1);
    let mut tx = store.snapshot().await?;
    let mut lines = Vec::new();
    for row in tx.select(&sql).await? {
        lines.push(line(&row)?);
    }
    let mut page = page(lines, limit, |l| (0, l.first));
    if page.rows.is_empty() {
        return Ok(page);
    }

    let cases: Vec<Id> = page.rows.iter().map(|l| l.case).collect();
    let mut sql = Sql::new("select m.root, i.subject, i.id, i.task, i.kind, i.reported_at, m.hash");
    sql.push(FROM);
    scope(&mut sql, access, who, now);
    conditions(&mut sql, &filter.items, now);
    sql.push(" and m.root in ").bind_list(cases).push(" and i.subject in ");
    sql.bind_list(page.rows.iter().map(|l| l.subject.as_str())).push(" order by i.id");
    let mut work: BTreeMap<(Id, String), Vec<PlaceTask>> = BTreeMap::new();
    for row in tx.select(&sql).await? {
        let procedure = engine.version(&mut tx, &row.text("hash")?).await?;
        work.entry((row.id("root")?, row.text("subject")?)).or_default().push(PlaceTask {
            task: row.id("task")?,
            item: row.id("id")?,
            kind_title: kind_title(&procedure, &row.text("kind")?),
            reported_at: row.opt_instant("reported_at")?,
        });
    }
    for line in &mut page.rows {
        line.tasks = work.remove(&(line.case, line.subject.clone())).unwrap_or_default();
    }
    Ok(page)
}

fn line(row: &Row) -> Result<PlaceLine, Error> {
    let quantity = |name: &str| row.opt_int(name).map(|q| q.map(rule::from_micro));
    Ok(PlaceLine {
        case: row.id("root")?,
        case_title: Text::new(row.text("case_zh")?, row.text("case_en")?),
        subject: row.text("subject")?,
        label: row.text("label")?,
        region: row.text("region")?,
        expected: quantity("expected")?,
        found: quantity("found")?,
        sealed: quantity("sealed")?,
        recovered: quantity("recovered")?,
        sold: quantity("sold")?,
        destroyed: quantity("destroyed")?,
        unit: row.text("unit")?,
        reached_at: row.opt_instant("reached")?,
        tasks: Vec::new(),
        first: row.id("first")?,
    })
}
