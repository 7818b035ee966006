//! Erasing personal data: the body and its salt go, the leaf and every proof stay.

use crate::Error;
use crate::entry::{Appended, Context, Entry, Permit, append};
use base::Id;
use serde_json::{Value as Json, json};
use store::{Store, Tx};

/// Kind of the entry that records an erasure.
pub const ERASED: &str = "journal.private_erased";

/// The private body of an entry: `None` when it never had one or it was erased.
///
/// # Errors
/// When the store fails.
pub async fn private_body(store: &Store, id: Id) -> Result<Option<Json>, Error> {
    let sql = "select body from journal_private where id = $1 and body is not null";
    let row = store.first(sql, &[id.into()]).await?;
    Ok(row.map(|r| r.json("body")).transpose()?)
}

/// Erases the private body of an entry and records that it was done (without such a record, a missing body counts
/// as tampering), with the reason, which is kept. `None` when there is nothing to erase.
///
/// # Errors
/// [`Error::Unknown`] when there is no such entry; when the store fails.
pub async fn erase_private(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    id: Id,
    reason: &str,
) -> Result<Option<Appended>, Error> {
    let entry = tx.first("select region from journal where id = $1", &[id.into()]).await?;
    let region = entry.ok_or(Error::Unknown(id))?.text("region")?;
    let erased = tx
        .exec(
            "update journal_private set body = null, salt = null, erased_at = $2 \
             where id = $1 and body is not null",
            &[id.into(), cx.now.into()],
        )
        .await?;
    if erased == 0 {
        return Ok(None);
    }
    let body = json!({ "reason": reason });
    let entry = Entry { kind: ERASED, region, subject: format!("journal:{id}"), body, private: None };
    append(tx, cx, permit, entry).await.map(Some)
}
