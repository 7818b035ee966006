//! Parameters into, and rows out of, the two drivers.

use crate::{Error, Row, Value};
use futures::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, Column, Executor, Postgres, Row as _, Sqlite, TypeInfo, ValueRef};
use std::sync::Arc;

pub(crate) fn exactly_one(rows: Vec<Row>, sql: &str) -> Result<Row, Error> {
    let found = rows.len();
    let mut rows = rows.into_iter();
    match (rows.next(), found) {
        (Some(row), 1) => Ok(row),
        _ => Err(Error::NotOne { found: found.min(2), sql: sql.chars().take(200).collect() }),
    }
}

pub(crate) fn sqlite_args(params: impl IntoIterator<Item = Value>) -> Result<SqliteArguments, sqlx::Error> {
    let mut args = SqliteArguments::default();
    for p in params {
        match p {
            Value::Int(v) => args.add(v),
            Value::Real(v) => args.add(v),
            Value::Text(v) => args.add(v),
            Value::Bytes(v) => args.add(v),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(args)
}

pub(crate) fn pg_args(params: impl IntoIterator<Item = Value>) -> Result<PgArguments, sqlx::Error> {
    let mut args = PgArguments::default();
    for p in params {
        match p {
            Value::Int(v) => args.add(v),
            Value::Real(v) => args.add(v),
            Value::Text(v) => args.add(v),
            Value::Bytes(v) => args.add(v),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(args)
}

/// Rows as one array a column, with the element types: one short statement for any number of rows.
pub(crate) fn pg_columns(
    columns: usize,
    values: Vec<Value>,
) -> Result<(Vec<&'static str>, PgArguments), sqlx::Error> {
    let mut lists: Vec<PgList> = values.iter().take(columns).map(PgList::like).collect();
    for (n, value) in values.into_iter().enumerate() {
        lists[n % columns].push(value)?;
    }
    let (mut types, mut args) = (Vec::with_capacity(columns), PgArguments::default());
    for list in lists {
        match list {
            PgList::Int(list) => (types.push("bigint"), args.add(list)),
            PgList::Real(list) => (types.push("double precision"), args.add(list)),
            PgList::Text(list) => (types.push("text"), args.add(list)),
            PgList::Bytes(list) => (types.push("bytea"), args.add(list)),
        }
        .1
        .map_err(sqlx::Error::Encode)?;
    }
    Ok((types, args))
}

enum PgList {
    Int(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl PgList {
    const fn like(value: &Value) -> Self {
        match value {
            Value::Int(_) => Self::Int(Vec::new()),
            Value::Real(_) => Self::Real(Vec::new()),
            Value::Text(_) => Self::Text(Vec::new()),
            Value::Bytes(_) => Self::Bytes(Vec::new()),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), sqlx::Error> {
        match (self, value) {
            (Self::Int(list), Value::Int(v)) => list.push(v),
            (Self::Real(list), Value::Real(v)) => list.push(v),
            (Self::Text(list), Value::Text(v)) => list.push(v),
            (Self::Bytes(list), Value::Bytes(v)) => list.push(v),
            _ => return Err(sqlx::Error::Encode("the values of a column differ in kind".into())),
        }
        Ok(())
    }
}

pub(crate) async fn sqlite_rows<'e, E>(on: E, sql: sqlx::SqlStr, params: &[Value]) -> Result<Vec<Row>, Error>
where
    E: Executor<'e, Database = Sqlite>,
{
    let text = sql.clone();
    let fail = |e| Error::from_sqlx(text.as_str(), e);
    let args = sqlite_args(params.iter().cloned()).map_err(fail)?;
    let mut out = Collected::default();
    let mut rows = sqlx::query_with(sql, args).fetch(on);
    while let Some(row) = rows.try_next().await.map_err(fail)? {
        out.take(&row, sqlite_value).map_err(fail)?;
    }
    Ok(out.rows)
}

pub(crate) async fn pg_rows<'e, E>(on: E, sql: sqlx::SqlStr, params: &[Value]) -> Result<Vec<Row>, Error>
where
    E: Executor<'e, Database = Postgres>,
{
    let text = sql.clone();
    let fail = |e| Error::from_sqlx(text.as_str(), e);
    let args = pg_args(params.iter().cloned()).map_err(fail)?;
    let mut out = Collected::default();
    let mut rows = sqlx::query_with(sql, args).fetch(on);
    while let Some(row) = rows.try_next().await.map_err(fail)? {
        out.take(&row, pg_value).map_err(fail)?;
    }
    Ok(out.rows)
}

/// Rows taken over one by one: the driver's own form of a row is many times larger.
#[derive(Default)]
struct Collected {
    names: Option<Arc<[String]>>,
    rows: Vec<Row>,
}

impl Collected {
    fn take<R: sqlx::Row>(
        &mut self,
        row: &R,
        value: impl Fn(&R, usize) -> Result<Value, sqlx::Error>,
    ) -> Result<(), sqlx::Error> {
        let names = self
            .names
            .get_or_insert_with(|| row.columns().iter().map(|c| c.name().to_owned()).collect())
            .clone();
        let values = (0..names.len()).map(|i| value(row, i)).collect::<Result<_, _>>()?;
        self.rows.push(Row { names, values });
        Ok(())
    }
}

fn sqlite_value(row: &SqliteRow, i: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(i)?;
    if raw.is_null() {
        return Ok(Value::Text(None));
    }
    let kind = raw.type_info();
    Ok(match kind.name() {
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
