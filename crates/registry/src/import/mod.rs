//! Spreadsheets into the registry: read, checked row by row, and entered whole or not at all.

mod judge;
mod read;

pub use read::{
    licence_columns, operator_columns, product_columns, read_licences, read_operators, read_products,
    read_sites, site_columns,
};

use crate::Error;
use crate::licence::{self, NewLicence};
use crate::operator::{self, NewOperator};
use crate::owner::{self, Owners};
use crate::prefix;
use crate::product::{self, NewProduct};
use crate::site::{self, NewSite};
use access::{Access, Principal};
use base::{Id, Text};
use judge::{Accepted, Judge, finish};
use ledger::Context;
use std::collections::HashSet;
use store::Tx;

/// Errors reported of one file; the rest is more of the same.
const MAX_ERRORS: usize = 500;
/// Rows written with one call.
const CHUNK: usize = 5_000;

/// Rows to enter, with their place in the file they came from.
#[derive(Debug, Clone)]
pub struct Batch<T> {
    rows: Vec<(usize, T)>,
    source: String,
}

impl<T> Batch<T> {
    /// Rows made by a program; numbered from 1.
    #[must_use]
    pub fn of(rows: Vec<T>) -> Self {
        Self { rows: rows.into_iter().enumerate().map(|(i, r)| (i + 1, r)).collect(), source: String::new() }
    }

    /// How many rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// What was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The import, subject `import:ID` in the journal.
    pub id: Id,
    /// The records, in the order of the rows.
    pub records: Vec<Id>,
    /// Licences whose number fails its check digit.
    pub flagged: usize,
    /// SHA-256 of the file, hex; empty when there was none.
    pub file: String,
    /// Merkle root over the facts of the rows, as in the journal entry.
    pub root: String,
}

/// The message of an error in a cell.
fn say(e: Error) -> Text {
    e.user_text().unwrap_or_else(|| Text::of("无法读取", "cannot be read"))
}

/// Enters operators, all or none.
///
/// # Errors
/// [`Error::Rows`] with every row that is wrong, registered already, twice in the file, or outside the rights of the
/// principal; storage. Nothing was entered then; give the transaction up.
pub async fn import_operators(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    batch: Batch<NewOperator>,
) -> Result<Imported, Error> {
    let registered = owner::registered(tx, access, batch.rows.iter().map(|(_, o)| &o.code)).await?;
    let mut judge = Judge::new(access, who, cx.now, "operator");
    let mut accepted = Accepted::with_capacity(batch.len(), operator::WIDTH);
    let mut seen = HashSet::new();
    for (line, new) in batch.rows {
        let Some(new) = judge.keep(line, new.checked()) else { continue };
        let key = new.code.key(access);
        if registered.contains(&key) {
            judge.wrong(line, "统一社会信用代码", &new.code.shown(), say(operator::taken()));
        } else if !seen.insert(key) {
            judge.wrong(line, "统一社会信用代码", &new.code.shown(), twice());
        } else if judge.may(line, &new.region, None) {
            let id = cx.id();
            accepted.push(id, new.values(access, id, cx.now)?, &new.facts(id));
        }
    }
    finish(tx, cx, judge, accepted, batch.source, ("operators.imported", operator::INSERT, operator::WIDTH))
        .await
}

/// Enters sites, all or none.
///
/// # Errors
/// As [`import_operators`]; also rows of operators that are not registered.
pub async fn import_sites(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    batch: Batch<NewSite>,
) -> Result<Imported, Error> {
    let owners = Owners::find(tx, batch.rows.iter().map(|(_, s)| s.operator)).await?;
    let glns: Vec<String> = batch.rows.iter().filter_map(|(_, s)| s.gln).map(|g| g.to_string()).collect();
    let in_use = in_use(tx, "select gln as key from site where gln in ", &glns).await?;
    let mut judge = Judge::new(access, who, cx.now, "site");
    let mut accepted = Accepted::with_capacity(batch.len(), site::WIDTH);
    let mut seen = HashSet::new();
    for (line, new) in batch.rows {
        let Some(new) = judge.keep(line, new.checked()) else { continue };
        let Some((operator, _)) = judge.keep(line, owners.get(new.operator)) else { continue };
        let gln = new.gln.map(|g| g.to_string()).unwrap_or_default();
        if in_use.contains(&gln) {
            judge.wrong(line, "全球位置码", &gln, say(site::gln_taken()));
        } else if who.operator.is_some()
            && !gln.is_empty()
            && let Some(prefix) = prefix::held_by_another(tx, operator, &gln[..12]).await?
        {
            judge.wrong(line, "全球位置码", &gln, say(site::foreign_prefix(&prefix)));
        } else if !gln.is_empty() && !seen.insert(gln.clone()) {
            judge.wrong(line, "全球位置码", &gln, twice());
        } else if judge.may(line, &new.region, Some(operator)) {
            let id = cx.id();
            accepted.push(id, new.values(id, operator, cx.now), &new.facts(id, operator));
        }
    }
    finish(tx, cx, judge, accepted, batch.source, ("sites.imported", site::INSERT, site::WIDTH)).await
}

/// Enters licences, all or none; numbers that fail their check digit are counted in [`Imported::flagged`].
///
/// # Errors
/// As [`import_sites`].
pub async fn import_licences(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    batch: Batch<NewLicence>,
) -> Result<Imported, Error> {
    let owners = Owners::find(tx, batch.rows.iter().map(|(_, l)| l.operator)).await?;
    let mut judge = Judge::new(access, who, cx.now, "licence");
    let mut accepted = Accepted::with_capacity(batch.len(), licence::WIDTH);
    for (line, new) in batch.rows {
        let Some(new) = judge.keep(line, new.checked()) else { continue };
        let Some((operator, region)) = judge.keep(line, owners.get(new.owner())) else { continue };
        if judge.may(line, region, Some(operator)) {
            let id = cx.id();
            accepted.flagged += usize::from(new.is_flagged());
            accepted.push(id, new.values(id, operator, cx.now), &new.facts(id, operator));
        }
    }
    finish(tx, cx, judge, accepted, batch.source, ("licences.imported", licence::INSERT, licence::WIDTH))
        .await
}

/// Enters products, all or none.
///
/// # Errors
/// As [`import_sites`].
pub async fn import_products(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    batch: Batch<NewProduct>,
) -> Result<Imported, Error> {
    let owners = Owners::find(tx, batch.rows.iter().map(|(_, p)| p.operator)).await?;
    let gtins: Vec<String> = batch.rows.iter().filter_map(|(_, p)| p.gtin).map(|g| g.to_string()).collect();
    let in_use = in_use(tx, "select gtin as key from product where gtin in ", &gtins).await?;
    let mut judge = Judge::new(access, who, cx.now, "product");
    let mut accepted = Accepted::with_capacity(batch.len(), product::WIDTH);
    let mut seen = HashSet::new();
    for (line, new) in batch.rows {
        let Some(new) = judge.keep(line, new.checked()) else { continue };
        let Some((operator, region)) = judge.keep(line, owners.get(new.operator)) else { continue };
        let gtin = new.gtin.map(|g| g.to_string()).unwrap_or_default();
        if in_use.contains(&gtin) {
            judge.wrong(line, "商品条码", &gtin, say(product::gtin_taken()));
        } else if who.operator.is_some()
            && !gtin.is_empty()
            && let Some(prefix) = prefix::held_by_another(tx, operator, &gtin[1..13]).await?
        {
            judge.wrong(line, "商品条码", &gtin, say(product::foreign_prefix(&prefix)));
        } else if !gtin.is_empty() && !seen.insert(gtin.clone()) {
            judge.wrong(line, "商品条码", &gtin, twice());
        } else if judge.may(line, region, Some(operator)) {
            let id = cx.id();
            accepted.push(id, new.values(id, operator, cx.now), &new.facts(id, operator));
        }
    }
    finish(tx, cx, judge, accepted, batch.source, ("products.imported", product::INSERT, product::WIDTH))
        .await
}

fn twice() -> Text {
    Text::of("在文件中重复出现", "occurs twice in the file")
}

/// Which of the keys are stored already.
async fn in_use(tx: &mut Tx, select: &'static str, keys: &[String]) -> Result<HashSet<String>, Error> {
    let mut out = HashSet::new();
    for part in keys.chunks(800) {
        let mut sql = store::Sql::new(select);
        sql.bind_list(part.iter().cloned());
        for row in tx.select(&sql).await? {
            out.insert(row.text("key")?);
        }
    }
    Ok(out)
}
