//! What a function of the watch can refuse, and what to do about it.

use base::Text;

/// A failure of the watch.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Storage.
    #[error("storage of the watch")]
    Store(#[from] store::Error),
    /// Journal.
    #[error("journal of the watch")]
    Ledger(#[from] ledger::Error),
    /// The person may not do this.
    #[error(transparent)]
    Denied(#[from] access::Denied),
    /// A field is wrong; nothing was stored.
    #[error("{field}: {text}")]
    Invalid {
        /// Its name in the form.
        field: &'static str,
        /// What is wrong and the remedy.
        text: Text,
    },
    /// Cells of a sheet are wrong; nothing was imported.
    #[error("{} cell(s) are wrong; nothing was imported", .0.len())]
    Rows(Vec<paper::sheet::RowError>),
    /// The file or its header cannot be used; nothing was imported.
    #[error("{0}")]
    Sheet(Text),
    /// No such signal, or not for these eyes.
    #[error("no such signal")]
    NotFound,
}

impl Error {
    pub(crate) fn invalid(field: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid { field, text: Text::new(zh, en) }
    }

    /// What to tell the user.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Store(store::Error::Stale) => Text::of(
                "该信号刚被他人修改，请刷新后重试",
                "the signal was changed meanwhile by somebody else; reload and repeat",
            ),
            Self::Store(_) | Self::Ledger(_) => Text::of(
                "系统内部错误，未保存任何内容；请稍后重试或联系管理员",
                "internal error; nothing was stored. Try again later or tell the administrator",
            ),
            Self::Denied(d) => d.text.clone(),
            Self::Invalid { text, .. } | Self::Sheet(text) => text.clone(),
            Self::Rows(rows) => Text::new(
                format!("有 {} 处需要更正，整份文件未导入；更正后请重新上传", rows.len()),
                format!(
                    "{} cell(s) need correction; nothing was imported. Correct and upload again",
                    rows.len()
                ),
            ),
            Self::NotFound => {
                Text::of("没有找到该信号，或您无权查看", "no such signal, or you may not see it")
            }
        }
    }
}
