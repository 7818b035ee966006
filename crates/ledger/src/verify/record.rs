//! One stored record as the verification reads it: whatever its columns hold, reading it never fails.

use crate::Error;
use crate::merkle::{Hash, leaf_hash};
use base::{Id, Instant};
use serde_json::Value as Json;
use store::{Row, Sql, Tx};

/// Records of one batch.
const BATCH: u32 = 1000;
const COLUMNS: &str =
    "select id, at, kind, region, subject, actor, canonical, leaf, position from journal where ";

/// A row of the journal; a column that cannot be read is `None`.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: Option<Id>,
    pub(super) at: Option<Instant>,
    pub(super) kind: Option<String>,
    pub(super) region: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) actor: Option<String>,
    pub(super) position: Option<i64>,
    /// The leaf column.
    pub(super) leaf: Option<Hash>,
    /// The hash of the canonical bytes.
    pub(super) hash: Option<Hash>,
    /// The canonical bytes, if they are JSON.
    pub(super) canonical: Option<Json>,
}

impl Record {
    /// Reads a record from one row, or from a row a column.
    fn read(rows: &[Row]) -> Self {
        fn find<T>(rows: &[Row], get: impl Fn(&Row) -> Option<T>) -> Option<T> {
            rows.iter().find_map(get)
        }
        let canonical = find(rows, |r| r.text("canonical").ok());
        Self {
            id: find(rows, |r| r.id("id").ok()),
            at: find(rows, |r| r.instant("at").ok()),
            kind: find(rows, |r| r.text("kind").ok()),
            region: find(rows, |r| r.text("region").ok()),
            subject: find(rows, |r| r.text("subject").ok()),
            actor: find(rows, |r| r.text("actor").ok()),
            position: find(rows, |r| r.int("position").ok()),
            leaf: find(rows, |r| r.bytes("leaf").ok()?.try_into().ok()),
            hash: canonical.as_ref().map(|c| leaf_hash(c.as_bytes())),
            canonical: canonical.and_then(|c| serde_json::from_str(&c).ok()),
        }
    }

    /// The id in the canonical bytes.
    pub(super) fn signed_id(&self) -> Option<Id> {
        self.canonical.as_ref()?["id"].as_str()?.parse().ok()
    }
}

/// The next records with positions in `from..end`, in position order.
pub(super) async fn sequenced(tx: &mut Tx, from: i64, end: i64) -> Result<Vec<Record>, Error> {
    let mut rest = Sql::new("position >= ");
    rest.bind(from).push(" and position < ").bind(end).push(" order by position limit ").bind(BATCH);
    read(tx, &rest).await
}

/// Records outside `0..end`, in id order after `id`: waiting ones, and positions no tree has.
pub(super) async fn others(tx: &mut Tx, after: Id, end: i64) -> Result<Vec<Record>, Error> {
    let mut rest = Sql::new("id > ");
    rest.bind(after).push(" and (position is null or position < 0 or position >= ").bind(end);
    rest.push(") order by id limit ").bind(BATCH);
    read(tx, &rest).await
}

async fn read(tx: &mut Tx, rest: &Sql) -> Result<Vec<Record>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.append(rest);
    if let Ok(rows) = tx.select(&sql).await {
        return Ok(rows.iter().map(|row| Record::read(std::slice::from_ref(row))).collect());
    }
    // a text that is no UTF-8 fails the whole statement: read this batch column by column
    let mut keys = Sql::new("select id, position from journal where ");
    keys.append(rest);
    let mut records = Vec::new();
    for key in tx.select(&keys).await? {
        let id = key.id("id")?;
        let mut parts = vec![key];
        for column in [
            "select at from journal where id = $1",
            "select kind from journal where id = $1",
            "select region from journal where id = $1",
            "select subject from journal where id = $1",
            "select actor from journal where id = $1",
            "select canonical from journal where id = $1",
            "select leaf from journal where id = $1",
        ] {
            if let Ok(Some(part)) = tx.first(column, &[id.into()]).await {
                parts.push(part);
            }
        }
        records.push(Record::read(&parts));
    }
    Ok(records)
}
