//! Matters whose published document makes a decision known: what tables of other systems are filled from.

use crate::Error;
use access::{Access, Principal};
use base::{Id, Instant};
use serde_json::{Map, Value as Json};
use store::{Sql, Store};

/// A matter with a published decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The matter.
    pub matter: Id,
    /// Region code.
    pub region: String,
    /// Department.
    pub agency: String,
    /// The operator concerned.
    pub operator: Option<Id>,
    /// Its facts.
    pub facts: Map<String, Json>,
    /// When the document was published.
    pub published_at: Instant,
    /// Until when it is public; `None`: without end.
    pub public_until: Option<Instant>,
}

/// The matters of a procedure whose document of that name was published from one moment to another and stands, as far as the person
/// may export matters; `after` is the last document's id of the page before, given back with each row.
///
/// # Errors
/// Storage.
#[allow(clippy::too_many_arguments)] // who, when, what, which days and which page
pub async fn decided(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    (procedure, document): (&str, &str),
    (from, to): (Instant, Instant),
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<(Id, Decided)>, Error> {
    let mut sql = Sql::new(
        "select d.id as document, m.id, m.region, m.agency, m.operator, m.facts, d.published_at, d.public_until from document d \
         join matter m on m.id = d.matter where d.status = 'published' and d.audience = 'public' and d.name = ",
    );
    sql.bind(document).push(" and m.procedure = ").bind(procedure);
    sql.push(" and d.published_at >= ").bind(from).push(" and d.published_at < ").bind(to).push(" and ");
    let scope = access.scope(who, "export", "matter", now).with_agency("m.agency");
    sql.append(&scope.sql("m.region", Some("m.classification"), Some("m.party")));
    sql.push(" and d.id > ").bind(after.unwrap_or(Id(0))).push(" order by d.id limit ").bind(limit);
    let mut found = Vec::new();
    for row in store.select(&sql).await? {
        let facts: Json = serde_json::from_str(&row.text("facts")?).unwrap_or_default();
        let one = Decided {
            matter: row.id("id")?,
            region: row.text("region")?,
            agency: row.text("agency")?,
            operator: row.opt_id("operator")?,
            facts: facts.as_object().cloned().unwrap_or_default(),
            published_at: row.instant("published_at")?,
            public_until: row.opt_instant("public_until")?,
        };
        found.push((row.id("document")?, one));
    }
    Ok(found)
}
