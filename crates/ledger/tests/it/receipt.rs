//! Receipts: taken from a log, checked without it.

use crate::{ORIGIN, context, entry, grown, key, sequencer, write};
use ledger::{
    Error, FileSigner, Permit, Receipt, ReceiptError, Signer, event_proof, events_root, receipt,
    verify_receipt,
};
use serde_json::json;
use store::testing::stores;

#[tokio::test]
async fn a_receipt_survives_its_json_and_proves_itself_offline() {
    for (name, store) in stores().await {
        let cx = context();
        let ids = grown(&store, &cx, &[1, 6, 300, 2]).await;
        for at in [0, 1, 6, 7, 255, 256, 306, 308] {
            let taken = receipt(&store, ids[at]).await.unwrap();
            let text = serde_json::to_string(&taken).unwrap();
            let read: Receipt = serde_json::from_str(&text).unwrap();
            let verified = verify_receipt(&read, Some(&key())).unwrap();
            assert_eq!((verified.id, verified.index, verified.size), (ids[at], at as u64, 309), "{name}");
            assert_eq!((verified.origin.as_str(), verified.trusted), (ORIGIN, true), "{name}");
            assert_eq!(verified.entry["body"]["n"], at, "{name}");
            assert!(!verify_receipt(&read, None).unwrap().trusted, "{name}");
        }
    }
}

#[tokio::test]
async fn a_changed_or_foreign_receipt_proves_nothing() {
    for (_, store) in stores().await {
        let cx = context();
        let ids = grown(&store, &cx, &[9]).await;
        let good = receipt(&store, ids[4]).await.unwrap();
        let other = receipt(&store, ids[5]).await.unwrap();
        let stranger = FileSigner::from_seed(ORIGIN, &[8; 32]).verifier_key();
        let key = key();
        let cases: Vec<(&str, Receipt, &str)> = vec![
            ("entry", Receipt { entry: good.entry.replace("抽样", "免检"), ..good.clone() }, &key),
            ("another's entry", Receipt { entry: other.entry.clone(), ..good.clone() }, &key),
            ("index", Receipt { index: 5, ..good.clone() }, &key),
            ("index beyond", Receipt { index: u64::MAX, ..good.clone() }, &key),
            ("proof", Receipt { proof: other.proof.clone(), ..good.clone() }, &key),
            ("short proof", Receipt { proof: good.proof[1..].to_vec(), ..good.clone() }, &key),
            ("no base64", Receipt { proof: vec!["?".into(); good.proof.len()], ..good.clone() }, &key),
            ("size", Receipt { checkpoint: good.checkpoint.replace("\n9\n", "\n8\n"), ..good.clone() }, &key),
            ("no checkpoint", Receipt { checkpoint: String::new(), ..good.clone() }, &key),
            ("version", Receipt { v: 2, ..good.clone() }, &key),
            ("key", good.clone(), &stranger),
        ];
        for (what, bad, key) in cases {
            let refused = verify_receipt(&bad, Some(key)).expect_err(what);
            assert!(!refused.text().zh.is_empty() && !refused.text().en.is_empty(), "{what}");
        }
    }
}

#[tokio::test]
async fn an_entry_without_position_has_no_receipt_yet() {
    for (_, store) in stores().await {
        let cx = context();
        let waiting = write(&store, &cx, 0, 1).await[0];
        assert!(matches!(receipt(&store, waiting).await, Err(Error::NotSequenced(_))));
        assert!(matches!(receipt(&store, cx.id()).await, Err(Error::Unknown(_))));
    }
}

#[tokio::test]
async fn one_event_of_a_capture_proves_by_two_short_paths() {
    for (name, store) in stores().await {
        let cx = context();
        let events: Vec<String> = (0..37).map(|n| format!("ni:///sha-256;{n:064x}?ver=CBV2.0")).collect();
        let mut capture = entry(1);
        capture.body = json!({ "events": events.len(), "events_root": events_root(&events) });
        let mut tx = store.begin().await.unwrap();
        let id = ledger::append(&mut tx, &cx, &Permit::system("test"), capture).await.unwrap().id;
        tx.commit().await.unwrap();
        sequencer("one").run_once(&store, cx.now).await.unwrap();
        let mut taken = receipt(&store, id).await.unwrap();
        for (i, event) in events.iter().enumerate() {
            taken.inner = event_proof(&events, i);
            let verified = verify_receipt(&taken, Some(&key())).unwrap();
            assert_eq!(verified.event.as_ref(), Some(event), "{name}");
        }
        let inner = taken.inner.as_mut().unwrap();
        inner.event = events[0].clone();
        assert_eq!(verify_receipt(&taken, Some(&key())), Err(ReceiptError::EventNotIncluded), "{name}");
        assert_eq!(event_proof(&events, 37), None);
    }
}
