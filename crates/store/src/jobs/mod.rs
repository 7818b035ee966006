//! Work that must happen after a transaction has committed: a row in that transaction, run at least once.
//!
//! The contract for handlers: **a job may run more than once** (a process can die after the work and before the
//! row says so), so its effect must be idempotent; or the handler commits [`Job::finish`] in the same transaction
//! as its effect, which makes the effect happen exactly once.

mod runner;

pub use runner::{Clock, Failure, Runner};

use crate::{Error, Row, Sql, Store, Tx};
use base::{Id, Instant};
use serde::{Deserialize, Serialize};

/// The signal raised when a job is enqueued ([`Store::listen`]).
pub const SIGNAL: &str = "jobs";

/// A job to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Which handler runs it, as `noun.verb`.
    pub kind: &'static str,
    /// What the handler needs; ids, not personal data, because operators read it.
    pub payload: serde_json::Value,
    /// Not before this time.
    pub run_at: Instant,
    /// While a job of this key waits, another is not added.
    pub dedup: Option<String>,
    /// Attempts before it is dead (at least 1).
    pub max_attempts: u32,
}

impl NewJob {
    /// A job for now, with eight attempts (the last about 21 minutes after the first).
    #[must_use]
    pub const fn new(kind: &'static str, payload: serde_json::Value, now: Instant) -> Self {
        Self { kind, payload, run_at: now, dedup: None, max_attempts: 8 }
    }
}

/// Adds a job; it exists if and only if the transaction commits. `false` when a waiting job of the same dedup key
/// makes it unnecessary.
///
/// # Errors
/// When the store fails.
pub async fn enqueue(tx: &mut Tx, id: Id, now: Instant, job: NewJob) -> Result<bool, Error> {
    let added = tx
        .exec(
            "insert into job (id, kind, payload, dedup, state, run_at, created_at, attempts, max_attempts) \
             values ($1, $2, $3, $4, 'waiting', $5, $6, 0, $7) \
             on conflict (dedup) where state = 'waiting' do nothing",
            &[
                id.into(),
                job.kind.into(),
                job.payload.to_string().into(),
                job.dedup.into(),
                job.run_at.into(),
                now.into(),
                job.max_attempts.max(1).into(),
            ],
        )
        .await?;
    tx.raise(SIGNAL);
    Ok(added == 1)
}

/// What becomes of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Due now or later.
    Waiting,
    /// At work, or its process died and the lease has not run out.
    Running,
    /// Finished.
    Done,
    /// Failed for good; an operator may [`revive`] it.
    Dead,
    /// Failed while another job of the same dedup key was waiting, which does its work.
    Superseded,
}

impl State {
    /// The word stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Superseded => "superseded",
        }
    }
}

impl std::str::FromStr for State {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        [Self::Waiting, Self::Running, Self::Done, Self::Dead, Self::Superseded]
            .into_iter()
            .find(|s| s.word() == word)
            .ok_or_else(|| format!("unknown job state {word}"))
    }
}

/// A job as its handler sees it.
#[derive(Debug, Clone)]
pub struct Job {
    /// The job's id: the same in every attempt, so it can serve as an idempotency key.
    pub id: Id,
    /// Its kind.
    pub kind: String,
    /// What was enqueued.
    pub payload: serde_json::Value,
    /// 1 for the first attempt.
    pub attempt: i64,
    /// When this attempt began.
    pub now: Instant,
    holder: String,
}

impl Job {
    /// Marks the job done inside the handler's own transaction: effect and mark commit together.
    ///
    /// # Errors
    /// [`Error::Stale`] when another runner has taken the job over; the transaction must be given up.
    pub async fn finish(&self, tx: &mut Tx) -> Result<(), Error> {
        match self.mark_done(tx, self.now).await? {
            0 => Err(Error::Stale),
            _ => Ok(()),
        }
    }

    async fn mark_done(&self, tx: &mut Tx, now: Instant) -> Result<u64, Error> {
        tx.exec(
            "update job set state = 'done', holder = null, lease_until = null, finished_at = $4 \
             where id = $1 and holder = $2 and attempts = $3 and state = 'running'",
            &[self.id.into(), self.holder.as_str().into(), self.attempt.into(), now.into()],
        )
        .await
    }
}

/// A job as an operator sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobRow {
    /// Id.
    pub id: Id,
    /// Kind.
    pub kind: String,
    /// Payload.
    pub payload: serde_json::Value,
    /// State.
    pub state: State,
    /// Not before.
    pub run_at: Instant,
    /// When it was enqueued.
    pub created_at: Instant,
    /// Attempts begun.
    pub attempts: i64,
    /// Attempts allowed.
    pub max_attempts: i64,
    /// When it was done or dead.
    pub finished_at: Option<Instant>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

impl JobRow {
    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.id("id")?,
            kind: row.text("kind")?,
            payload: row.json("payload")?,
            state: row.parsed("state")?,
            run_at: row.instant("run_at")?,
            created_at: row.instant("created_at")?,
            attempts: row.int("attempts")?,
            max_attempts: row.int("max_attempts")?,
            finished_at: row.opt_instant("finished_at")?,
            error: row.opt_text("error")?,
        })
    }
}

/// Jobs, newest first; of one state if given, older than `before` if given.
///
/// # Errors
/// When the store fails.
pub async fn list(
    store: &Store,
    state: Option<State>,
    before: Option<Id>,
    limit: u32,
) -> Result<Vec<JobRow>, Error> {
    let mut sql = Sql::new(
        "select id, kind, payload, state, run_at, created_at, attempts, max_attempts, finished_at, error from job \
         where 1 = 1",
    );
    if let Some(state) = state {
        sql.push(" and state = ").bind(state.word());
    }
    if let Some(before) = before {
        sql.push(" and id < ").bind(before);
    }
    sql.push(" order by id desc limit ").bind(limit);
    store.select(&sql).await?.iter().map(JobRow::read).collect()
}

/// How many jobs of each kind are in each state.
///
/// # Errors
/// When the store fails.
pub async fn counts(store: &Store) -> Result<Vec<(String, State, i64)>, Error> {
    store
        .query("select kind, state, count(*) as n from job group by kind, state order by kind, state", &[])
        .await?
        .iter()
        .map(|r| Ok((r.text("kind")?, r.parsed("state")?, r.int("n")?)))
        .collect()
}

/// Gives a dead job new attempts, from now.
///
/// # Errors
/// [`Error::Stale`] when it is not dead; [`Error::Conflict`] when a job of the same dedup key waits already.
pub async fn revive(tx: &mut Tx, id: Id, now: Instant) -> Result<(), Error> {
    tx.exec_one(
        "update job set state = 'waiting', attempts = 0, run_at = $2, finished_at = null \
         where id = $1 and state = 'dead'",
        &[id.into(), now.into()],
    )
    .await?;
    tx.raise(SIGNAL);
    Ok(())
}

/// Deletes finished jobs older than `before`; dead ones stay until an operator has seen to them.
///
/// # Errors
/// When the store fails.
pub async fn prune(tx: &mut Tx, before: Instant) -> Result<u64, Error> {
    tx.exec("delete from job where state in ('done', 'superseded') and finished_at < $1", &[before.into()])
        .await
}
