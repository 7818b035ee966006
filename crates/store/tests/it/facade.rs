//! Reading and writing.

use crate::NOW;
use store::testing::{empty_stores, stores};
use store::{Config, Error, Store, Value};

#[tokio::test]
async fn a_fresh_store_answers_and_has_its_tables() {
    for (name, store) in stores().await {
        store.ping().await.unwrap();
        let n = store.one("select count(*) as n from journal", &[]).await.unwrap().int("n").unwrap();
        assert_eq!(n, 0, "{name}");
        store.migrate(NOW).await.unwrap();
    }
}

#[tokio::test]
async fn processes_that_start_together_apply_each_step_once() {
    for (name, store) in empty_stores().await {
        let (a, b, c) = tokio::join!(store.migrate(NOW), store.migrate(NOW), store.migrate(NOW));
        assert!(a.is_ok() && b.is_ok() && c.is_ok(), "{name}: {a:?} {b:?} {c:?}");
    }
}

#[tokio::test]
async fn a_changed_step_and_a_newer_database_are_refused() {
    for (name, store) in stores().await {
        let change = async |sql: &'static str| {
            let mut tx = store.begin().await.unwrap();
            tx.exec(sql, &[]).await.unwrap();
            tx.commit().await.unwrap();
            store.migrate(NOW).await.unwrap_err().to_string()
        };
        let newer = "insert into schema_migration (number, name, sha256, at) values (9999, 'later', '', 0)";
        assert!(change(newer).await.contains("newer program"), "{name}");
        let edited = "update schema_migration set sha256 = 'x' where number = 1";
        assert!(change(edited).await.contains("0001_store was applied with another text"), "{name}");
    }
}

#[tokio::test]
async fn every_kind_of_value_and_null_comes_back_as_it_went_in() {
    for (name, store) in stores().await {
        let mut tx = store.begin().await.unwrap();
        let insert = "insert into journal_private (id, salt, body, erased_at) values ($1, $2, $3, $4)";
        let full: [Value; 4] = [i64::MAX.into(), vec![0u8, 255].into(), "食'安\n".into(), i64::MIN.into()];
        tx.exec(insert, &full).await.unwrap();
        tx.exec(insert, &[1i64.into(), Value::Bytes(None), Value::Text(None), Value::Int(None)])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let rows = store.query("select * from journal_private order by id desc", &[]).await.unwrap();
        assert_eq!(rows[0].int("id").unwrap(), i64::MAX, "{name}");
        assert_eq!(rows[0].bytes("salt").unwrap(), [0, 255], "{name}");
        assert_eq!(rows[0].text("body").unwrap(), "食'安\n", "{name}");
        assert_eq!(rows[0].int("erased_at").unwrap(), i64::MIN, "{name}");
        assert_eq!(rows[1].opt_bytes("salt").unwrap(), None, "{name}");
        assert_eq!(rows[1].opt_text("body").unwrap(), None, "{name}");
        assert_eq!(rows[1].opt_int("erased_at").unwrap(), None, "{name}");
        assert!(matches!(rows[1].text("body"), Err(Error::Column { .. })), "{name}");
        assert!(matches!(rows[0].int("body"), Err(Error::Column { .. })), "{name}");
    }
}

#[tokio::test]
async fn a_column_refuses_a_value_of_another_kind_on_both_engines() {
    for (name, store) in stores().await {
        let mut tx = store.begin().await.unwrap();
        let wrong = tx
            .exec("insert into lease (name, holder, until, fence) values ('a', 'b', $1, 1)", &["x".into()])
            .await;
        assert!(wrong.is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_transaction_dropped_leaves_nothing_and_a_conflict_is_named() {
    for (name, store) in stores().await {
        let insert = "insert into lease (name, holder, until, fence) values ('a', 'b', 1, 1)";
        let mut tx = store.begin().await.unwrap();
        tx.exec(insert, &[]).await.unwrap();
        drop(tx);
        let mut tx = store.begin().await.unwrap();
        tx.exec(insert, &[]).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let again = tx.exec(insert, &[]).await;
        assert!(matches!(again, Err(Error::Conflict { .. })), "{name}: {again:?}");
    }
}

#[tokio::test]
async fn a_snapshot_sees_one_state_and_cannot_write() {
    for (name, store) in stores().await {
        let count = "select count(*) as n from lease";
        let mut snapshot = store.snapshot().await.unwrap();
        assert_eq!(snapshot.one(count, &[]).await.unwrap().int("n").unwrap(), 0, "{name}");
        let mut tx = store.begin().await.unwrap();
        tx.exec("insert into lease (name, holder, until, fence) values ('a', 'b', 1, 1)", &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(snapshot.one(count, &[]).await.unwrap().int("n").unwrap(), 0, "{name}");
        let refused = snapshot.exec("delete from lease", &[]).await;
        assert!(matches!(refused, Err(Error::ReadOnly)), "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn a_full_disk_loses_only_the_transaction_that_hit_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small.sqlite");
    let store = Store::sqlite(&path).await.unwrap();
    store.migrate(NOW).await.unwrap();
    // the file may not grow any further: what SQLite reports as a full disk
    let mut tx = store.begin().await.unwrap();
    tx.query("pragma max_page_count = 1", &[]).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let big = "x".repeat(1 << 20);
    let full = tx
        .exec("insert into lease (name, holder, until, fence) values ('a', $1, 1, 1)", &[big.into()])
        .await
        .unwrap_err();
    assert!(matches!(full, Error::DiskFull), "{full:?}");
    assert!(full.text().zh.contains("磁盘已满"));
    drop(tx);
    assert_eq!(store.one("select count(*) as n from lease", &[]).await.unwrap().int("n").unwrap(), 0);
    store.ping().await.unwrap();
    drop(store.begin().await.expect("the next one can begin: the disk may have space again"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_many_committed_at_once_is_there_when_the_log_is_copied_away_at_that_moment() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("busy.sqlite");
    let store = Store::sqlite(&path).await.unwrap();
    store.migrate(NOW).await.unwrap();
    let mut at_work = tokio::task::JoinSet::new();
    for n in 0..40_i64 {
        let store = store.clone();
        at_work.spawn(async move {
            let mut tx = store.begin().await.unwrap();
            let sql = "insert into lease (name, holder, until, fence) values ($1, 'a', 1, 1)";
            tx.exec(sql, &[n.to_string().into()]).await.unwrap();
            // half of them as the captures do: the next writer first, the disk afterwards
            if n % 2 == 0 { tx.commit().await } else { tx.commit_unflushed().await.unwrap().wait().await }
        });
    }
    while let Some(done) = at_work.join_next().await {
        done.unwrap().unwrap();
    }
    // the files as another machine would find them: the database and its log, nothing of this process
    let copied = dir.path().join("copy.sqlite");
    std::fs::copy(&path, &copied).unwrap();
    std::fs::copy(dir.path().join("busy.sqlite-wal"), dir.path().join("copy.sqlite-wal")).unwrap();
    let copy = Store::sqlite(&copied).await.unwrap();
    assert_eq!(copy.one("select count(*) as n from lease", &[]).await.unwrap().int("n").unwrap(), 40);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_called_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bad.sqlite");
    std::fs::write(&path, "not a database, but long enough to be looked at".repeat(100)).unwrap();
    let refused = match Store::sqlite(&path).await {
        Err(error) => error,
        Ok(store) => store.migrate(NOW).await.unwrap_err(),
    };
    assert!(matches!(refused, Error::Corrupt { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_url_of_neither_engine_is_refused_with_what_to_write() {
    let refused = Store::open(&Config { url: "mysql://x".into() }).await.unwrap_err();
    assert!(refused.to_string().contains("`sqlite:`"), "{refused}");
}
