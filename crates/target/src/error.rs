//! What targeting can refuse, naming the field and the remedy.

use base::Text;

/// A failure of targeting.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Storage.
    #[error("storage of targeting")]
    Store(#[from] store::Error),
    /// Journal.
    #[error("journal of targeting")]
    Ledger(#[from] ledger::Error),
    /// The person may not do this.
    #[error(transparent)]
    Denied(#[from] access::Denied),
    /// The science refuses the tables.
    #[error(transparent)]
    Learn(#[from] risk::target::Error),
    /// A field is wrong; nothing was stored.
    #[error("{field}: {text}")]
    Invalid {
        /// Stable name of the field.
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
    /// No such record, or none the reader may see.
    #[error("{0} does not exist")]
    NotFound(Text),
    /// The record's state does not allow this now.
    #[error("{0}")]
    State(Text),
    /// Registers, procedures or samples failed; nothing was stored.
    #[error("a part connected to targeting failed; nothing was stored")]
    Hook(#[source] crate::HookError),
}

impl Error {
    /// A wrong field.
    pub(crate) fn invalid(field: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid { field, text: Text::new(zh, en) }
    }

    /// Not now.
    pub(crate) const fn state(zh: &'static str, en: &'static str) -> Self {
        Self::State(Text::of(zh, en))
    }

    /// The failure of a connected part; a right it denied stays a denial, what it refuses is told.
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
                "该提案刚被他人修改，请刷新后重试",
                "the proposal was changed meanwhile by somebody else; reload and repeat",
            ),
            Self::Store(_) | Self::Ledger(_) | Self::Hook(_) => Text::of(
                "系统内部错误，未保存任何内容；请稍后重试或联系管理员",
                "internal error; nothing was stored. Try again later or tell the administrator",
            ),
            Self::Denied(d) => d.text.clone(),
            Self::Learn(risk::target::Error::TooFew { found, clean }) => Text::new(
                format!(
                    "记录太少，暂不能训练：{found} 次发现问题、{clean} 次未发现；各需至少 20 次。可先导入历史检查结果"
                ),
                format!(
                    "too little to learn from: {found} visits found something and {clean} did not; at least 20 of each are needed. Past results can be imported"
                ),
            ),
            Self::Learn(e) => Text::new(format!("无法训练：{e}"), format!("cannot learn: {e}")),
            Self::Invalid { text, .. } | Self::State(text) | Self::Sheet(text) => text.clone(),
            Self::Rows(rows) => Text::new(
                format!("有 {} 处需要更正，整份文件未导入；更正后请重新上传", rows.len()),
                format!(
                    "{} cell(s) need correction; nothing was imported. Correct and upload again",
                    rows.len()
                ),
            ),
            Self::NotFound(what) => {
                Text::new(format!("未找到：{}", what.zh), format!("not found: {}", what.en))
            }
        }
    }
}
