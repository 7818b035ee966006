//! Tiles, bundles, feed and history as others read them.

use crate::{context, grown, key, write};
use ledger::merkle::{Hash, leaf_hash, root_of, verify_consistency};
use ledger::{entry_bundle, feed, history, note, tile};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::testing::{store_on, stores};

#[tokio::test]
async fn tiles_and_bundles_alone_rebuild_every_signed_root() {
    for (name, store) in stores().await {
        let cx = context();
        grown(&store, &cx, &[1, 255, 1, 300]).await;
        let head = note::open(&ledger::checkpoint(&store).await.unwrap().unwrap(), &key()).unwrap();
        assert_eq!(head.size, 557, "{name}");
        let mut leaves: Vec<Hash> = Vec::new();
        for (index, width) in [(0, None), (1, None), (2, Some(45))] {
            let bundle = entry_bundle(&store, index, width, &all()).await.unwrap().unwrap();
            let mut rest = bundle.as_slice();
            let before = leaves.len();
            while let [a, b, more @ ..] = rest {
                let (entry, after) = more.split_at(usize::from(u16::from_be_bytes([*a, *b])));
                leaves.push(leaf_hash(entry));
                rest = after;
            }
            let hashes = tile(&store, 0, index, width).await.unwrap().unwrap();
            assert_eq!(hashes, leaves[before..].concat(), "{name}: tile {index}");
        }
        assert_eq!(root_of(&leaves), head.root, "{name}");
        let upper = tile(&store, 1, 0, Some(2)).await.unwrap().unwrap();
        assert_eq!(upper, [root_of(&leaves[..256]), root_of(&leaves[256..512])].concat(), "{name}");
        for (level, index, width) in
            [(0, 2, Some(46)), (0, 2, None), (0, 3, Some(1)), (1, 0, Some(3)), (2, 0, Some(1))]
        {
            assert_eq!(tile(&store, level, index, width).await.unwrap(), None, "{name}: beyond the tree");
        }
        assert_eq!(entry_bundle(&store, 2, Some(46), &all()).await.unwrap(), None, "{name}");
        for old in [1u64, 256, 257] {
            let proof = ledger::consistency(&store, old, 557).await.unwrap();
            let before = root_of(&leaves[..usize::try_from(old).unwrap()]);
            assert!(verify_consistency(old, &before, 557, &head.root, &proof), "{name}: {old}");
        }
    }
}

/// The condition of who sees everything.
fn all() -> store::Sql {
    store::Sql::new("1 = 1")
}

#[tokio::test]
async fn a_bundle_withholds_the_entries_a_reader_may_not_see_and_verifies_with_their_leaves() {
    for (name, store) in stores().await {
        let cx = context();
        grown(&store, &cx, &[10]).await;
        let mut seen = store::Sql::new("region = ");
        seen.bind("621102");
        let bundle = entry_bundle(&store, 0, Some(10), &seen).await.unwrap().unwrap();
        let leaves = tile(&store, 0, 0, Some(10)).await.unwrap().unwrap();
        let (mut rest, mut shown) = (bundle.as_slice(), Vec::new());
        for leaf in leaves.chunks(32) {
            let [a, b, more @ ..] = rest else { panic!("{name}: the bundle ends early") };
            let (entry, after) = more.split_at(usize::from(u16::from_be_bytes([*a, *b])));
            assert!(entry.is_empty() || leaf_hash(entry) == leaf, "{name}");
            shown.push(!entry.is_empty());
            rest = after;
        }
        assert!(rest.is_empty(), "{name}");
        let places: Vec<_> = shown.iter().enumerate().filter(|(_, s)| **s).map(|(n, _)| n).collect();
        assert_eq!(places, [2, 5, 8], "{name}: the entries of that region, at their places");
        let fed = ledger::feed_seen(&store, 0, 100, &seen).await.unwrap();
        assert_eq!(fed.iter().map(|r| r.position).collect::<Vec<_>>(), [2, 5, 8], "{name}");
    }
}

#[tokio::test]
async fn what_leaves_the_log_is_on_the_disk_first() {
    let refuses = Arc::new(AtomicBool::new(false));
    let disk = refuses.clone();
    let store = store_on(move || match disk.load(Ordering::SeqCst) {
        true => Err(std::io::Error::other("the disk is gone")),
        false => Ok(()),
    })
    .await;
    let entry = grown(&store, &context(), &[3]).await[0];
    assert!(ledger::checkpoint(&store).await.unwrap().is_some());
    refuses.store(true, Ordering::SeqCst);
    // all of it can be read; none of it may be given out
    let refused = [
        ("checkpoint", ledger::checkpoint(&store).await.err()),
        ("tile", tile(&store, 0, 0, Some(3)).await.err()),
        ("bundle", entry_bundle(&store, 0, Some(3), &all()).await.err()),
        ("feed", feed(&store, 0, 10, "").await.err()),
        ("receipt", ledger::receipt(&store, entry).await.err()),
        ("stretch", ledger::stretch(&store, -1, 10, None).await.err()),
    ];
    for (what, error) in refused {
        assert!(matches!(error, Some(ledger::Error::Store(store::Error::Unflushed(_)))), "{what}: {error:?}");
    }
}

#[tokio::test]
async fn the_feed_resumes_by_position_and_filters_by_region() {
    for (name, store) in stores().await {
        let cx = context();
        grown(&store, &cx, &[10]).await;
        write(&store, &cx, 10, 12).await;
        let positions = async |from, limit, region: &str| -> Vec<i64> {
            feed(&store, from, limit, region).await.unwrap().iter().map(|r| r.position).collect()
        };
        assert_eq!(positions(0, 3, "").await, [0, 1, 2], "{name}");
        assert_eq!(positions(3, 100, "").await, [3, 4, 5, 6, 7, 8, 9], "{name}: waiting entries are not fed");
        assert_eq!(positions(0, 100, "6211").await, [2, 5, 8], "{name}");
        assert_eq!(positions(3, 100, "6201").await, [3, 4, 6, 7, 9], "{name}");
        assert_eq!(positions(0, 100, "63").await, [0i64; 0], "{name}");
        let waiting = history(&store, "matter:11").await.unwrap();
        assert_eq!(
            (waiting.len(), waiting[0].position),
            (1, -1),
            "{name}: a history shows waiting entries too"
        );
        assert_eq!(waiting[0].body::<serde_json::Value>().unwrap()["n"], 11, "{name}");
    }
}
