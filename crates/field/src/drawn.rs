//! Draws as they are read: by the desk with names and inspections, by everybody without.

use crate::{Error, Field};
use access::Principal;
use base::{Id, Instant, Text};
use ledger::draw::Record;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::str::FromStr;
use store::{Row, Sql, Store, Tx};

pub(crate) const DRAW: Text = Text::of("抽取", "draw");

/// Where a draw stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DrawState {
    /// The list is fixed, the seed not yet known.
    Frozen,
    /// Drawn.
    Drawn,
    /// Given up before the seed was known; says why.
    Cancelled,
}

impl DrawState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Frozen, Self::Drawn, Self::Cancelled];

    /// Stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Drawn => "drawn",
            Self::Cancelled => "cancelled",
        }
    }

    /// On screen.
    #[must_use]
    pub const fn label(self) -> Text {
        match self {
            Self::Frozen => Text::of("名录已固定，待开奖", "List frozen"),
            Self::Drawn => Text::of("已抽取", "Drawn"),
            Self::Cancelled => Text::of("已撤销", "Cancelled"),
        }
    }
}

impl FromStr for DrawState {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|d| d.word() == s).ok_or_else(|| format!("`{s}` is no state of a draw"))
    }
}

/// A stored draw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Draw {
    /// Record id.
    pub id: Id,
    /// Optimistic lock.
    pub version: i64,
    /// The plan's matter.
    pub plan: Id,
    /// Region code.
    pub region: String,
    /// Department.
    pub agency: String,
    /// Where it stands.
    pub state: DrawState,
    /// How many operators.
    pub count: i64,
    /// Merkle root of the frozen list, hex.
    pub root: String,
    /// The source of the seed.
    pub source: String,
    /// When it is known.
    pub source_due: Instant,
    /// Time of freezing.
    pub frozen: Instant,
    /// Time of the draw.
    pub drawn: Option<Instant>,
    /// The whole record is public.
    pub open: bool,
    /// Why it was cancelled.
    pub reason: Option<String>,
}

/// An operator as it stood on the register when the list was frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Name.
    pub name: String,
    /// County.
    pub region: String,
    /// Checklist of its business.
    pub business: String,
    /// Risk grade; empty when not graded.
    pub grade: String,
    /// Credit class; empty when none was reckoned, or on lists from before it counted.
    #[serde(default)]
    pub credit: String,
}

/// A drawn operator with its inspection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pick {
    /// The operator.
    pub operator: Id,
    /// How it stood on the register.
    pub named: Option<Named>,
    /// The two who are sent, as it stands now.
    pub officers: [Id; 2],
    /// The inspection opened.
    pub matter: Option<Id>,
    /// The operator it takes the place of, when it was not drawn at first.
    pub instead_of: Option<Id>,
    /// Why it was given up, as the record's word, when it was.
    pub given_up: Option<String>,
}

/// Which draws to list.
#[derive(Debug, Clone, Default)]
pub struct DrawFilter {
    /// Region code prefix.
    pub region: Option<String>,
    /// State.
    pub state: Option<DrawState>,
    /// Draws older than this one.
    pub after: Option<Id>,
    /// Rows a page, 1–500; 0 means 50.
    pub limit: u32,
}

impl Field {
    /// Draws the reader may see, newest first.
    ///
    /// # Errors
    /// Storage.
    pub async fn draws(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        f: &DrawFilter,
    ) -> Result<Vec<Draw>, Error> {
        let scope = self.access.scope(who, "view", "matter", now).with_agency("d.agency");
        let mut sql = Sql::new("select d.* from inspection_draw d where (");
        sql.append(&scope.sql("d.region", None, None)).push(")");
        list(store, sql, f).await
    }

    /// One draw with its record and the operators drawn.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn draw(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        id: Id,
    ) -> Result<(Draw, Record, Vec<Pick>), Error> {
        let scope = self.access.scope(who, "view", "matter", now).with_agency("d.agency");
        let mut sql = Sql::new("select d.* from inspection_draw d where d.id = ");
        sql.bind(id).push(" and (").append(&scope.sql("d.region", None, None)).push(")");
        let rows = store.select(&sql).await?;
        let (row, record) = one(rows.first())?;
        let names = rows.first().map(|r| r.json("names")).transpose()?.unwrap_or_default();
        let picks = picks(store, id, &record, &names).await?;
        Ok((row, record, picks))
    }
}

/// The inspections a draw opened, with the operator of each. For the system's own counting.
///
/// # Errors
/// Storage.
pub async fn opened_by(store: &Store, draw: Id) -> Result<Vec<(Id, Id)>, Error> {
    let rows = store
        .query(
            "select distinct matter, operator from inspection_officer where draw = $1 and operator is not null order by matter",
            &[draw.into()],
        )
        .await?;
    Ok(rows.iter().map(|r| Ok((r.id("matter")?, r.id("operator")?))).collect::<Result<_, store::Error>>()?)
}

/// The officer who leads each inspection, as far as somebody was sent. For the system's own counting.
///
/// # Errors
/// Storage.
pub async fn leads(store: &Store) -> Result<Vec<(Id, Id)>, Error> {
    let rows = store
        .query(
            "select matter, min(account) as account from inspection_officer where ended is null group by matter order by matter",
            &[],
        )
        .await?;
    Ok(rows.iter().map(|r| Ok((r.id("matter")?, r.id("account")?))).collect::<Result<_, store::Error>>()?)
}

/// Draws as everybody may count them, newest first.
///
/// # Errors
/// Storage.
pub async fn public_draws(store: &Store, f: &DrawFilter) -> Result<Vec<Draw>, Error> {
    list(store, Sql::new("select d.* from inspection_draw d where 1 = 1"), f).await
}

/// One draw for everybody; the record only once it is open.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn public_draw(store: &Store, id: Id) -> Result<(Draw, Option<Record>), Error> {
    let rows = store.query("select * from inspection_draw where id = $1", &[id.into()]).await?;
    let (draw, record) = one(rows.first())?;
    let open = draw.open;
    Ok((draw, open.then_some(record)))
}

async fn picks(
    store: &Store,
    draw: Id,
    record: &Record,
    names: &BTreeMap<String, Named>,
) -> Result<Vec<Pick>, Error> {
    let rows = store
        .query("select distinct operator, matter from inspection_officer where draw = $1", &[draw.into()])
        .await?;
    let mut matters = BTreeMap::new();
    for row in rows {
        if let Some(operator) = row.opt_id("operator")? {
            matters.insert(operator, row.id("matter")?);
        }
    }
    let Some(drawn) = &record.drawn else { return Ok(Vec::new()) };
    Ok(drawn
        .standing()
        .map(|p| Pick {
            operator: p.target,
            named: names.get(&p.target.to_string()).cloned(),
            officers: drawn.samplers_of(p.target).unwrap_or(p.samplers),
            matter: matters.get(&p.target).copied(),
            instead_of: drawn.substituted.iter().find(|s| s.by.target == p.target).map(|s| s.out),
            given_up: drawn.substituted.iter().find(|s| s.out == p.target).map(|s| s.why.clone()),
        })
        .collect())
}

pub(crate) async fn draw_in(tx: &mut Tx, id: Id) -> Result<(Draw, Record), Error> {
    one(tx.query("select * from inspection_draw where id = $1", &[id.into()]).await?.first())
}

fn one(row: Option<&Row>) -> Result<(Draw, Record), Error> {
    let row = row.ok_or(Error::NotFound(DRAW))?;
    Ok((read(row)?, row.json("record")?))
}

async fn list(store: &Store, mut sql: Sql, f: &DrawFilter) -> Result<Vec<Draw>, Error> {
    if let Some(region) = f.region.as_deref().filter(|r| !r.is_empty()) {
        sql.push(" and d.region >= ").bind(region).push(" and d.region < ").bind(format!("{region}:"));
    }
    if let Some(state) = f.state {
        sql.push(" and d.state = ").bind(state.word());
    }
    if let Some(after) = f.after {
        sql.push(" and d.id < ").bind(after);
    }
    let limit = if f.limit == 0 { 50 } else { f.limit.min(501) };
    sql.push(" order by d.id desc limit ").bind(i64::from(limit));
    let rows = store.select(&sql).await?;
    rows.iter().map(|r| Ok(read(r)?)).collect()
}

fn read(row: &Row) -> Result<Draw, store::Error> {
    Ok(Draw {
        id: row.id("id")?,
        version: row.int("version")?,
        plan: row.id("plan")?,
        region: row.text("region")?,
        agency: row.text("agency")?,
        state: row.parsed("state")?,
        count: row.int("count")?,
        root: row.text("root")?,
        source: row.text("source")?,
        source_due: row.instant("source_due")?,
        frozen: row.instant("frozen")?,
        drawn: row.opt_instant("drawn")?,
        open: row.flag("open")?,
        reason: row.opt_text("reason")?,
    })
}
