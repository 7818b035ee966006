//! The write transaction.

use crate::driver::{exactly_one, pg_args, pg_columns, pg_rows, sqlite_args, sqlite_rows};
use crate::flush::Flusher;
use crate::signal::Signals;
use crate::{Engine, Error, Row, Sql, Value, copy};
use base::Id;
use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, Sqlite, Transaction};

/// Parameters of one multi-row insert.
const ROOM: usize = 900;

/// The greatest power of two up to `n`, at least one: with so many rows a statement, few texts are ever prepared.
fn power_of_two(n: usize) -> usize {
    1 << n.max(1).ilog2()
}

/// A write transaction; dropping it without [`Tx::commit`] rolls everything back.
#[derive(Debug)]
pub struct Tx {
    pub(crate) inner: Inner,
    signals: Signals,
    flusher: Option<Flusher>,
    raised: Vec<&'static str>,
}

#[derive(Debug)]
pub(crate) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// The flush of the disk a commit still waits for.
#[derive(Debug)]
#[must_use = "the commit is not on the disk yet"]
pub struct Flush(Option<Flusher>);

impl Flush {
    /// Returns when the commit is on the disk.
    ///
    /// # Errors
    /// [`Error::Unflushed`] when the disk refuses.
    pub async fn wait(self) -> Result<(), Error> {
        match self.0 {
            Some(flusher) => flusher.flushed().await,
            None => Ok(()),
        }
    }
}

impl Tx {
    pub(crate) const fn new(inner: Inner, signals: Signals, flusher: Option<Flusher>) -> Self {
        Self { inner, signals, flusher, raised: Vec::new() }
    }

    /// Wakes the listeners of a name in this process ([`crate::Store::listen`]) once this transaction has committed.
    pub fn raise(&mut self, name: &'static str) {
        if !self.raised.contains(&name) {
            self.raised.push(name);
        }
    }

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
        self.run(sql.into_sql_str(), params.iter().cloned()).await
    }

    /// Runs a built statement.
    ///
    /// # Errors
    /// As [`Tx::exec`].
    pub async fn execute(&mut self, sql: &Sql) -> Result<u64, Error> {
        self.run(AssertSqlSafe(sql.for_engine(self.engine())).into_sql_str(), sql.params().iter().cloned())
            .await
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
        if values.is_empty() {
            return Ok(0);
        }
        if let Inner::Postgres(tx) = &mut self.inner {
            let target = insert.strip_prefix("insert into ").filter(|_| tail.is_empty());
            if let Some(target) = target.filter(|_| values.len() >= copy::ROWS * columns) {
                let done = copy::rows(tx, target, columns, values).await;
                return done.map_err(|e| Error::from_sqlx(insert, e));
            }
            let (types, args) = pg_columns(columns, values).map_err(|e| Error::from_sqlx(insert, e))?;
            let lists: Vec<String> =
                types.iter().zip(1..).map(|(kind, n)| format!("${n}::{kind}[]")).collect();
            let text = format!("{insert} select * from unnest({}) {tail}", lists.join(", "));
            let sql = AssertSqlSafe(text.clone()).into_sql_str();
            let done = sqlx::query_with(sql, args).execute(&mut **tx).await;
            return done.map(|r| r.rows_affected()).map_err(|e| Error::from_sqlx(&text, e));
        }
        let (mut changed, mut left) = (0, values.len() / columns);
        let mut values = values.into_iter();
        while left > 0 {
            let rows = power_of_two(left.min(ROOM / columns));
            left -= rows;
            let text = Self::many(insert, columns, rows, tail);
            changed +=
                self.run(AssertSqlSafe(text).into_sql_str(), values.by_ref().take(rows * columns)).await?;
        }
        Ok(changed)
    }

    /// SQLite's text of an insert of `rows` rows.
    fn many(insert: &str, columns: usize, rows: usize, tail: &str) -> String {
        let mut text = format!("{insert} values ");
        for n in 0..rows * columns {
            text.push_str(match (n, n % columns) {
                (0, _) => "(",
                (_, 0) => "), (",
                _ => ", ",
            });
            text.push('?');
        }
        text.push_str(") ");
        text.push_str(tail);
        text
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
        self.rows(AssertSqlSafe(sql.for_engine(self.engine())).into_sql_str(), sql.params()).await
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

    /// Makes this transaction the only writer of the rows of `table` with these ids until it ends: what is read of them afterwards
    /// stays true. The rows are taken in the order of their ids, so that two who take several never wait for each other. SQLite has one
    /// writer, and nothing is to be done. `table` has a column `id`; ids without a row are passed over.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn lock(&mut self, table: &'static str, ids: &[Id]) -> Result<(), Error> {
        if self.engine() == Engine::Sqlite {
            return Ok(());
        }
        for part in ids.chunks(ROOM) {
            let mut sql = Sql::new("select id from ");
            sql.push(table).push(" where id in ").bind_list(part.iter().copied());
            // not the whole row: rows that refer to it may be added meanwhile
            sql.push(" order by id for no key update");
            self.select(&sql).await?;
        }
        Ok(())
    }

    /// Makes everything durable at once. On SQLite the next writer goes on while the disk is flushed, and commits share flushes; a
    /// caller who gives up waiting may have committed.
    ///
    /// # Errors
    /// When the engine cannot commit; then nothing is stored. [`Error::Unflushed`] when the disk refuses afterwards.
    pub async fn commit(self) -> Result<(), Error> {
        self.commit_unflushed().await?.wait().await
    }

    /// Commits and lets the next writer in. **Tell nobody before [`Flush::wait`] has returned**: a power cut can still undo it.
    ///
    /// # Errors
    /// When the engine cannot commit; then nothing is stored.
    pub async fn commit_unflushed(self) -> Result<Flush, Error> {
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await,
            Inner::Postgres(tx) => tx.commit().await,
        }
        .map_err(|e| Error::from_sqlx("commit", e))?;
        for name in self.raised {
            self.signals.raise(name);
        }
        Ok(Flush(self.flusher))
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

    async fn run(
        &mut self,
        sql: sqlx::SqlStr,
        params: impl IntoIterator<Item = Value>,
    ) -> Result<u64, Error> {
        let text = sql.clone();
        match &mut self.inner {
            Inner::Sqlite(tx) => {
                let args = sqlite_args(params).map_err(|e| Error::from_sqlx(text.as_str(), e))?;
                sqlx::query_with(sql, args).execute(&mut **tx).await.map(|r| r.rows_affected())
            }
            Inner::Postgres(tx) => {
                let args = pg_args(params).map_err(|e| Error::from_sqlx(text.as_str(), e))?;
                sqlx::query_with(sql, args).execute(&mut **tx).await.map(|r| r.rows_affected())
            }
        }
        .map_err(|e| Error::from_sqlx(text.as_str(), e))
    }

    async fn rows(&mut self, sql: sqlx::SqlStr, params: &[Value]) -> Result<Vec<Row>, Error> {
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlite_rows(&mut **tx, sql, params).await,
            Inner::Postgres(tx) => pg_rows(&mut **tx, sql, params).await,
        }
    }
}
