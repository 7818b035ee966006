//! The logical form of a database: a file of JSON lines a table, the same for both engines.
//!
//! The first line is the table with its columns and their kinds, each further line a row as an array. Integers are
//! numbers, floats their shortest exact text, bytes hex.

use crate::catalogue::{self, Kind, Table, quoted};
use crate::{Engine, Error, Row, Sql, Tx, Value};
use serde_json::Value as Json;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

/// Rows read or written at once.
const BATCH: i64 = 500;

/// Writes every table of a snapshot into `folder`; returns names and row counts.
pub(super) async fn dump(tx: &mut Tx, folder: &Path) -> Result<Vec<(String, u64)>, Error> {
    let mut written = Vec::new();
    for table in catalogue::tables(tx).await? {
        let path = folder.join(format!("{}.jsonl", table.name));
        let fail = |e| Error::from_io(&path, e);
        let mut file = BufWriter::new(File::create(&path).map_err(fail)?);
        line(&mut file, &table).map_err(fail)?;
        let mut rows = 0;
        let mut place = open_cursor(tx, &table).await?;
        loop {
            let batch = next(tx, &table, &mut place).await?;
            if batch.is_empty() {
                break;
            }
            for row in &batch {
                line(&mut file, &encode(&table, row)?).map_err(fail)?;
            }
            rows += batch.len() as u64;
        }
        close_cursor(tx, &table).await?;
        let file = file.into_inner().map_err(|e| fail(e.into_error()))?;
        file.sync_all().map_err(fail)?;
        written.push((table.name, rows));
    }
    Ok(written)
}

fn line(file: &mut impl Write, value: &impl serde::Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *file, value)?;
    file.write_all(b"\n")
}

/// How far SQLite's rows have been read: the columns of their order, and the last values of those.
struct Place {
    order: Vec<String>,
    after: Vec<Value>,
}

async fn open_cursor(tx: &mut Tx, table: &Table) -> Result<Place, Error> {
    if tx.engine() == Engine::Sqlite {
        return Ok(Place { order: catalogue::sqlite_order(tx, &table.name).await?, after: Vec::new() });
    }
    let (columns, name) = (table.column_list(), quoted(&table.name));
    let cursor = cursor(table);
    tx.script(&format!("declare {cursor} no scroll cursor for select {columns} from {name}")).await?;
    Ok(Place { order: Vec::new(), after: Vec::new() })
}

async fn close_cursor(tx: &mut Tx, table: &Table) -> Result<(), Error> {
    if tx.engine() == Engine::Sqlite {
        return Ok(());
    }
    tx.script(&format!("close {}", cursor(table))).await
}

/// A cursor name for each table: the driver remembers a statement's columns by its text.
fn cursor(table: &Table) -> String {
    quoted(&format!("dump {}", table.name))
}

async fn next(tx: &mut Tx, table: &Table, place: &mut Place) -> Result<Vec<Row>, Error> {
    if tx.engine() == Engine::Postgres {
        let mut sql = Sql::new("fetch 500 from ");
        sql.push_raw(&cursor(table));
        return tx.select(&sql).await;
    }
    let order = place.order.join(", ");
    let mut sql = Sql::new("select ");
    for (n, column) in place.order.iter().enumerate() {
        sql.push_raw(&format!("{column} as dump_{n}, "));
    }
    sql.push_raw(&table.column_list()).push(" from ").push_raw(&quoted(&table.name));
    if !place.after.is_empty() {
        sql.push(" where (").push_raw(&order).push(") > ").bind_list(place.after.iter().cloned());
    }
    sql.push(" order by ").push_raw(&order).push(" limit ").bind(BATCH);
    let rows = tx.select(&sql).await?;
    if let Some(last) = rows.last() {
        let value = |n: usize| last.value(&format!("dump_{n}")).cloned();
        place.after = (0..place.order.len()).map(value).collect::<Result<_, _>>()?;
    }
    Ok(rows)
}

fn encode(table: &Table, row: &Row) -> Result<Vec<Json>, Error> {
    let value = |column: &catalogue::Column| {
        let name = column.name.as_str();
        Ok(match column.kind {
            Kind::Int => row.opt_int(name)?.map_or(Json::Null, Json::from),
            Kind::Real => row.opt_real(name)?.map_or(Json::Null, |r| Json::from(format!("{r:?}"))),
            Kind::Text => row.opt_text(name)?.map_or(Json::Null, Json::from),
            Kind::Bytes => row.opt_bytes(name)?.map_or(Json::Null, |b| Json::from(hex::encode(b))),
        })
    };
    table.columns.iter().map(value).collect()
}

/// Empties a table: what a schema step put there is in the backup too.
pub(super) async fn clear(tx: &mut Tx, table: &str) -> Result<(), Error> {
    let mut sql = Sql::new("delete from ");
    sql.push_raw(&quoted(table));
    tx.execute(&sql).await.map(|_| ())
}

/// Loads a table's file into the table of that name, which is empty.
pub(super) async fn load(tx: &mut Tx, path: &Path) -> Result<u64, Error> {
    let fail = |e| Error::from_io(path, e);
    let damaged = || Error::Corrupt { what: path.display().to_string() };
    let mut lines = BufReader::new(File::open(path).map_err(fail)?).lines();
    let head = lines.next().ok_or_else(damaged)?.map_err(fail)?;
    let table: Table = serde_json::from_str(&head).map_err(|_| damaged())?;
    let (mut values, mut rows) = (Vec::new(), 0);
    for text in lines {
        let cells: Vec<Json> = serde_json::from_str(&text.map_err(fail)?).map_err(|_| damaged())?;
        if cells.len() != table.columns.len() {
            return Err(damaged());
        }
        for (column, cell) in table.columns.iter().zip(cells) {
            values.push(decode(column.kind, cell).ok_or_else(damaged)?);
        }
        rows += 1;
        if values.len() >= 500 {
            insert(tx, &table, std::mem::take(&mut values)).await?;
        }
    }
    insert(tx, &table, values).await?;
    Ok(rows)
}

async fn insert(tx: &mut Tx, table: &Table, values: Vec<Value>) -> Result<(), Error> {
    if values.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new("insert into ");
    sql.push_raw(&quoted(&table.name)).push(" (").push_raw(&table.column_list()).push(") values ");
    for (i, row) in values.chunks(table.columns.len()).enumerate() {
        sql.push(if i == 0 { "" } else { ", " }).bind_list(row.iter().cloned());
    }
    tx.execute(&sql).await.map(|_| ())
}

fn decode(kind: Kind, cell: Json) -> Option<Value> {
    Some(match (kind, cell) {
        (Kind::Int, Json::Null) => Value::Int(None),
        (Kind::Real, Json::Null) => Value::Real(None),
        (Kind::Text, Json::Null) => Value::Text(None),
        (Kind::Bytes, Json::Null) => Value::Bytes(None),
        (Kind::Int, Json::Number(n)) => n.as_i64()?.into(),
        (Kind::Real, Json::String(text)) => text.parse::<f64>().ok()?.into(),
        (Kind::Text, Json::String(text)) => text.into(),
        (Kind::Bytes, Json::String(text)) => hex::decode(text).ok()?.into(),
        _ => return None,
    })
}
