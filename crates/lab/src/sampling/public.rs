//! Published results as everybody reads them.

use super::bulletin::{BULLETIN, Bulletin, RowState, read};
use crate::query::{Page, limit, page, prefix};
use crate::{Error, Failure};
use base::{Date, Id, Instant, Text};
use serde::{Deserialize, Serialize};
use store::{Row, Sql, Store};

/// The official columns of a published result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicRow {
    /// 抽样单编号: the stable id of open data.
    pub form_no: String,
    /// Passed.
    pub qualified: bool,
    /// 食品名称.
    pub product: String,
    /// 商标.
    pub trademark: String,
    /// 规格型号.
    pub spec: String,
    /// 批号.
    pub lot: String,
    /// Trace key of the lot.
    pub item: Option<String>,
    /// 生产日期, ISO.
    pub produced: String,
    /// 标称生产企业名称.
    pub producer: String,
    /// 标称生产企业地址.
    pub producer_address: String,
    /// 被抽样单位名称.
    pub place: String,
    /// 被抽样单位地址.
    pub place_address: String,
    /// Region code of the place.
    pub region: String,
    /// Food class, two digits; empty when not recorded.
    pub class: String,
    /// 抽样日期, ISO.
    pub sampled: String,
    /// 检验报告编号.
    pub report_no: String,
    /// 检验机构.
    pub laboratory: String,
    /// 不合格项目: result, limit, basis.
    pub failures: Vec<Failure>,
    /// 风险解读.
    pub risks: Vec<Text>,
    /// 备注.
    pub remark: String,
}

impl PublicRow {
    /// What a search looks in.
    pub(crate) fn words(&self) -> String {
        let failed: Vec<&str> = self.failures.iter().map(|f| f.analyte.as_str()).collect();
        [
            self.form_no.as_str(),
            &self.product,
            &self.trademark,
            &self.lot,
            &self.producer,
            &self.place,
            &failed.join(" "),
        ]
        .join(" ")
        .to_lowercase()
    }
}

/// An instant of open data: RFC 3339 in UTC, as its schema says.
fn moment<S: serde::Serializer>(at: &Option<Instant>, to: S) -> Result<S::Ok, S::Error> {
    at.map(Instant::rfc3339).serialize(to)
}

/// A published row with its list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Record id of the row.
    pub id: Id,
    /// Number in its list.
    pub seq: i64,
    /// Address of its list.
    pub slug: String,
    /// Time of publication.
    #[serde(serialize_with = "moment")]
    pub published: Option<Instant>,
    /// The list was withdrawn.
    pub withdrawn: bool,
    /// How the row stands.
    pub state: RowState,
    /// Why it was corrected or taken back, and when.
    pub reason: Option<String>,
    /// When it was changed.
    #[serde(serialize_with = "moment")]
    pub changed: Option<Instant>,
    /// When it ceased to stand: corrected, retracted, or its list withdrawn; `None` while it stands.
    #[serde(serialize_with = "moment")]
    pub ended: Option<Instant>,
    /// The columns.
    #[serde(flatten)]
    pub row: PublicRow,
}

/// A list for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicBulletin {
    /// The list.
    #[serde(flatten)]
    pub bulletin: Bulletin,
    /// The rows byte for byte as their SHA-256 stands in the journal.
    #[serde(skip)]
    pub rows: String,
}

/// Which rows to show.
#[derive(Debug, Clone, Default)]
pub struct PublicFilter {
    /// Words that must all occur.
    pub text: Option<String>,
    /// Region code prefix.
    pub region: Option<String>,
    /// Food class.
    pub class: Option<String>,
    /// Passed, or failed.
    pub qualified: Option<bool>,
    /// Of this list.
    pub bulletin: Option<Id>,
    /// Published on or after.
    pub from: Option<Date>,
    /// Published on or before.
    pub to: Option<Date>,
    /// Corrected and retracted rows too.
    pub all: bool,
    /// Drafts too: for the preview of who may publish.
    pub drafts: bool,
    /// Cursor of the page before.
    pub after: Option<String>,
    /// Rows a page, 1–500; 0 means 50.
    pub limit: u32,
}

/// Published lists, newest first.
///
/// # Errors
/// Storage.
pub async fn public_bulletins(
    store: &Store,
    after: Option<&str>,
    rows: u32,
) -> Result<Page<Bulletin>, Error> {
    let mut sql = Sql::new(BULLETIN);
    sql.push(" where u.state in ('published', 'withdrawn') and u.published is not null");
    if let Some(after) = after.and_then(|t| t.parse::<Id>().ok()) {
        sql.push(" and u.id < ").bind(after);
    }
    let rows = limit(rows);
    sql.push(" order by u.id desc limit ").bind(i64::from(rows) + 1);
    let found: Vec<Bulletin> = store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(page(found, rows, |b| b.id.to_string()))
}

/// One published list with its rows as published.
///
/// # Errors
/// [`Error::NotFound`] for unknown and unpublished ones.
pub async fn public_bulletin(store: &Store, slug: &str) -> Result<PublicBulletin, Error> {
    let mut sql = Sql::new(BULLETIN);
    sql.push(" where u.published is not null and u.slug = ").bind(slug);
    let row = store.select(&sql).await?.into_iter().next();
    let bulletin =
        row.as_ref().map(read).transpose()?.ok_or_else(|| Error::NotFound(format!("bulletin {slug}")))?;
    let rows = store.one("select rows from bulletin where id = $1", &[bulletin.id.into()]).await?;
    let rows = rows.opt_text("rows")?.unwrap_or_default();
    Ok(PublicBulletin { bulletin, rows })
}

/// Published rows, newest first.
///
/// # Errors
/// Storage.
pub async fn published_rows(store: &Store, f: &PublicFilter) -> Result<Page<Listed>, Error> {
    let mut sql = Sql::new(
        "select b.id, b.seq, b.body, b.state, b.reason, b.changed, u.slug, u.published, u.state as list_state, u.withdrawn \
         from bulletin_row b join bulletin u on u.id = b.bulletin where ",
    );
    sql.push(if f.drafts { "1 = 1" } else { "u.published is not null" });
    if !f.all {
        sql.push(" and b.state = 'standing'");
        if !f.drafts {
            sql.push(" and u.state = 'published'");
        }
    }
    if let Some(bulletin) = f.bulletin {
        sql.push(" and b.bulletin = ").bind(bulletin);
    }
    for word in f.text.as_deref().unwrap_or_default().to_lowercase().split_whitespace().take(6) {
        let like = format!("%{}%", word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        sql.push(" and b.words like ").bind(like).push(" escape '\\'");
    }
    if let Some(region) = f.region.as_deref() {
        prefix(&mut sql, " and b.region", region);
    }
    if let Some(class) = f.class.as_deref() {
        sql.push(" and b.class = ").bind(class);
    }
    if let Some(qualified) = f.qualified {
        sql.push(" and b.qualified = ").bind(qualified);
    }
    if let Some(from) = f.from {
        sql.push(" and u.published >= ").bind(Instant::china(from, 0, 0));
    }
    if let Some(to) = f.to {
        sql.push(" and u.published < ").bind(Instant::china(to, 0, 0).plus_seconds(86_400));
    }
    if let Some(after) = f.after.as_deref().and_then(|t| t.parse::<Id>().ok()) {
        sql.push(" and b.id < ").bind(after);
    }
    let rows = limit(f.limit);
    sql.push(" order by b.id desc limit ").bind(i64::from(rows) + 1);
    let found: Vec<Listed> = store.select(&sql).await?.iter().map(listed).collect::<Result<_, _>>()?;
    Ok(page(found, rows, |l| l.id.to_string()))
}

fn listed(row: &Row) -> Result<Listed, store::Error> {
    let state: RowState = row.parsed("state")?;
    let changed = row.opt_instant("changed")?;
    let own = changed.filter(|_| state != RowState::Standing);
    let ended = match (own, row.opt_instant("withdrawn")?) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    Ok(Listed {
        id: row.id("id")?,
        seq: row.int("seq")?,
        slug: row.text("slug")?,
        published: row.opt_instant("published")?,
        withdrawn: row.text("list_state")? == "withdrawn",
        state,
        reason: row.opt_text("reason")?,
        changed,
        ended,
        row: row.json("body")?,
    })
}
