//! Draws from a roster in a file, and their repetition.

use crate::cli::{DrawArgs, RosterColumns};
use crate::commands::Outcome;
use crate::commands::science::table;
use crate::out;
use anyhow::Context as _;
use lab::{ListDraw, Listing};
use serde_json::json;
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
    out::json(&serde_json::to_value(&drawn)?);
    Ok(true)
}

/// `shian sampling verify --draw --roster`
pub(super) fn verify(draw: &Path, roster: &Path, columns: &RosterColumns) -> Outcome {
    let text = std::fs::read_to_string(draw).with_context(|| format!("{} cannot be read", draw.display()))?;
    let record: ListDraw =
        serde_json::from_str(&text).with_context(|| format!("{} is no record of a draw", draw.display()))?;
    let list = read(roster, columns, record.strata.as_deref())?;
    let found = record.verify(list)?;
    out::json(&json!({
        "root": record.root,
        "listed": record.listed,
        "picked": record.picks.len(),
        "holds": found.is_empty(),
        "findings": found.iter().map(ToString::to_string).collect::<Vec<_>>(),
    }));
    Ok(found.is_empty())
}
