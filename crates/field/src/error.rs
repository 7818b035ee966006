//! What inspections outside can refuse, naming the field and the remedy.

use base::Text;

/// A failure of an inspection outside.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Storage.
    #[error("storage of inspections")]
    Store(#[from] store::Error),
    /// Journal.
    #[error("journal of inspections")]
    Ledger(#[from] ledger::Error),
    /// The person may not do this.
    #[error(transparent)]
    Denied(#[from] access::Denied),
    /// A field is wrong; nothing was stored.
    #[error("{field}: {text}")]
    Invalid {
        /// Stable name of the field.
        field: &'static str,
        /// What is wrong and the remedy.
        text: Text,
    },
    /// No such record, or none the reader may see.
    #[error("{0} does not exist")]
    NotFound(Text),
    /// The record's state does not allow this now.
    #[error("{0}")]
    State(Text),
    /// Procedures or register failed; nothing was stored.
    #[error("a part connected to inspections failed; nothing was stored")]
    Hook(#[source] crate::HookError),
}

impl Error {
    /// A wrong field.
    pub(crate) const fn invalid(field: &'static str, zh: &'static str, en: &'static str) -> Self {
        Self::Invalid { field, text: Text::of(zh, en) }
    }

    /// Not now.
    pub(crate) const fn state(zh: &'static str, en: &'static str) -> Self {
        Self::State(Text::of(zh, en))
    }

    /// The failure of a connected part; a right it denied stays a denial.
    pub(crate) fn of_hook(e: crate::HookError) -> Self {
        match e.downcast::<access::Denied>() {
            Ok(denied) => Self::Denied(*denied),
            Err(e) => match e.downcast::<crate::Refused>() {
                Ok(refused) => Self::State(refused.0),
                Err(e) => Self::Hook(e),
            },
        }
    }

    /// What to tell the user.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Store(store::Error::Stale) => Text::of(
                "该记录刚被他人修改，请刷新后重试",
                "the record was changed meanwhile by somebody else; reload and repeat",
            ),
            Self::Store(_) | Self::Ledger(_) | Self::Hook(_) => Text::of(
                "系统内部错误，未保存任何内容；请稍后重试或联系管理员",
                "internal error; nothing was stored. Try again later or tell the administrator",
            ),
            Self::Denied(d) => d.text.clone(),
            Self::Invalid { text, .. } | Self::State(text) => text.clone(),
            Self::NotFound(what) => {
                Text::new(format!("未找到：{}", what.zh), format!("not found: {}", what.en))
            }
        }
    }
}
