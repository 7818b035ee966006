//! Decision tables: columns of unary cells, a hit policy, and proof at load that no case is forgotten or doubled.
//!
//! A cell is `-` (anything), for texts `a` or `a, b` or `not a, b`, for flags `true` or `false`, for numbers `5`,
//! `< 5`, `<= 5`, `> 5`, `>= 5` or a range `[1..5)` whose brackets say which ends belong to it.

use crate::{Basis, Error};
use base::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// Which rows speak when several match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hit {
    /// Exactly one row matches every case; the check refuses overlap.
    Unique,
    /// The first row that matches.
    First,
    /// All rows that match, in order; gaps are allowed.
    Collect,
}

/// What a column compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A code out of `values`, or any text when `values` is empty.
    Text,
    /// An exact decimal.
    Number,
    /// Yes or no.
    Flag,
}

/// A condition column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Dotted path of the fact compared.
    pub path: String,
    /// What kind of value it is.
    pub kind: Kind,
    /// All codes a text may have; empty when open.
    #[serde(default)]
    pub values: Vec<String>,
}

/// One rule: a cell for each input, a value for each output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Cells, in the order of the inputs.
    pub when: Vec<String>,
    /// Values, in the order of the outputs.
    pub then: Vec<Json>,
}

/// A table as written in the rulebook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableData {
    /// Name within its file.
    pub id: String,
    /// Where its numbers come from; a table that compares or sets numbers cites at least one clause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<Basis>,
    /// Hit policy.
    pub hit: Hit,
    /// Condition columns.
    #[serde(rename = "input")]
    pub inputs: Vec<Input>,
    /// Dotted paths of the facts the table sets.
    pub outputs: Vec<String>,
    /// The rules.
    #[serde(rename = "row")]
    pub rows: Vec<Row>,
}

/// A checked table.
#[derive(Debug)]
pub struct Table {
    data: TableData,
    cells: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone)]
enum Cell {
    Any,
    In(BTreeSet<String>),
    NotIn(BTreeSet<String>),
    Flag(bool),
    Range { low: Option<(Decimal, bool)>, high: Option<(Decimal, bool)> },
}

/// A probe value of a column, enough to tell all cells of the column apart.
#[derive(Debug, Clone)]
enum Probe {
    Text(String),
    Flag(bool),
    Number(Decimal),
}

/// More combinations than this are not enumerated: the table must be split.
const MOST_CASES: usize = 200_000;

impl Table {
    /// Reads the cells and proves completeness (all but `collect`) and the absence of overlap (`unique`).
    ///
    /// # Errors
    /// [`Error::Table`] naming the row and cell, or the forgotten or doubled combination.
    pub fn compile(data: TableData) -> Result<Self, Error> {
        let mut cells = Vec::with_capacity(data.rows.len());
        for (n, row) in data.rows.iter().enumerate() {
            let n = n + 1;
            if row.when.len() != data.inputs.len() || row.then.len() != data.outputs.len() {
                return Err(fault(
                    &data,
                    format!(
                        "row {n} has {} cells and {} values; the head has {} inputs and {} outputs",
                        row.when.len(),
                        row.then.len(),
                        data.inputs.len(),
                        data.outputs.len()
                    ),
                ));
            }
            let parsed = row.when.iter().zip(&data.inputs).map(|(cell, input)| {
                Cell::parse(cell, input).map_err(|p| fault(&data, format!("row {n}, {}: {p}", input.path)))
            });
            cells.push(parsed.collect::<Result<Vec<_>, _>>()?);
        }
        let table = Self { data, cells };
        table.prove()?;
        Ok(table)
    }

    /// The table as written.
    #[must_use]
    pub const fn data(&self) -> &TableData {
        &self.data
    }

    /// Whether it compares or sets numbers, which must cite their basis.
    #[must_use]
    pub fn has_numbers(&self) -> bool {
        let compared = self.cells.iter().flatten().any(|c| matches!(c, Cell::Range { .. }));
        compared || self.data.rows.iter().flat_map(|r| &r.then).any(Json::is_number)
    }

    /// Decides: for each row that speaks, its values in the order of the outputs.
    ///
    /// # Errors
    /// [`Error::Table`] naming a fact that is missing, of the wrong kind or outside the declared codes.
    pub fn decide(&self, facts: &Json) -> Result<Vec<&[Json]>, Error> {
        let mut case = Vec::with_capacity(self.data.inputs.len());
        for input in &self.data.inputs {
            let value = input.path.split('.').try_fold(facts, |v, name| v.get(name));
            let probe = value.and_then(|v| Probe::read(v, input)).ok_or_else(|| {
                let found = value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
                fault(&self.data, format!("{} must be a {:?}, found {found}", input.path, input.kind))
            })?;
            case.push(probe);
        }
        let mut hits = self.matching(&case).map(|n| self.data.rows[n].then.as_slice());
        Ok(match self.data.hit {
            Hit::Collect => hits.collect(),
            Hit::Unique | Hit::First => hits.next().into_iter().collect(),
        })
    }

    fn matching<'a>(&'a self, case: &'a [Probe]) -> impl Iterator<Item = usize> + 'a {
        let speaks = move |cells: &[Cell]| cells.iter().zip(case).all(|(cell, probe)| cell.matches(probe));
        self.cells.iter().enumerate().filter(move |(_, cells)| speaks(cells)).map(|(n, _)| n)
    }

    fn prove(&self) -> Result<(), Error> {
        let columns: Vec<Vec<Probe>> = (0..self.data.inputs.len()).map(|c| self.probes(c)).collect();
        let cases = columns.iter().try_fold(1usize, |n, c| n.checked_mul(c.len()));
        let Some(cases) = cases.filter(|n| *n <= MOST_CASES) else {
            return Err(fault(&self.data, format!("more than {MOST_CASES} combinations; split the table")));
        };
        for case in 0..cases {
            let mut rest = case;
            let probes: Vec<Probe> = columns
                .iter()
                .map(|column| {
                    let probe = column[rest % column.len()].clone();
                    rest /= column.len();
                    probe
                })
                .collect();
            let hits: Vec<usize> = self.matching(&probes).map(|n| n + 1).take(2).collect();
            let name = || {
                let parts = self.data.inputs.iter().zip(&probes).map(|(i, p)| format!("{} = {p}", i.path));
                parts.collect::<Vec<_>>().join(", ")
            };
            match (self.data.hit, hits.as_slice()) {
                (Hit::Unique | Hit::First, []) => {
                    return Err(fault(&self.data, format!("no row for {}; add one", name())));
                }
                (Hit::Unique, [a, b]) => {
                    return Err(fault(&self.data, format!("rows {a} and {b} both match {}", name())));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Values that stand for every region of a column: each code and one other, or each bound and a point between.
    fn probes(&self, column: usize) -> Vec<Probe> {
        let input = &self.data.inputs[column];
        let cells = || self.cells.iter().map(move |row| &row[column]);
        match input.kind {
            Kind::Flag => vec![Probe::Flag(true), Probe::Flag(false)],
            Kind::Text if !input.values.is_empty() => input.values.iter().cloned().map(Probe::Text).collect(),
            Kind::Text => {
                let mut codes: BTreeSet<String> = BTreeSet::from(["(other)".to_owned()]);
                for cell in cells() {
                    if let Cell::In(set) | Cell::NotIn(set) = cell {
                        codes.extend(set.iter().cloned());
                    }
                }
                codes.into_iter().map(Probe::Text).collect()
            }
            Kind::Number => {
                let mut bounds = BTreeSet::new();
                for cell in cells() {
                    if let Cell::Range { low, high } = cell {
                        bounds.extend(low.iter().chain(high).map(|(b, _)| *b));
                    }
                }
                let bounds: Vec<Decimal> = bounds.into_iter().collect();
                let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else {
                    return vec![Probe::Number(Decimal::ZERO)];
                };
                let mut points = vec![*first - Decimal::ONE, *last + Decimal::ONE];
                points.extend(&bounds);
                points.extend(bounds.windows(2).map(|w| (w[0] + w[1]) / Decimal::TWO));
                points.into_iter().map(Probe::Number).collect()
            }
        }
    }
}

fn fault(data: &TableData, problem: String) -> Error {
    Error::Table { table: data.id.clone(), problem }
}

impl Probe {
    fn read(value: &Json, input: &Input) -> Option<Self> {
        match (input.kind, value) {
            (Kind::Flag, Json::Bool(b)) => Some(Self::Flag(*b)),
            (Kind::Text, Json::String(s)) if input.values.is_empty() || input.values.contains(s) => {
                Some(Self::Text(s.clone()))
            }
            (Kind::Number, Json::String(s)) => s.parse().ok().map(Self::Number),
            (Kind::Number, Json::Number(n)) => n.to_string().parse().ok().map(Self::Number),
            _ => None,
        }
    }
}

impl std::fmt::Display for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(t) => f.write_str(t),
            Self::Flag(b) => write!(f, "{b}"),
            Self::Number(n) => write!(f, "{n}"),
        }
    }
}

impl Cell {
    fn parse(text: &str, input: &Input) -> Result<Self, String> {
        let text = text.trim();
        if text == "-" {
            return Ok(Self::Any);
        }
        match input.kind {
            Kind::Flag => match text {
                "true" => Ok(Self::Flag(true)),
                "false" => Ok(Self::Flag(false)),
                _ => Err(format!("`{text}` is not true, false or -")),
            },
            Kind::Text => {
                let (negated, list) = text.strip_prefix("not ").map_or((false, text), |rest| (true, rest));
                let set: BTreeSet<String> = list.split(',').map(|s| s.trim().to_owned()).collect();
                let strange = set
                    .iter()
                    .find(|c| c.is_empty() || (!input.values.is_empty() && !input.values.contains(*c)));
                match strange {
                    Some(code) => Err(format!("`{code}` is not one of {}", input.values.join(", "))),
                    None if negated => Ok(Self::NotIn(set)),
                    None => Ok(Self::In(set)),
                }
            }
            Kind::Number => Self::range(text),
        }
    }

    fn range(text: &str) -> Result<Self, String> {
        let number = |t: &str| -> Result<Decimal, String> {
            t.trim().parse().map_err(|_| format!("`{}` is not a number", t.trim()))
        };
        for (sign, below, closed) in
            [("<=", true, true), (">=", false, true), ("<", true, false), (">", false, false)]
        {
            if let Some(rest) = text.strip_prefix(sign) {
                let bound = Some((number(rest)?, closed));
                return Ok(if below {
                    Self::Range { low: None, high: bound }
                } else {
                    Self::Range { low: bound, high: None }
                });
            }
        }
        let Some((low, high)) = text.split_once("..") else {
            let n = Some((number(text)?, true));
            return Ok(Self::Range { low: n, high: n });
        };
        let (low, low_closed) = match low.split_at_checked(1) {
            Some(("[", rest)) => (rest, true),
            Some(("(", rest)) => (rest, false),
            _ => return Err("a range begins with [ or (".into()),
        };
        let (high, high_closed) = match high.strip_suffix(']') {
            Some(rest) => (rest, true),
            None => (high.strip_suffix(')').ok_or("a range ends with ] or )")?, false),
        };
        let (low, high) = (number(low)?, number(high)?);
        if low > high {
            return Err(format!("the range {low}..{high} is empty"));
        }
        Ok(Self::Range { low: Some((low, low_closed)), high: Some((high, high_closed)) })
    }

    fn matches(&self, probe: &Probe) -> bool {
        match (self, probe) {
            (Self::Any, _) => true,
            (Self::In(set), Probe::Text(t)) => set.contains(t),
            (Self::NotIn(set), Probe::Text(t)) => !set.contains(t),
            (Self::Flag(a), Probe::Flag(b)) => a == b,
            (Self::Range { low, high }, Probe::Number(n)) => {
                low.is_none_or(|(b, closed)| *n > b || (closed && *n == b))
                    && high.is_none_or(|(b, closed)| *n < b || (closed && *n == b))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn level(hit: Hit, rows: &[(&str, &str, &str)]) -> Result<Table, Error> {
        let text = |v: &[&str]| v.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        Table::compile(TableData {
            id: "level".into(),
            basis: Vec::new(),
            hit,
            inputs: vec![
                Input {
                    path: "facts.harm".into(),
                    kind: Kind::Text,
                    values: text(&["serious", "general", "label"]),
                },
                Input { path: "facts.sold".into(), kind: Kind::Number, values: Vec::new() },
            ],
            outputs: vec!["facts.level".into()],
            rows: rows.iter().map(|(a, b, l)| Row { when: text(&[a, b]), then: vec![json!(l)] }).collect(),
        })
    }

    const GOOD: &[(&str, &str, &str)] =
        &[("serious", "-", "1"), ("general", ">= 100", "1"), ("general", "< 100", "2"), ("label", "-", "3")];

    #[test]
    fn a_complete_table_decides_every_case() {
        let table = level(Hit::Unique, GOOD).unwrap();
        for (harm, sold, want) in [
            ("serious", json!(0), "1"),
            ("general", json!("99.99"), "2"),
            ("general", json!(100), "1"),
            ("label", json!(-4), "3"),
        ] {
            let got = table.decide(&json!({"facts": {"harm": harm, "sold": sold}})).unwrap();
            assert_eq!(got, [[json!(want)]], "{harm} {sold}");
        }
    }

    #[test]
    fn a_forgotten_or_doubled_case_is_named() {
        let gap = level(Hit::Unique, &GOOD[..3]).unwrap_err().to_string();
        assert!(gap.contains("no row for facts.harm = label"), "{gap}");
        let mut double = GOOD.to_vec();
        double.push(("label", "[10..20)", "2"));
        let overlap = level(Hit::Unique, &double).unwrap_err().to_string();
        assert!(overlap.contains("rows 4 and 5 both match"), "{overlap}");
        let hole = [("serious", "< 5", "1"), ("serious", "> 5", "1"), ("not serious", "-", "2")];
        assert!(level(Hit::First, &hole).unwrap_err().to_string().contains("facts.sold = 5"));
    }

    #[test]
    fn bad_cells_and_facts_are_refused() {
        for (cell, number, want) in [
            ("sirius", "-", "not one of"),
            ("serious", "many", "not a number"),
            ("serious", "[5..1]", "empty"),
        ] {
            let got = level(Hit::Collect, &[(cell, number, "1")]).unwrap_err().to_string();
            assert!(got.contains(want), "{got}");
        }
        let table = level(Hit::Unique, GOOD).unwrap();
        let got = table.decide(&json!({"facts": {"harm": "other", "sold": 1}})).unwrap_err().to_string();
        assert!(got.contains("facts.harm must be a Text"), "{got}");
    }

    #[test]
    fn collect_gives_all_and_first_gives_one() {
        let rows = [("serious", "-", "1"), ("-", "> 10", "2"), ("-", "-", "3")];
        let facts = json!({"facts": {"harm": "serious", "sold": 11}});
        assert_eq!(level(Hit::Collect, &rows).unwrap().decide(&facts).unwrap().len(), 3);
        assert_eq!(level(Hit::First, &rows).unwrap().decide(&facts).unwrap(), [[json!("1")]]);
    }
}
