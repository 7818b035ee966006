//! Forms from field definitions: what may be entered, when, and what is wrong with an entry, in both languages.

mod check;
mod value;

use base::Text;
use serde::{Deserialize, Serialize};

pub(crate) use check::Entry;
pub use check::FieldError;

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// One line.
    Text,
    /// Several lines.
    LongText,
    /// An exact decimal, of `unit` when given.
    Number,
    /// A date, `YYYY-MM-DD`.
    Date,
    /// A region code.
    Region,
    /// One of `options`.
    Select,
    /// Yes or no.
    YesNo,
    /// Photos or files, by content hash.
    File,
    /// Latitude and longitude in degrees (WGS 84).
    Position,
    /// Repeated rows of `fields`.
    Group,
}

/// A choice of a select field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Stored code.
    pub id: String,
    /// On screen.
    pub title: Text,
}

/// The column of a task item a field feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lift {
    /// Quantity found at the place.
    Found,
    /// Quantity under seal there.
    Sealed,
    /// Quantity taken back.
    Recovered,
    /// Quantity already sold or eaten.
    Sold,
    /// Quantity destroyed.
    Destroyed,
    /// The outcome code.
    Answer,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Name in the entry.
    pub id: String,
    /// On screen.
    pub title: Text,
    /// Shown under the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<Text>,
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Must be filled (when the field is shown).
    #[serde(default)]
    pub required: bool,
    /// Condition under which the field is shown and kept; absent: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Unit of a number; `item` stands for the unit of the task item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Smallest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<base::Decimal>,
    /// Largest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<base::Decimal>,
    /// Decimals allowed, at most 6 (the default).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u32>,
    /// Most characters of a text, rows of a group or files; defaults 200, 4000, 50 and 9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<usize>,
    /// Choices of a select.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// Fields of a group's row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Personal data: kept out of the journal's leaf.
    #[serde(default)]
    pub private: bool,
    /// Task item column it feeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lift: Option<Lift>,
}

/// A condition across fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Field the message is shown at.
    pub field: String,
    /// Condition over `form.…` and `facts.…` that must hold.
    pub holds: String,
    /// Said when it does not.
    pub message: Text,
}

/// A form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Name.
    pub id: String,
    /// Heading.
    pub title: Text,
    /// Fields in order.
    #[serde(rename = "field")]
    pub fields: Vec<Field>,
    /// Conditions across fields.
    #[serde(default, rename = "check", skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

impl Field {
    /// The answer this field waits for, where its condition names a single one (`form.outcome == "open"`): field and value.
    #[must_use]
    pub fn waits_for(&self) -> Option<(&str, &str)> {
        let (name, value) = self.when.as_deref()?.trim().strip_prefix("form.")?.split_once(" == ")?;
        let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let value = value.trim_matches('"');
        (plain(name) && plain(value)).then_some((name, value))
    }
}

impl Form {
    /// The field of that name.
    #[must_use]
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.id == id)
    }

    /// Whether it asks for quantities at a place.
    #[must_use]
    pub fn measures(&self) -> bool {
        self.fields.iter().any(|f| f.lift.is_some_and(|l| l != Lift::Answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_names_the_answer_it_waits_for_when_it_is_a_single_one() {
        let field = |when: &str| -> Field {
            let text = serde_json::json!({
                "id": "found", "title": {"zh": "数量", "en": "Quantity"}, "type": "number", "when": when,
            });
            serde_json::from_value(text).unwrap()
        };
        assert_eq!(field("form.outcome == \"open\"").waits_for(), Some(("outcome", "open")));
        assert_eq!(field("form.case_opened == true").waits_for(), Some(("case_opened", "true")));
        for other in ["form.a == \"x\" && form.b == \"y\"", "facts.level == \"1\"", "form.n != null"] {
            assert_eq!(field(other).waits_for(), None, "{other}");
        }
    }
}
