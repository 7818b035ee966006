//! What tables, columns and indexes a database really has.

use crate::{Engine, Error, Tx};

/// The storage class of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Int,
    Real,
    Text,
    Bytes,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// A table and its columns in the order of its definition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
}

impl Table {
    /// The columns, quoted and separated by commas.
    pub(crate) fn column_list(&self) -> String {
        self.columns.iter().map(|c| quoted(&c.name)).collect::<Vec<_>>().join(", ")
    }
}

/// A name as an SQL identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Every table of the database, by name.
pub(crate) async fn tables(tx: &mut Tx) -> Result<Vec<Table>, Error> {
    let names = match tx.engine() {
        Engine::Sqlite => {
            "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name"
        }
        Engine::Postgres => {
            "select cast(table_name as text) as name from information_schema.tables \
             where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1"
        }
    };
    let mut tables = Vec::new();
    for row in tx.query(names, &[]).await? {
        let name = row.text("name")?;
        let columns = columns(tx, &name).await?;
        tables.push(Table { name, columns });
    }
    Ok(tables)
}

async fn columns(tx: &mut Tx, table: &str) -> Result<Vec<Column>, Error> {
    let sql = match tx.engine() {
        Engine::Sqlite => "select name, lower(type) as type from pragma_table_info($1) order by cid",
        Engine::Postgres => {
            "select cast(column_name as text) as name, cast(data_type as text) as type \
             from information_schema.columns where table_schema = current_schema() and table_name = $1 \
             order by ordinal_position"
        }
    };
    let mut columns = Vec::new();
    for row in tx.query(sql, &[table.into()]).await? {
        let name = row.text("name")?;
        let kind = match row.text("type")?.as_str() {
            "integer" | "bigint" => Kind::Int,
            "real" | "double precision" => Kind::Real,
            "text" => Kind::Text,
            "blob" | "bytea" => Kind::Bytes,
            other => {
                return Err(Error::Setup(format!(
                    "column {table}.{name} has the type {other}; use {{int}}, {{real}}, text or {{bytes}}"
                )));
            }
        };
        columns.push(Column { name, kind });
    }
    Ok(columns)
}

/// The columns by which SQLite keeps the rows of a table in order.
pub(crate) async fn sqlite_order(tx: &mut Tx, table: &str) -> Result<Vec<String>, Error> {
    let sql = "select name from pragma_table_info($1) where pk > 0 \
               and (select wr from pragma_table_list where name = $1) = 1 order by pk";
    let key = tx.query(sql, &[table.into()]).await?;
    if key.is_empty() { Ok(vec!["rowid".to_owned()]) } else { key.iter().map(|r| r.text("name")).collect() }
}

/// The steps applied: number and SHA-256.
pub(crate) async fn steps(tx: &mut Tx) -> Result<Vec<(i64, String)>, Error> {
    let sql = "select number, name, sha256 from schema_migration order by number";
    let rows = tx.query(sql, &[]).await?;
    rows.iter().map(|r| Ok((r.int("number")?, r.text("sha256")?))).collect()
}
