//! What a capture is asked and what it answers: syntax, behaviour on errors, state, what was stored and what was known.

use base::Id;
use epcis::Problem;
use serde::{Deserialize, Serialize};

/// What happens to the good events of a document that also has bad ones (GS1-Capture-Error-Behaviour).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorBehaviour {
    /// Nothing is stored.
    #[default]
    Rollback,
    /// The good ones are stored.
    Proceed,
}

impl ErrorBehaviour {
    /// The word of the header and the job.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Proceed => "proceed",
        }
    }
}

impl std::str::FromStr for ErrorBehaviour {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "rollback" => Ok(Self::Rollback),
            "proceed" => Ok(Self::Proceed),
            other => Err(format!("{other} is neither rollback nor proceed")),
        }
    }
}

/// The syntax of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Told by the first character: `<` is XML.
    #[default]
    Detect,
    /// EPCIS 2.0 JSON or JSON-LD.
    Json,
    /// EPCIS 1.2 or 2.0 XML.
    Xml,
}

/// How to capture.
#[derive(Debug, Clone, Default)]
pub struct CaptureOptions {
    /// Good events of a document with bad ones.
    pub error_behaviour: ErrorBehaviour,
    /// In whose name; `None`: the caller's operator. An authority may capture in nobody's name.
    pub operator: Option<Id>,
}

/// How a capture ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaptureState {
    /// Every event is stored (or was before).
    Stored,
    /// Some are, some were refused (`proceed`).
    Part,
    /// None is.
    Refused,
    /// The document is kept and still to be worked off.
    Running,
    /// It is at work, and at least one event was refused.
    Failing,
}

impl CaptureState {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Part => "part",
            Self::Refused => "refused",
            Self::Running => "running",
            Self::Failing => "failing",
        }
    }
}

impl std::str::FromStr for CaptureState {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        [Self::Stored, Self::Part, Self::Refused, Self::Running, Self::Failing]
            .into_iter()
            .find(|s| s.word() == word)
            .ok_or_else(|| format!("{word} is no capture state"))
    }
}

/// An event that was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredEvent {
    /// Record id.
    pub id: Id,
    /// `eventID` as given, else the hash id.
    pub event_id: String,
    /// CBV 2.0 event hash id, `ni:///sha-256;…?ver=CBV2.0`.
    pub hash: String,
}

/// An event that was stored before: same content, not stored twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// `eventID` as given, else the hash id.
    pub event_id: String,
    /// CBV 2.0 event hash id.
    pub hash: String,
    /// The event stored before; `None` when it is in the same document.
    pub existing: Option<Id>,
}

/// What a capture did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaptureOutcome {
    /// The capture job.
    pub id: Id,
    /// How it ended.
    pub state: CaptureState,
    /// Events in the document, good and bad.
    pub events: usize,
    /// What was stored, in document order.
    pub stored: Vec<StoredEvent>,
    /// What was stored before.
    pub duplicates: Vec<Duplicate>,
    /// Why events, or the whole, were refused.
    pub problems: Vec<Problem>,
    /// `sha-256:` and the hex Merkle root over the hash ids of the stored events, in document order.
    pub events_root: Option<String>,
    /// The journal entry.
    pub journal: Id,
    /// The document as a whole could not be read; its problems say why.
    pub unusable: bool,
}
