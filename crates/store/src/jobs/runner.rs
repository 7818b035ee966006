//! The runner: claims due jobs under a lease, runs their handlers, settles the outcome.

use super::{Job, SIGNAL};
use crate::{Engine, Error, Sql, Store};
use base::Instant;
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

/// The time now; the binary passes the system's clock, a test its own.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

type Handler = Arc<dyn Fn(Job) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Worth another attempt.
    Retry(String),
    /// Never going to work: the job is dead at once.
    Fatal(String),
}

impl<E: std::error::Error> From<E> for Failure {
    /// Any error is worth another attempt; its sources are kept.
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            let _ = write!(text, ": {inner}");
            source = inner.source();
        }
        Self::Retry(text)
    }
}

/// Runs jobs of the kinds it has handlers for. Any number may run, in any number of processes.
#[derive(Clone)]
pub struct Runner {
    store: Store,
    clock: Clock,
    holder: String,
    handlers: BTreeMap<&'static str, Handler>,
    lease_seconds: u32,
    parallel: usize,
    poll: Duration,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds: Vec<_> = self.handlers.keys().collect();
        f.debug_struct("Runner").field("holder", &self.holder).field("kinds", &kinds).finish_non_exhaustive()
    }
}

impl Runner {
    /// A runner without handlers; `holder` names it and must differ from every other runner, also of earlier starts.
    #[must_use]
    pub fn new(store: Store, clock: Clock, holder: impl Into<String>) -> Self {
        Self {
            store,
            clock,
            holder: holder.into(),
            handlers: BTreeMap::new(),
            lease_seconds: 60,
            parallel: 4,
            poll: Duration::from_secs(1),
        }
    }

    /// Registers the handler of a kind (the contract: [`crate::jobs`]).
    #[must_use]
    pub fn on<F, Fut>(mut self, kind: &'static str, handler: F) -> Self
    where
        F: Fn(Job) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        self.handlers.insert(kind, Arc::new(move |job| Box::pin(handler(job))));
        self
    }

    /// Sets how long a claim lasts before another runner may take the job over (default 60 s); it is renewed while
    /// the handler runs.
    #[must_use]
    pub const fn lease_seconds(mut self, seconds: u32) -> Self {
        self.lease_seconds = seconds;
        self
    }

    /// Sets how many jobs run at once (default 4).
    #[must_use]
    pub const fn parallel(mut self, jobs: usize) -> Self {
        self.parallel = jobs;
        self
    }

    /// Runs what is due, one after the other, until nothing is; returns how many attempts were made.
    ///
    /// # Errors
    /// When the store fails; a failing handler is no error here.
    pub async fn run_due(&self) -> Result<usize, Error> {
        let mut attempts = 0;
        while let Some(job) = self.claim().await? {
            self.attempt(job).await?;
            attempts += 1;
        }
        Ok(attempts)
    }

    /// Runs jobs as they fall due until `stop` turns true, then waits for those at work.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let mut wake = self.store.listen(SIGNAL);
        let mut working = JoinSet::new();
        loop {
            let mut trouble = false;
            while working.len() < self.parallel && !*stop.borrow() {
                match self.claim().await {
                    Ok(Some(job)) => {
                        let runner = self.clone();
                        working.spawn(async move {
                            if let Err(error) = runner.attempt(job).await {
                                tracing::error!(
                                    ?error,
                                    "a job's outcome could not be stored; it will run again"
                                );
                            }
                        });
                    }
                    Ok(None) => break,
                    Err(error) => {
                        tracing::error!(?error, "jobs cannot be claimed");
                        trouble = true;
                        break;
                    }
                }
            }
            if *stop.borrow() {
                break;
            }
            let rest = if trouble { self.poll * 5 } else { self.poll };
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { break },
                _ = wake.changed(), if !trouble && working.len() < self.parallel => {}
                Some(_) = working.join_next(), if !working.is_empty() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
        while working.join_next().await.is_some() {}
    }

    async fn claim(&self) -> Result<Option<Job>, Error> {
        let now = (self.clock)();
        let longest = crate::lease::longest(now, self.lease_seconds.into());
        let mut find = Sql::new("select id from job where run_at <= ");
        find.bind(now).push(" and (state = 'waiting' or (state = 'running' and (lease_until <= ").bind(now);
        find.push(" or lease_until > ")
            .bind(longest)
            .push("))) and kind in ")
            .bind_list(self.handlers.keys().copied());
        find.push(" order by run_at, id limit 1");
        // look before writing: an idle runner must not take the one writer of SQLite each second
        if self.store.select(&find).await?.is_empty() {
            return Ok(None);
        }
        let mut tx = self.store.begin().await?;
        tx.exec(
            "update job set state = 'dead', holder = null, lease_until = null, finished_at = $1, \
             error = 'the process stopped during every attempt' \
             where state = 'running' and (lease_until <= $1 or lease_until > $2) and run_at <= $1 \
             and attempts >= max_attempts",
            &[now.into(), longest.into()],
        )
        .await?;
        let mut sql = Sql::new("update job set state = 'running', attempts = attempts + 1, holder = ");
        sql.bind(self.holder.as_str()).push(", lease_until = ");
        sql.bind(now.plus_seconds(self.lease_seconds.into())).push(" where id = (").append(&find);
        if tx.engine() == Engine::Postgres {
            sql.push(" for update skip locked");
        }
        sql.push(") returning id, kind, payload, attempts");
        let rows = tx.select(&sql).await?;
        tx.commit().await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Job {
            id: row.id("id")?,
            kind: row.text("kind")?,
            payload: row.json("payload")?,
            attempt: row.int("attempts")?,
            now,
            holder: self.holder.clone(),
        }))
    }

    /// Runs one attempt and stores its outcome.
    async fn attempt(&self, job: Job) -> Result<(), Error> {
        let Some(handler) = self.handlers.get(job.kind.as_str()) else { return Ok(()) };
        // the handler runs as a task of its own, so that its panic stays there; it ends with whoever awaits it
        let mut task = JoinSet::new();
        task.spawn(handler(job.clone()));
        let beat = Duration::from_millis(u64::from(self.lease_seconds.max(1)) * 333);
        let outcome = loop {
            tokio::select! {
                Some(result) = task.join_next() => break result.unwrap_or_else(|e| Err(panicked(e))),
                () = tokio::time::sleep(beat) => match self.renew(&job).await {
                    Err(Error::Stale) => {
                        tracing::warn!(job = %job.id, "another runner took the job over");
                        return Ok(());
                    }
                    Err(error) => tracing::warn!(?error, job = %job.id, "a job's lease could not be renewed"),
                    Ok(()) => {}
                },
            }
        };
        match outcome {
            Ok(()) => self.done(&job).await,
            Err(failure) => self.failed(&job, failure).await,
        }
    }

    /// Extends the claim; [`Error::Stale`] when it is lost. A job that finished itself counts as held.
    async fn renew(&self, job: &Job) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        tx.exec_one(
            "update job set lease_until = case when state = 'running' then $4 else lease_until end \
             where id = $1 and attempts = $3 and (holder = $2 or state = 'done')",
            &[
                job.id.into(),
                job.holder.as_str().into(),
                job.attempt.into(),
                (self.clock)().plus_seconds(self.lease_seconds.into()).into(),
            ],
        )
        .await?;
        tx.commit().await
    }

    async fn done(&self, job: &Job) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        job.mark_done(&mut tx, (self.clock)()).await?;
        tx.commit().await
    }

    async fn failed(&self, job: &Job, failure: Failure) -> Result<(), Error> {
        let now = (self.clock)();
        let (error, fatal) = match failure {
            Failure::Retry(error) => (error, false),
            Failure::Fatal(error) => (error, true),
        };
        tracing::warn!(job = %job.id, kind = job.kind, attempt = job.attempt, fatal, "a job's attempt failed");
        let error: String = error.chars().take(2000).collect();
        let mut last = Ok(());
        for _ in 0..2 {
            let mut tx = self.store.begin().await?;
            let settled = tx
                .exec(
                    "update job set holder = null, lease_until = null, error = $4, state = case \
                       when $5 = 1 or attempts >= max_attempts then 'dead' \
                       when exists (select 1 from job o where o.dedup = job.dedup and o.state = 'waiting') \
                         then 'superseded' \
                       else 'waiting' end, \
                     run_at = $6, \
                     finished_at = case when $5 = 1 or attempts >= max_attempts then $7 else null end \
                     where id = $1 and holder = $2 and attempts = $3 and state = 'running'",
                    &[
                        job.id.into(),
                        job.holder.as_str().into(),
                        job.attempt.into(),
                        error.as_str().into(),
                        i64::from(fatal).into(),
                        now.plus_seconds(backoff_seconds(job)).into(),
                        now.into(),
                    ],
                )
                .await;
            last = match settled {
                Ok(_) => return tx.commit().await,
                // PostgreSQL: a job of the same key was enqueued in this very moment; look again
                Err(error @ Error::Conflict { .. }) => Err(error),
                Err(error) => return Err(error),
            };
        }
        last
    }
}

/// 10 s, 20 s, 40 s … up to an hour, spread a little by the job's id.
fn backoff_seconds(job: &Job) -> i64 {
    let doublings = (job.attempt - 1).clamp(0, 9);
    (10i64 << doublings).min(3600) + job.id.0.rem_euclid(7)
}

fn panicked(error: JoinError) -> Failure {
    if !error.is_panic() {
        return Failure::Retry("the attempt was cancelled".to_owned());
    }
    let panic = error.into_panic();
    let text = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Failure::Retry(format!("the handler panicked: {text}"))
}
