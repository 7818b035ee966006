//! Results as tables, with numbers written as the reference files write them.

use std::fmt::Write as _;

/// One entry of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number; NaN is written as nothing.
    Number(f64),
}

impl Cell {
    /// A decision as 1, 0 or nothing.
    #[must_use]
    pub fn flag(value: Option<bool>) -> Self {
        Self::Number(value.map_or(f64::NAN, |v| f64::from(u8::from(v))))
    }

    /// A position or count.
    #[must_use]
    pub fn count(value: usize) -> Self {
        Self::Number(value as f64)
    }

    /// As in a file: 12 significant digits, `Inf`, and nothing for a missing number.
    #[must_use]
    pub fn written(&self) -> String {
        match self {
            Self::Text(text) if text.contains([',', '"', '\n']) => {
                format!("\"{}\"", text.replace('"', "\"\""))
            }
            Self::Text(text) => text.clone(),
            Self::Number(number) => significant(*number),
        }
    }
}

/// A table with named columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(columns: &[&str]) -> Self {
        Self { columns: columns.iter().map(|c| (*c).to_owned()).collect(), rows: Vec::new() }
    }

    /// The table as CSV with a header.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut out = self.columns.join(",");
        out.push('\n');
        for row in &self.rows {
            for (i, cell) in row.iter().enumerate() {
                let _ = write!(out, "{}{}", if i == 0 { "" } else { "," }, cell.written());
            }
            out.push('\n');
        }
        out
    }
}

/// A number with 12 significant digits, as C's `%.12g`.
#[must_use]
pub fn significant(x: f64) -> String {
    if x.is_nan() {
        return String::new();
    }
    if x.is_infinite() {
        return if x > 0.0 { "Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{x:.11e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    let trim = |s: &str| {
        if s.contains('.') { s.trim_end_matches('0').trim_end_matches('.').to_owned() } else { s.to_owned() }
    };
    if (-5..12).contains(&power) {
        let decimals = usize::try_from(11 - power).unwrap_or(0);
        let text = trim(&format!("{x:.decimals$}"));
        return if text == "-0" { "0".to_owned() } else { text };
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trim(mantissa), power.abs())
}
