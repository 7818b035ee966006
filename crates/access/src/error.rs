//! What can go wrong with identities and rights, said in both languages.

use base::Text;

/// A failure of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The right is missing.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage.
    #[error("access storage")]
    Store(#[from] store::Error),
    /// The journal.
    #[error("access journal")]
    Ledger(#[from] ledger::Error),
    /// An input that cannot be accepted: names the field and the remedy.
    #[error("{field}: {text}")]
    Invalid {
        /// Field name as in the form or API.
        field: &'static str,
        /// For the user.
        text: Text,
    },
    /// The login was refused; the text never says whether the login exists.
    #[error("{0}")]
    Refused(Text),
    /// The password was right and the account asks for its one-time code.
    #[error("{0}")]
    NeedsCode(Text),
    /// Policies, schema or key file cannot be used.
    #[error("{0}")]
    Setup(String),
    /// A sealed value cannot be opened: another key, or changed bytes.
    #[error("the sealed value of {0} cannot be opened with this key file")]
    Sealed(String),
    /// The system gives no randomness.
    #[error("no randomness from the system")]
    Random,
}

impl Error {
    /// An input error with fixed texts.
    #[must_use]
    pub const fn invalid(field: &'static str, zh: &'static str, en: &'static str) -> Self {
        Self::Invalid { field, text: Text::of(zh, en) }
    }

    /// What to show the user; `None` where the failure is the system's.
    #[must_use]
    pub const fn user_text(&self) -> Option<&Text> {
        match self {
            Self::Denied(denied) => Some(&denied.text),
            Self::Invalid { text, .. } | Self::Refused(text) | Self::NeedsCode(text) => Some(text),
            _ => None,
        }
    }
}

/// Why an action is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nobody is logged in, or the account has no grant in force.
    NoGrant,
    /// The account must stand aside.
    Recused,
    /// The account submitted it itself.
    OwnSubmission,
    /// The record lies outside the regions granted.
    Region,
    /// The record belongs to another department.
    Agency,
    /// The record is classified above the ceiling.
    Ceiling,
    /// The record concerns another operator.
    Operator,
    /// No role held allows the action on this kind.
    Role,
}

/// An action refused: what right is missing and who could do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Denied {
    /// The action asked for.
    pub action: String,
    /// The kind of record.
    pub kind: &'static str,
    /// Why.
    pub reason: Reason,
    /// For the user.
    pub text: Text,
}
