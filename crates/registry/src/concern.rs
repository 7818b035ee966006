//! Whose standing in the register an entry of the journal changed: for tables derived from it that follow the journal.

use crate::Error;
use base::Id;
use ledger::JournalRow;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use store::Store;

/// The operators whose entry, sites or licences a journal entry changed, merges included; none for entries about anything
/// else.
///
/// # Errors
/// Storage.
pub async fn concerned(store: &Store, entry: &JournalRow) -> Result<Vec<Id>, Error> {
    let imported = match entry.kind.as_str() {
        "operators.imported" => "select id as operator from operator where created_at = $1",
        "sites.imported" => "select distinct operator from site where created_at = $1",
        "licences.imported" => "select distinct operator from licence where created_at = $1",
        "operator.created" | "operator.changed" | "operator.merged" | "operator.unmerged"
        | "site.created" | "site.changed" | "licence.created" | "licence.status" | "licence.issued"
        | "licence.amended" => {
            return stated(store, entry).await;
        }
        _ => return Ok(Vec::new()),
    };
    // rows of an import bear its moment
    let rows = store.query(imported, &[entry.at.into()]).await?;
    Ok(rows.iter().map(|r| r.id("operator")).collect::<Result<_, _>>()?)
}

/// The operators an entry names, or whose site it names.
async fn stated(store: &Store, entry: &JournalRow) -> Result<Vec<Id>, Error> {
    let body: Json = entry.body()?;
    let named = |field: &str| serde_json::from_value::<Id>(body.get(field)?.clone()).ok();
    let mut all: BTreeSet<Id> = ["operator", "kept", "dropped"].into_iter().filter_map(named).collect();
    if all.is_empty()
        && let Some(site) = named("site")
    {
        all.extend(crate::site(store, site).await?.map(|s| s.operator));
    }
    Ok(all.into_iter().collect())
}
