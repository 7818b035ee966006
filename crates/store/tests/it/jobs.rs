//! Jobs run at least once, fail visibly, and survive the death of their runner.

use crate::{NOW, ids};
use base::{Id, Instant};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use store::jobs::{Failure, NewJob, Runner, State, counts, enqueue, list, prune, revive};
use store::testing::stores;
use store::{Error, Store};

/// A clock the test moves.
#[derive(Clone)]
struct Watch(Arc<AtomicI64>);

impl Watch {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NOW.0)))
    }
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst))
    }
    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
    fn runner(&self, store: &Store, holder: &str) -> Runner {
        let watch = self.clone();
        Runner::new(store.clone(), Arc::new(move || watch.now()), holder)
    }
}

async fn add(store: &Store, id: Id, job: NewJob) -> bool {
    let mut tx = store.begin().await.unwrap();
    let added = enqueue(&mut tx, id, NOW, job).await.unwrap();
    tx.commit().await.unwrap();
    added
}

async fn states(store: &Store) -> Vec<State> {
    list(store, None, None, 100).await.unwrap().into_iter().map(|j| j.state).collect()
}

#[tokio::test]
async fn a_job_runs_once_when_due_and_not_before() {
    for (name, store) in stores().await {
        let (watch, ran) = (Watch::new(), Arc::new(AtomicUsize::new(0)));
        let count = ran.clone();
        let runner = watch.runner(&store, "r").on("test.count", move |job| {
            let count = count.clone();
            async move {
                assert_eq!(job.payload["n"], 7);
                count.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
        });
        let ids = ids();
        let mut job = NewJob::new("test.count", json!({ "n": 7 }), NOW);
        job.run_at = NOW.plus_seconds(60);
        add(&store, ids.next(NOW), job).await;
        add(&store, ids.next(NOW), NewJob::new("test.unknown", json!({}), NOW)).await;
        assert_eq!(runner.run_due().await.unwrap(), 0, "{name}: not due");
        watch.pass(60);
        assert_eq!(runner.run_due().await.unwrap(), 1, "{name}");
        assert_eq!(runner.run_due().await.unwrap(), 0, "{name}");
        assert_eq!(ran.load(Ordering::SeqCst), 1, "{name}");
        assert_eq!(
            states(&store).await,
            [State::Waiting, State::Done],
            "{name}: a kind without handler waits"
        );
        let mut tx = store.begin().await.unwrap();
        assert_eq!(prune(&mut tx, watch.now().plus_seconds(1)).await.unwrap(), 1, "{name}");
    }
}

#[tokio::test]
async fn failures_and_panics_are_retried_later_each_time_then_dead_with_their_error() {
    for (name, store) in stores().await {
        let watch = Watch::new();
        let runner = watch
            .runner(&store, "r")
            .on("test.error", |_| async { Err(Failure::from(Error::Stale)) })
            .on("test.panic", |job| async move { panic!("attempt {}", job.attempt) })
            .on("test.fatal", |_| async { Err(Failure::Fatal("no such lot".into())) });
        let ids = ids();
        for kind in ["test.error", "test.panic", "test.fatal"] {
            let mut job = NewJob::new(kind, json!({}), NOW);
            job.max_attempts = 3;
            add(&store, ids.next(NOW), job).await;
        }
        assert_eq!(runner.run_due().await.unwrap(), 3, "{name}");
        assert_eq!(states(&store).await, [State::Dead, State::Waiting, State::Waiting], "{name}");
        let waits: Vec<_> = list(&store, Some(State::Waiting), None, 9).await.unwrap();
        assert!(waits.iter().all(|j| j.run_at >= NOW.plus_seconds(10)), "{name}");
        for _ in 0..4 {
            watch.pass(3600);
            runner.run_due().await.unwrap();
        }
        let dead = list(&store, Some(State::Dead), None, 9).await.unwrap();
        let errors: Vec<_> = dead.iter().map(|j| (j.attempts, j.error.clone().unwrap())).collect();
        assert_eq!(errors[0], (1, "no such lot".into()), "{name}");
        assert_eq!(errors[1], (3, "the handler panicked: attempt 3".into()), "{name}");
        assert!(errors[2].1.contains("changed meanwhile"), "{name}");
        assert_eq!(counts(&store).await.unwrap().len(), 3, "{name}");
        let mut tx = store.begin().await.unwrap();
        revive(&mut tx, dead[0].id, watch.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(runner.run_due().await.unwrap(), 1, "{name}: an operator may try again");
    }
}

#[tokio::test]
async fn a_job_whose_runner_died_is_taken_over_when_its_lease_ends() {
    for (name, store) in stores().await {
        let watch = Watch::new();
        add(&store, ids().next(NOW), NewJob::new("test.slow", json!({}), NOW)).await;
        let hang = watch.runner(&store, "dies").lease_seconds(30).on("test.slow", |_| std::future::pending());
        let died = tokio::time::timeout(std::time::Duration::from_millis(300), hang.run_due()).await;
        assert!(died.is_err(), "{name}: the process is gone in the middle");
        let next = watch.runner(&store, "next").on("test.slow", |job| async move {
            assert_eq!(job.attempt, 2);
            Ok(())
        });
        assert_eq!(next.run_due().await.unwrap(), 0, "{name}: the lease still holds");
        watch.pass(31);
        assert_eq!(next.run_due().await.unwrap(), 1, "{name}");
        assert_eq!(states(&store).await, [State::Done], "{name}");
    }
}

#[tokio::test]
async fn a_job_that_kills_its_process_each_time_is_dead_in_the_end() {
    for (name, store) in stores().await {
        let watch = Watch::new();
        let mut job = NewJob::new("test.killer", json!({}), NOW);
        job.max_attempts = 1;
        add(&store, ids().next(NOW), job).await;
        let hang =
            watch.runner(&store, "dies").lease_seconds(30).on("test.killer", |_| std::future::pending());
        let _ = tokio::time::timeout(std::time::Duration::from_millis(300), hang.run_due()).await;
        watch.pass(31);
        let next = watch.runner(&store, "next").on("test.killer", |_| async { Ok(()) });
        assert_eq!(next.run_due().await.unwrap(), 0, "{name}");
        assert_eq!(states(&store).await, [State::Dead], "{name}");
    }
}

#[tokio::test]
async fn a_handler_that_lost_its_claim_cannot_finish() {
    for (name, store) in stores().await {
        let watch = Watch::new();
        add(&store, ids().next(NOW), NewJob::new("test.late", json!({}), NOW)).await;
        let inner = store.clone();
        let runner = watch.runner(&store, "r").on("test.late", move |job| {
            let store = inner.clone();
            async move {
                let mut tx = store.begin().await?;
                tx.exec("update job set holder = 'other'", &[]).await?;
                tx.commit().await?;
                let mut tx = store.begin().await?;
                assert!(matches!(job.finish(&mut tx).await, Err(Error::Stale)));
                Ok(())
            }
        });
        runner.run_due().await.unwrap();
        assert_eq!(states(&store).await, [State::Running], "{name}: the other one's now");
    }
}

#[tokio::test]
async fn one_waiting_job_a_key_is_enough() {
    for (name, store) in stores().await {
        let (watch, ids) = (Watch::new(), ids());
        let keyed = || NewJob { dedup: Some("lot:1".into()), ..NewJob::new("test.key", json!({}), NOW) };
        assert!(add(&store, ids.next(NOW), keyed()).await, "{name}");
        assert!(!add(&store, ids.next(NOW), keyed()).await, "{name}");
        let (inner, id) = (store.clone(), ids.next(NOW));
        let runner = watch.runner(&store, "r").on("test.key", move |job| {
            let store = inner.clone();
            async move {
                if job.attempt > 1 || job.id == id {
                    return Ok(());
                }
                // what changes while a job runs needs another run
                let again = NewJob { dedup: Some("lot:1".into()), ..NewJob::new("test.key", json!({}), NOW) };
                assert!(add(&store, id, again).await);
                Err(Failure::Retry("first fails".into()))
            }
        });
        assert_eq!(runner.run_due().await.unwrap(), 2, "{name}");
        assert_eq!(states(&store).await, [State::Done, State::Superseded], "{name}");
    }
}

#[tokio::test]
async fn runners_side_by_side_share_the_jobs_and_stop_when_told() {
    for (name, store) in stores().await {
        let (watch, ran, ids) = (Watch::new(), Arc::new(AtomicUsize::new(0)), ids());
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let tasks: Vec<_> = (0..3)
            .map(|n| {
                let (count, store2) = (ran.clone(), store.clone());
                let runner = watch.runner(&store, &format!("r{n}")).on("test.count", move |job| {
                    let (count, store) = (count.clone(), store2.clone());
                    async move {
                        let mut tx = store.begin().await?;
                        job.finish(&mut tx).await?;
                        tx.commit().await?;
                        count.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    }
                });
                let stopped = stopped.clone();
                tokio::spawn(async move { runner.run(stopped).await })
            })
            .collect();
        for _ in 0..60 {
            add(&store, ids.next(NOW), NewJob::new("test.count", json!({}), NOW)).await;
        }
        while list(&store, Some(State::Done), None, 100).await.unwrap().len() < 60 {
            tokio::task::yield_now().await;
        }
        stop.send(true).unwrap();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(ran.load(Ordering::SeqCst), 60, "{name}: each exactly once");
    }
}
