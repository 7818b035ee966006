//! What can go wrong between a statement and its rows.

/// A storage failure. `Display` never repeats its source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused or could not run a statement.
    #[error("database error in: {sql}")]
    Sql {
        /// The first 200 characters of the statement; parameters are never printed (they may be personal data).
        sql: String,
        /// The driver's error.
        #[source]
        source: sqlx::Error,
    },
    /// A unique key or check was violated; `constraint` as the engine names it.
    #[error("a record with the same key exists already ({constraint})")]
    Conflict {
        /// Constraint or column list named by the engine.
        constraint: String,
    },
    /// The disk is full: the transaction was rolled back and nothing of it is stored.
    #[error("the disk is full; nothing was written. Free space and repeat the action")]
    DiskFull,
    /// A row lacks a column or holds another type than the caller expects.
    #[error("column {column}: {problem}")]
    Column {
        /// Column name as selected.
        column: String,
        /// What was found.
        problem: String,
    },
    /// `one()` found no row or several.
    #[error("expected one row, found {found}: {sql}")]
    NotOne {
        /// Rows found (2 stands for several).
        found: usize,
        /// Start of the statement.
        sql: String,
    },
    /// The record was changed by somebody else since it was read (optimistic `version`).
    #[error("the record was changed meanwhile by somebody else; reload and repeat")]
    Stale,
    /// Configuration, migration or file trouble, in words.
    #[error("{0}")]
    Setup(String),
    /// A file operation failed.
    #[error("file {path}")]
    File {
        /// Path as used.
        path: String,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Sorts the driver's error into the cases a caller can act on.
    pub(crate) fn from_sqlx(sql: &str, source: sqlx::Error) -> Self {
        if let sqlx::Error::Database(db) = &source {
            if db.is_unique_violation() || db.is_foreign_key_violation() || db.is_check_violation() {
                let constraint = db.constraint().map_or_else(|| db.message().to_owned(), ToOwned::to_owned);
                return Self::Conflict { constraint };
            }
            // SQLITE_FULL = 13; PostgreSQL disk_full = 53100
            if matches!(db.code().as_deref(), Some("13" | "53100")) {
                return Self::DiskFull;
            }
        }
        Self::Sql { sql: sql.chars().take(200).collect(), source }
    }
}
