//! The facts of an event that are lifted into columns: what the trace index and the lists need.

use base::{Decimal, Id, Instant};
use serde::{Deserialize, Serialize};

/// Part a thing plays in its event, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// `epcList`, `quantityList`.
    Epc,
    /// `parentID`.
    Parent,
    /// `childEPCs`, `childQuantityList`.
    Child,
    /// `inputEPCList`, `inputQuantityList`.
    Input,
    /// `outputEPCList`, `outputQuantityList`.
    Output,
}

impl Role {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Epc => "epc",
            Self::Parent => "parent",
            Self::Child => "child",
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        [Self::Epc, Self::Parent, Self::Child, Self::Input, Self::Output]
            .into_iter()
            .find(|r| r.word() == word)
            .ok_or_else(|| format!("{word} is no role"))
    }
}

/// One thing of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemFact {
    /// Its part.
    pub role: Role,
    /// Key of the instance, lot or, when no lot is named, class.
    pub item: String,
    /// Key of the product class, when it has one.
    pub class: Option<String>,
    /// Exact amount as reported; an instance counts one.
    pub qty: Option<Decimal>,
    /// UN/ECE Rec 20 code; `None`: pieces.
    pub uom: Option<String>,
}

/// The lifted facts of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFact {
    /// Record id.
    pub id: Id,
    /// `ObjectEvent`, …
    pub kind: String,
    /// `ADD`, `OBSERVE`, `DELETE`.
    pub action: Option<String>,
    /// Bare CBV word where there is one, else the URI.
    pub biz_step: Option<String>,
    /// As `biz_step`.
    pub disposition: Option<String>,
    /// When it happened.
    pub time: Instant,
    /// When it was recorded here.
    pub recorded: Instant,
    /// Place key of the read point.
    pub read_point: Option<String>,
    /// Place key of the business location.
    pub biz_location: Option<String>,
    /// Place key of the source.
    pub source: Option<String>,
    /// Place key of the destination.
    pub destination: Option<String>,
    /// The document that travels with the goods.
    pub document: Option<String>,
    /// `transformationID`.
    pub join: Option<String>,
    /// It is an error declaration, not an event proper.
    pub declaration: bool,
    /// An error declaration withdrew it.
    pub withdrawn: bool,
    /// Of an error declaration: the event it withdraws, when that was stored before.
    pub withdraws: Option<Id>,
    /// What it is about, in the order of the document.
    pub items: Vec<ItemFact>,
}
