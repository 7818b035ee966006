//! What can go wrong with a matter, said in both languages.

use crate::form::FieldError;
use base::{Id, Instant, Lang, Text};

/// A failure an effect reports: shown to the user when it is a [`Error`], logged otherwise.
pub type EffectError = Box<dyn std::error::Error + Send + Sync>;

/// A change somebody else made meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Instant,
    /// Login of the person.
    pub login: String,
    /// What was done.
    pub what: Text,
}

/// A failure of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The right is missing.
    #[error(transparent)]
    Denied(#[from] access::Denied),
    /// Somebody else changed the record since it was read; nothing was written.
    #[error("{}", conflict(changes))]
    Conflict {
        /// What happened since, oldest first.
        changes: Vec<Change>,
    },
    /// The step is not allowed now: says why and what to do.
    #[error("{0}")]
    Refused(Text),
    /// The form has faults.
    #[error("{}", form(faults))]
    Form {
        /// Every fault found.
        faults: Vec<FieldError>,
    },
    /// There is no such record, or it is not yours to see.
    #[error("{0}")]
    NotFound(Text),
    /// An effect failed; nothing was written.
    #[error("effect {name} failed: {source}")]
    Effect {
        /// Registered name.
        name: String,
        /// What happened.
        #[source]
        source: EffectError,
    },
    /// An expression or table of the procedure cannot be evaluated.
    #[error("procedure rule: {0}")]
    Rule(#[from] rule::Error),
    /// The procedure is wrong or unknown.
    #[error("{0}")]
    Procedure(String),
    /// Storage.
    #[error("flow storage")]
    Store(#[from] store::Error),
    /// A private value cannot be sealed or opened.
    #[error("flow vault")]
    Vault(#[source] access::Error),
    /// The journal.
    #[error("flow journal")]
    Ledger(#[from] ledger::Error),
}

impl Error {
    /// A refusal with fixed texts.
    #[must_use]
    pub const fn refused(zh: &'static str, en: &'static str) -> Self {
        Self::Refused(Text::of(zh, en))
    }

    /// A missing record of a kind.
    #[must_use]
    pub fn missing(what: &Text, id: Id) -> Self {
        Self::NotFound(Text::new(
            format!("没有找到{}（{id}），请从列表重新打开", what.zh),
            format!("no {} {id}; open it again from the list", what.en),
        ))
    }

    /// What to show the user; `None` where the failure is the system's.
    #[must_use]
    pub fn user_text(&self) -> Option<Text> {
        match self {
            Self::Denied(denied) => Some(denied.text.clone()),
            Self::Conflict { changes } => Some(conflict(changes)),
            Self::Refused(text) | Self::NotFound(text) => Some(text.clone()),
            Self::Form { faults } => Some(form(faults)),
            Self::Effect { source, .. } => source.downcast_ref::<Self>().and_then(Self::user_text),
            _ => None,
        }
    }
}

fn conflict(changes: &[Change]) -> Text {
    let say = |lang: Lang| {
        let lines = changes.iter().map(|c| {
            let what = c.what.get(lang);
            match lang {
                Lang::Zh => format!("{} {} {what}", c.at.china_minute(), c.login),
                Lang::En => format!("{} {}: {what}", c.at.china_minute(), c.login),
            }
        });
        lines.collect::<Vec<_>>().join(lang.pick("；", "; "))
    };
    Text::new(
        format!("在您打开之后，他人已作更改：{}。您的内容未写入，请刷新后核对再提交", say(Lang::Zh)),
        format!(
            "somebody else changed this after you opened it: {}. Nothing of yours was written; reload, compare and submit again",
            say(Lang::En)
        ),
    )
}

fn form(faults: &[FieldError]) -> Text {
    let say = |lang: Lang| {
        let lines = faults.iter().map(|f| match lang {
            Lang::Zh => format!("{}：{}", f.title.zh, f.text.zh),
            Lang::En => format!("{}: {}", f.title.en, f.text.en),
        });
        lines.collect::<Vec<_>>().join(lang.pick("；", "; "))
    };
    Text::new(say(Lang::Zh), say(Lang::En))
}
