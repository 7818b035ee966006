//! What supply can refuse, in words a person can act on.

use base::Text;
use epcis::Problem;

/// A supply failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Storage.
    #[error("supply storage")]
    Store(#[from] store::Error),
    /// Journal.
    #[error("supply journal")]
    Ledger(#[from] ledger::Error),
    /// The person may not do this.
    #[error(transparent)]
    Denied(#[from] access::Denied),
    /// The register of places failed; nothing was stored.
    #[error("the register of places failed; nothing was stored")]
    Directory(#[source] crate::DirectoryError),
    /// The input is wrong; nothing was stored.
    #[error("{} problem(s); nothing was stored", .0.len())]
    Refused(Vec<Problem>),
    /// Rows of a sheet are wrong; nothing was stored.
    #[error("{} row(s) are wrong; nothing was stored", .0.len())]
    Rows(Vec<paper::sheet::RowError>),
    /// The sheet cannot be used as a whole: no header, not a spreadsheet.
    #[error("{0}")]
    Sheet(Text),
    /// No such record.
    #[error("{0} does not exist")]
    NotFound(String),
    /// A parameter of a question cannot be used.
    #[error("{field}: {text}")]
    Wrong {
        /// The parameter.
        field: &'static str,
        /// What is wrong and what to do.
        text: Text,
    },
    /// A background step was cut off.
    #[error("a background step was cut off; nothing was stored")]
    Interrupted,
}

impl Error {
    pub(crate) const fn wrong(field: &'static str, text: Text) -> Self {
        Self::Wrong { field, text }
    }

    /// What to tell the user.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Store(store::Error::DiskFull) => Text::of(
                "磁盘已满，未写入任何内容；请清理空间后重试",
                "the disk is full; nothing was written. Free space and repeat the action",
            ),
            Self::Store(e @ store::Error::Unflushed(_)) => e.text(),
            Self::Store(_) | Self::Ledger(_) | Self::Directory(_) | Self::Interrupted => Text::of(
                "系统内部错误，未保存任何内容；请稍后重试或联系管理员",
                "internal error; nothing was stored. Try again later or tell the administrator",
            ),
            Self::Denied(d) => d.text.clone(),
            Self::Refused(problems) => problems.first().map_or_else(
                || Text::of("内容有误，未保存", "the input is wrong; nothing was stored"),
                Problem::message,
            ),
            Self::Rows(rows) => Text::new(
                format!("有 {} 处需要更正，整份台账未导入；更正后请重新上传", rows.len()),
                format!(
                    "{} cell(s) need correction; nothing of the ledger was imported. Correct and upload again",
                    rows.len()
                ),
            ),
            Self::Sheet(text) | Self::Wrong { text, .. } => text.clone(),
            Self::NotFound(what) => Text::new(
                format!("没有“{what}”的记录，或您无权查看，请核对"),
                format!("no record of {what}, or you may not see it; check it"),
            ),
        }
    }
}
