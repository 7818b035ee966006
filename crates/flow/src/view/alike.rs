//! Matters of the same weeks and the same prefecture that may say the same: candidates only; who compares the words decides.

use super::state_title;
use crate::live::Live;
use crate::{Engine, Error};
use access::{Access, Principal};
use base::{Id, Instant, Text};
use serde_json::{Map, Value as Json};
use store::{Sql, Store};

/// Days before and after within which matters are compared.
const DAYS: i64 = 90;
/// Candidates at most, newest first.
const MOST: i64 = 400;

/// A matter to compare with.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The matter.
    pub id: Id,
    /// On screen.
    pub title: Text,
    /// Its procedure.
    pub procedure: String,
    /// Its state on screen.
    pub state: Text,
    /// When it began.
    pub opened_at: Instant,
    /// Its facts.
    pub facts: Map<String, Json>,
}

/// The matters of these procedures that began within 90 days of a matter in its prefecture and that the person may see, newest
/// first, the matter itself left out; at most 400.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`] (needs `view` on the matter), storage.
pub async fn candidates(
    store: &Store,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    now: Instant,
    matter: Id,
    procedures: &[&str],
) -> Result<Vec<Candidate>, Error> {
    let mut tx = store.snapshot().await?;
    let live = Live::read(&mut tx, engine, matter).await?;
    live.seen_as(&mut tx, access, who, now).await?;
    let mut sql = Sql::new(
        "select m.id, m.procedure, m.hash, m.title_zh, m.title_en, m.state, m.facts, m.opened_at from matter m where m.procedure in ",
    );
    sql.bind_list(procedures.iter().copied());
    sql.push(" and m.opened_at >= ").bind(live.opened_at.plus_seconds(-DAYS * 86_400));
    sql.push(" and m.opened_at <= ").bind(live.opened_at.plus_seconds(DAYS * 86_400));
    sql.push(" and m.id <> ").bind(matter);
    let region = &live.draft.region;
    super::inside(&mut sql, "m.region", region.get(..4).unwrap_or(region));
    let scope = access.scope(who, "view", "matter", now).with_agency("m.agency");
    sql.push(" and ").append(&scope.sql("m.region", Some("m.classification"), Some("m.party")));
    sql.push(" order by m.opened_at desc, m.id desc limit ").bind(MOST);
    let mut found = Vec::new();
    for row in tx.select(&sql).await? {
        let facts: Json = serde_json::from_str(&row.text("facts")?).unwrap_or_default();
        let procedure = engine.version(&mut tx, &row.text("hash")?).await?;
        found.push(Candidate {
            id: row.id("id")?,
            title: Text::new(row.text("title_zh")?, row.text("title_en")?),
            procedure: row.text("procedure")?,
            state: state_title(&procedure, &row.text("state")?),
            opened_at: row.instant("opened_at")?,
            facts: facts.as_object().cloned().unwrap_or_default(),
        });
    }
    Ok(found)
}
