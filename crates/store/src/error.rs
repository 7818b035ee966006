//! What can go wrong between a statement and its rows.

use base::Text;
use std::path::Path;

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
    /// The database or the disk may only be read.
    #[error("the storage is read-only; nothing was written. Remount it writable or correct its permissions")]
    ReadOnly,
    /// The database file or a stored file does not hold what was written.
    #[error("{what} is damaged; stop the program and restore the last backup")]
    Corrupt {
        /// The file or database concerned.
        what: String,
    },
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
    /// The record was changed by somebody else since it was read (optimistic `version`, a lost lease).
    #[error("the record was changed meanwhile by somebody else; reload and repeat")]
    Stale,
    /// An input that cannot be kept, with the reason for its sender.
    #[error("{0}")]
    Refused(Text),
    /// The disk refused to keep what was committed; whether it is there shows after a restart only.
    #[error(
        "the disk refused to flush the log of the database ({0}); nothing more is written until a restart"
    )]
    Unflushed(String),
    /// Configuration, migration or backup trouble, in words for the operator.
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
            let sqlite = db.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some();
            let code = db.code().unwrap_or_default();
            // SQLite's primary result codes are the low byte of the extended ones; PostgreSQL's are SQLSTATE
            match (sqlite, code.parse::<i64>().unwrap_or(0) & 0xff, code.as_ref()) {
                (true, 13, _) | (false, _, "53100") => return Self::DiskFull,
                (true, 8, _) | (false, _, "25006") => return Self::ReadOnly,
                (true, 11 | 26, _) | (false, _, "XX001" | "XX002") => {
                    return Self::Corrupt { what: "the database".to_owned() };
                }
                _ => {}
            }
        }
        Self::Sql { sql: sql.chars().take(200).collect(), source }
    }

    /// Sorts a file error likewise.
    pub(crate) fn from_io(path: &Path, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::File { path: path.display().to_string(), source },
        }
    }

    /// The message for the person at the screen; inner details stay in the log.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Refused(text) => text.clone(),
            Self::Conflict { .. } => Text::of(
                "已有相同的记录，请核对后再提交。",
                "A record with the same key exists already; check the input and send it again.",
            ),
            Self::Stale => Text::of(
                "该记录刚被他人修改，请刷新后重试。",
                "Somebody else changed this record meanwhile; reload and repeat.",
            ),
            Self::DiskFull => Text::of(
                "磁盘已满，本次操作未写入任何数据。请通知管理员清理空间后重试。",
                "The disk is full; nothing was written. Ask the administrator to free space, then repeat.",
            ),
            Self::ReadOnly => Text::of(
                "存储为只读，本次操作未写入任何数据。请通知管理员。",
                "The storage is read-only; nothing was written. Ask the administrator.",
            ),
            Self::Corrupt { .. } => Text::of(
                "存储的数据已损坏，请立即通知管理员用备份恢复。",
                "Stored data are damaged; ask the administrator to restore the last backup at once.",
            ),
            Self::Unflushed(_) => Text::of(
                "磁盘写入失败，本次操作可能未保存，系统已停止写入。请立即通知管理员检查磁盘并重启，然后核对该操作。",
                "The disk failed and this action may not have been kept; the system has stopped writing. Ask the administrator to check the disk and restart, then look whether the action is there.",
            ),
            Self::Sql { .. }
            | Self::Column { .. }
            | Self::NotOne { .. }
            | Self::Setup(_)
            | Self::File { .. } => Text::of(
                "系统存储出错，本次操作未完成。请稍后重试，仍不成功请通知管理员。",
                "The storage failed and the action was not completed. Try again later, then ask the administrator.",
            ),
        }
    }
}
