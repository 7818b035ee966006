//! 双公示: licences and penalties as the national credit platform takes them; the columns are data of the rulebook.

use crate::{Error, Licence};
use access::{Access, Principal};
use base::{Date, Instant, Text};
use serde::Deserialize;
use serde_json::Value as Json;
use std::sync::LazyLock;
use store::{Sql, Store};

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let text = include_str!("../../../rulebook/cn/credit/publication.toml");
    parse(text).unwrap_or_default()
});

/// A table of the platform.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// `licence` or `penalty`.
    pub id: String,
    /// On screen.
    pub title: Text,
    /// Where the columns are laid down.
    pub document: String,
    /// Whether the text was seen.
    pub status: base::clock::Status,
    /// The columns in order.
    pub columns: Vec<Column>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its heading, in Chinese as the platform has it.
    pub title: String,
    /// Path of the value (`operator.name`, `facts.fine`); empty when the register has no source.
    #[serde(default)]
    pub value: String,
}

#[derive(Deserialize)]
struct File {
    table: Vec<Table>,
}

fn parse(text: &str) -> Result<Vec<Table>, toml::de::Error> {
    Ok(toml::from_str::<File>(text)?.table)
}

/// The tables.
#[must_use]
pub fn tables() -> &'static [Table] {
    &TABLES
}

impl Table {
    /// A row: the value of each column in what is known; empty where nothing is.
    #[must_use]
    pub fn row(&self, known: &Json) -> Vec<String> {
        let value = |c: &Column| {
            let found = c.value.split('.').try_fold(known, |at, part| at.get(part));
            match found {
                Some(Json::String(s)) => s.clone(),
                Some(Json::Null) | None => String::new(),
                Some(Json::Bool(b)) => if *b { "是" } else { "否" }.to_owned(),
                Some(other) => other.to_string(),
            }
        };
        self.columns.iter().map(value).collect()
    }
}

/// A licence with who holds it, for publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenceLine {
    /// The licence.
    pub licence: Licence,
    /// Name of the holder.
    pub name: String,
    /// Its unified social credit code, or the masked identity number of a person.
    pub code: String,
    /// Whether it is a person without such a code.
    pub natural: bool,
    /// Region code.
    pub region: String,
}

/// The licences issued from one day to another, as far as the person may export licences, in the order they were entered;
/// `after` is the last licence of the page before.
///
/// # Errors
/// Storage.
#[allow(clippy::too_many_arguments)] // who, when, which days and which page
pub async fn licences_issued(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    from: Date,
    to: Date,
    after: Option<base::Id>,
    limit: i64,
) -> Result<Vec<LicenceLine>, Error> {
    let mut sql = Sql::new(
        "select l.*, o.name as holder, o.code as holder_code, o.code_key, o.region from licence l join operator o on o.id = l.operator \
         where l.issued >= ",
    );
    sql.bind(from).push(" and l.issued <= ").bind(to).push(" and ");
    let scope = access.scope(who, "export", "licence", now);
    sql.append(&scope.sql("o.region", None, Some("o.id")));
    sql.push(" and l.id > ").bind(after.unwrap_or(base::Id(0))).push(" order by l.id limit ").bind(limit);
    let rows = store.select(&sql).await?;
    rows.iter()
        .map(|r| {
            Ok(LicenceLine {
                licence: Licence::read(r)?,
                name: r.text("holder")?,
                code: r.text("holder_code")?,
                natural: r.text("code_key")?.starts_with("p:"),
                region: r.text("region")?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_column_stands_in_its_place_and_what_is_unknown_stays_empty() {
        let penalty = tables().iter().find(|t| t.id == "penalty").unwrap();
        let known = json!({ "operator": { "name": "虚构面业" }, "facts": { "decided_on": "2026-11-20" } });
        let row = penalty.row(&known);
        assert_eq!(row.len(), penalty.columns.len());
        let at = |title: &str| &row[penalty.columns.iter().position(|c| c.title == title).unwrap()];
        assert_eq!(at("行政相对人名称"), "虚构面业");
        assert_eq!(at("处罚决定日期"), "2026-11-20");
        assert_eq!(at("罚款金额（万元）"), "");
        assert!(tables().iter().all(|t| t.status == base::clock::Status::Unverified), "written from memory");
    }
}
