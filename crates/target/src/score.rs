//! The scores of the newest model of an aim, cut to what the reader may see.

use crate::{Aim, Error, Target};
use access::Principal;
use base::{Id, Instant, Text};
use serde::{Deserialize, Serialize};
use store::{Row, Sql, Store};

/// What moved a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The feature; [`crate::meaning`] tells what it says.
    pub feature: String,
    /// Its value here; `None` when not known.
    pub value: Option<f64>,
    /// By how much it moved the log-odds.
    pub change: f64,
}

/// A score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Model.
    pub model: Id,
    /// Subject.
    pub subject: String,
    /// The operator, where it is one.
    pub operator: Option<Id>,
    /// Name.
    pub name: String,
    /// County.
    pub region: String,
    /// Business or food class.
    pub kind: String,
    /// Stage; empty for operators.
    pub stage: String,
    /// Calibrated chance that a visit in the window to come finds something.
    pub chance: f64,
    /// Place among all of the model, 1 the highest chance.
    pub place: i64,
    /// What moved it most.
    pub reasons: Vec<Reason>,
}

/// Order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScoreSort {
    /// Highest chance first.
    #[default]
    Chance,
    /// Lowest chance first.
    Least,
    /// By region, then chance.
    Region,
    /// By name.
    Name,
}

/// Which scores; empty fields do not restrict.
#[derive(Debug, Clone, Default)]
pub struct ScoreFilter {
    /// Region code prefix.
    pub region: Option<String>,
    /// Business or food class.
    pub kind: Option<String>,
    /// Part of the name.
    pub name: Option<String>,
    /// Least chance.
    pub least: Option<f64>,
    /// Order.
    pub sort: ScoreSort,
    /// Cursor of the page before.
    pub after: Option<String>,
    /// Rows a page, 1–500; 0 means 50.
    pub limit: usize,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page<T> {
    /// Rows.
    pub rows: Vec<T>,
    /// All that match.
    pub total: i64,
    /// Give it back as `after` for the next page; `None` at the end.
    pub next: Option<String>,
}

fn read(row: &Row) -> Result<Score, store::Error> {
    Ok(Score {
        model: row.id("model")?,
        subject: row.text("subject")?,
        operator: row.opt_id("operator")?,
        name: row.text("name")?,
        region: row.text("region")?,
        kind: row.text("kind")?,
        stage: row.text("stage")?,
        chance: row.real("chance")?,
        place: row.int("place")?,
        reasons: row.json("reasons")?,
    })
}

/// The cursor of a list: how many rows came before.
pub(crate) fn skip(after: Option<&str>) -> Result<i64, Error> {
    match after {
        None | Some("") => Ok(0),
        Some(mark) => mark.parse().ok().filter(|n| *n >= 0).ok_or_else(|| {
            Error::invalid(
                "after",
                "翻页标记无效，请从首页开始",
                "the page mark is not valid; begin at the first page",
            )
        }),
    }
}

impl Target {
    fn seen(&self, who: &Principal, now: Instant, aim: Aim) -> Sql {
        let mut sql = Sql::new("s.model = (select max(m.id) from target_model m where m.aim = ");
        sql.bind(aim.word()).push(") and ");
        sql.append(&self.access.scope(who, "view", "figure", now).sql("s.region", None, None));
        sql
    }

    /// Scores of the newest model of an aim.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Invalid`] for a cursor that is none.
    pub async fn scores(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        aim: Aim,
        f: &ScoreFilter,
    ) -> Result<Page<Score>, Error> {
        self.may_view(who, now)?;
        let mut condition = self.seen(who, now, aim);
        if let Some(code) = f.region.as_deref().and_then(|r| r.parse::<base::region::RegionCode>().ok()) {
            let (low, high) = code.range();
            condition.push(" and s.region >= ").bind(low).push(" and s.region < ").bind(high);
        }
        if let Some(kind) = f.kind.as_deref().filter(|k| !k.is_empty()) {
            condition.push(" and s.kind = ").bind(kind);
        }
        if let Some(name) = f.name.as_deref().map(str::trim).filter(|n| !n.is_empty()) {
            let pattern = format!("%{}%", name.to_lowercase().replace(['%', '_'], ""));
            condition.push(" and s.search like ").bind(pattern);
        }
        if let Some(least) = f.least {
            condition.push(" and s.chance >= ").bind(least);
        }
        let mut count = Sql::new("select count(*) as n from target_score s where ");
        count.append(&condition);
        let total = store.select(&count).await?.first().map_or(Ok(0), |r| r.int("n"))?;
        let mut sql = Sql::new("select s.* from target_score s where ");
        sql.append(&condition);
        sql.push(match f.sort {
            ScoreSort::Chance => " order by s.place",
            ScoreSort::Least => " order by s.place desc",
            ScoreSort::Region => " order by s.region, s.place",
            ScoreSort::Name => " order by s.name, s.place",
        });
        let before = skip(f.after.as_deref())?;
        let limit = i64::try_from(if f.limit == 0 { 50 } else { f.limit.min(500) }).unwrap_or(500);
        sql.push(" limit ").bind(limit + 1).push(" offset ").bind(before);
        let mut rows: Vec<Score> = store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?;
        let limit_rows = usize::try_from(limit).unwrap_or(500);
        let next = (rows.len() > limit_rows).then(|| (before + limit).to_string());
        rows.truncate(limit_rows);
        Ok(Page { rows, total, next })
    }

    /// One subject's score with its reasons.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn score(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        aim: Aim,
        subject: &str,
    ) -> Result<Score, Error> {
        let mut sql = Sql::new("select s.* from target_score s where ");
        sql.append(&self.seen(who, now, aim)).push(" and s.subject = ").bind(subject);
        let rows = store.select(&sql).await?;
        let row = rows.first().ok_or(Error::NotFound(Text::of("评分", "score")))?;
        Ok(read(row)?)
    }

    /// The kinds the newest model of an aim knows.
    ///
    /// # Errors
    /// Storage.
    pub async fn kinds(&self, store: &Store, aim: Aim) -> Result<Vec<String>, Error> {
        let rows = store
            .query(
                "select distinct s.kind from target_score s where s.model = (select max(m.id) from target_model m where m.aim = $1) \
                 order by s.kind",
                &[aim.word().into()],
            )
            .await?;
        Ok(rows.iter().map(|r| r.text("kind")).collect::<Result<_, _>>()?)
    }
}
