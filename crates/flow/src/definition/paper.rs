//! What must be on file before a step may be taken.

use rule::Basis;
use serde::{Deserialize, Serialize};

/// A paper or piece of evidence a step asks for: a document of the procedure, or a form of it that was filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperRule {
    /// The document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// It is not enough that the document was drafted: it was served on the party or published.
    #[serde(default)]
    pub served: bool,
    /// The form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// A field of that form which holds the paper itself; absent: the form is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Asked for only where this holds; absent: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The clause that asks for it.
    pub basis: Basis,
}
