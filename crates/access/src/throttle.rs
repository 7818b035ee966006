//! How often somebody may try, and how much an account may send: petitions from an address, guesses at the code of a
//! receipt, files in a day. What is
//! counted is kept as a keyed fingerprint only, and forgotten when its window is over.

use crate::{Access, Error};
use base::Instant;
use store::{Store, Tx};

/// So many tries in so long a window, which begins with the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is counted; keeps the counts apart.
    pub what: &'static str,
    /// Tries allowed in a window.
    pub most: i64,
    /// Length of the window in seconds.
    pub seconds: i64,
}

fn key(access: &Access, limit: &Limit, whom: &str) -> String {
    hex::encode(access.vault().fingerprint(&format!("attempt.{}", limit.what), whom))
}

/// Whether what is counted came about as often as the limit says, in a window that is not over. Nothing is counted.
///
/// # Errors
/// Storage.
pub async fn reached(
    store: &Store,
    access: &Access,
    limit: &Limit,
    whom: &str,
    now: Instant,
) -> Result<bool, Error> {
    let sql = "select count from attempt where key = $1 and until > $2";
    let row = store.first(sql, &[key(access, limit, whom).into(), now.into()]).await?;
    Ok(row.map(|r| r.int("count")).transpose()?.unwrap_or(0) >= limit.most)
}

/// Counts a try, and forgets windows that are over. `false` when it was one too many.
///
/// Count and commit **before** looking whether the try is right, and [`give_back`] what was right: whoever looks first lets
/// through as many as arrive together.
///
/// # Errors
/// Storage.
pub async fn count_try(
    tx: &mut Tx,
    access: &Access,
    limit: &Limit,
    whom: &str,
    now: Instant,
) -> Result<bool, Error> {
    count(tx, access, limit, whom, 1, now).await
}

/// Counts as [`count_try`] does, so many at once: of what is measured, not tried.
///
/// # Errors
/// Storage.
pub async fn count(
    tx: &mut Tx,
    access: &Access,
    limit: &Limit,
    whom: &str,
    amount: i64,
    now: Instant,
) -> Result<bool, Error> {
    tx.exec("delete from attempt where until <= $1", &[now.into()]).await?;
    let key = key(access, limit, whom);
    tx.exec(
        "insert into attempt (key, count, until) values ($1, $3, $2) on conflict (key) do update \
         set count = attempt.count + excluded.count",
        &[key.as_str().into(), now.plus_seconds(limit.seconds).into(), amount.into()],
    )
    .await?;
    let row = tx.first("select count from attempt where key = $1", &[key.into()]).await?;
    Ok(row.map(|r| r.int("count")).transpose()?.unwrap_or(0) <= limit.most)
}

/// Takes back a try that turned out right, so that only wrong ones use the limit up.
///
/// # Errors
/// Storage.
pub async fn give_back(tx: &mut Tx, access: &Access, limit: &Limit, whom: &str) -> Result<(), Error> {
    let sql = "update attempt set count = count - 1 where key = $1 and count > 0";
    tx.exec(sql, &[key(access, limit, whom).into()]).await?;
    Ok(())
}
