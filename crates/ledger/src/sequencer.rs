//! The sequencer: gives committed entries their positions, grows the tree, signs its head.
//!
//! One pass is one transaction. It renews the lease, takes waiting entries in id order, writes their positions, the
//! tiles and the signed checkpoint, and commits. Killed at any point, either all of that exists or nothing; the
//! entries then still wait. Two leaders cannot both commit: the lease row is locked, and positions are unique.

use crate::entry::SIGNAL;
use crate::merkle::leaf_hash;
use crate::note::Checkpoint;
use crate::signer::Signer;
use crate::tiles::{Edge, save, signed};
use crate::{Error, LOG_SIGNAL};
use base::Instant;
use std::sync::Arc;
use std::time::Duration;
use store::{Sql, Store, Tx, jobs::Clock, lease};
use tokio::sync::watch;

const LEASE: &str = "sequencer";
const LEASE_SECONDS: i64 = 10;
/// Entries of one pass.
const BATCH: u32 = 4096;
/// How long a pass waits for more entries after the first.
const GATHER: Duration = Duration::from_millis(100);

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Whether this process may sequence now; if not, another one does.
    pub leader: bool,
    /// Entries that got a position.
    pub sequenced: u64,
    /// Whether more may be waiting.
    pub more: bool,
}

/// Sequences the journal of one store.
#[derive(Clone)]
pub struct Sequencer {
    signer: Arc<dyn Signer>,
    holder: String,
}

impl std::fmt::Debug for Sequencer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sequencer").field("holder", &self.holder).field("log", &self.signer.name()).finish()
    }
}

impl Sequencer {
    /// A sequencer that signs with `signer`; `holder` names the process start and is never used again.
    #[must_use]
    pub fn new(signer: Arc<dyn Signer>, holder: impl Into<String>) -> Self {
        Self { signer, holder: holder.into() }
    }

    /// One pass over at most 4,096 waiting entries. Signs a checkpoint of the empty tree when there is none yet.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the stored tree does not have the root last signed: then nothing more is signed until
    /// somebody has looked; storage and signing failures.
    pub async fn run_once(&self, store: &Store, now: Instant) -> Result<Progress, Error> {
        // look before writing: an idle pass must not take the one writer of SQLite
        let waiting = "select id from journal where position is null limit 1";
        let idle = store.first(waiting, &[]).await?.is_none()
            && store.first("select size from log_checkpoint limit 1", &[]).await?.is_some();
        if idle {
            return Ok(Progress { leader: true, sequenced: 0, more: false });
        }
        let mut tx = store.begin().await?;
        if lease::take(&mut tx, LEASE, &self.holder, LEASE_SECONDS, now).await?.is_none() {
            return Ok(Progress { leader: false, sequenced: 0, more: false });
        }
        let mut edge = self.edge(&mut tx).await?;
        let before = edge.as_ref().map(Edge::size);
        let tree = edge.get_or_insert_default();
        let rows = tx
            .query(
                "select id, canonical, leaf from journal where position is null order by id limit $1",
                &[BATCH.into()],
            )
            .await?;
        let more = rows.len() == BATCH as usize;
        let (mut full, mut placed) = (Vec::new(), Vec::with_capacity(rows.len()));
        for row in &rows {
            let leaf = leaf_hash(row.text("canonical")?.as_bytes());
            if row.bytes("leaf")? != leaf {
                // changed since it was appended: it must not get a signature; the verification names it
                tracing::error!(entry = %row.id("id")?, "a waiting journal entry does not match its leaf hash");
                continue;
            }
            placed.push((row.id("id")?, signed(tree.size())));
            tree.append(leaf, &mut full);
        }
        if before == Some(tree.size()) {
            return Ok(Progress { leader: true, sequenced: 0, more: false });
        }
        for part in placed.chunks(400) {
            let mut sql = Sql::new("update journal set position = v.column2 from (values ");
            for (i, (id, position)) in part.iter().enumerate() {
                sql.push(if i == 0 { "" } else { ", " });
                sql.push("(").bind(*id).push(", ").bind(*position).push(")");
            }
            sql.push(") as v where journal.id = v.column1");
            if tx.execute(&sql).await? != part.len() as u64 {
                return Err(store::Error::Stale.into());
            }
        }
        full.extend(tree.partial());
        save(&mut tx, &full).await?;
        self.sign(&mut tx, tree, now).await?;
        tx.raise(LOG_SIGNAL);
        tx.commit().await?;
        Ok(Progress { leader: true, sequenced: placed.len() as u64, more })
    }

    /// Passes whenever entries wait, until `stop` turns true.
    pub async fn run(&self, store: &Store, clock: Clock, mut stop: watch::Receiver<bool>) {
        let mut wake = store.listen(SIGNAL);
        while !*stop.borrow() {
            let rest = match self.run_once(store, clock()).await {
                Ok(progress) if progress.more => continue,
                Ok(_) => Duration::from_secs(1),
                Err(error) => {
                    tracing::error!(?error, "the journal could not be sequenced; entries wait");
                    Duration::from_secs(5)
                }
            };
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { return },
                changed = wake.changed() => match changed {
                    Ok(()) => tokio::time::sleep(GATHER).await,
                    Err(_) => tokio::time::sleep(rest).await,
                },
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// The right edge at the last checkpoint, checked against what was signed; `None` before the first.
    async fn edge(&self, tx: &mut Tx) -> Result<Option<Edge>, Error> {
        let row = tx.first("select size, root from log_checkpoint order by size desc limit 1", &[]).await?;
        let Some(row) = row else { return Ok(None) };
        let (size, root) = (row.int("size")?, row.bytes("root")?);
        let edge = Edge::load(tx, u64::try_from(size).unwrap_or(0)).await?;
        if edge.root().as_slice() == root.as_slice() {
            return Ok(Some(edge));
        }
        Err(Error::Damaged(format!("the tree of {size} entries does not have the root that was signed")))
    }

    async fn sign(&self, tx: &mut Tx, tree: &Edge, now: Instant) -> Result<(), Error> {
        let origin = self.signer.name().to_owned();
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root(), at: now };
        let text = checkpoint.text();
        let note = format!("{text}\n{}", self.signer.sign(&text)?);
        tx.exec(
            "insert into log_key (vkey, at) values ($1, $2) on conflict (vkey) do nothing",
            &[self.signer.verifier_key().into(), now.into()],
        )
        .await?;
        tx.exec(
            "insert into log_checkpoint (size, root, at, note) values ($1, $2, $3, $4)",
            &[signed(tree.size()).into(), checkpoint.root.into(), now.into(), note.into()],
        )
        .await?;
        Ok(())
    }
}
