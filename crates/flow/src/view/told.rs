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
    sql.bind_list(TOLD).push(" and m.drill = 0");
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
    sql.append(&scope.sql("m.region", Some("m.classification"), Some("m.party")));
    if let Some(region) = region {
        super::inside(&mut sql, "m.region", region);
    }
    sql.push(" order by m.opened_at desc, m.id desc limit ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let mut rows: Vec<Told> = store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?;
    rows.reverse();
    Ok(rows)
}

/// A complaint or report about an operator of the register: region, operator and day, nothing of what was said or by whom.
///
/// For the system's own counting: only counts may leave it.
///
/// # Errors
/// Storage.
pub async fn complained_of(store: &Store) -> Result<Vec<(String, Option<Id>, Instant)>, Error> {
    let mut sql = Sql::new("select m.region, m.operator, m.opened_at from matter m where m.procedure in ");
    sql.bind_list(TOLD).push(" and m.drill = 0 order by m.id");
    let rows = store.select(&sql).await?;
    Ok(rows
        .iter()
        .map(|r| Ok((r.text("region")?, r.opt_id("operator")?, r.instant("opened_at")?)))
        .collect::<Result<_, store::Error>>()?)
}

/// Matters of a procedure with an operator and the facts they came to: id, operator, when opened, facts. For the system's
/// own counting.
///
/// # Errors
/// Storage.
pub async fn facts_of(
    store: &Store,
    procedure: &str,
) -> Result<Vec<(Id, Id, Instant, serde_json::Map<String, Json>)>, Error> {
    let rows = store
        .query(
            "select id, operator, opened_at, facts from matter where procedure = $1 and operator is not null and drill = 0 order by id",
            &[procedure.into()],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|r| Ok((r.id("id")?, r.id("operator")?, r.instant("opened_at")?, r.json("facts")?)))
        .collect::<Result<_, store::Error>>()?)
}
