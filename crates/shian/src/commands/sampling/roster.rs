//! Draws from a roster in a file, and their repetition.

use crate::cli::{DrawArgs, RosterColumns};
use crate::commands::Outcome;
use crate::commands::science::table;
use crate::out;
use anyhow::Context as _;
use lab::{ListDraw, Listing};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

fn read(path: &Path, columns: &RosterColumns, strata: Option<&str>) -> anyhow::Result<Vec<Listing>> {
    let table = table(path)?;
    let first = table.header().first().cloned().context("the roster has no columns")?;
    let id = columns.id.clone().unwrap_or(first);
    let needed: Vec<&str> =
        [Some(id.as_str()), columns.weight.as_deref(), strata].into_iter().flatten().collect();
    table.require(&needed)?;
    let rows = table.rows().map(|row| {
        let weight = match &columns.weight {
            None => 1,
            Some(column) => match row.word(column)?.parse() {
                Ok(weight @ 1..) => weight,
                _ => return Err(row.fault(column, "must be a whole number from 1").into()),
            },
        };
        let stratum = strata.map_or(Ok(""), |column| row.word(column))?;
        Ok(Listing { id: row.word(&id)?.to_owned(), stratum: stratum.to_owned(), weight })
    });
    rows.collect()
}

/// The record of a draw on the command line: what the lines said beside id, stratum and weight is bound too, by a digest.
#[derive(Serialize, Deserialize)]
struct Record {
    #[serde(flatten)]
    draw: ListDraw,
    /// SHA-256 over all columns of all lines in order of id, hex; absent from records made before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lines: Option<String>,
}

/// The digest of all columns, whatever their order and that of the lines.
fn digest(path: &Path) -> anyhow::Result<String> {
    let table = table(path)?;
    let mut names: Vec<&String> = table.header().iter().collect();
    names.sort();
    let line = |row: risk::table::Row<'_>| {
        names
            .iter()
            .map(|n| Ok((n.as_str(), row.text(n)?.to_owned())))
            .collect::<anyhow::Result<BTreeMap<_, _>>>()
    };
    let mut lines = table.rows().map(line).collect::<anyhow::Result<Vec<_>>>()?;
    lines.sort();
    Ok(hex::encode(Sha256::digest(serde_json::to_vec(&lines)?)))
}

/// `shian sampling draw`
pub(super) fn draw(args: &DrawArgs) -> Outcome {
    let roster = read(&args.roster, &args.columns, args.strata.as_deref())?;
    let mut lines: BTreeMap<String, f64> = BTreeMap::new();
    for l in &roster {
        *lines.entry(l.stratum.clone()).or_default() += 1.0;
    }
    let take: BTreeMap<String, u32> = if args.proportional {
        let sizes: Vec<f64> = lines.values().copied().collect();
        lines.into_keys().zip(sampling::allocate::shares(args.take, &sizes)).collect()
    } else {
        lines.into_keys().map(|stratum| (stratum, args.take)).collect()
    };
    let drawn = ListDraw::draw(roster, &args.seed, args.strata.clone(), take)?;
    out::json(&serde_json::to_value(&Record { draw: drawn, lines: Some(digest(&args.roster)?) })?);
    Ok(true)
}

/// `shian sampling verify --draw --roster`
pub(super) fn verify(draw: &Path, roster: &Path, columns: &RosterColumns) -> Outcome {
    let text = std::fs::read_to_string(draw).with_context(|| format!("{} cannot be read", draw.display()))?;
    let Record { draw: record, lines } =
        serde_json::from_str(&text).with_context(|| format!("{} is no record of a draw", draw.display()))?;
    let list = read(roster, columns, record.strata.as_deref())?;
    let mut found: Vec<String> = record.verify(list)?.iter().map(ToString::to_string).collect();
    if found.is_empty() && lines.is_some_and(|kept| digest(roster).is_ok_and(|now| now != kept)) {
        found.push(
            "a column beside id, stratum and weight differs from the roster drawn from: 名单中编号、层、权重以外的内容与抽取时不一致"
                .to_owned(),
        );
    }
    out::json(&json!({
        "root": record.root,
        "listed": record.listed,
        "picked": record.picks.len(),
        "holds": found.is_empty(),
        "findings": found,
    }));
    Ok(found.is_empty())
}
