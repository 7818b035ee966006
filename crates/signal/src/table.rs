//! A table of text as it stands in a CSV file: the form in which the engines of this crate take and give data.

use base::{HeadingError, Text, heading};

/// What is wrong with a file or a setting: the field and the remedy, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Problem(pub Text);

impl Problem {
    /// A problem said in Chinese and English.
    #[must_use]
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self(Text::new(zh, en))
    }
}

impl From<HeadingError> for Problem {
    fn from(e: HeadingError) -> Self {
        Self(e.text())
    }
}

/// Columns and rows of text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    #[must_use]
    pub fn with<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Reads CSV with a heading; `name` is what errors call the file.
    ///
    /// # Errors
    /// No text, a row of another length than the heading, or text that is not CSV; the message names the line.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problem> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let wrong = |e: csv::Error| {
            Problem::new(
                format!("文件 {name} 不是有效的 CSV：{e}"),
                format!("file {name} is not valid CSV: {e}"),
            )
        };
        let columns: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
        heading::require(name, &columns, &[], str::eq)?;
        let mut rows = Vec::new();
        for record in reader.records() {
            rows.push(record.map_err(wrong)?.iter().map(str::to_owned).collect());
        }
        Ok(Self { columns, rows })
    }

    /// Where the first of these columns stands.
    #[must_use]
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|n| self.columns.iter().position(|c| c.eq_ignore_ascii_case(n)))
    }

    /// [`Table::column`] for columns that must be there, each by one of its names.
    ///
    /// # Errors
    /// The columns of which no name is there; the message names all that are needed.
    pub fn need<const N: usize>(&self, file: &str, columns: [&[&str]; N]) -> Result<[usize; N], Problem> {
        let expected = columns.map(|names| names.join("|"));
        let wanted = expected.each_ref().map(String::as_str);
        heading::require(file, &self.columns, &wanted, str::eq_ignore_ascii_case)?;
        // every one is there: `require` has looked
        Ok(columns.map(|names| self.column(names).unwrap_or_default()))
    }

    /// Adds a row.
    pub fn push<S: Into<String>>(&mut self, row: impl IntoIterator<Item = S>) {
        self.rows.push(row.into_iter().map(Into::into).collect());
    }

    /// The table as CSV with a heading; fields are quoted where they must be.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut out = String::new();
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            for (i, field) in row.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                if field.contains([',', '"', '\n', '\r']) {
                    out.push('"');
                    out.push_str(&field.replace('"', "\"\""));
                    out.push('"');
                } else {
                    out.push_str(field);
                }
            }
            out.push('\n');
        }
        out
    }
}

/// A number of that cell.
///
/// # Errors
/// The cell is not a finite number; file, column and line are named (the heading is line 1).
pub fn number(file: &str, table: &Table, row: usize, column: usize) -> Result<f64, Problem> {
    let text = &table.rows[row][column];
    text.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(|| {
        let (name, line) = (&table.columns[column], row + 2);
        Problem::new(
            format!("文件 {file} 第 {line} 行 {name} 列“{text}”不是数字"),
            format!("file {file}, line {line}, column {name}: “{text}” is not a number"),
        )
    })
}
