//! The journal through its public door, on every engine at hand.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kill;
mod log;
mod projection;
mod receipt;
mod sequence;
mod verify;

use base::{Id, IdGen, Instant, Lang};
use ledger::{Actor, Context, Entry, FileSigner, Permit, Sequencer, Signer};
use serde_json::json;
use std::sync::Arc;
use store::Store;

const ORIGIN: &str = "test.shian/journal";

fn context() -> Context {
    Context {
        now: Instant(1_788_220_800_123_456),
        ids: Arc::new(IdGen::new(1)),
        actor: Actor::system("test"),
        lang: Lang::Zh,
    }
}

fn signer() -> Arc<FileSigner> {
    Arc::new(FileSigner::from_seed(ORIGIN, &[7; 32]))
}

fn key() -> String {
    signer().verifier_key()
}

fn sequencer(holder: &str) -> Sequencer {
    Sequencer::new(signer(), holder)
}

fn entry(n: usize) -> Entry {
    Entry {
        kind: if n.is_multiple_of(3) { "sample.taken" } else { "matter.transition" },
        region: ["620102", "620103", "621102"][n % 3].to_owned(),
        subject: format!("matter:{n}"),
        body: json!({ "n": n, "note": "抽样检验" }),
        private: n.is_multiple_of(5).then(|| json!({ "name": format!("某人{n}") })),
    }
}

/// Appends entries `from..to`, each in a transaction of its own.
async fn write(store: &Store, cx: &Context, from: usize, to: usize) -> Vec<Id> {
    let permit = Permit::system("test");
    let mut tx = store.begin().await.unwrap();
    let entries = (from..to).map(|n| (cx, &permit, entry(n))).collect();
    let ids = ledger::append_many(&mut tx, entries).await.unwrap().iter().map(|a| a.id).collect();
    tx.commit().await.unwrap();
    ids
}

/// Writes and sequences `sizes` entries after one another, one checkpoint each.
async fn grown(store: &Store, cx: &Context, sizes: &[usize]) -> Vec<Id> {
    let mut ids = Vec::new();
    let sequencer = sequencer("one");
    for (i, size) in sizes.iter().enumerate() {
        ids.extend(write(store, cx, ids.len(), ids.len() + size).await);
        let now = cx.now.plus_seconds(i64::try_from(i).unwrap());
        let done = sequencer.run_once(store, now).await.unwrap();
        assert_eq!(done.sequenced, *size as u64);
    }
    ids
}
