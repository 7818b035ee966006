//! Projections follow the journal exactly once and replay to the same rows.

use crate::{context, grown, write};
use async_trait::async_trait;
use ledger::projection::{Failure, reached, replay, run};
use ledger::{JournalRow, Projection};
use store::testing::stores;
use store::{Store, Tx};

/// Counts entries a region into a job-like table the test makes itself.
struct Regions {
    fail_at: Option<i64>,
}

#[async_trait]
impl Projection for Regions {
    fn name(&self) -> &'static str {
        "regions"
    }
    async fn apply(&mut self, tx: &mut Tx, entries: &[JournalRow]) -> Result<(), Failure> {
        for entry in entries {
            if self.fail_at == Some(entry.position) {
                return Err("the row is not understood".into());
            }
            let count = "insert into lease (name, holder, until, fence) values ($1, '', 0, 1) \
                         on conflict (name) do update set fence = lease.fence + 1";
            tx.exec(count, &[entry.region.as_str().into()]).await?;
        }
        Ok(())
    }
    async fn reset(&mut self, tx: &mut Tx) -> Result<(), Failure> {
        tx.exec("delete from lease", &[]).await?;
        Ok(())
    }
}

async fn counts(store: &Store) -> Vec<(String, i64)> {
    let rows = store.query("select name, fence from lease where name <> 'sequencer' order by name", &[]);
    rows.await.unwrap().iter().map(|r| (r.text("name").unwrap(), r.int("fence").unwrap())).collect()
}

#[tokio::test]
async fn each_entry_is_applied_once_and_a_replay_gives_the_same() {
    for (name, store) in stores().await {
        let cx = context();
        grown(&store, &cx, &[700]).await;
        write(&store, &cx, 700, 720).await;
        let mut projection = Regions { fail_at: None };
        assert_eq!(run(&store, &mut projection, cx.now).await.unwrap(), 700, "{name}");
        let first = counts(&store).await;
        assert_eq!(first, [("620102".into(), 234), ("620103".into(), 233), ("621102".into(), 233)], "{name}");
        assert_eq!(run(&store, &mut projection, cx.now).await.unwrap(), 0, "{name}");
        assert_eq!(replay(&store, &mut projection, cx.now).await.unwrap(), 700, "{name}");
        assert_eq!(counts(&store).await, first, "{name}");
    }
}

#[tokio::test]
async fn a_batch_that_fails_leaves_neither_rows_nor_position() {
    for (name, store) in stores().await {
        let cx = context();
        grown(&store, &cx, &[600]).await;
        let mut projection = Regions { fail_at: Some(550) };
        let refused = run(&store, &mut projection, cx.now).await;
        assert!(matches!(refused, Err(ledger::Error::Projection { position: 500, .. })), "{name}");
        assert_eq!(reached(&store, "regions").await.unwrap(), 500, "{name}");
        assert_eq!(counts(&store).await.iter().map(|(_, n)| n).sum::<i64>(), 500, "{name}");
        projection.fail_at = None;
        assert_eq!(run(&store, &mut projection, cx.now).await.unwrap(), 100, "{name}");
    }
}

#[tokio::test]
async fn two_runs_at_once_share_the_work() {
    for (name, store) in stores().await {
        let cx = context();
        grown(&store, &cx, &[1100]).await;
        let (mut a, mut b) = (Regions { fail_at: None }, Regions { fail_at: None });
        let (a, b) = tokio::join!(run(&store, &mut a, cx.now), run(&store, &mut b, cx.now));
        assert_eq!(a.unwrap() + b.unwrap(), 1100, "{name}");
        assert_eq!(counts(&store).await.iter().map(|(_, n)| n).sum::<i64>(), 1100, "{name}");
    }
}
