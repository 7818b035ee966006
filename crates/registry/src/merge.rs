//! Duplicate operators: two records of one firm become one, and can become two again.
//!
//! What belongs to the dropped record in this register (sites with their trace, licences, products, persons, credit file, grades,
//! bans) goes over to the kept one, row by row and noted; matters, samples and accounts keep the id they were written
//! with, which stays resolvable: the dropped record says which one took its place.

use crate::{Error, Operator, credit, operator};
use access::{Access, Principal};
use base::{Id, Instant};
use ledger::{Context, Entry, append};
use serde_json::json;
use store::{Store, Tx};

/// The tables whose rows go over, with the statements that list and move them.
const TABLES: [(&str, &str, &str); 7] = [
    (
        "site",
        "select id from site where operator = $1",
        "update site set operator = $3 where id = $1 and operator = $2",
    ),
    (
        "licence",
        "select id from licence where operator = $1",
        "update licence set operator = $3 where id = $1 and operator = $2",
    ),
    (
        "product",
        "select id from product where operator = $1",
        "update product set operator = $3 where id = $1 and operator = $2",
    ),
    (
        "person",
        "select id from person where operator = $1",
        "update person set operator = $3 where id = $1 and operator = $2",
    ),
    (
        "credit_entry",
        "select id from credit_entry where operator = $1",
        "update credit_entry set operator = $3 where id = $1 and operator = $2",
    ),
    (
        "grade",
        "select id from grade where operator = $1",
        "update grade set operator = $3 where id = $1 and operator = $2",
    ),
    (
        "ban",
        "select id from ban where operator = $1",
        "update ban set operator = $3 where id = $1 and operator = $2",
    ),
];

/// A merge that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// The record.
    pub id: Id,
    /// The operator that stays.
    pub kept: Id,
    /// The one merged into it.
    pub dropped: Id,
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Instant,
}

async fn both(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    (kept, dropped): (Id, Id),
) -> Result<(Operator, Operator, ledger::Permit), Error> {
    tx.lock("operator", &[kept, dropped]).await?;
    let (kept, dropped) = (operator::locked(tx, kept).await?, operator::locked(tx, dropped).await?);
    access.check(who, "decide", &dropped.resource(), cx.now)?;
    let permit = access.check(who, "decide", &kept.resource(), cx.now)?;
    Ok((kept, dropped, permit))
}

/// Merges a duplicate into the operator that stays: what belongs to it goes over, it is closed and points to the other.
///
/// # Errors
/// [`Error::Denied`] without the right to decide on both; [`Error::Invalid`] without a reason, on itself, or when either was merged
/// away already; [`Error::NotFound`].
pub async fn merge_operators(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    (keep, drop): (Id, Id),
    reason: &str,
) -> Result<Id, Error> {
    if keep == drop {
        return Err(Error::invalid(
            "other",
            "不能与自身合并，请填写另一主体",
            "an operator is not merged with itself; name the other",
        ));
    }
    if reason.trim().is_empty() {
        return Err(Error::invalid("reason", "请写明合并理由", "say why they are the same"));
    }
    let (kept, dropped, permit) = both(tx, cx, access, who, (keep, drop)).await?;
    let gone = "select id from operator_merge where (dropped = $1 or dropped = $2) and undone_at is null";
    if tx.first(gone, &[keep.into(), drop.into()]).await?.is_some() {
        return Err(Error::invalid(
            "other",
            "其中一个主体已并入他处，请先撤销那次合并",
            "one of them was merged already; undo that merge first",
        ));
    }
    let id = cx.id();
    tx.exec(
        "insert into operator_merge (id, kept, dropped, status, reason, merged_by, merged_at, undone_by, undone_at) \
         values ($1, $2, $3, $4, $5, $6, $7, null, null)",
        &[
            id.into(),
            keep.into(),
            drop.into(),
            dropped.status.code().into(),
            reason.trim().into(),
            cx.actor.account.into(),
            cx.now.into(),
        ],
    )
    .await?;
    let mut moved = 0;
    for (table, list, update) in TABLES {
        for row in tx.query(list, &[drop.into()]).await? {
            let row = row.id("id")?;
            tx.exec_one(update, &[row.into(), drop.into(), keep.into()]).await?;
            tx.exec(
                "insert into operator_merge_row (merge, of_table, row) values ($1, $2, $3)",
                &[id.into(), table.into(), row.into()],
            )
            .await?;
            moved += 1;
        }
    }
    tx.exec(
        "update operator set status = 'closed', version = version + 1, updated_at = $2 where id = $1",
        &[drop.into(), cx.now.into()],
    )
    .await?;
    credit::regrade(tx, cx, &permit, keep).await?;
    let body = json!({ "merge": id, "kept": keep, "dropped": drop, "rows": moved, "reason": reason.trim() });
    let subject = operator::subject(keep);
    append(
        tx,
        cx,
        &permit,
        Entry { kind: "operator.merged", region: kept.region, subject, body, private: None },
    )
    .await?;
    Ok(id)
}

/// Undoes a merge: every row that went over and still belongs to the kept operator goes back, and the dropped one is what it was.
///
/// # Errors
/// [`Error::Denied`]; [`Error::NotFound`] when the merge is unknown or undone already.
pub async fn undo_merge(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    merge: Id,
) -> Result<(), Error> {
    let sql = "select kept, dropped, status from operator_merge where id = $1 and undone_at is null";
    let row = tx.first(sql, &[merge.into()]).await?;
    let row = row.ok_or_else(|| Error::not_found("没有可以撤销的合并", "there is no such merge to undo"))?;
    let (keep, drop, status) = (row.id("kept")?, row.id("dropped")?, row.text("status")?);
    let (kept, _, permit) = both(tx, cx, access, who, (keep, drop)).await?;
    let mut moved = 0;
    for (table, _, update) in TABLES {
        let sql = "select row from operator_merge_row where merge = $1 and of_table = $2";
        for row in tx.query(sql, &[merge.into(), table.into()]).await? {
            moved += tx.exec(update, &[row.id("row")?.into(), keep.into(), drop.into()]).await?;
        }
    }
    tx.exec(
        "update operator set status = $2, version = version + 1, updated_at = $3 where id = $1",
        &[drop.into(), status.into(), cx.now.into()],
    )
    .await?;
    tx.exec(
        "update operator_merge set undone_by = $2, undone_at = $3 where id = $1",
        &[merge.into(), cx.actor.account.into(), cx.now.into()],
    )
    .await?;
    credit::regrade(tx, cx, &permit, keep).await?;
    credit::regrade(tx, cx, &permit, drop).await?;
    let body = json!({ "merge": merge, "kept": keep, "dropped": drop, "rows": moved });
    let subject = operator::subject(keep);
    append(
        tx,
        cx,
        &permit,
        Entry { kind: "operator.unmerged", region: kept.region, subject, body, private: None },
    )
    .await?;
    Ok(())
}

/// The merges that stand in which an operator is the kept or the dropped one. No right is checked here: show it only after the
/// operator itself was.
///
/// # Errors
/// Storage.
pub async fn merges_of(store: &Store, operator: Id) -> Result<Vec<Merge>, Error> {
    let rows = store
        .query(
            "select g.id, g.kept, g.dropped, g.reason, g.merged_at, o.name from operator_merge g join operator o on o.id = g.dropped \
             where (g.kept = $1 or g.dropped = $1) and g.undone_at is null order by g.id",
            &[operator.into()],
        )
        .await?;
    rows.iter()
        .map(|r| {
            Ok(Merge {
                id: r.id("id")?,
                kept: r.id("kept")?,
                dropped: r.id("dropped")?,
                name: r.text("name")?,
                reason: r.text("reason")?,
                at: r.instant("merged_at")?,
            })
        })
        .collect()
}
