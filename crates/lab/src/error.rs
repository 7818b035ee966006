//! What a laboratory function can refuse, and how it says which field is wrong and what to do.

use base::Text;
use serde::{Deserialize, Serialize};

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable name of the field: `produced`, `form_no`, `reported`, …
    pub field: String,
    /// The field as the form or sheet calls it.
    pub label: Text,
    /// What was given; empty when nothing was.
    pub value: String,
    /// What is wrong and the remedy.
    pub message: Text,
}

impl Problem {
    /// A problem of one field.
    #[must_use]
    pub fn new(field: &str, label: Text, value: impl Into<String>, message: Text) -> Self {
        Self { field: field.to_owned(), label, value: value.into(), message }
    }
}

/// A laboratory failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Storage.
    #[error("laboratory storage")]
    Store(#[from] store::Error),
    /// Journal.
    #[error("laboratory journal")]
    Ledger(#[from] ledger::Error),
    /// The person may not do this.
    #[error(transparent)]
    Denied(#[from] access::Denied),
    /// The input is wrong; nothing was stored.
    #[error("{} field(s) are wrong; nothing was stored", .0.len())]
    Invalid(Vec<Problem>),
    /// Cells of a sheet are wrong; nothing was imported.
    #[error("{} cell(s) are wrong; nothing was imported", .0.len())]
    Rows(Vec<paper::sheet::RowError>),
    /// The file or its header cannot be used; nothing was imported.
    #[error("{0}")]
    Sheet(Text),
    /// No such record.
    #[error("{0} does not exist")]
    NotFound(String),
    /// The record's state does not allow this now.
    #[error("{0}")]
    State(Text),
    /// The report would be approved by someone who entered its results.
    #[error("{FOUR_EYES}")]
    FourEyes,
    /// The consequence of a failed sample, or the register, failed; nothing was stored.
    #[error("a part connected to the laboratory failed; nothing was stored")]
    Hook(#[source] crate::HookError),
}

/// Said when one person would both enter and approve.
const FOUR_EYES: Text = Text::of(
    "录入检验结果的人员不得批准同一份报告，请由另一名有权限的人员批准",
    "whoever entered results may not approve the same report; ask another authorised person to approve it",
);

impl Error {
    /// The failure of a connected part; a right it denied stays a denial.
    pub(crate) fn of_hook(e: crate::HookError) -> Self {
        match e.downcast::<access::Denied>() {
            Ok(denied) => Self::Denied(*denied),
            Err(e) => Self::Hook(e),
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
            Self::Store(store::Error::DiskFull) => Text::of(
                "磁盘已满，未写入任何内容；请清理空间后重试",
                "the disk is full; nothing was written. Free space and repeat the action",
            ),
            Self::Store(_) | Self::Ledger(_) | Self::Hook(_) => Text::of(
                "系统内部错误，未保存任何内容；请稍后重试或联系管理员",
                "internal error; nothing was stored. Try again later or tell the administrator",
            ),
            Self::Denied(d) => d.text.clone(),
            Self::Invalid(problems) => Text::new(
                format!("有 {} 处需要更正，未保存任何内容", problems.len()),
                format!("{} field(s) need correction; nothing was stored", problems.len()),
            ),
            Self::Rows(rows) => Text::new(
                format!("有 {} 处需要更正，整份文件未导入；更正后请重新上传", rows.len()),
                format!(
                    "{} cell(s) need correction; nothing was imported. Correct and upload again",
                    rows.len()
                ),
            ),
            Self::Sheet(text) => text.clone(),
            Self::NotFound(what) => Text::new(format!("未找到：{what}"), format!("not found: {what}")),
            Self::State(text) => text.clone(),
            Self::FourEyes => FOUR_EYES,
        }
    }
}
