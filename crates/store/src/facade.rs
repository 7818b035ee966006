//! The two engines behind one set of calls.

use crate::testing::Scratch;
use crate::{Error, Row, Sql, Value};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{
    Arguments, AssertSqlSafe, Column, Executor, Postgres, Row as _, SqlSafeStr, Sqlite, Transaction,
    TypeInfo, ValueRef,
};
use std::path::Path;
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
    /// Removes a test's folder after the last clone.
    _scratch: Option<Arc<Scratch>>,
}

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `sqlite:PATH` or `postgres://user:password@host/database`.
    pub url: String,
}

#[derive(Debug, Clone)]
enum Pools {
    Sqlite { write: SqlitePool, read: SqlitePool },
    Postgres(PgPool),
}

/// A write transaction; dropping it without [`Tx::commit`] rolls everything back.
#[derive(Debug)]
pub struct Tx {
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Store {
    /// Opens the database a configuration names.
    ///
    /// # Errors
    /// [`Error::Setup`] for a URL of neither kind; otherwise as [`Store::sqlite`] and [`Store::postgres`].
    pub async fn open(config: &Config) -> Result<Self, Error> {
        match config.url.split_once(':') {
            Some(("sqlite", path)) => Self::sqlite(Path::new(path.trim_start_matches("//"))).await,
            Some(("postgres" | "postgresql", _)) => Self::postgres(&config.url).await,
            _ => Err(Error::Setup(
                "store.url: begin it with `sqlite:` and a path, or `postgres://` and a server".to_owned(),
            )),
        }
    }

    /// Opens (and creates) an SQLite database file. WAL with `synchronous=FULL`: what was committed survives a
    /// power cut.
    ///
    /// # Errors
    /// When the file cannot be opened or created.
    pub async fn sqlite(path: &Path) -> Result<Self, Error> {
        Self::sqlite_file(path, SqliteSynchronous::Full).await
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
        let write = SqlitePoolOptions::new()
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
        Ok(Self { pools: Pools::Sqlite { write, read }, _scratch: None })
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
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(30))
            .connect_with(options)
            .await
            .map_err(|e| Error::from_sqlx("connect", e))?;
        let store = Self { pools: Pools::Postgres(pool), _scratch: None };
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

    pub(crate) fn with_scratch(mut self, scratch: Scratch) -> Self {
        self._scratch = Some(Arc::new(scratch));
        self
    }

    /// Asks the database for an answer: for health checks.
    ///
    /// # Errors
    /// When it gives none.
    pub async fn ping(&self) -> Result<(), Error> {
        self.one("select 1 as one", &[]).await.map(|_| ())
    }

    /// The engine in use.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self.pools {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres(_) => Engine::Postgres,
        }
    }

    /// Begins a write transaction (`BEGIN IMMEDIATE` on SQLite).
    ///
    /// # Errors
    /// When no connection becomes free.
    pub async fn begin(&self) -> Result<Tx, Error> {
        let fail = |e| Error::from_sqlx("begin", e);
        let inner = match &self.pools {
            Pools::Sqlite { write, .. } => {
                Inner::Sqlite(write.begin_with("BEGIN IMMEDIATE").await.map_err(fail)?)
            }
            Pools::Postgres(pool) => Inner::Postgres(pool.begin().await.map_err(fail)?),
        };
        Ok(Tx { inner })
    }

    /// Reads rows outside a transaction.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn query(&self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, Error> {
        match &self.pools {
            Pools::Sqlite { read, .. } => sqlite_rows(read, sql.into_sql_str(), params).await,
            Pools::Postgres(pool) => pg_rows(pool, sql.into_sql_str(), params).await,
        }
    }

    /// Reads rows of a built statement.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn select(&self, sql: &Sql) -> Result<Vec<Row>, Error> {
        let text = AssertSqlSafe(sql.text().to_owned()).into_sql_str();
        match &self.pools {
            Pools::Sqlite { read, .. } => sqlite_rows(read, text, sql.params()).await,
            Pools::Postgres(pool) => pg_rows(pool, text, sql.params()).await,
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

    /// Waits for running statements and closes the files.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// The engine in use.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self.inner {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement; returns the number of rows changed.
    ///
    /// # Errors
    /// [`Error::Conflict`] on a violated key, [`Error::DiskFull`], or the driver's error.
    pub async fn exec(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, Error> {
        self.run(sql.into_sql_str(), params).await
    }

    /// Runs a built statement.
    ///
    /// # Errors
    /// As [`Tx::exec`].
    pub async fn execute(&mut self, sql: &Sql) -> Result<u64, Error> {
        self.run(AssertSqlSafe(sql.text().to_owned()).into_sql_str(), sql.params()).await
    }

    /// Runs an update that must change exactly one row: the optimistic lock (`… where id = $1 and version = $2`).
    ///
    /// # Errors
    /// [`Error::Stale`] when no row matched.
    pub async fn exec_one(&mut self, sql: &'static str, params: &[Value]) -> Result<(), Error> {
        match self.exec(sql, params).await? {
            1 => Ok(()),
            _ => Err(Error::Stale),
        }
    }

    /// Inserts many rows of `columns` values each with multi-row statements: `insert` is the text up to `values`,
    /// `tail` what follows (`on conflict …` or empty).
    ///
    /// # Errors
    /// As [`Tx::exec`]; [`Error::Setup`] when the values are not whole rows.
    pub async fn insert_many(
        &mut self,
        insert: &'static str,
        columns: usize,
        values: Vec<Value>,
        tail: &'static str,
    ) -> Result<u64, Error> {
        if columns == 0 || !values.len().is_multiple_of(columns) {
            return Err(Error::Setup(format!("insert_many: {} values for {columns} columns", values.len())));
        }
        let chunk = (900 / columns).max(1) * columns;
        let mut changed = 0;
        let mut values = values.into_iter().peekable();
        while values.peek().is_some() {
            let mut sql = Sql::new(insert);
            sql.push(" values ");
            let part: Vec<Value> = values.by_ref().take(chunk).collect();
            let mut first = true;
            let mut row = Vec::with_capacity(columns);
            for v in part {
                row.push(v);
                if row.len() == columns {
                    if !first {
                        sql.push(", ");
                    }
                    first = false;
                    sql.bind_list(row.drain(..));
                }
            }
            sql.push(" ").push(tail);
            changed += self.execute(&sql).await?;
        }
        Ok(changed)
    }

    /// Reads rows inside the transaction.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, Error> {
        self.rows(sql.into_sql_str(), params).await
    }

    /// Reads rows of a built statement inside the transaction.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn select(&mut self, sql: &Sql) -> Result<Vec<Row>, Error> {
        self.rows(AssertSqlSafe(sql.text().to_owned()).into_sql_str(), sql.params()).await
    }

    /// Reads exactly one row.
    ///
    /// # Errors
    /// When the statement fails or gives another number of rows.
    pub async fn one(&mut self, sql: &'static str, params: &[Value]) -> Result<Row, Error> {
        exactly_one(self.query(sql, params).await?, sql)
    }

    /// Reads the first row, if any.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn first(&mut self, sql: &'static str, params: &[Value]) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Makes everything durable at once.
    ///
    /// # Errors
    /// When the engine cannot commit; then nothing is stored.
    pub async fn commit(self) -> Result<(), Error> {
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await,
            Inner::Postgres(tx) => tx.commit().await,
        }
        .map_err(|e| Error::from_sqlx("commit", e))
    }

    /// Gives everything up; the same as dropping, but finished when it returns.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn rollback(self) -> Result<(), Error> {
        match self.inner {
            Inner::Sqlite(tx) => tx.rollback().await,
            Inner::Postgres(tx) => tx.rollback().await,
        }
        .map_err(|e| Error::from_sqlx("rollback", e))
    }

    /// Runs a script of several statements without parameters (migrations).
    pub(crate) async fn script(&mut self, text: &str) -> Result<(), Error> {
        let sql = AssertSqlSafe(text.to_owned()).into_sql_str();
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(|_| ()),
            Inner::Postgres(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(|_| ()),
        }
        .map_err(|e| Error::from_sqlx(text, e))
    }

    async fn run(&mut self, sql: sqlx::SqlStr, params: &[Value]) -> Result<u64, Error> {
        let text = sql.as_str().to_owned();
        match &mut self.inner {
            Inner::Sqlite(tx) => {
                let args = sqlite_args(params).map_err(|e| Error::from_sqlx(&text, e))?;
                sqlx::query_with(sql, args).execute(&mut **tx).await.map(|r| r.rows_affected())
            }
            Inner::Postgres(tx) => {
                let args = pg_args(params).map_err(|e| Error::from_sqlx(&text, e))?;
                sqlx::query_with(sql, args).execute(&mut **tx).await.map(|r| r.rows_affected())
            }
        }
        .map_err(|e| Error::from_sqlx(&text, e))
    }

    async fn rows(&mut self, sql: sqlx::SqlStr, params: &[Value]) -> Result<Vec<Row>, Error> {
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlite_rows(&mut **tx, sql, params).await,
            Inner::Postgres(tx) => pg_rows(&mut **tx, sql, params).await,
        }
    }
}

fn exactly_one(rows: Vec<Row>, sql: &str) -> Result<Row, Error> {
    let found = rows.len();
    let mut rows = rows.into_iter();
    match (rows.next(), found) {
        (Some(row), 1) => Ok(row),
        _ => Err(Error::NotOne { found: found.min(2), sql: sql.chars().take(200).collect() }),
    }
}

fn sqlite_args(params: &[Value]) -> Result<SqliteArguments, sqlx::Error> {
    let mut args = SqliteArguments::default();
    for p in params {
        match p.clone() {
            Value::Int(v) => args.add(v),
            Value::Real(v) => args.add(v),
            Value::Text(v) => args.add(v),
            Value::Bytes(v) => args.add(v),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(args)
}

fn pg_args(params: &[Value]) -> Result<PgArguments, sqlx::Error> {
    let mut args = PgArguments::default();
    for p in params {
        match p.clone() {
            Value::Int(v) => args.add(v),
            Value::Real(v) => args.add(v),
            Value::Text(v) => args.add(v),
            Value::Bytes(v) => args.add(v),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(args)
}

async fn sqlite_rows<'e, E>(on: E, sql: sqlx::SqlStr, params: &[Value]) -> Result<Vec<Row>, Error>
where
    E: Executor<'e, Database = Sqlite>,
{
    let text = sql.as_str().to_owned();
    let fail = |e| Error::from_sqlx(&text, e);
    let args = sqlite_args(params).map_err(fail)?;
    let rows = sqlx::query_with(sql, args).fetch_all(on).await.map_err(fail)?;
    collect(rows, |r| r.columns().iter().map(|c| c.name().to_owned()).collect(), sqlite_value).map_err(fail)
}

async fn pg_rows<'e, E>(on: E, sql: sqlx::SqlStr, params: &[Value]) -> Result<Vec<Row>, Error>
where
    E: Executor<'e, Database = Postgres>,
{
    let text = sql.as_str().to_owned();
    let fail = |e| Error::from_sqlx(&text, e);
    let args = pg_args(params).map_err(fail)?;
    let rows = sqlx::query_with(sql, args).fetch_all(on).await.map_err(fail)?;
    collect(rows, |r| r.columns().iter().map(|c| c.name().to_owned()).collect(), pg_value).map_err(fail)
}

fn collect<R>(
    rows: Vec<R>,
    names: impl Fn(&R) -> Vec<String>,
    value: impl Fn(&R, usize) -> Result<Value, sqlx::Error>,
) -> Result<Vec<Row>, sqlx::Error> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let names: Arc<[String]> = names(first).into();
    rows.iter()
        .map(|r| {
            let values = (0..names.len()).map(|i| value(r, i)).collect::<Result<_, _>>()?;
            Ok(Row { names: names.clone(), values })
        })
        .collect()
}

fn sqlite_value(row: &SqliteRow, i: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(i)?;
    if raw.is_null() {
        return Ok(Value::Text(None));
    }
    let kind = raw.type_info().name().to_owned();
    Ok(match kind.as_str() {
        "INTEGER" => Value::Int(Some(row.try_get_unchecked(i)?)),
        "REAL" => Value::Real(Some(row.try_get_unchecked(i)?)),
        "BLOB" => Value::Bytes(Some(row.try_get_unchecked(i)?)),
        _ => Value::Text(Some(row.try_get_unchecked(i)?)),
    })
}

fn pg_value(row: &PgRow, i: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(i)?;
    let kind = raw.type_info().name().to_owned();
    Ok(match kind.as_str() {
        "INT8" => Value::Int(row.try_get(i)?),
        "INT4" => Value::Int(row.try_get::<Option<i32>, _>(i)?.map(i64::from)),
        "BOOL" => Value::Int(row.try_get::<Option<bool>, _>(i)?.map(i64::from)),
        "FLOAT8" => Value::Real(row.try_get(i)?),
        "BYTEA" => Value::Bytes(row.try_get(i)?),
        "TEXT" | "VARCHAR" | "NAME" | "unknown" => Value::Text(row.try_get(i)?),
        other => {
            return Err(sqlx::Error::Decode(
                format!("column {i} has type {other}; cast it to bigint, double precision, text or bytea")
                    .into(),
            ));
        }
    })
}
