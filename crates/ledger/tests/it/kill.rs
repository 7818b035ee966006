//! A process that appends and sequences is killed at any moment: what it acknowledged is there, and the tree holds.

use crate::{context, entry, key, sequencer};
use base::{Id, IdGen};
use ledger::{Permit, verify_journal};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use store::Store;

const FOLDER: &str = "SHIAN_KILL_TEST_FOLDER";

fn acknowledged(folder: &Path) -> PathBuf {
    folder.join("acknowledged")
}

async fn open(folder: &Path) -> Store {
    let store = Store::sqlite(&folder.join("journal.sqlite")).await.unwrap();
    store.migrate(context().now).await.unwrap();
    store
}

/// The victim: runs only as a child of the test below, until it is killed.
#[tokio::test]
async fn victim() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let store = open(&folder).await;
    let mut acks = std::fs::File::options().create(true).append(true).open(acknowledged(&folder)).unwrap();
    let round = std::fs::read_to_string(acknowledged(&folder)).unwrap().lines().count();
    let mut cx = context();
    // a later start makes later ids
    cx.now = cx.now.plus_seconds(i64::try_from(round).unwrap() * 10 + 1);
    cx.ids = Arc::new(IdGen::new(1));
    let permit = Permit::system("test");
    let sequencing = async {
        let sequencer = sequencer("victim");
        loop {
            sequencer.run_once(&store, cx.now).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let appending = async {
        for n in 0.. {
            let mut tx = store.begin().await.unwrap();
            let id = ledger::append(&mut tx, &cx, &permit, entry(n)).await.unwrap().id;
            tx.commit().await.unwrap();
            writeln!(acks, "{id}").unwrap();
        }
    };
    tokio::join!(sequencing, appending);
}

#[tokio::test]
async fn what_was_acknowledged_survives_and_the_journal_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for round in 0..10u64 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["kill::victim", "--exact", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // at work, then a moment more that differs each time
        let count = || std::fs::read_to_string(acknowledged(folder.path())).map_or(0, |t| t.lines().count());
        while count() <= seen {
            assert!(victim.try_wait().unwrap().is_none(), "the victim died by itself");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::sleep(Duration::from_micros(round * 7_919 % 60_000)).await;
        victim.kill().unwrap();
        victim.wait().unwrap();
        seen = count();
        let store = open(folder.path()).await;
        let text = std::fs::read_to_string(acknowledged(folder.path())).unwrap();
        // the last line may be cut off
        for id in text.split_inclusive('\n').filter_map(|l| l.strip_suffix('\n')?.parse::<Id>().ok()) {
            let found = store.first("select id from journal where id = $1", &[id.into()]).await.unwrap();
            assert!(found.is_some(), "round {round}: {id} was acknowledged and is gone");
        }
        let report = verify_journal(&store, Some(&key())).await.unwrap();
        assert!(report.intact(), "round {round}: {report:?}");
        store.close().await;
    }
    let store = open(folder.path()).await;
    sequencer("after").run_once(&store, context().now.plus_seconds(10_000_000)).await.unwrap();
    let report = verify_journal(&store, Some(&key())).await.unwrap();
    assert!(report.intact() && report.entries >= i64::try_from(seen).unwrap(), "{report:?}");
}
