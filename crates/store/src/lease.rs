//! Rights that one holder has until a time: at most one sequencer, one scheduler, however many processes run.

use crate::{Error, Store, Tx};
use base::Instant;

/// A lease held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is held.
    pub name: String,
    /// Who holds it; unique per process start.
    pub holder: String,
    /// Until when, unless renewed.
    pub until: Instant,
    /// Grows with every change of holder; [`guard`] refuses work under an older one.
    pub fence: i64,
}

/// Takes a lease that is free, expired or already the holder's, for `ttl_seconds` from `now`; `None` while somebody
/// else has it. Calling again renews. A lease that would end later than any lease can was taken by a clock that was
/// wrong, and is free ([`longest`]).
///
/// # Errors
/// When the store fails.
pub async fn acquire(
    store: &Store,
    name: &str,
    holder: &str,
    ttl_seconds: i64,
    now: Instant,
) -> Result<Option<Lease>, Error> {
    let mut tx = store.begin().await?;
    let lease = take(&mut tx, name, holder, ttl_seconds, now).await?;
    tx.commit().await?;
    Ok(lease)
}

/// As [`acquire`], in a transaction of the caller: work and lease commit together, and nobody else can take the lease
/// before that.
///
/// # Errors
/// When the store fails.
pub async fn take(
    tx: &mut Tx,
    name: &str,
    holder: &str,
    ttl_seconds: i64,
    now: Instant,
) -> Result<Option<Lease>, Error> {
    let row = tx
        .first(
            "insert into lease (name, holder, until, fence) values ($1, $2, $3, 1) \
             on conflict (name) do update set holder = excluded.holder, until = excluded.until, \
             fence = lease.fence + case when lease.holder = excluded.holder then 0 else 1 end \
             where lease.until <= $4 or lease.until > $5 or lease.holder = excluded.holder \
             returning until, fence",
            &[
                name.into(),
                holder.into(),
                now.plus_seconds(ttl_seconds).into(),
                now.into(),
                longest(now, ttl_seconds).into(),
            ],
        )
        .await?;
    row.map(|row| {
        Ok(Lease {
            name: name.to_owned(),
            holder: holder.to_owned(),
            until: row.instant("until")?,
            fence: row.int("fence")?,
        })
    })
    .transpose()
}

/// How far clocks of machines that share a database may be apart.
const SKEW_SECONDS: i64 = 300;

/// The latest end of anything that is held for `ttl_seconds` at a time. What says that it is held beyond it was held by a
/// process whose clock ran ahead (a machine resumed, a wrong clock before the first correction) and waits for nobody.
#[must_use]
pub fn longest(now: Instant, ttl_seconds: i64) -> Instant {
    now.plus_seconds(ttl_seconds.saturating_add(SKEW_SECONDS))
}

/// Extends a lease by `ttl_seconds` from `now`.
///
/// # Errors
/// [`Error::Stale`] when somebody else has taken it; the holder must stop at once.
pub async fn renew(store: &Store, lease: &mut Lease, ttl_seconds: i64, now: Instant) -> Result<(), Error> {
    let until = now.plus_seconds(ttl_seconds);
    let mut tx = store.begin().await?;
    tx.exec_one(
        "update lease set until = $4 where name = $1 and holder = $2 and fence = $3",
        &[lease.name.as_str().into(), lease.holder.as_str().into(), lease.fence.into(), until.into()],
    )
    .await?;
    tx.commit().await?;
    lease.until = until;
    Ok(())
}

/// Gives a lease up, so that another need not wait for its end. Nothing happens if it was lost already.
///
/// # Errors
/// When the store fails.
pub async fn release(store: &Store, lease: Lease) -> Result<(), Error> {
    let mut tx = store.begin().await?;
    tx.exec(
        "update lease set until = 0 where name = $1 and holder = $2 and fence = $3",
        &[lease.name.into(), lease.holder.into(), lease.fence.into()],
    )
    .await?;
    tx.commit().await
}

/// Proves inside a transaction that the lease is still ours; it cannot be lost before the transaction ends.
///
/// # Errors
/// [`Error::Stale`] when somebody else has taken it.
pub async fn guard(tx: &mut Tx, lease: &Lease) -> Result<(), Error> {
    // an update, so that PostgreSQL locks the row
    tx.exec_one(
        "update lease set until = until where name = $1 and holder = $2 and fence = $3",
        &[lease.name.as_str().into(), lease.holder.as_str().into(), lease.fence.into()],
    )
    .await
}
