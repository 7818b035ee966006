//! What can go wrong with the journal.

use crate::note::NoteError;
use base::{Id, Text};

/// A journal failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Storage.
    #[error("journal storage")]
    Store(#[from] store::Error),
    /// No randomness for a salt or a key.
    #[error("no randomness from the system")]
    Random,
    /// An entry is larger than a log entry may be (C2SP tlog-tiles: 65,535 bytes).
    #[error(
        "entry {kind} of {subject} has {bytes} bytes, at most 65535 are allowed; keep the bulk in an attachment and its hash in the entry"
    )]
    TooLarge {
        /// Kind of the entry.
        kind: String,
        /// Its subject.
        subject: String,
        /// Size of its canonical form.
        bytes: usize,
    },
    /// There is no such entry.
    #[error("there is no journal entry {0}")]
    Unknown(Id),
    /// The entry has no position yet; the sequencer gives it one within about a second.
    #[error("journal entry {0} is not in a signed tree yet; try again in a second")]
    NotSequenced(Id),
    /// The stored tree contradicts itself; run the verification and restore.
    #[error("the stored journal is damaged: {0}")]
    Damaged(String),
    /// A checkpoint cannot be opened.
    #[error("checkpoint")]
    Note(#[from] NoteError),
    /// The signing key cannot be used.
    #[error("signing key {path}: {problem}")]
    Key {
        /// The key file.
        path: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A projection could not follow an entry.
    #[error("projection {name} failed at position {position}")]
    Projection {
        /// The projection.
        name: &'static str,
        /// First position of the batch that failed.
        position: i64,
        /// Its own error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// The message for the person at the screen.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Store(error) => error.text(),
            Self::Unknown(id) => {
                Text::new(format!("没有编号为 {id} 的记录。"), format!("There is no record {id}."))
            }
            Self::NotSequenced(_) => Text::of(
                "该记录正在写入公开日志，请几秒后再取凭证。",
                "The record is being written to the log; ask for its proof again in a few seconds.",
            ),
            Self::TooLarge { .. } => Text::of(
                "内容过长，请将长文或表格作为附件提交。",
                "The content is too long; send long texts or tables as an attachment.",
            ),
            _ => Text::of(
                "日志系统出错，本次操作未完成，请通知管理员。",
                "The journal failed and the action was not completed; tell the administrator.",
            ),
        }
    }
}
