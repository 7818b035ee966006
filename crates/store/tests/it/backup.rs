//! Backup while running, restore into nothing, every byte checked.

use crate::{NOW, ids};
use std::path::Path;
use store::attachments::Attachments;
use store::backup::{Form, Manifest, backup, check, load, restore};
use store::testing::{empty_stores, stores};
use store::{Config, Engine, Error, Store, Value};

async fn fill(store: &Store, files: &Attachments) -> String {
    let ids = ids();
    let mut tx = store.begin().await.unwrap();
    let rows = (0..1200).flat_map(|n: i64| {
        let body = if n % 7 == 0 { Value::Text(None) } else { format!("内容 {n}\t\"'\\").into() };
        [ids.next(NOW).into(), n.to_be_bytes().to_vec().into(), body]
    });
    tx.insert_many("insert into journal_private (id, salt, body)", 3, rows.collect(), "").await.unwrap();
    let kept = files.put(&mut tx, b"%PDF-1.7 one".to_vec(), NOW).await.unwrap();
    tx.commit().await.unwrap();
    kept.sha256
}

async fn contents(store: &Store) -> Vec<(i64, Vec<u8>, Option<String>)> {
    let rows = store.query("select id, salt, body from journal_private order by id", &[]).await.unwrap();
    rows.iter()
        .map(|r| (r.int("id").unwrap(), r.bytes("salt").unwrap(), r.opt_text("body").unwrap()))
        .collect()
}

async fn saved(store: &Store, dir: &Path, form: Form) -> (Attachments, String, Manifest) {
    let files = Attachments::new(dir.join("attachments"));
    let sha256 = fill(store, &files).await;
    let key = dir.join("journal.key");
    std::fs::write(&key, "secret").unwrap();
    let manifest = backup(store, &files, &dir.join("backup"), form, &[key], NOW).await.unwrap();
    (files, sha256, manifest)
}

#[tokio::test]
async fn a_restore_gives_back_every_row_attachment_and_key() {
    for form in [Form::File, Form::Logical] {
        for (name, store) in stores().await {
            let dir = tempfile::tempdir().unwrap();
            let (_, sha256, manifest) = saved(&store, dir.path(), form).await;
            let expected = if store.engine() == Engine::Postgres { Form::Logical } else { form };
            assert_eq!(manifest.database, expected, "{name}");
            let config = Config { url: format!("sqlite:{}", dir.path().join("new/shian.sqlite").display()) };
            let files = Attachments::new(dir.path().join("new/attachments"));
            let data = dir.path().join("new");
            restore(&dir.path().join("backup"), &config, &files, &data, NOW).await.unwrap();
            let restored = Store::open(&config).await.unwrap();
            assert_eq!(contents(&restored).await, contents(&store).await, "{name} {form:?}");
            assert_eq!(files.get(&sha256).await.unwrap(), b"%PDF-1.7 one", "{name}");
            assert_eq!(std::fs::read_to_string(data.join("journal.key")).unwrap(), "secret", "{name}");
            let again = restore(&dir.path().join("backup"), &config, &files, &data, NOW).await;
            assert!(matches!(again, Err(Error::Setup(_))), "{name}: never over something");
        }
    }
}

#[tokio::test]
async fn a_backup_somebody_looked_into_is_still_a_backup() {
    let (_, store) = stores().await.remove(0);
    let dir = tempfile::tempdir().unwrap();
    let (_, _, manifest) = saved(&store, dir.path(), Form::File).await;
    let folder = dir.path().join("backup");
    let beside = |end: &str| folder.join(format!("database.sqlite{end}"));
    assert!(manifest.files.iter().all(|f| !f.path.contains("-wal") && !f.path.contains("-shm")));
    assert!(!beside("-wal").exists() && !beside("-shm").exists(), "the backup itself leaves nothing open");
    std::fs::write(beside("-wal"), "").unwrap();
    std::fs::write(beside("-shm"), [0; 32768]).unwrap();
    assert_eq!(check(&folder).await.unwrap(), manifest);
    let config = Config { url: format!("sqlite:{}", dir.path().join("new.sqlite").display()) };
    let files = Attachments::new(dir.path().join("new"));
    restore(&folder, &config, &files, dir.path(), NOW).await.unwrap();
    assert_eq!(contents(&Store::open(&config).await.unwrap()).await, contents(&store).await);
}

#[tokio::test]
async fn the_logical_form_moves_between_engines() {
    for (_, source) in stores().await {
        let dir = tempfile::tempdir().unwrap();
        let (.., manifest) = saved(&source, dir.path(), Form::Logical).await;
        for (name, target) in empty_stores().await {
            load(&target, &dir.path().join("backup"), &manifest, NOW).await.unwrap();
            assert_eq!(contents(&target).await, contents(&source).await, "to {name}");
        }
    }
}

#[tokio::test]
async fn an_interrupted_or_changed_backup_is_recognised() {
    for (name, store) in stores().await {
        let dir = tempfile::tempdir().unwrap();
        let (files, _, manifest) = saved(&store, dir.path(), Form::Logical).await;
        let folder = dir.path().join("backup");
        check(&folder).await.unwrap();
        let busy = backup(&store, &files, &folder, Form::Logical, &[], NOW).await;
        assert!(matches!(busy, Err(Error::Setup(_))), "{name}: a backup is never written over");
        for entry in &manifest.files {
            let path = folder.join(&entry.path);
            let good = std::fs::read(&path).unwrap();
            let mut bad = good.clone();
            let last = bad.len() - 1;
            bad[last] ^= 1;
            std::fs::write(&path, bad).unwrap();
            assert!(
                matches!(check(&folder).await, Err(Error::Corrupt { .. })),
                "{name}: {} changed",
                entry.path
            );
            std::fs::remove_file(&path).unwrap();
            assert!(
                matches!(check(&folder).await, Err(Error::Corrupt { .. })),
                "{name}: {} missing",
                entry.path
            );
            std::fs::write(&path, good).unwrap();
        }
        std::fs::write(folder.join("extra"), "x").unwrap();
        assert!(matches!(check(&folder).await, Err(Error::Corrupt { .. })), "{name}: a file too many");
        std::fs::remove_file(folder.join("extra")).unwrap();
        check(&folder).await.unwrap();
        std::fs::remove_file(folder.join("manifest.json")).unwrap();
        let interrupted = check(&folder).await.unwrap_err().to_string();
        assert!(interrupted.contains("interrupted"), "{name}: {interrupted}");
    }
}

#[tokio::test]
async fn a_damaged_attachment_stops_the_backup() {
    for (name, store) in stores().await {
        let dir = tempfile::tempdir().unwrap();
        let files = Attachments::new(dir.path().join("attachments"));
        let sha256 = fill(&store, &files).await;
        let path = dir.path().join("attachments").join(&sha256[..2]).join(&sha256[2..]);
        std::fs::write(path, "%PDF-1.7 two").unwrap();
        let folder = dir.path().join("backup");
        let refused = backup(&store, &files, &folder, Form::File, &[], NOW).await;
        assert!(matches!(refused, Err(Error::Corrupt { .. })), "{name}");
        assert!(check(&folder).await.is_err(), "{name}");
    }
}
