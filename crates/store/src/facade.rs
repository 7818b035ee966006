//! The two engines behind one set of calls.

use crate::driver::{exactly_one, pg_rows, sqlite_rows};
use crate::flush::Flusher;
use crate::signal::Signals;
use crate::testing::Scratch;
use crate::tx::{Inner, Tx};
use crate::{Error, Row, Sql, Value};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Connection, SqlSafeStr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Which engine holds the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One file, one writer.
    Sqlite,
    /// A server; several processes may share it.
    Postgres,
}

/// The database. Cheap to clone; reads go to a pool, writes through [`Store::begin`].
#[derive(Debug, Clone)]
pub struct Store {
    pools: Pools,
    signals: Signals,
    /// Makes commits durable where the engine does not do so itself.
    flusher: Option<Flusher>,
    /// Removes a test's folder after the last clone.
    _scratch: Option<Arc<Scratch>>,
}

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `sqlite:PATH` or `postgres://user:password@host/database`.
    pub url: String,
}

impl Config {
    /// The file, if the database is one.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        let path = self.url.strip_prefix("sqlite:")?;
        Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
    }
}

#[derive(Debug, Clone)]
enum Pools {
    Sqlite { write: SqlitePool, read: SqlitePool },
    Postgres { write: PgPool, read: PgPool },
}

impl Store {
    /// Opens the database a configuration names.
    ///
    /// # Errors
    /// [`Error::Setup`] for a URL of neither kind; otherwise as [`Store::sqlite`] and [`Store::postgres`].
    pub async fn open(config: &Config) -> Result<Self, Error> {
        if let Some(path) = config.sqlite_path() {
            return Self::sqlite(&path).await;
        }
        if config.url.starts_with("postgres://") || config.url.starts_with("postgresql://") {
            return Self::postgres(&config.url).await;
        }
        Err(Error::Setup(
            "store.url: begin it with `sqlite:` and a path, or `postgres://` and a server".to_owned(),
        ))
    }

    /// Opens (and creates) an SQLite database file. WAL, flushed for several commits at once: what [`Tx::commit`] reported done
    /// survives a power cut.
    ///
    /// # Errors
    /// When the file cannot be opened or created.
    pub async fn sqlite(path: &Path) -> Result<Self, Error> {
        let mut store = Self::sqlite_file(path, SqliteSynchronous::Normal).await?;
        store.flusher = Some(Flusher::of_database(path));
        Ok(store)
    }

    pub(crate) async fn sqlite_file(path: &Path, synchronous: SqliteSynchronous) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .statement_cache_capacity(256)
            .pragma("cache_size", "-65536")
            .pragma("temp_store", "memory");
        let fail = |e| Error::from_sqlx("open", e);
        // SQLite rolls back by itself when the disk is full; the driver still counts the transaction as open and would
        // refuse every later one on that connection
        let write = SqlitePoolOptions::new()
            .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }))
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(60))
            .connect_with(options.clone())
            .await
            .map_err(fail)?;
        let read = SqlitePoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(30))
            .connect_with(options.read_only(true).create_if_missing(false))
            .await
            .map_err(fail)?;
        Ok(Self {
            pools: Pools::Sqlite { write, read },
            signals: Signals::default(),
            flusher: None,
            _scratch: None,
        })
    }

    /// Opens an SQLite file that nobody writes, such as the one of a backup: nothing beside it is made and nothing in it changes.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(crate) async fn sqlite_at_rest(path: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
        let pool = SqlitePoolOptions::new().max_connections(1);
        let read = pool.connect_with(options).await.map_err(|e| Error::from_sqlx("open", e))?;
        Ok(Self {
            pools: Pools::Sqlite { write: read.clone(), read },
            signals: Signals::default(),
            flusher: None,
            _scratch: None,
        })
    }

    /// Connects to PostgreSQL 15 or later (`postgres://user:password@host/database`). Create the database with `C`
    /// collation so that code ranges and order agree with SQLite.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn postgres(url: &str) -> Result<Self, Error> {
        let options = PgConnectOptions::from_str(url).map_err(|e| Error::from_sqlx("connect", e))?;
        Self::postgres_with(options, 16).await
    }

    pub(crate) async fn postgres_with(options: PgConnectOptions, connections: u32) -> Result<Self, Error> {
        let pool =
            || PgPoolOptions::new().max_connections(connections).acquire_timeout(Duration::from_secs(30));
        // reads have connections of their own, as on SQLite: what reads beside an open transaction never waits for a transaction that waits
        // for a connection
        let read = pool().connect_lazy_with(options.clone());
        let write = pool().connect_with(options).await.map_err(|e| Error::from_sqlx("connect", e))?;
        let store = Self {
            pools: Pools::Postgres { write, read },
            signals: Signals::default(),
            flusher: None,
            _scratch: None,
        };
        let collation = store
            .one(
                "select cast(datcollate as text) as name from pg_database where datname = current_database()",
                &[],
            )
            .await?
            .text("name")?;
        if !matches!(collation.to_ascii_lowercase().as_str(), "c" | "posix" | "c.utf-8" | "c.utf8") {
            return Err(Error::Setup(format!(
                "the PostgreSQL database sorts by {collation}; create it with `lc_collate 'C'` (template0), \
                 otherwise region ranges select the wrong records"
            )));
        }
        Ok(store)
    }

    /// With flushes by `sync`.
    pub(crate) fn with_disk(mut self, sync: Box<crate::flush::Sync>) -> Self {
        self.flusher = Some(Flusher::new(sync));
        self
    }

    pub(crate) fn with_scratch(mut self, scratch: Scratch) -> Self {
        self._scratch = Some(Arc::new(scratch));
        self
    }

    /// Asks the database for an answer: for health checks.
    ///
    /// # Errors
    /// When it gives none, or nothing is written any more ([`Error::Unflushed`]).
    pub async fn ping(&self) -> Result<(), Error> {
        if let Some(flusher) = &self.flusher {
            flusher.sound()?;
        }
        self.one("select 1 as one", &[]).await.map(|_| ())
    }

    /// The engine in use.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self.pools {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres { .. } => Engine::Postgres,
        }
    }

    /// Begins a write transaction (`BEGIN IMMEDIATE` on SQLite).
    ///
    /// # Errors
    /// When no connection becomes free, or the disk has refused to keep what was written ([`Error::Unflushed`]).
    pub async fn begin(&self) -> Result<Tx, Error> {
        if let Some(flusher) = &self.flusher {
            flusher.sound()?;
        }
        let fail = |e| Error::from_sqlx("begin", e);
        let inner = match &self.pools {
            Pools::Sqlite { write, .. } => {
                Inner::Sqlite(write.begin_with("BEGIN IMMEDIATE").await.map_err(fail)?)
            }
            Pools::Postgres { write, .. } => Inner::Postgres(write.begin().await.map_err(fail)?),
        };
        Ok(Tx::new(inner, self.signals.clone(), self.flusher.clone()))
    }

    /// Returns when everything committed so far is on the disk. Whoever gives out what was **read**, as a promise (a signed head, a
    /// proof, the answer to a request repeated), reads first and waits for this: on SQLite a reader sees a commit some milliseconds before
    /// its flush. PostgreSQL shows only what it has flushed.
    ///
    /// # Errors
    /// [`Error::Unflushed`] when the disk refuses.
    pub async fn settled(&self) -> Result<(), Error> {
        match &self.flusher {
            Some(flusher) => flusher.flushed().await,
            None => Ok(()),
        }
    }

    /// Resolves, with what the disk said, once it has refused to keep what was written: nothing can be written by this process
    /// any more, and only a new start finds out what was kept.
    pub async fn refused(&self) -> String {
        match &self.flusher {
            Some(flusher) => flusher.refused().await,
            None => std::future::pending().await,
        }
    }

    /// Begins a read transaction that sees one consistent state, however long it lasts, and stops no writer.
    ///
    /// # Errors
    /// When no connection becomes free.
    pub async fn snapshot(&self) -> Result<Tx, Error> {
        let fail = |e| Error::from_sqlx("begin", e);
        let inner = match &self.pools {
            Pools::Sqlite { read, .. } => Inner::Sqlite(read.begin().await.map_err(fail)?),
            Pools::Postgres { write, .. } => {
                let begin = "begin transaction isolation level repeatable read read only";
                Inner::Postgres(write.begin_with(begin).await.map_err(fail)?)
            }
        };
        Ok(Tx::new(inner, self.signals.clone(), None))
    }

    /// A counter that grows whenever a transaction of this process that [`Tx::raise`]d `name` commits.
    #[must_use]
    pub fn listen(&self, name: &'static str) -> tokio::sync::watch::Receiver<u64> {
        self.signals.listen(name)
    }

    /// Reads rows outside a transaction.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn query(&self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, Error> {
        match &self.pools {
            Pools::Sqlite { read, .. } => sqlite_rows(read, sql.into_sql_str(), params).await,
            Pools::Postgres { read, .. } => pg_rows(read, sql.into_sql_str(), params).await,
        }
    }

    /// Reads rows of a built statement.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn select(&self, sql: &Sql) -> Result<Vec<Row>, Error> {
        let text = AssertSqlSafe(sql.for_engine(self.engine())).into_sql_str();
        match &self.pools {
            Pools::Sqlite { read, .. } => sqlite_rows(read, text, sql.params()).await,
            Pools::Postgres { read, .. } => pg_rows(read, text, sql.params()).await,
        }
    }

    /// Reads exactly one row.
    ///
    /// # Errors
    /// When the statement fails or gives another number of rows.
    pub async fn one(&self, sql: &'static str, params: &[Value]) -> Result<Row, Error> {
        exactly_one(self.query(sql, params).await?, sql)
    }

    /// Reads the first row, if any.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn first(&self, sql: &'static str, params: &[Value]) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Writes a copy of the database file as it is now; writers go on meanwhile.
    pub(crate) async fn copy_file_into(&self, file: &Path) -> Result<(), Error> {
        let Pools::Sqlite { read, .. } = &self.pools else {
            return Err(Error::Setup("only an SQLite database is a file".to_owned()));
        };
        let name =
            file.to_str().ok_or_else(|| Error::Setup("the path of the backup is no UTF-8".to_owned()))?;
        sqlx::query("vacuum into $1")
            .bind(name)
            .execute(read)
            .await
            .map(|_| ())
            .map_err(|e| Error::from_sqlx("vacuum into", e))
    }

    /// Waits for running statements and closes the files.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres { write, read } => {
                read.close().await;
                write.close().await;
            }
        }
    }
}
