//! Projections: tables derived from the journal, each with the position it has reached, rebuilt by replaying.

use crate::Error;
use crate::log::{JournalRow, feed};
use async_trait::async_trait;
use base::Instant;
use store::{Store, Tx};

/// Entries of one batch.
const BATCH: u32 = 500;

/// Any error of a projection's own.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A derived table. Its rows come from entries alone, so deleting and replaying gives the same rows.
#[async_trait]
pub trait Projection: Send {
    /// Its name: the key of its position; never changed.
    fn name(&self) -> &'static str;

    /// Follows entries, in position order, in the transaction that also stores the new position: each entry is
    /// applied exactly once.
    async fn apply(&mut self, tx: &mut Tx, entries: &[JournalRow]) -> Result<(), Failure>;

    /// Deletes everything derived.
    async fn reset(&mut self, tx: &mut Tx) -> Result<(), Failure>;
}

/// Brings a projection up to the end of the tree; returns how many entries it followed. Several processes may try at
/// once: each batch is applied by one of them.
///
/// # Errors
/// [`Error::Projection`] when an entry cannot be applied: everything before its batch stays applied.
pub async fn run(store: &Store, projection: &mut dyn Projection, now: Instant) -> Result<u64, Error> {
    let name = projection.name();
    let mut followed = 0;
    loop {
        let position = reached(store, name).await?;
        let entries = feed(store, position, BATCH, "").await?;
        let Some(last) = entries.last() else { return Ok(followed) };
        let mut tx = store.begin().await?;
        if !advance(&mut tx, name, position, last.position + 1, now).await? {
            continue; // another process was faster
        }
        let applied = projection.apply(&mut tx, &entries).await;
        applied.map_err(|source| Error::Projection { name, position, source })?;
        tx.commit().await?;
        followed += entries.len() as u64;
    }
}

/// Deletes everything derived and follows the journal from its first entry.
///
/// # Errors
/// As [`run`].
pub async fn replay(store: &Store, projection: &mut dyn Projection, now: Instant) -> Result<u64, Error> {
    let name = projection.name();
    let mut tx = store.begin().await?;
    let reset = projection.reset(&mut tx).await;
    reset.map_err(|source| Error::Projection { name, position: 0, source })?;
    tx.exec("delete from projection where name = $1", &[name.into()]).await?;
    tx.commit().await?;
    run(store, projection, now).await
}

/// The next position a projection has to follow; 0 for a new one.
///
/// # Errors
/// When the store fails.
pub async fn reached(store: &Store, name: &str) -> Result<i64, Error> {
    let row = store.first("select position from projection where name = $1", &[name.into()]).await?;
    Ok(row.map_or(Ok(0), |r| r.int("position"))?)
}

/// When a projection last followed the journal; none for a new one.
///
/// # Errors
/// When the store fails.
pub async fn followed(store: &Store, name: &str) -> Result<Option<Instant>, Error> {
    let row = store.first("select at from projection where name = $1", &[name.into()]).await?;
    Ok(row.map(|r| r.instant("at")).transpose()?)
}

/// Moves the stored position; `false` when it is not at `from` any more. For projections that reckon before their
/// transaction begins, so that nobody waits; [`run`] does it for all others.
///
/// # Errors
/// When the store fails.
pub async fn advance(tx: &mut Tx, name: &str, from: i64, to: i64, now: Instant) -> Result<bool, Error> {
    let moved = tx
        .exec(
            "insert into projection (name, position, at) values ($1, $2, $4) \
             on conflict (name) do update set position = excluded.position, at = excluded.at \
             where projection.position = $3",
            &[name.into(), to.into(), from.into(), now.into()],
        )
        .await?;
    Ok(moved == 1)
}
