//! The records behind the figures: items reached or not, and the mass balance of a recall.

use super::{Page, TaskState, cursor, inside, kind_title, limited, page};
use crate::live::Live;
use crate::{Engine, Error};
use access::{Access, Principal};
use base::{Decimal, Id, Instant, Text};
use serde::Serialize;
use serde_json::Value as Json;
use store::words::like;
use store::{Sql, Store, Tx};

/// Which cases. A case is a family of matters; its state is that of the matter at the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cases {
    /// All.
    #[default]
    Any,
    /// Those still running.
    Running,
    /// Those ended.
    Ended,
}

/// Which items. By default all of tasks that are not void.
#[derive(Debug, Clone)]
pub struct ItemFilter {
    /// Region code prefix.
    pub region: String,
    /// A matter; the whole case it belongs to is meant.
    pub matter: Option<Id>,
    /// State of their case.
    pub cases: Cases,
    /// Task kind.
    pub kind: Option<String>,
    /// State of their task.
    pub task: TaskState,
    /// Only of tasks past due.
    pub overdue: bool,
    /// Part of the place's name or key.
    pub text: Option<String>,
}

impl Default for ItemFilter {
    fn default() -> Self {
        Self {
            region: String::new(),
            matter: None,
            cases: Cases::Any,
            kind: None,
            task: TaskState::Any,
            overdue: false,
            text: None,
        }
    }
}

/// An item in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemLine {
    /// Item.
    pub id: Id,
    /// Its task.
    pub task: Id,
    /// Its matter.
    pub matter: Id,
    /// Kind of the task on screen.
    pub kind_title: Text,
    /// Place key.
    pub subject: String,
    /// Site.
    pub site: Option<Id>,
    /// Name of the place.
    pub label: String,
    /// Region code.
    pub region: String,
    /// Quantities; `None` where not asked or not known.
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
    /// Outcome code of the report.
    pub answer: Option<String>,
    /// When it was reported.
    pub reported_at: Option<Instant>,
    /// Whether its quantities count in the sums (the latest report on the place).
    pub counts: bool,
}

/// Where the goods of a recall are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Balance {
    /// Unit of all quantities.
    pub unit: String,
    /// What went out; `None` while unknown.
    pub total: Option<Decimal>,
    /// Expected at the places by the trace record.
    pub expected: Decimal,
    /// Found.
    pub found: Decimal,
    /// Under seal at the places.
    pub sealed: Decimal,
    /// Taken back.
    pub recovered: Decimal,
    /// Sold or eaten already.
    pub sold: Decimal,
    /// Destroyed on the spot.
    pub destroyed: Decimal,
    /// `total` (or else `expected`) less sealed, recovered, sold and destroyed. Negative when more was found than went out.
    pub unaccounted: Decimal,
    /// Places.
    pub places: i64,
    /// Places reported.
    pub reached: i64,
    /// Units that could not be added in, with the number of reports.
    pub other_units: Vec<(String, i64)>,
}

/// Appends the conditions of the filter to a statement over `task_item i join task t`.
pub(super) fn conditions(sql: &mut Sql, filter: &ItemFilter, now: Instant) {
    inside(sql, "i.region", &filter.region);
    of_case(sql, "i.matter", filter.matter, filter.cases);
    if filter.matter.is_none() {
        real(sql, "i.matter");
    }
    if let Some(kind) = &filter.kind {
        sql.push(" and i.kind = ").bind(kind);
    }
    match filter.task {
        TaskState::Open => sql.push(" and t.state = 'open'"),
        TaskState::Done => sql.push(" and t.state = 'done'"),
        TaskState::Void => sql.push(" and t.state = 'void'"),
        TaskState::Any => sql.push(" and t.state <> 'void'"),
    };
    if filter.overdue {
        sql.push(" and t.state = 'open' and t.due < ").bind(now);
    }
    if let Some(text) = filter.text.as_deref().filter(|t| !t.trim().is_empty()) {
        let pattern = like(text);
        sql.push(" and (lower(i.label) like ")
            .bind(pattern.as_str())
            .push(" escape '\\' or lower(i.subject) like ");
        sql.bind(pattern).push(" escape '\\')");
    }
}

/// Appends that the matter in `column` is no drill: figures and lists over many cases count what is real.
pub(super) fn real(sql: &mut Sql, column: &'static str) {
    sql.push(" and ").push(column).push(" not in (select d.id from matter d where d.drill = 1)");
}

/// Appends that the matter in `column` belongs to the case of a matter, and to cases in a state.
pub(super) fn of_case(sql: &mut Sql, column: &'static str, matter: Option<Id>, cases: Cases) {
    if let Some(matter) = matter {
        sql.push(" and ").push(column).push(" in (select f.id from matter f where f.root = ");
        sql.push("(select p.root from matter p where p.id = ").bind(matter).push("))");
    }
    let ended = match cases {
        Cases::Any => return,
        Cases::Running => "r.closed_at is null)",
        Cases::Ended => "r.closed_at is not null)",
    };
    sql.push(" and ").push(column);
    sql.push(" in (select f.id from matter f join matter r on r.id = f.root where ").push(ended);
}

/// The person's scope over tasks `t`, as the beginning of a condition.
pub(super) fn scope(sql: &mut Sql, access: &Access, who: &Principal, now: Instant) {
    let scope = access.scope(who, "view", "task", now).with_agency("t.agency");
    sql.append(&scope.sql("t.region", Some("t.classification"), Some("t.operator")));
}

/// The items behind a figure.
///
/// # Errors
/// A bad page mark, or storage.
#[allow(clippy::too_many_arguments)] // who, when, what and which page
pub async fn items(
    store: &Store,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    now: Instant,
    filter: &ItemFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<ItemLine>, Error> {
    let limit = limited(limit);
    let mut sql = Sql::new(
        "select i.id, i.task, i.matter, i.kind, i.subject, i.site, i.label, i.region, i.expected, i.found, i.sealed, i.recovered, \
         i.sold, i.destroyed, i.unit, i.answer, i.reported_at, i.counts, m.hash \
         from task_item i join task t on t.id = i.task join matter m on m.id = i.matter where ",
    );
    scope(&mut sql, access, who, now);
    conditions(&mut sql, filter, now);
    if let Some((_, id)) = cursor(after)? {
        sql.push(" and i.id > ").bind(id);
    }
    sql.push(" order by i.id limit ").bind(i64::try_from(limit).unwrap_or(0) + 1);
    let mut tx = store.snapshot().await?;
    let mut lines = Vec::new();
    for row in tx.select(&sql).await? {
        let procedure = engine.version(&mut tx, &row.text("hash")?).await?;
        let quantity = |name: &str| row.opt_int(name).map(|q| q.map(rule::from_micro));
        lines.push(ItemLine {
            id: row.id("id")?,
            task: row.id("task")?,
            matter: row.id("matter")?,
            kind_title: kind_title(&procedure, &row.text("kind")?),
            subject: row.text("subject")?,
            site: row.opt_id("site")?,
            label: row.text("label")?,
            region: row.text("region")?,
            expected: quantity("expected")?,
            found: quantity("found")?,
            sealed: quantity("sealed")?,
            recovered: quantity("recovered")?,
            sold: quantity("sold")?,
            destroyed: quantity("destroyed")?,
            unit: row.text("unit")?,
            answer: row.opt_text("answer")?,
            reported_at: row.opt_instant("reported_at")?,
            counts: row.flag("counts")?,
        });
    }
    Ok(page(lines, limit, |l| (0, l.id)))
}

/// The mass balance of a matter whose procedure (or whose parent's) declares one; all places count, wherever they lie, so it
/// needs `view` on the matter only.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], [`Error::Procedure`] when no balance is declared, storage.
pub async fn mass_balance(
    store: &Store,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    now: Instant,
    matter: Id,
) -> Result<Balance, Error> {
    let mut tx = store.snapshot().await?;
    let live = Live::read(&mut tx, engine, matter).await?;
    access.check(who, "view", &live.resource("matter"), now)?;
    let totals = totals(&mut tx, engine, &live).await?;
    reckon(&mut tx, matter, totals, now).await
}

/// The mass balance of a matter whose own procedure declares one.
pub(crate) async fn balance_of(tx: &mut Tx, live: &Live, now: Instant) -> Result<Balance, Error> {
    reckon(tx, live.draft.id, own_totals(live).unwrap_or_default(), now).await
}

async fn reckon(
    tx: &mut Tx,
    matter: Id,
    (total, unit): (Option<Decimal>, Option<String>),
    now: Instant,
) -> Result<Balance, Error> {
    let mut sql = Sql::new(
        "select i.unit, count(distinct i.subject) as places, \
         count(distinct case when i.reported_at is not null then i.subject end) as reached, \
         cast(sum(case when i.counts = 1 then 1 else 0 end) as bigint) as reports, \
         cast(sum(case when i.counts = 1 then i.found end) as bigint) as found, \
         cast(sum(case when i.counts = 1 then i.sealed end) as bigint) as sealed, \
         cast(sum(case when i.counts = 1 then i.recovered end) as bigint) as recovered, \
         cast(sum(case when i.counts = 1 then i.sold end) as bigint) as sold, \
         cast(sum(case when i.counts = 1 then i.destroyed end) as bigint) as destroyed \
         from task_item i join task t on t.id = i.task where 1 = 1",
    );
    let filter = ItemFilter { matter: Some(matter), ..ItemFilter::default() };
    conditions(&mut sql, &filter, now);
    sql.push(" and i.measured = 1 group by i.unit order by i.unit");
    let rows = tx.select(&sql).await?;
    let unit = unit.or_else(|| rows.iter().find_map(|r| r.text("unit").ok().filter(|u| !u.is_empty())));
    let mut balance = Balance {
        expected: expected(tx, matter, unit.as_deref().unwrap_or_default(), now).await?,
        unit: unit.unwrap_or_default(),
        total,
        found: Decimal::ZERO,
        sealed: Decimal::ZERO,
        recovered: Decimal::ZERO,
        sold: Decimal::ZERO,
        destroyed: Decimal::ZERO,
        unaccounted: Decimal::ZERO,
        places: 0,
        reached: 0,
        other_units: Vec::new(),
    };
    for row in rows {
        let quantity = |name: &str| row.opt_int(name).map(|q| rule::from_micro(q.unwrap_or(0)));
        balance.places += row.int("places")?;
        balance.reached += row.int("reached")?;
        let unit = row.text("unit")?;
        if unit != balance.unit {
            let reports = row.opt_int("reports")?.unwrap_or(0);
            if reports > 0 {
                balance.other_units.push((unit, reports));
            }
            continue;
        }
        balance.found += quantity("found")?;
        balance.sealed += quantity("sealed")?;
        balance.recovered += quantity("recovered")?;
        balance.sold += quantity("sold")?;
        balance.destroyed += quantity("destroyed")?;
    }
    let known = balance.sealed + balance.recovered + balance.sold + balance.destroyed;
    balance.unaccounted = balance.total.unwrap_or(balance.expected) - known;
    Ok(balance)
}

/// Total and unit as the facts of the matter tell them; `None` when its procedure declares no balance.
fn own_totals(live: &Live) -> Option<(Option<Decimal>, Option<String>)> {
    let rule = live.procedure.definition.balance.as_ref()?;
    let text = |name: &str| match live.draft.facts.get(name)? {
        Json::String(s) => Some(s.clone()),
        Json::Number(n) => Some(n.to_string()),
        _ => None,
    };
    Some((text(&rule.total).and_then(|t| t.parse().ok()), text(&rule.unit)))
}

/// Total and unit as the facts of the matter, or of the one above it, tell them.
async fn totals(
    tx: &mut Tx,
    engine: &Engine,
    live: &Live,
) -> Result<(Option<Decimal>, Option<String>), Error> {
    if let Some(found) = own_totals(live) {
        return Ok(found);
    }
    if let Some(parent) = live.draft.parent
        && let Some(found) = own_totals(&Live::read(tx, engine, parent).await?)
    {
        return Ok(found);
    }
    let id = &live.procedure.definition.id;
    Err(Error::Procedure(format!("procedure `{id}` declares no balance; add [balance] with total and unit")))
}

/// Expected quantities, each place once.
async fn expected(tx: &mut Tx, matter: Id, unit: &str, now: Instant) -> Result<Decimal, Error> {
    let mut sql = Sql::new(
        "select cast(sum(e.most) as bigint) as expected from (select i.subject, max(i.expected) as most \
         from task_item i join task t on t.id = i.task where 1 = 1",
    );
    let filter = ItemFilter { matter: Some(matter), ..ItemFilter::default() };
    conditions(&mut sql, &filter, now);
    sql.push(" and i.measured = 1 and i.unit = ").bind(unit).push(" group by i.subject) e");
    let rows = tx.select(&sql).await?;
    let sum = rows.first().map(|r| r.opt_int("expected")).transpose()?.flatten();
    Ok(rule::from_micro(sum.unwrap_or(0)))
}
