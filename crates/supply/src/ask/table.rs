//! The table of an answer: typed cells, filtered, sorted and paged, and the same rows as JSON and as a sheet.

use crate::{Legend, amount_text};
use base::region::Regions;
use base::{Decimal, Id, Instant, Lang, Text};
use chain::Amount;
use paper::sheet::{Sheet, Value};
use serde_json::{Map, Value as Json, json};
use std::cmp::Ordering;

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name for programs, sort key, heading of a file.
    pub key: &'static str,
    /// Heading for people.
    pub title: Text,
    /// Numbers are set right.
    pub number: bool,
}

/// A column of texts, places, lots, times.
pub(super) const fn text(key: &'static str, zh: &'static str, en: &'static str) -> Column {
    Column { key, title: Text::of(zh, en), number: false }
}

/// A column of numbers and quantities.
pub(super) const fn number(key: &'static str, zh: &'static str, en: &'static str) -> Column {
    Column { key, title: Text::of(zh, en), number: true }
}

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing known.
    Empty,
    /// Text as recorded.
    Text(String),
    /// Words of ours.
    Words(Text),
    /// A whole number.
    Whole(i64),
    /// An exact number.
    Number(Decimal),
    /// Quantities by unit.
    Amount(Amount),
    /// A time.
    Time(Instant),
    /// An item key; shown by its name.
    Lot(String),
    /// A site key; shown by its name.
    Place(String),
    /// A region code; shown by its name.
    Region(String),
    /// The events that prove the row.
    Events(Vec<Id>),
}

impl Cell {
    /// A time where one is known.
    pub(super) fn time(at: Option<Instant>) -> Self {
        at.map_or(Self::Empty, Self::Time)
    }

    /// A count.
    pub(super) fn count(n: usize) -> Self {
        Self::Whole(i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// A share, score or probability, to six places.
    pub(super) fn real(value: f64) -> Self {
        if !value.is_finite() {
            return Self::Empty;
        }
        format!("{value:.6}").parse::<Decimal>().map_or(Self::Empty, |d| Self::Number(d.normalize()))
    }

    /// A quantity where one is reported.
    pub(super) fn quantity(quantity: Option<chain::Qty>) -> Self {
        let mut amount = Amount::default();
        match quantity {
            None => Self::Empty,
            some => {
                amount.add(some);
                Self::Amount(amount)
            }
        }
    }

    /// As people read it.
    #[must_use]
    pub fn shown(&self, lang: Lang, legend: &Legend) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Words(words) => words.get(lang).to_owned(),
            Self::Whole(n) => n.to_string(),
            Self::Number(n) => n.to_string(),
            Self::Amount(amount) => amount_text(amount),
            Self::Time(at) => at.china_minute(),
            Self::Lot(key) => legend.lot_name(key),
            Self::Place(key) => legend.place_name(key),
            Self::Region(code) => region_name(lang, code),
            Self::Events(events) => events.iter().map(Id::to_string).collect::<Vec<_>>().join(" "),
        }
    }

    /// The number a cell sorts by.
    fn rank(&self) -> Option<Decimal> {
        match self {
            Self::Whole(n) => Some((*n).into()),
            Self::Number(n) => Some(*n),
            Self::Amount(amount) => amount.sums.first().map(|q| q.value),
            Self::Time(at) => Some(at.0.into()),
            Self::Events(events) => Some(events.len().into()),
            _ => None,
        }
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Json {
        match self {
            Self::Empty => Json::Null,
            Self::Text(text) | Self::Lot(text) | Self::Place(text) | Self::Region(text) => json!(text),
            Self::Words(words) => json!(words),
            Self::Whole(n) => json!(n),
            Self::Number(n) => json!(n),
            Self::Amount(amount) => json!(amount),
            Self::Time(at) => json!(at),
            Self::Events(events) => json!(events),
        }
    }
}

/// A region's name, or its code when the table lacks it; unregistered places have none.
fn region_name(lang: Lang, code: &str) -> String {
    if code.is_empty() {
        return lang.pick("未登记", "not registered").to_owned();
    }
    let found = code.parse().ok().and_then(|c| Regions::builtin().get(&c));
    found.map_or_else(|| code.to_owned(), |r| r.name.get(lang).to_owned())
}

/// Columns and rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each as long as there are columns.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(super) fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self { columns: columns.into(), rows: Vec::new() }
    }

    /// Keeps rows that contain every word of `words` in some cell, and lie in the region where one is asked for.
    pub fn filter(&mut self, lang: Lang, legend: &Legend, words: &str, region: &str) {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        if words.is_empty() && region.is_empty() {
            return;
        }
        self.rows.retain(|row| {
            let inside = |cell: &Cell| matches!(cell, Cell::Region(code) if code.starts_with(region));
            if !region.is_empty() && !row.iter().any(inside) {
                return false;
            }
            let mut text = String::new();
            for cell in row {
                text.push_str(&cell.shown(lang, legend));
                if let Cell::Lot(key) | Cell::Place(key) = cell {
                    text.push(' ');
                    text.push_str(key);
                }
                text.push('\n');
            }
            let text = text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        });
    }

    /// Sorts by a column; rows that have nothing there stay last. False when there is no such column.
    pub fn sort(&mut self, lang: Lang, legend: &Legend, key: &str, descending: bool) -> bool {
        let Some(at) = self.columns.iter().position(|c| c.key == key) else { return false };
        let turn = |order: Ordering| if descending { order.reverse() } else { order };
        let rows = std::mem::take(&mut self.rows);
        let mut keyed: Vec<(Option<Decimal>, String, Vec<Cell>)> = rows
            .into_iter()
            .map(|row| {
                let cell = row.get(at).unwrap_or(&Cell::Empty);
                let rank = cell.rank();
                let text = if rank.is_some() { String::new() } else { cell.shown(lang, legend) };
                (rank, text, row)
            })
            .collect();
        keyed.sort_by(|a, b| match (a.0, b.0) {
            (Some(x), Some(y)) => turn(x.cmp(&y)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => a.1.is_empty().cmp(&b.1.is_empty()).then_with(|| turn(a.1.cmp(&b.1))),
        });
        self.rows = keyed.into_iter().map(|(.., row)| row).collect();
        true
    }

    /// A row as an object: keys of places, lots and regions with their names beside them.
    #[must_use]
    pub fn object(&self, lang: Lang, legend: &Legend, row: &[Cell]) -> Map<String, Json> {
        let mut object = Map::new();
        for (column, cell) in self.columns.iter().zip(row) {
            if matches!(cell, Cell::Lot(_) | Cell::Place(_) | Cell::Region(_)) {
                object.insert(format!("{}_name", column.key), json!(cell.shown(lang, legend)));
            }
            object.insert(column.key.to_owned(), cell.json());
        }
        object
    }

    /// The rows as a sheet. A place, lot or region becomes two columns (name and key), a quantity a number and its unit;
    /// a sum that is no single number stands whole in the column of the unit.
    #[must_use]
    pub fn sheet(&self, name: &str, lang: Lang, legend: &Legend) -> Sheet {
        let shape: Vec<Shape> = (0..self.columns.len()).map(|at| self.shape(at)).collect();
        let mut sheet = Sheet { name: name.to_owned(), header: Vec::new(), rows: Vec::new() };
        for (column, shape) in self.columns.iter().zip(&shape) {
            let key = column.key;
            match shape {
                Shape::Plain => sheet.header.push(key.to_owned()),
                Shape::Keyed => sheet.header.extend([key.to_owned(), format!("{key}_key")]),
                Shape::Measured => sheet.header.extend([key.to_owned(), format!("{key}_unit")]),
            }
        }
        for row in &self.rows {
            let mut cells = Vec::with_capacity(sheet.header.len());
            for (cell, shape) in row.iter().zip(&shape) {
                match shape {
                    Shape::Plain => cells.push(plain(cell, lang, legend)),
                    Shape::Keyed => match cell {
                        Cell::Lot(key) | Cell::Place(key) | Cell::Region(key) => {
                            cells.extend([cell.shown(lang, legend).into(), key.clone().into()]);
                        }
                        other => cells.extend([plain(other, lang, legend), Value::Empty]),
                    },
                    Shape::Measured => match cell {
                        Cell::Amount(amount) => cells.extend(measured(amount)),
                        other => cells.extend([plain(other, lang, legend), Value::Empty]),
                    },
                }
            }
            sheet.rows.push(cells);
        }
        sheet
    }

    fn shape(&self, at: usize) -> Shape {
        for row in &self.rows {
            match row.get(at) {
                Some(Cell::Lot(_) | Cell::Place(_) | Cell::Region(_)) => return Shape::Keyed,
                Some(Cell::Amount(_)) => return Shape::Measured,
                _ => {}
            }
        }
        Shape::Plain
    }
}

/// How many columns of a sheet a column becomes.
enum Shape {
    Plain,
    Keyed,
    Measured,
}

fn plain(cell: &Cell, lang: Lang, legend: &Legend) -> Value {
    match cell {
        Cell::Empty => Value::Empty,
        Cell::Whole(n) => Value::from(*n),
        Cell::Number(n) => Value::Number(*n),
        Cell::Time(at) => Value::Text(at.rfc3339()),
        other => Value::Text(other.shown(lang, legend)),
    }
}

fn measured(amount: &Amount) -> [Value; 2] {
    let unit = |q: &chain::Qty| {
        let code = q.unit.as_str();
        base::quantity::Unit::from_rec20(code).map_or_else(|| code.to_owned(), |u| u.symbol().to_owned())
    };
    match (amount.sums.as_slice(), amount.quantity_unknown) {
        ([], false) => [Value::from(0), Value::Empty],
        ([one], false) => [Value::Number(one.value.normalize()), Value::Text(unit(one))],
        _ => [Value::Empty, Value::Text(amount_text(amount))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chain::Qty;

    fn table() -> Table {
        let mut kg = Amount::default();
        kg.add(Some(Qty::kg(12)));
        let mut unknown = kg.clone();
        unknown.add(None);
        let mut table = Table::new([text("place", "场所", "Place"), number("held", "在库", "On hand")]);
        table.rows = vec![
            vec![Cell::Place("b".into()), Cell::Amount(kg)],
            vec![Cell::Place("a".into()), Cell::Empty],
            vec![Cell::Place("c".into()), Cell::Amount(unknown)],
            vec![Cell::Place("d".into()), Cell::Amount(Amount::default())],
        ];
        table
    }

    #[test]
    fn rows_without_a_value_stay_last_either_way() {
        let legend = Legend::default();
        for descending in [false, true] {
            let mut t = table();
            assert!(t.sort(Lang::En, &legend, "held", descending));
            assert_ne!(t.rows[0][0], Cell::Place("a".into()), "{descending}");
            assert!(!t.sort(Lang::En, &legend, "nonsense", false));
        }
    }

    #[test]
    fn a_sum_that_is_no_single_number_stands_whole_beside_its_unit() {
        let sheet = table().sheet("scope", Lang::En, &Legend::default());
        assert_eq!(sheet.header, ["place", "place_key", "held", "held_unit"]);
        assert_eq!(sheet.rows[0][2..], [Value::Number(12.into()), Value::Text("kg".into())]);
        assert_eq!(sheet.rows[2][2..], [Value::Empty, Value::Text("12 kg + ?".into())]);
        assert!(sheet.rows.iter().all(|row| row.len() == sheet.header.len()));
    }

    #[test]
    fn every_word_must_be_found_somewhere_in_the_row() {
        let mut t = table();
        t.filter(Lang::En, &Legend::default(), "B kg", "");
        assert_eq!(t.rows.len(), 1);
    }
}
