//! What people told: the words of complaints and reports with place and day, for counting and for finding those that tell the same.

use crate::Error;
use access::{Access, Principal};
use base::{Id, Instant};
use serde::Serialize;
use serde_json::Value as Json;
use store::{Row, Sql, Store};

/// The procedures whose opening tells a story.
const TOLD: [&str; 2] = ["complaint", "report"];

/// A complaint or report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The matter.
    pub matter: Id,
    /// Procedure.
    pub procedure: String,
    /// Region code of the matter.
    pub region: String,
    /// When it was opened.
    pub opened: Instant,
    /// What happened, in the words of who told it.
    pub text: String,
    /// Whom it is about, as written.
    pub about: String,
}

fn read(row: &Row) -> Result<Told, store::Error> {
    let facts: Json = row.json("facts")?;
    let fact = |name: &str| facts.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    Ok(Told {
        matter: row.id("id")?,
        procedure: row.text("procedure")?,
        region: row.text("region")?,
        opened: row.instant("opened_at")?,
        text: fact("what"),
        about: fact("respondent"),
    })
}

fn begun() -> Sql {
    let mut sql = Sql::new(
        "select m.id, m.procedure, m.region, m.opened_at, m.facts from matter m where m.procedure in ",
    );
    sql.bind_list(TOLD);
    sql
}

/// All complaints and reports opened from one instant up to another, for the system's own counting: only counts may leave it.
///
/// # Errors
/// Storage.
pub async fn told_all(store: &Store, from: Instant, until: Instant) -> Result<Vec<Told>, Error> {
    let mut sql = begun();
    sql.push(" and m.opened_at >= ")
        .bind(from)
        .push(" and m.opened_at < ")
        .bind(until)
        .push(" order by m.id");
    Ok(store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?)
}

/// The newest complaints and reports since an instant whose matters the person may see, oldest first.
///
/// # Errors
/// Storage.
pub async fn told(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    from: Instant,
    region: Option<&str>,
    limit: usize,
) -> Result<Vec<Told>, Error> {
    let mut sql = begun();
    sql.push(" and m.opened_at >= ").bind(from).push(" and ");
    let scope = access.scope(who, "view", "matter", now).with_agency("m.agency");
    sql.append(&scope.sql("m.region", Some("m.classification"), Some("m.operator")));
    if let Some(region) = region {
        super::inside(&mut sql, "m.region", region);
    }
    sql.push(" order by m.opened_at desc, m.id desc limit ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let mut rows: Vec<Told> = store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?;
    rows.reverse();
    Ok(rows)
}
