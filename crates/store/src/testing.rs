//! Databases for tests: a fresh one with every schema step applied for each engine at hand.

use crate::{Error, Store};
use base::Instant;
use sqlx::postgres::PgConnectOptions;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A folder that is removed when the last clone of its store is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A fresh migrated database for each engine: SQLite always, PostgreSQL (a schema of its own) when the environment
/// variable `SHIAN_TEST_PG` holds the URL of a database in which schemas may be created.
///
/// # Panics
/// When a database cannot be made: the test cannot run.
pub async fn stores() -> Vec<(&'static str, Store)> {
    let mut all = Vec::new();
    for (name, store) in empty_stores().await {
        store.migrate(Instant(1_788_220_800_000_000)).await.expect("the schema steps apply");
        all.push((name, store));
    }
    all
}

/// As [`stores`], without any table.
///
/// # Panics
/// When a database cannot be made.
pub async fn empty_stores() -> Vec<(&'static str, Store)> {
    let mut all = vec![("sqlite", sqlite().await.expect("a scratch SQLite database"))];
    if let Ok(url) = std::env::var("SHIAN_TEST_PG") {
        all.push(("postgres", postgres(&url).await.expect("a scratch schema in SHIAN_TEST_PG")));
    }
    all
}

fn unique() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}_{}_{}", since.as_millis(), std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

async fn sqlite() -> Result<Store, Error> {
    let folder = std::env::temp_dir().join(format!("shian_test_{}", unique()));
    std::fs::create_dir_all(&folder)
        .map_err(|source| Error::File { path: folder.display().to_string(), source })?;
    let scratch = Scratch(folder);
    // a test does not survive a power cut: no fsync
    Store::sqlite_file(&scratch.path().join("test.sqlite"), sqlx::sqlite::SqliteSynchronous::Off)
        .await
        .map(|s| s.with_scratch(scratch))
}

/// A fresh migrated SQLite database on a disk of the test's making: `sync` is called for each flush.
///
/// # Panics
/// When a database cannot be made.
pub async fn store_on(sync: impl Fn() -> std::io::Result<()> + Send + Sync + 'static) -> Store {
    let store = sqlite().await.expect("a scratch SQLite database").with_disk(Box::new(sync));
    store.migrate(Instant(1_788_220_800_000_000)).await.expect("the schema steps apply");
    store
}

async fn postgres(url: &str) -> Result<Store, Error> {
    let fail = |e| Error::from_sqlx("connect", e);
    let options = PgConnectOptions::from_str(url).map_err(fail)?;
    let schema = format!("t_{}", unique());
    let admin = Store::postgres_with(options.clone(), 1).await?;
    let mut tx = admin.begin().await?;
    tx.script(&format!("create schema {schema}")).await?;
    tx.commit().await?;
    sweep(&admin).await;
    admin.close().await;
    Store::postgres_with(options.options([("search_path", schema.as_str())]), 8).await
}

/// Drops a few schemas that tests left more than an hour ago.
async fn sweep(admin: &Store) {
    let an_hour_ago = unique().split('_').next().and_then(|ms| ms.parse().ok()).unwrap_or(0) - 3_600_000i64;
    let sql = "select cast(nspname as text) as name from pg_namespace where nspname ~ '^t_[0-9]{13}_' \
               and cast(split_part(cast(nspname as text), '_', 2) as bigint) < $1 limit 5";
    let Ok(old) = admin.query(sql, &[an_hour_ago.into()]).await else { return };
    for name in old.iter().filter_map(|row| row.text("name").ok()) {
        // another test may drop the same one at this moment
        if let Ok(mut tx) = admin.begin().await
            && tx.script(&format!("drop schema if exists {name} cascade")).await.is_ok()
        {
            let _ = tx.commit().await;
        }
    }
}
