//! What the law asks to be recorded of purchases and sales, as the rulebook states it.

use base::{Date, Text};
use jiff::ToSpan;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

const RECORDS: &str = include_str!("../../../../rulebook/cn/ledgers/records.toml");

/// Which way the goods of a record go, seen from the firm that keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Course {
    /// Goods come.
    In,
    /// Goods leave.
    Out,
    /// Both: the importer's record of import and sale.
    Both,
}

/// What the law asks of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Duty {
    /// It must be recorded.
    Record,
    /// It must be checked (查验) before the goods are taken; a trace of the check is kept.
    Check,
    /// It may be recorded.
    May,
}

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RecordField {
    /// `name`, `spec`, `quantity`, `lot`, `shelf_life`, `date`, `partner`, `address`, `contact`, `licence`,
    /// `certificate` or `document`.
    pub id: String,
    zh: String,
    en: String,
    /// What the law asks.
    pub duty: Duty,
    /// The clause that asks.
    pub clause: String,
}

impl RecordField {
    /// The heading.
    #[must_use]
    pub fn title(&self) -> Text {
        Text::new(self.zh.clone(), self.en.clone())
    }

    /// Whether a row without it is incomplete.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.duty != Duty::May
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Named {
    zh: String,
    en: String,
}

/// How long a record is kept at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Keep {
    /// Months after the last day of shelf life; none where the shelf life does not count.
    pub after_shelf_life_months: Option<u32>,
    /// Months after the day of the row, where the shelf life is not stated or does not count.
    pub otherwise_months: u32,
}

impl Keep {
    /// The day until which a row is kept at least.
    #[must_use]
    pub fn until(self, row: Date, shelf_life_end: Option<Date>) -> Date {
        let (from, months) = match (self.after_shelf_life_months, shelf_life_end) {
            (Some(months), Some(end)) => (end, months),
            _ => (row, self.otherwise_months),
        };
        from.saturating_add(i64::from(months).months())
    }
}

/// A record the law asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RecordRule {
    /// `materials`, `release`, `purchase`, `sales`, `produce`, `import`.
    pub id: String,
    zh: String,
    en: String,
    short_zh: String,
    short_en: String,
    /// Which way the goods go.
    pub direction: Course,
    /// Business forms of the places that must keep it; empty when it depends on the goods.
    pub forms: Vec<String>,
    /// The clause.
    pub clause: String,
    /// In force from.
    valid_from: String,
    /// `verified` or `unverified`.
    pub status: String,
    /// How long it is kept.
    pub keep: Keep,
    partner: Named,
    /// Its fields, in the order of a page.
    pub fields: Vec<RecordField>,
    /// The law, in both languages.
    #[serde(skip, default = "RecordRule::no_document")]
    pub document: Text,
}

impl RecordRule {
    /// Before its table of documents is read.
    fn no_document() -> Text {
        Text::new(String::new(), String::new())
    }

    /// Its full name.
    #[must_use]
    pub fn title(&self) -> Text {
        Text::new(self.zh.clone(), self.en.clone())
    }

    /// A name for menus.
    #[must_use]
    pub fn short(&self) -> Text {
        Text::new(self.short_zh.clone(), self.short_en.clone())
    }

    /// What the other side is called.
    #[must_use]
    pub fn partner(&self) -> Text {
        Text::new(self.partner.zh.clone(), self.partner.en.clone())
    }

    /// First day in force.
    #[must_use]
    pub fn valid_from(&self) -> Option<Date> {
        self.valid_from.parse().ok()
    }

    /// A field by its id.
    #[must_use]
    pub fn field(&self, id: &str) -> Option<&RecordField> {
        self.fields.iter().find(|f| f.id == id)
    }
}

#[derive(Deserialize)]
struct File {
    document: String,
    document_en: String,
    record: Vec<RecordRule>,
}

static RULES: LazyLock<Vec<RecordRule>> = LazyLock::new(|| {
    let Ok(file) = toml::from_str::<File>(RECORDS) else { return Vec::new() };
    let document = Text::new(file.document, file.document_en);
    file.record.into_iter().map(|r| RecordRule { document: document.clone(), ..r }).collect()
});

/// Every record of the rulebook.
#[must_use]
pub fn record_rules() -> &'static [RecordRule] {
    &RULES
}

/// The record of this id; the shipped rulebook states all that are asked for (a test shows it), so an unknown id gives
/// one without fields.
pub(crate) fn record_rule(id: &str) -> &'static RecordRule {
    static NONE: LazyLock<RecordRule> = LazyLock::new(|| RecordRule {
        id: String::new(),
        zh: String::new(),
        en: String::new(),
        short_zh: String::new(),
        short_en: String::new(),
        direction: Course::Both,
        forms: Vec::new(),
        clause: String::new(),
        valid_from: String::new(),
        status: String::new(),
        keep: Keep { after_shelf_life_months: None, otherwise_months: 24 },
        partner: Named { zh: String::new(), en: String::new() },
        fields: Vec::new(),
        document: RecordRule::no_document(),
    });
    RULES.iter().find(|r| r.id == id).unwrap_or(&NONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LedgerKind;

    #[test]
    fn the_rulebook_states_every_ledger_with_known_fields() {
        toml::from_str::<File>(RECORDS).map(|_| ()).unwrap();
        const KNOWN: [&str; 12] = [
            "name",
            "spec",
            "quantity",
            "lot",
            "shelf_life",
            "date",
            "partner",
            "address",
            "contact",
            "licence",
            "certificate",
            "document",
        ];
        for kind in LedgerKind::ALL {
            let rule = kind.rule();
            assert_eq!(rule.id, kind.word());
            assert!(rule.valid_from().is_some() && matches!(&*rule.status, "verified" | "unverified"));
            for field in &rule.fields {
                assert!(KNOWN.contains(&&*field.id) && !field.clause.is_empty(), "{}.{}", rule.id, field.id);
            }
            for wanted in ["name", "quantity", "date", "partner"] {
                assert!(rule.field(wanted).is_some_and(RecordField::is_asked), "{}.{wanted}", rule.id);
            }
        }
        assert_eq!(record_rules().len(), LedgerKind::ALL.len());
    }

    #[test]
    fn a_record_is_kept_six_months_after_shelf_life_or_two_years() {
        let keep = LedgerKind::Purchase.rule().keep;
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (row, end, until) in [
            ("2026-09-02", Some("2027-08-31"), "2028-02-29"),
            ("2026-09-02", None, "2028-09-02"),
            ("2026-09-02", Some("2026-09-05"), "2027-03-05"),
        ] {
            assert_eq!(keep.until(day(row), end.map(day)), day(until), "{row} {end:?}");
        }
        // produce: at least six months, whatever it says on the box
        assert_eq!(LedgerKind::Produce.rule().keep.until(day("2026-09-02"), None), day("2027-03-02"));
    }
}
