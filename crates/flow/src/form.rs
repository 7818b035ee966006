//! Forms from field definitions: what may be entered, when, and what is wrong with an entry, in both languages.

mod check;
mod schema;
mod sheet;
mod value;

use base::Text;
use rule::Basis;
use serde::{Deserialize, Serialize};

pub(crate) use check::Entry;
pub use check::FieldError;
pub use sheet::SheetColumn;

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
    /// Any number of `options`.
    Multi,
    /// Yes or no.
    YesNo,
    /// Photos or files, by content hash.
    File,
    /// Latitude and longitude in degrees (WGS 84).
    Position,
    /// Repeated rows of `fields`.
    Group,
    /// A section shown under its condition; its `fields` stand beside those of the form.
    Part,
    /// Yuan with at most two decimals, not negative.
    Money,
    /// An operator: the register's number or the unified social credit code.
    Operator,
    /// A person: name, phone, identity number; always private and sealed at rest.
    Person,
    /// A lot: its canonical trace key, or its number as printed.
    Lot,
    /// A row of a standard's limits, `EDITION/ROW`.
    Limit,
    /// Photos only, by content hash.
    Photo,
    /// A signature: the name, and an image when one was drawn or photographed.
    Signature,
    /// One answer (pass, minor, fail, na) for each of `items`, with a note and photos where there is a finding.
    Checklist,
}

impl FieldType {
    /// Every type, in the order documented.
    pub const ALL: [Self; 20] = [
        Self::Text,
        Self::LongText,
        Self::Number,
        Self::Money,
        Self::Date,
        Self::Region,
        Self::Select,
        Self::Multi,
        Self::YesNo,
        Self::Operator,
        Self::Person,
        Self::Lot,
        Self::Limit,
        Self::File,
        Self::Photo,
        Self::Signature,
        Self::Position,
        Self::Checklist,
        Self::Group,
        Self::Part,
    ];

    /// Whether its values are content hashes.
    #[must_use]
    pub const fn is_file(self) -> bool {
        matches!(self, Self::File | Self::Photo)
    }
}

/// A question of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckItem {
    /// Number in the official table: `1.1`.
    pub id: String,
    /// The question.
    pub title: Text,
    /// A key item (重点项): stands in the checked answer as `key`, for rules over the answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub key: bool,
    /// The clauses it is asked by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<Basis>,
}

/// Answers of a checklist: code and words.
pub static RESULTS: [(&str, Text); 4] = [
    ("pass", Text::of("符合", "conforms")),
    ("minor", Text::of("基本符合", "basically conforms")),
    ("fail", Text::of("不符合", "does not conform")),
    ("na", Text::of("合理缺项", "does not apply")),
];

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

/// What the input of a text field offers while somebody types; the text itself stays free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Offer {
    /// Names of colleagues.
    Officer,
    /// Names of products.
    Product,
}

impl Offer {
    /// Its word in the rulebook.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Product => "product",
        }
    }
}

/// [`Field::since`]: the day the matter was opened.
pub(crate) const OPENED: &str = "opened";
/// [`Field::since`]: the day the matter came to the state it stands in.
pub(crate) const STATE: &str = "state";

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
    /// A date of something that has happened: it does not lie in the future.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub past: bool,
    /// A date of something still to come: it does not lie before today.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ahead: bool,
    /// A date that does not lie before another: `opened` (of the matter), `state` (since when it stands where it does), or a fact with a
    /// date (nothing is asked while it is empty).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Column of a group in which no value stands twice: two officers are two persons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<String>,
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
    /// Choices of a select or multi.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// Fields of a group's row or of a part.
    #[serde(default, rename = "fields", alias = "field", skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Questions of a checklist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<CheckItem>,
    /// Where its smallest and largest number come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<Basis>,
    /// Personal data: kept out of the journal's leaf.
    #[serde(default)]
    pub private: bool,
    /// Task item column it feeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lift: Option<Lift>,
    /// What a text's input offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// Fact its input opens with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
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
    /// Where the numbers in it come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<Basis>,
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

    /// Whether its value is kept out of the journal's leaf and sealed at rest: a person and a signature name somebody whatever else is
    /// said of the field, and a row of a group goes with its most private column.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.private
            || matches!(self.kind, FieldType::Person | FieldType::Signature)
            || (self.kind == FieldType::Group && self.fields.iter().any(Self::is_private))
    }
}

/// Parts dissolved, depth first.
fn leaves<'a>(fields: &'a [Field], found: &mut Vec<&'a Field>) {
    for field in fields {
        if field.kind == FieldType::Part {
            leaves(&field.fields, found);
        } else {
            found.push(field);
        }
    }
}

impl Form {
    /// The field of that name, also inside a part.
    #[must_use]
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.leaves().into_iter().find(|f| f.id == id)
    }

    /// The fields that hold values, those of parts among the others, in order.
    #[must_use]
    pub fn leaves(&self) -> Vec<&Field> {
        let mut found = Vec::new();
        leaves(&self.fields, &mut found);
        found
    }

    /// Whether it asks for quantities at a place.
    #[must_use]
    pub fn measures(&self) -> bool {
        self.leaves().iter().any(|f| f.lift.is_some_and(|l| l != Lift::Answer))
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
