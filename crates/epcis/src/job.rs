//! A capture job as the REST binding shows it (EPCIS 2.0 §12.6).

use crate::problem::Problem;
use base::{Instant, Lang};
use serde_json::{Value, json};

/// What a capture does when one event is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ErrorBehaviour {
    /// Nothing is kept.
    #[default]
    Rollback,
    /// The good events are kept.
    Proceed,
}

impl ErrorBehaviour {
    /// From the value of `GS1-Capture-Error-Behaviour`.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        match value {
            "rollback" => Some(Self::Rollback),
            "proceed" => Some(Self::Proceed),
            _ => None,
        }
    }

    /// The value of the header and of the member `captureErrorBehaviour`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Proceed => "proceed",
        }
    }
}

/// A capture job. Running and success: true true in progress; true false failing; false true all stored; false false
/// nothing stored (rollback) or part stored (proceed).
#[derive(Debug, Clone, PartialEq)]
pub struct CaptureJob {
    /// `captureID`.
    pub id: String,
    /// When it was taken.
    pub created: Instant,
    /// When it ended.
    pub finished: Option<Instant>,
    /// Whether it still runs.
    pub running: bool,
    /// Whether all went well so far.
    pub success: bool,
    /// What it does when one event is bad.
    pub error_behaviour: ErrorBehaviour,
    /// What was found wrong.
    pub errors: Vec<Problem>,
    /// Where the errors are, when they are too many to be listed; then `errors` is not shown.
    pub error_file: Option<String>,
}

impl CaptureJob {
    /// The members of the JSON form.
    #[must_use]
    pub fn to_json(&self, lang: Lang) -> Value {
        let mut out = json!({
            "captureID": self.id,
            "createdAt": self.created.rfc3339(),
            "running": self.running,
            "success": self.success,
            "captureErrorBehaviour": self.error_behaviour.name(),
        });
        if let Some(finished) = self.finished {
            out["finishedAt"] = finished.rfc3339().into();
        }
        if let Some(file) = &self.error_file {
            out["errorFile"] = file.as_str().into();
        } else if !self.errors.is_empty() {
            out["errors"] = self.errors.iter().map(|problem| problem.to_json(lang)).collect();
        }
        out
    }
}
