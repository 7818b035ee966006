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

impl ItemFact {
    /// The items of an event as its row holds them: `role quantity unit item`, `-` for none, `|` between items. A key is
    /// a URI, so it holds neither a space nor a bar.
    pub(crate) fn row_text(items: &[Self]) -> String {
        use std::fmt::Write;
        let mut text = String::with_capacity(items.len() * 72);
        for item in items {
            if !text.is_empty() {
                text.push('|');
            }
            text.push_str(item.role.word());
            // writing to a String cannot fail
            let _ = match item.qty {
                Some(qty) => write!(text, " {qty} "),
                None => write!(text, " - "),
            };
            text.push_str(item.uom.as_deref().unwrap_or("-"));
            text.push(' ');
            text.push_str(&item.item);
        }
        text
    }

    /// Reads [`ItemFact::row_text`].
    pub(crate) fn of_row_text(text: &str) -> Option<Vec<Self>> {
        let items = text.split('|').filter(|part| !part.is_empty());
        items
            .map(|part| {
                let mut fields = part.splitn(4, ' ');
                let role = fields.next()?.parse().ok()?;
                let known = |field: &str| (field != "-").then(|| field.to_owned());
                let qty = known(fields.next()?).and_then(|qty| qty.parse().ok());
                let (uom, item) = (known(fields.next()?), fields.next()?.to_owned());
                let class = crate::prepare::class_key(&item);
                Some(Self { role, item, class, qty, uom })
            })
            .collect()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_back_from_their_row_as_they_went() {
        let item = |role, item: &str, class: Option<&str>, qty: Option<&str>, uom: Option<&str>| ItemFact {
            role,
            item: item.to_owned(),
            class: class.map(str::to_owned),
            qty: qty.map(|q| q.parse().unwrap()),
            uom: uom.map(str::to_owned),
        };
        let class = Some("https://id.gs1.org/01/06901234500011");
        let lot = "https://id.gs1.org/01/06901234500011/10/A-1";
        let all = [
            item(Role::Input, lot, class, Some("120.50"), Some("KGM")),
            item(Role::Output, lot, class, None, None),
            item(Role::Epc, "https://id.gs1.org/00/069012345000000018", None, Some("1"), None),
        ];
        for items in [&all[..], &all[..1], &[]] {
            assert_eq!(ItemFact::of_row_text(&ItemFact::row_text(items)).unwrap(), items);
        }
        for text in ["x", "epc 1 KGM", "owner 1 KGM urn:x"] {
            assert_eq!(ItemFact::of_row_text(text), None, "{text}");
        }
    }
}
