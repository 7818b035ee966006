//! What an assessment can refuse, and what the person can do about it.

use base::Text;

/// A failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Storage.
    #[error("storage of assessments")]
    Store(#[from] store::Error),
    /// Journal.
    #[error("journal of assessments")]
    Ledger(#[from] ledger::Error),
    /// The person may not do this.
    #[error(transparent)]
    Denied(#[from] access::Denied),
    /// A field is wrong.
    #[error("{field}: {}", text.en)]
    Field {
        /// The field of the form.
        field: &'static str,
        /// What is wrong and the remedy.
        text: Text,
    },
    /// Rows of a file are wrong; nothing was stored.
    #[error("{} row(s) are wrong; nothing was stored", .0.len())]
    Rows(Vec<Text>),
    /// No such record.
    #[error("{0} does not exist")]
    NotFound(&'static str),
}

impl Error {
    /// What to tell the person.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Field { text, .. } => text.clone(),
            Self::Denied(_) => Text::of("没有查看样品的权限", "the right to view samples is missing"),
            Self::NotFound(_) => {
                Text::of("问题所指的记录不存在", "a record the question names does not exist")
            }
            other => Text::new(other.to_string(), other.to_string()),
        }
    }

    /// The error of a field.
    #[must_use]
    pub fn field(field: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Field { field, text: Text::new(zh, en) }
    }
}
