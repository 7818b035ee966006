//! The second reader: a new table comes into use only when two people have read it alike.
//!
//! A draft is a header (`*.toml`) and the rows as one person read them. A second person reads the same pages anew; the two
//! readings are compared field by field, and only readings without a difference make an edition active.

use crate::error::LoadError;
use crate::rule::Kind;
use crate::scale;
use base::{Date, Text, heading};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The columns of a table of limits.
pub const COLUMNS: [&str; 12] = [
    "id",
    "clause",
    "analyte",
    "food",
    "include",
    "exclude",
    "limit",
    "unit",
    "basis",
    "conditions",
    "notes",
    "flag",
];

/// The columns no row can do without.
const NEEDED: [&str; 5] = ["id", "clause", "analyte", "food", "include"];

/// A table as one person read it: rows by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table(BTreeMap<String, BTreeMap<&'static str, String>>);

/// Where two readings differ.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// Row id.
    pub row: String,
    /// Column; empty when the whole row is missing from one reading.
    pub column: &'static str,
    /// The first reading; `None`: the row is not there.
    pub first: Option<String>,
    /// The second reading.
    pub second: Option<String>,
}

/// Why a table cannot come into use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A reading or the header is not well formed.
    #[error("{0}")]
    Malformed(#[from] LoadError),
    /// Both readings are by one person.
    #[error("both readings are by {0}; a second person must read the table")]
    SameReader(String),
    /// The readings differ.
    #[error("the two readings differ in {0} fields; settle each against the page and read again")]
    Differ(usize),
    /// The header is not that of a draft.
    #[error("the header says nothing of a draft; it must hold the line `draft = true`")]
    NotDraft,
}

impl Refusal {
    /// The refusal for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Malformed(e) => format!("表格有误:{e}"),
            Self::SameReader(who) => format!("两次读取均为{who}所作,须由另一人再读一次"),
            Self::Differ(n) => format!("两次读取有{n}处不一致,请逐处核对原文后重读"),
            Self::NotDraft => "表头未标明为草稿,须有一行 draft = true".to_owned(),
        };
        Text::new(zh, self.to_string())
    }
}

impl Table {
    /// Reads a table; columns may stand in any order, those a table lacks are empty.
    ///
    /// # Errors
    /// When it is no CSV, a column is unknown, an id is missing or stands twice, a row has no clause or food, or a limit
    /// or unit is not understood.
    pub fn read(file: &str, text: &str) -> Result<Self, LoadError> {
        let syntax =
            |problem: csv::Error| LoadError::Syntax { file: file.to_owned(), problem: problem.to_string() };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let head: Vec<String> = reader.headers().map_err(syntax)?.iter().map(str::to_owned).collect();
        let rows = reader
            .records()
            .map(|record| record.map(|r| r.iter().map(str::to_owned).collect::<Vec<_>>()).map_err(syntax))
            .collect::<Result<Vec<_>, _>>()?;
        Self::from_rows(file, &head, rows)
    }

    /// Takes a table from the cells of a spreadsheet.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn from_rows(
        file: &str,
        head: &[String],
        cells: impl IntoIterator<Item = Vec<String>>,
    ) -> Result<Self, LoadError> {
        let head: Vec<&str> = head.iter().map(|name| name.trim_start_matches('\u{feff}')).collect();
        heading::require(file, &head, &NEEDED, str::eq)?;
        let columns = head
            .iter()
            .map(|name| {
                COLUMNS.iter().find(|c| *c == name).copied().ok_or_else(|| LoadError::Syntax {
                    file: file.to_owned(),
                    problem: format!("column “{name}” is unknown; columns are {}", COLUMNS.join(", ")),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut rows = BTreeMap::new();
        for (i, record) in cells.into_iter().enumerate() {
            let row: BTreeMap<&'static str, String> =
                columns.iter().copied().zip(record).map(|(c, v)| (c, v.trim().to_owned())).collect();
            let get = |column: &'static str| row.get(column).map_or("", String::as_str);
            let id = get("id").to_owned();
            let name = if id.is_empty() { format!("line {}", i + 2) } else { id.clone() };
            let bad = |field: &'static str, value: &str| LoadError::Field {
                file: file.to_owned(),
                row: name.clone(),
                field,
                value: value.to_owned(),
            };
            for field in NEEDED {
                if get(field).is_empty() {
                    return Err(bad(field, ""));
                }
            }
            if Kind::read(get("limit")).is_none() {
                return Err(bad("limit", get("limit")));
            }
            if !scale::known(get("unit")) {
                return Err(bad("unit", get("unit")));
            }
            if rows.insert(id.clone(), row).is_some() {
                return Err(bad("id", &id));
            }
        }
        Ok(Self(rows))
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn cell(&self, row: &str, column: &str) -> Option<&str> {
        self.0.get(row).map(|r| r.get(column).map_or("", String::as_str))
    }

    /// Every field in which another reading of the same table differs, rows in order.
    #[must_use]
    pub fn differences(&self, second: &Self) -> Vec<Difference> {
        let ids: BTreeSet<&String> = self.0.keys().chain(second.0.keys()).collect();
        let mut out = Vec::new();
        for id in ids {
            let both = self.0.contains_key(id) && second.0.contains_key(id);
            let columns: &[&'static str] = if both { &COLUMNS } else { &[""] };
            for column in columns {
                let (a, b) = (self.cell(id, column), second.cell(id, column));
                if a != b {
                    let own = |t: Option<&str>| t.map(str::to_owned);
                    out.push(Difference { row: id.clone(), column, first: own(a), second: own(b) });
                }
            }
        }
        out
    }

    /// The cells by row, rows by id, columns as in [`COLUMNS`].
    pub fn rows(&self) -> impl Iterator<Item = [&str; 12]> {
        self.0.keys().map(|id| COLUMNS.map(|c| self.cell(id, c).unwrap_or_default()))
    }

    /// The table as CSV, rows by id, columns in the usual order.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut out = csv::Writer::from_writer(Vec::new());
        // Writing into memory cannot fail; a record of fixed length is never refused.
        let _ = std::iter::once(COLUMNS).chain(self.rows()).try_for_each(|record| out.write_record(record));
        out.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    }

    fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.to_csv().as_bytes()))
    }
}

/// Makes an edition of a draft header and two independent readings: the header in use, naming both readers and the digest
/// of what they read, and the rows.
///
/// # Errors
/// When the readers are one person, the readings differ, or the header is not that of a draft.
pub fn activate(
    header: &str,
    first: (&str, &Table),
    second: (&str, &Table),
    date: Date,
) -> Result<(String, String), Refusal> {
    if first.0.trim() == second.0.trim() {
        return Err(Refusal::SameReader(first.0.trim().to_owned()));
    }
    let differences = first.1.differences(second.1);
    if !differences.is_empty() {
        return Err(Refusal::Differ(differences.len()));
    }
    let is_draft = |line: &str| line.replace(' ', "") == "draft=true";
    if !header.lines().any(is_draft) {
        return Err(Refusal::NotDraft);
    }
    let mut active: String = header.lines().filter(|l| !is_draft(l)).flat_map(|l| [l, "\n"]).collect();
    for (reader, table) in [first, second] {
        // A JSON string is a TOML string too.
        let name = serde_json::Value::from(reader.trim());
        active.push_str(&format!(
            "\n[[readings]]\nreader = {name}\ndate = \"{date}\"\nsha256 = \"{}\"\n",
            table.sha256()
        ));
    }
    Ok((active, first.1.to_csv()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "id,clause,analyte,food,include,limit,unit\nX-1,4.1,铅,大米,大米(粉),0.2,mg/kg\nX-2,4.1,铅,小麦,小麦,0.2,mg/kg\n";

    fn table(text: &str) -> Table {
        Table::read("t.csv", text).unwrap()
    }

    #[test]
    fn a_draft_is_active_only_after_two_people_read_it_alike() {
        let header = "id = \"x\"\ndraft = true\n";
        let day = Date::constant(2026, 11, 22);
        let (a, b) = (table(A), table(&A.replace("小麦,0.2", "小麦,0.3")));
        let differ = a.differences(&b);
        assert_eq!(differ.len(), 1);
        assert_eq!((differ[0].row.as_str(), differ[0].column), ("X-2", "limit"));
        assert_eq!(activate(header, ("甲", &a), ("乙", &b), day), Err(Refusal::Differ(1)));
        assert!(matches!(activate(header, ("甲", &a), ("甲 ", &a), day), Err(Refusal::SameReader(_))));
        assert_eq!(activate("id = \"x\"\n", ("甲", &a), ("乙", &a), day), Err(Refusal::NotDraft));
        let (active, rows) = activate(header, ("甲", &a), ("乙", &a.clone()), day).unwrap();
        assert!(!active.contains("draft") && active.matches("[[readings]]").count() == 2, "{active}");
        assert_eq!(table(&rows), table(&table(&rows).to_csv()));
    }

    #[test]
    fn a_row_without_evidence_or_with_an_unreadable_limit_is_named() {
        for (from, to, field) in
            [("X-2,4.1", "X-2,", "clause"), ("小麦,0.2", "小麦,abc", "limit"), ("X-2", "X-1", "id")]
        {
            match Table::read("t.csv", &A.replacen(from, to, 1)) {
                Err(LoadError::Field { field: got, .. }) => assert_eq!(got, field),
                other => panic!("{field}: {other:?}"),
            }
        }
    }
}
