//! Tampering with any stored byte of a sequenced record is found and named.

use crate::{context, grown, key, write};
use base::Id;
use ledger::{Permit, Report, erase_private, private_body, verify_journal};
use store::testing::stores;
use store::{Store, Value};

async fn verify(store: &Store) -> Report {
    verify_journal(store, Some(&key())).await.unwrap()
}

async fn set(store: &Store, sql: &'static str, params: &[Value]) {
    let mut tx = store.begin().await.unwrap();
    tx.exec(sql, params).await.unwrap();
    tx.commit().await.unwrap();
}

/// A column, how to read it and how to write it; `$1` is the value, `$2` the row's key.
struct Column {
    name: &'static str,
    read: &'static str,
    write: &'static str,
}

macro_rules! columns {
    ($($table:ident . $column:ident by $key:ident),* $(,)?) => {&[$(Column {
        name: concat!(stringify!($table), ".", stringify!($column)),
        read: concat!("select ", stringify!($column), " as v from ", stringify!($table), " where ", stringify!($key), " = $1"),
        write: concat!("update ", stringify!($table), " set ", stringify!($column), " = $1 where ", stringify!($key), " = $2"),
    }),*]};
}

const ENTRY: &[Column] = columns![
    journal.id by position,
    journal.at by position,
    journal.kind by position,
    journal.region by position,
    journal.subject by position,
    journal.actor by position,
    journal.canonical by position,
    journal.leaf by position,
];
const PRIVATE: &[Column] =
    columns![journal_private.salt by id, journal_private.body by id, journal_private.id by id];
const HEAD: &[Column] = columns![
    log_checkpoint.root by size,
    log_checkpoint.at by size,
    log_checkpoint.note by size,
    log_checkpoint.size by size,
];
const TILE: &[Column] = columns![log_tile.hashes by idx];

/// A small reproducible source of choices.
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

/// The value with one bit of one byte changed; text stays UTF-8 so that both engines take it.
fn flipped(value: &Value, dice: &mut Dice) -> Value {
    match value {
        Value::Int(Some(n)) => Value::from(n ^ (1 << dice.next(40))),
        Value::Bytes(Some(bytes)) => {
            let mut bytes = bytes.clone();
            let at = dice.next(bytes.len());
            bytes[at] ^= 1 << dice.next(8);
            bytes.into()
        }
        Value::Text(Some(text)) => loop {
            let mut bytes = text.clone().into_bytes();
            let at = dice.next(bytes.len());
            bytes[at] ^= 1 << dice.next(8);
            if bytes[at] != 0
                && let Ok(text) = String::from_utf8(bytes)
            {
                break text.into();
            }
        },
        other => panic!("{other:?}"),
    }
}

/// Changes a column, verifies, changes it back. The key of a row may be the column itself.
async fn tampered(store: &Store, column: &Column, key: i64, dice: &mut Dice) -> Report {
    let old = store.one(column.read, &[key.into()]).await.unwrap().value("v").unwrap().clone();
    let new = loop {
        // a flipped key may hit another row's: take another bit then
        let new = flipped(&old, dice);
        let mut tx = store.begin().await.unwrap();
        match tx.exec(column.write, &[new.clone(), key.into()]).await {
            Ok(_) => {
                tx.commit().await.unwrap();
                break new;
            }
            Err(error) => assert!(matches!(error, store::Error::Conflict { .. }), "{error}"),
        }
    };
    let key_now =
        match (new, column.write.ends_with(&format!("{} = $2", column.name.split('.').nth(1).unwrap()))) {
            (Value::Int(Some(n)), true) => n,
            _ => key,
        };
    let report = verify(store).await;
    set(store, column.write, &[old, key_now.into()]).await;
    report
}

#[tokio::test]
async fn a_changed_byte_in_any_column_is_found_and_named() {
    for (engine, store) in stores().await {
        let cx = context();
        let ids = grown(&store, &cx, &[1, 3, 256, 40, 260, 20]).await;
        write(&store, &cx, ids.len(), ids.len() + 3).await;
        let clean = verify(&store).await;
        assert!(clean.intact(), "{engine}: {clean:?}");
        assert_eq!(
            (clean.entries, clean.waiting, clean.checkpoints, clean.size),
            (580, 3, 6, 580),
            "{engine}"
        );
        let mut dice = Dice(42);
        let rounds = 12;
        for column in ENTRY {
            for _ in 0..rounds {
                let position = dice.next(ids.len());
                let report = tampered(&store, column, i64::try_from(position).unwrap(), &mut dice).await;
                let context = format!("{engine} {} at {position}: {report:?}", column.name);
                assert_eq!(report.found, 1, "{context}");
                let finding = &report.findings[0];
                assert_eq!(finding.column, column.name, "{context}");
                assert_eq!(finding.position, Some(i64::try_from(position).unwrap()), "{context}");
                assert_eq!(finding.entry, Some(ids[position]), "{context}");
            }
        }
        for column in PRIVATE {
            for _ in 0..rounds {
                let id = ids[dice.next(ids.len() / 5) * 5];
                let report = tampered(&store, column, id.0, &mut dice).await;
                let named = report.findings.iter().any(|f| f.entry == Some(id));
                assert!(named && report.found <= 2, "{engine} {}: {report:?}", column.name);
                assert!(report.findings.iter().all(|f| f.column.starts_with("journal_private")));
            }
        }
        for column in HEAD {
            for _ in 0..rounds {
                let size = [1, 4, 260, 300, 560, 580][dice.next(6)];
                let report = tampered(&store, column, size, &mut dice).await;
                assert!(!report.intact(), "{engine} {}", column.name);
                let first = &report.findings[0];
                assert!(first.column.starts_with(column.name), "{engine} {}: {report:?}", column.name);
            }
        }
        for _ in 0..rounds {
            for index in [1, 2] {
                let report = tampered(&store, &TILE[0], index, &mut dice).await;
                assert_eq!(report.found, 1, "{engine}: {report:?}");
                let expected = format!("log_tile.hashes (level 0, index {index})");
                assert_eq!(report.findings[0].column, expected, "{engine}");
            }
        }
        let again = verify(&store).await;
        assert!(again.intact(), "{engine}: every change was undone: {again:?}");
    }
}

#[tokio::test]
async fn a_record_moved_removed_added_or_rewritten_is_named() {
    for (engine, store) in stores().await {
        let cx = context();
        let ids = grown(&store, &cx, &[4, 300]).await;
        let named = async |what: &str,
                           undo: &'static str,
                           undo_with: &[Value],
                           entry: Option<Id>,
                           position,
                           column: &str| {
            let report = verify(&store).await;
            let hit = report
                .findings
                .iter()
                .any(|f| f.entry == entry && f.position == position && f.column == column);
            assert!(hit, "{engine} {what}: {report:?}");
            if !undo.is_empty() {
                set(&store, undo, undo_with).await;
                let report = verify(&store).await;
                assert!(report.intact(), "{engine} {what} undone: {report:?}");
            }
        };
        let back = "update journal set position = $1 where id = $2";
        let home = [Value::from(7i64), ids[7].into()];
        for moved in [Value::Int(None), Value::from(-3i64), Value::from(1_000_000i64), Value::from(i64::MAX)]
        {
            set(&store, back, &[moved, ids[7].into()]).await;
            named("moved", back, &home, Some(ids[7]), Some(7), "journal.position").await;
        }
        // exchanged
        for (id, position) in [(7, Value::Int(None)), (9, Value::from(7i64)), (7, Value::from(9i64))] {
            set(&store, back, &[position, ids[id].into()]).await;
        }
        named("exchanged", "", &[], Some(ids[7]), Some(7), "journal.position").await;
        named("exchanged", "", &[], Some(ids[9]), Some(9), "journal.position").await;
        for (id, position) in [(7, Value::Int(None)), (9, Value::from(9i64)), (7, Value::from(7i64))] {
            set(&store, back, &[position, ids[id].into()]).await;
        }
        // rewritten together with its leaf hash
        let row =
            store.one("select canonical, leaf from journal where id = $1", &[ids[5].into()]).await.unwrap();
        let rewrite = "update journal set canonical = $1, leaf = $2 where id = $3";
        let old = row.text("canonical").unwrap();
        let new = old.replace("抽样", "免检");
        set(&store, rewrite, &[new.as_str().into(), ledger::leaf_hash(new.as_bytes()).into(), ids[5].into()])
            .await;
        let undo = [Value::from(&old), row.bytes("leaf").unwrap().into(), ids[5].into()];
        named("rewritten", rewrite, &undo, Some(ids[5]), Some(5), "journal.canonical").await;
        // added behind the signed tree
        let extra = write(&store, &cx, 304, 305).await[0];
        set(&store, back, &[304i64.into(), extra.into()]).await;
        let undo = [Value::Int(None), extra.into()];
        named("added", back, &undo, Some(extra), Some(304), "journal.position").await;
        // removed
        set(&store, "delete from journal where id = $1", &[ids[6].into()]).await;
        named("removed", "", &[], None, Some(6), "journal").await;
    }
}

#[tokio::test]
async fn rewriting_row_leaf_and_tile_together_still_fails_against_the_signature() {
    for (engine, store) in stores().await {
        let cx = context();
        let ids = grown(&store, &cx, &[4, 6, 5]).await;
        let row = store.one("select canonical from journal where id = $1", &[ids[5].into()]).await.unwrap();
        let new = row.text("canonical").unwrap().replace("抽样", "免检");
        let leaf = ledger::leaf_hash(new.as_bytes());
        set(
            &store,
            "update journal set canonical = $1, leaf = $2 where id = $3",
            &[new.into(), leaf.into(), ids[5].into()],
        )
        .await;
        let mut tile = store.one("select hashes from log_tile", &[]).await.unwrap().bytes("hashes").unwrap();
        tile[5 * 32..6 * 32].copy_from_slice(&leaf);
        set(&store, "update log_tile set hashes = $1", &[tile.into()]).await;
        let report = verify(&store).await;
        assert_eq!(report.found, 1, "{engine}: {report:?}");
        assert_eq!(report.findings[0].position, Some(4), "{engine}: the range between two heads is named");
        assert!(report.findings[0].text.en.contains("positions 4 and 9"), "{engine}: {report:?}");
    }
}

#[tokio::test]
async fn a_foreign_key_signs_nothing_here() {
    for (engine, store) in stores().await {
        let cx = context();
        grown(&store, &cx, &[4]).await;
        use ledger::Signer as _;
        let stranger = ledger::FileSigner::from_seed(crate::ORIGIN, &[9; 32]).verifier_key();
        assert!(!verify_journal(&store, Some(&stranger)).await.unwrap().intact(), "{engine}");
        assert!(verify_journal(&store, None).await.unwrap().intact(), "{engine}");
        set(&store, "update log_key set vkey = $1", &[stranger.into()]).await;
        assert!(!verify_journal(&store, None).await.unwrap().intact(), "{engine}");
    }
}

#[tokio::test]
async fn an_erased_body_is_gone_its_proof_stays_and_a_silent_removal_is_named() {
    for (engine, store) in stores().await {
        let cx = context();
        let ids = grown(&store, &cx, &[12]).await;
        assert_eq!(private_body(&store, ids[5]).await.unwrap().unwrap()["name"], "某人5", "{engine}");
        let mut tx = store.begin().await.unwrap();
        let permit = Permit::system("retention period over");
        assert!(erase_private(&mut tx, &cx, &permit, ids[5], "request 7").await.unwrap().is_some());
        assert!(
            erase_private(&mut tx, &cx, &permit, ids[5], "request 7").await.unwrap().is_none(),
            "{engine}: once is enough"
        );
        assert!(
            erase_private(&mut tx, &cx, &permit, ids[1], "request 7").await.unwrap().is_none(),
            "{engine}: nothing private"
        );
        tx.commit().await.unwrap();
        assert_eq!(private_body(&store, ids[5]).await.unwrap(), None, "{engine}");
        assert!(verify(&store).await.intact(), "{engine}");
        let receipt = ledger::receipt(&store, ids[5]).await.unwrap();
        assert!(ledger::verify_receipt(&receipt, Some(&key())).is_ok(), "{engine}");
        set(
            &store,
            "update journal_private set body = null, salt = null, erased_at = 1 where id = $1",
            &[ids[10].into()],
        )
        .await;
        set(&store, "delete from journal_private where id = $1", &[ids[0].into()]).await;
        let report = verify(&store).await;
        let named: Vec<_> = report.findings.iter().map(|f| f.entry).collect();
        assert_eq!(named, [Some(ids[0]), Some(ids[10])], "{engine}: {report:?}");
    }
}
