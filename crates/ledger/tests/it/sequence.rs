//! From committed entries to positions and signed heads.

use crate::{context, entry, grown, key, sequencer, write};
use ledger::{Permit, note, verify_journal};
use store::testing::stores;

#[tokio::test]
async fn an_entry_exists_exactly_when_its_transaction_commits() {
    for (name, store) in stores().await {
        let cx = context();
        let mut tx = store.begin().await.unwrap();
        ledger::append(&mut tx, &cx, &Permit::system("test"), entry(0)).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(count(&store, "select count(*) as n from journal").await, 0, "{name}");
        assert_eq!(count(&store, "select count(*) as n from journal_private").await, 0, "{name}");
        write(&store, &cx, 0, 1).await;
        assert_eq!(count(&store, "select count(*) as n from journal").await, 1, "{name}");
    }
}

async fn count(store: &store::Store, sql: &'static str) -> i64 {
    store.one(sql, &[]).await.unwrap().int("n").unwrap()
}

#[tokio::test]
async fn the_first_pass_signs_the_empty_tree_and_an_idle_pass_signs_nothing() {
    for (name, store) in stores().await {
        let (cx, sequencer) = (context(), sequencer("one"));
        assert_eq!(ledger::checkpoint(&store).await.unwrap(), None);
        sequencer.run_once(&store, cx.now).await.unwrap();
        let text = ledger::checkpoint(&store).await.unwrap().unwrap();
        let head = note::open(&text, &key()).unwrap();
        assert_eq!((head.size, head.root), (0, ledger::merkle::empty_root()), "{name}");
        sequencer.run_once(&store, cx.now.plus_seconds(5)).await.unwrap();
        assert_eq!(ledger::checkpoint(&store).await.unwrap().unwrap(), text, "{name}");
    }
}

#[tokio::test]
async fn positions_are_consecutive_and_a_late_entry_gets_a_later_one() {
    for (name, store) in stores().await {
        let cx = context();
        let permit = Permit::system("test");
        let mut late = context();
        late.now = cx.now.plus_seconds(-60);
        grown(&store, &cx, &[3]).await;
        let mut tx = store.begin().await.unwrap();
        let appended = ledger::append(&mut tx, &late, &permit, entry(9)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(
            ledger::feed(&store, 0, 1, "").await.unwrap()[0].id > appended.id,
            "{name}: its id is the smallest"
        );
        sequencer("one").run_once(&store, cx.now).await.unwrap();
        let rows = ledger::feed(&store, 0, 10, "").await.unwrap();
        assert_eq!(rows.iter().map(|r| r.position).collect::<Vec<_>>(), [0, 1, 2, 3], "{name}");
        assert_eq!(rows[3].id, appended.id, "{name}");
    }
}

#[tokio::test]
async fn one_process_sequences_until_its_lease_runs_out() {
    for (name, store) in stores().await {
        let cx = context();
        let (one, two) = (sequencer("one"), sequencer("two"));
        write(&store, &cx, 0, 2).await;
        assert_eq!(one.run_once(&store, cx.now).await.unwrap().sequenced, 2, "{name}");
        write(&store, &cx, 2, 4).await;
        let second = two.run_once(&store, cx.now.plus_seconds(1)).await.unwrap();
        assert_eq!((second.leader, second.sequenced), (false, 0), "{name}");
        let second = two.run_once(&store, cx.now.plus_seconds(60)).await.unwrap();
        assert_eq!((second.leader, second.sequenced), (true, 2), "{name}");
        assert!(verify_journal(&store, Some(&key())).await.unwrap().intact(), "{name}");
    }
}

#[tokio::test]
async fn two_sequencers_at_once_never_fork_the_tree() {
    for (name, store) in stores().await {
        let cx = context();
        for round in 0..6usize {
            write(&store, &cx, round * 20, round * 20 + 20).await;
            let now = cx.now.plus_seconds(i64::try_from(round * 100).unwrap());
            let (one, two) = (sequencer("one"), sequencer("two"));
            let (a, b) = tokio::join!(one.run_once(&store, now), two.run_once(&store, now.plus_seconds(50)));
            let total: u64 = [a, b].into_iter().filter_map(Result::ok).map(|p| p.sequenced).sum();
            assert_eq!(total, 20, "{name}");
        }
        let report = verify_journal(&store, Some(&key())).await.unwrap();
        assert!(report.intact(), "{name}: {report:?}");
        assert_eq!((report.entries, report.waiting), (120, 0), "{name}");
    }
}

#[tokio::test]
async fn a_damaged_tree_is_never_built_upon() {
    for (name, store) in stores().await {
        let cx = context();
        grown(&store, &cx, &[5]).await;
        let mut tx = store.begin().await.unwrap();
        tx.exec("update log_tile set hashes = $1", &[vec![1u8; 160].into()]).await.unwrap();
        tx.commit().await.unwrap();
        write(&store, &cx, 5, 6).await;
        let refused = sequencer("one").run_once(&store, cx.now).await;
        assert!(matches!(refused, Err(ledger::Error::Damaged(_))), "{name}: {refused:?}");
        assert_eq!(ledger::feed(&store, 0, 10, "").await.unwrap().len(), 5, "{name}");
    }
}

#[tokio::test]
async fn an_entry_changed_before_it_is_sequenced_gets_no_position() {
    for (name, store) in stores().await {
        let cx = context();
        let ids = write(&store, &cx, 0, 3).await;
        let mut tx = store.begin().await.unwrap();
        let forged = "update journal set canonical = '{}' where id = $1";
        tx.exec(forged, &[ids[1].into()]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(sequencer("one").run_once(&store, cx.now).await.unwrap().sequenced, 2, "{name}");
        let report = verify_journal(&store, Some(&key())).await.unwrap();
        assert_eq!(report.found, 1, "{name}: {report:?}");
        assert_eq!(report.findings[0].entry, Some(ids[1]), "{name}");
    }
}

#[tokio::test]
async fn an_entry_too_long_for_the_log_is_refused_with_its_remedy() {
    for (_, store) in stores().await {
        let cx = context();
        let mut long = entry(1);
        long.body = serde_json::json!("长".repeat(30_000));
        let mut tx = store.begin().await.unwrap();
        let refused = ledger::append(&mut tx, &cx, &Permit::system("test"), long).await.unwrap_err();
        assert!(matches!(refused, ledger::Error::TooLarge { .. }));
        assert!(refused.text().zh.contains("附件"));
    }
}

#[tokio::test]
async fn the_background_loop_sequences_what_is_written_and_stops_when_told() {
    for (name, store) in stores().await {
        let cx = context();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let mut heads = store.listen(ledger::LOG_SIGNAL);
        let (running, now) = (store.clone(), cx.now);
        let task = tokio::spawn(async move {
            sequencer("loop").run(&running, std::sync::Arc::new(move || now), stopped).await;
        });
        write(&store, &cx, 0, 10).await;
        while ledger::feed(&store, 0, 100, "").await.unwrap().len() < 10 {
            heads.changed().await.unwrap();
        }
        stop.send(true).unwrap();
        task.await.unwrap();
        assert!(verify_journal(&store, Some(&key())).await.unwrap().intact(), "{name}");
    }
}
