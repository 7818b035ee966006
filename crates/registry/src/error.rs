//! What can go wrong with the registry, said in both languages.

use base::Text;
use paper::sheet::{HeaderError, RowError, SheetError};

/// A failure of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The right is missing.
    #[error(transparent)]
    Denied(#[from] access::Denied),
    /// Sealing or opening personal data.
    #[error("personal data")]
    Access(#[from] access::Error),
    /// Storage; [`store::Error::Stale`] when somebody else changed the record meanwhile.
    #[error("registry storage")]
    Store(#[from] store::Error),
    /// The journal.
    #[error("registry journal")]
    Ledger(#[from] ledger::Error),
    /// An input that cannot be accepted: names the field and the remedy.
    #[error("{field}: {text}")]
    Invalid {
        /// Field name as in the form or API.
        field: &'static str,
        /// For the user.
        text: Text,
    },
    /// No such record.
    #[error("{0}")]
    NotFound(Text),
    /// The file is no spreadsheet we can read.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// The header lacks columns.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Rows of an import are wrong; nothing was imported.
    #[error("{} rows of the file are wrong; nothing was imported", .0.len())]
    Rows(Vec<RowError>),
}

impl Error {
    pub(crate) const fn invalid(field: &'static str, zh: &'static str, en: &'static str) -> Self {
        Self::Invalid { field, text: Text::of(zh, en) }
    }

    pub(crate) const fn not_found(zh: &'static str, en: &'static str) -> Self {
        Self::NotFound(Text::of(zh, en))
    }

    /// What to show the user; `None` where the failure is the system's. For [`Error::Rows`] show the rows, too.
    #[must_use]
    pub fn user_text(&self) -> Option<Text> {
        match self {
            Self::Denied(denied) => Some(denied.text.clone()),
            Self::Access(e) => e.user_text().cloned(),
            Self::Invalid { text, .. } | Self::NotFound(text) => Some(text.clone()),
            Self::Sheet(e) => Some(e.text()),
            Self::Header(e) => Some(e.text()),
            Self::Rows(rows) => Some(Text::new(
                format!("文件中有 {} 处错误，未导入任何数据，请改正后重新上传", rows.len()),
                format!(
                    "the file has {} errors; nothing was imported: correct them and upload it again",
                    rows.len()
                ),
            )),
            Self::Store(store::Error::Stale) => Some(Text::of(
                "该记录已被他人修改，请刷新后重试",
                "somebody else changed the record meanwhile; reload and repeat",
            )),
            Self::Store(_) | Self::Ledger(_) => None,
        }
    }
}
