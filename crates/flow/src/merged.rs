//! Work of a duplicate operator: it goes over to the one that stays, in the transaction of the merge, and back when that is undone.

use crate::Error;
use access::{Access, Principal, Resource};
use base::Id;
use ledger::{Context, Entry, Permit, append};
use serde_json::json;
use store::Tx;

/// Of each table that names an operator: noted for a merge, given over, given back.
const TABLES: [[&str; 3]; 4] = [
    [
        "insert into matter_merge_row (merge, of_table, row) select $1, 'matter', id from matter where operator = $2",
        "update matter set operator = $2, party = case when party = $1 then $2 else party end where operator = $1",
        "update matter set operator = $2, party = case when party = $1 then $2 else party end where operator = $1 and id in \
         (select row from matter_merge_row where merge = $3 and of_table = 'matter')",
    ],
    [
        "insert into matter_merge_row (merge, of_table, row) select $1, 'task', id from task where operator = $2",
        "update task set operator = $2 where operator = $1",
        "update task set operator = $2 where operator = $1 and id in \
         (select row from matter_merge_row where merge = $3 and of_table = 'task')",
    ],
    [
        "insert into matter_merge_row (merge, of_table, row) select $1, 'document', id from document where operator = $2",
        "update document set operator = $2 where operator = $1",
        "update document set operator = $2 where operator = $1 and id in \
         (select row from matter_merge_row where merge = $3 and of_table = 'document')",
    ],
    [
        "insert into matter_merge_row (merge, of_table, row) select $1, 'reminder', id from reminder where operator = $2",
        "update reminder set operator = $2 where operator = $1",
        "update reminder set operator = $2 where operator = $1 and id in \
         (select row from matter_merge_row where merge = $3 and of_table = 'reminder')",
    ],
];

/// Gives the matters of the operator that is merged, with their tasks, documents and reminders, to the one that stays. In the
/// transaction of the merge; needs `decide` on the operator that stays, as the merge does. Gives how many rows went over.
///
/// # Errors
/// [`Error::Denied`]; storage.
pub async fn follow_merge(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    region: &str,
    merge: Id,
    (keep, drop): (Id, Id),
) -> Result<u64, Error> {
    let permit =
        access.check(who, "decide", &Resource::new("operator", region).of_operator(Some(keep)), cx.now)?;
    let mut moved = 0;
    for [note, over, _] in TABLES {
        tx.exec(note, &[merge.into(), drop.into()]).await?;
        moved += tx.exec(over, &[drop.into(), keep.into()]).await?;
    }
    said(tx, cx, &permit, region, "matter.merged", (merge, keep, drop, moved)).await
}

/// Gives back what [`follow_merge`] gave over and is still the kept operator's; what was opened since stays. Gives how many rows
/// went back.
///
/// # Errors
/// [`Error::Denied`]; storage.
pub async fn undo_follow_merge(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    region: &str,
    merge: Id,
    (keep, drop): (Id, Id),
) -> Result<u64, Error> {
    let permit =
        access.check(who, "decide", &Resource::new("operator", region).of_operator(Some(keep)), cx.now)?;
    let mut moved = 0;
    for [_, _, back] in TABLES {
        moved += tx.exec(back, &[keep.into(), drop.into(), merge.into()]).await?;
    }
    tx.exec("delete from matter_merge_row where merge = $1", &[merge.into()]).await?;
    said(tx, cx, &permit, region, "matter.unmerged", (merge, keep, drop, moved)).await
}

async fn said(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    region: &str,
    kind: &'static str,
    (merge, keep, drop, moved): (Id, Id, Id, u64),
) -> Result<u64, Error> {
    if moved > 0 {
        let body = json!({ "merge": merge, "kept": keep, "dropped": drop, "rows": moved });
        let subject = format!("operator:{keep}");
        append(tx, cx, permit, Entry { kind, region: region.to_owned(), subject, body, private: None })
            .await?;
    }
    Ok(moved)
}
