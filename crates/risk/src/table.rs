//! Tables of text cells with named columns: what the commands read and write, with errors that name file, row and column.

use base::{HeadingError, heading};
use std::io::Read;

/// A table as read from CSV: a header and rows of as many cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    name: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// What is wrong with a table. Rows count from 1 with the header as row 1, as an editor shows them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The text is no CSV.
    #[error("{table}: not readable as CSV: {reason}; save it as CSV in UTF-8 with a header row")]
    Unreadable {
        /// Name of the table.
        table: String,
        /// What the reader says.
        reason: String,
    },
    /// The table is empty or lacks columns.
    #[error(transparent)]
    Heading(#[from] HeadingError),
    /// A cell does not say what it must.
    #[error("{table}, row {row}, column {column:?}: {value:?}: {reason}")]
    Cell {
        /// Name of the table.
        table: String,
        /// Row, the header being 1.
        row: usize,
        /// Column.
        column: String,
        /// What stands there.
        value: String,
        /// What should.
        reason: String,
    },
}

impl Table {
    /// Reads CSV with a header row. `name` is what messages call it; a byte order mark is skipped, cells are trimmed.
    ///
    /// # Errors
    /// [`TableError::Unreadable`] when it is no CSV or a row has another number of cells than the header, [`TableError::Heading`] when
    /// it is empty.
    pub fn read(name: &str, bytes: impl Read) -> Result<Self, TableError> {
        let fail =
            |error: csv::Error| TableError::Unreadable { table: name.into(), reason: error.to_string() };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
        let mut header: Vec<String> = reader.headers().map_err(fail)?.iter().map(str::to_owned).collect();
        if let Some(first) = header.first_mut() {
            *first = first.trim_start_matches('\u{feff}').to_owned();
        }
        heading::require(name, &header, &[], str::eq)?;
        let rows = reader
            .records()
            .map(|record| Ok(record?.iter().map(str::to_owned).collect()))
            .collect::<Result<_, csv::Error>>()
            .map_err(fail)?;
        Ok(Self { name: name.into(), header, rows })
    }

    /// An empty table with those columns.
    #[must_use]
    pub fn with_header(name: &str, columns: &[&str]) -> Self {
        Self {
            name: name.into(),
            header: columns.iter().map(|&column| column.to_owned()).collect(),
            rows: vec![],
        }
    }

    /// Adds a row; cells beyond the header are dropped, missing ones are empty.
    pub fn push(&mut self, mut cells: Vec<String>) {
        cells.resize(self.header.len(), String::new());
        self.rows.push(cells);
    }

    /// Names of the columns.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// How many rows there are, without the header.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The error that says which columns are missing and which a reader needs.
    #[must_use]
    pub fn lacks(&self, missing: &[&str], expected: &[&str]) -> TableError {
        HeadingError::missing(&self.name, missing, &self.header, expected).into()
    }

    /// Position of a column.
    ///
    /// # Errors
    /// [`TableError::Heading`] when there is none of that name.
    pub fn column(&self, column: &str) -> Result<usize, TableError> {
        self.header.iter().position(|name| name == column).ok_or_else(|| self.lacks(&[column], &[column]))
    }

    /// Whether every column a reader needs is there and a row below them; `a|b` stands for one of the two.
    ///
    /// # Errors
    /// [`TableError::Heading`] with every column that is missing.
    pub fn require(&self, columns: &[&str]) -> Result<(), TableError> {
        self.require_by(columns, str::eq)
    }

    /// [`Table::require`] for a reader that tells names apart as `same` does.
    ///
    /// # Errors
    /// [`TableError::Heading`] with every column that is missing.
    pub fn require_by(&self, columns: &[&str], same: fn(&str, &str) -> bool) -> Result<(), TableError> {
        heading::require(&self.name, &self.header, columns, same)?;
        self.require_rows()
    }

    /// Whether every column a reader needs is there; a table without rows says something too.
    ///
    /// # Errors
    /// [`TableError::Heading`] with every column that is missing.
    pub fn require_heading(&self, columns: &[&str]) -> Result<(), TableError> {
        Ok(heading::require(&self.name, &self.header, columns, str::eq)?)
    }

    fn require_rows(&self) -> Result<(), TableError> {
        if self.rows.is_empty() {
            return Err(HeadingError::NoRows { file: self.name.clone() }.into());
        }
        Ok(())
    }

    /// Whether there is a column of that name.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.header.iter().any(|name| name == column)
    }

    /// The rows in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows.len()).map(|at| Row { table: self, at })
    }

    /// Sets a cell of a row (from 0), adding the column when it is new.
    pub fn set(&mut self, at: usize, column: &str, value: String) {
        let place = self.header.iter().position(|name| name == column).unwrap_or_else(|| {
            self.header.push(column.into());
            self.rows.iter_mut().for_each(|row| row.push(String::new()));
            self.header.len() - 1
        });
        if let Some(row) = self.rows.get_mut(at) {
            row[place] = value;
        }
    }

    /// The table as CSV.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(vec![]);
        for row in std::iter::once(&self.header).chain(&self.rows) {
            // writing to memory does not fail
            let _ = writer.write_record(row);
        }
        writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// The table as JSON objects, one a row; cells that are numbers become numbers, empty ones null.
    #[must_use]
    pub fn to_json(&self) -> Vec<serde_json::Value> {
        let value = |cell: &String| match cell.parse::<serde_json::Number>() {
            Ok(number) => serde_json::Value::Number(number),
            Err(_) if cell.is_empty() => serde_json::Value::Null,
            Err(_) => serde_json::Value::String(cell.clone()),
        };
        let object = |row: &Vec<String>| self.header.iter().cloned().zip(row.iter().map(value)).collect();
        self.rows.iter().map(|row| serde_json::Value::Object(object(row))).collect()
    }
}

/// A row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    table: &'a Table,
    at: usize,
}

impl<'a> Row<'a> {
    /// Its position from 0.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The error that names this row and a column.
    #[must_use]
    pub fn fault(&self, column: &str, reason: &str) -> TableError {
        TableError::Cell {
            table: self.table.name.clone(),
            row: self.at + 2,
            column: column.into(),
            value: self.text(column).unwrap_or_default().into(),
            reason: reason.into(),
        }
    }

    /// The text of a cell, which may be empty.
    ///
    /// # Errors
    /// [`TableError::Heading`].
    pub fn text(&self, column: &str) -> Result<&'a str, TableError> {
        let place = self.table.column(column)?;
        Ok(self.table.rows[self.at].get(place).map_or("", String::as_str))
    }

    /// The text of the cell at a position that [`Table::column`] gave; for inner loops.
    #[must_use]
    pub fn cell(&self, place: usize) -> &'a str {
        self.table.rows[self.at].get(place).map_or("", String::as_str)
    }

    /// The text of a cell that must not be empty.
    ///
    /// # Errors
    /// [`TableError::Heading`], [`TableError::Cell`].
    pub fn word(&self, column: &str) -> Result<&'a str, TableError> {
        let text = self.text(column)?;
        if text.is_empty() { Err(self.fault(column, "must not be empty")) } else { Ok(text) }
    }

    /// A finite number, or `None` when the cell is empty or the column absent.
    ///
    /// # Errors
    /// [`TableError::Cell`] when it is something else.
    pub fn optional(&self, column: &str) -> Result<Option<f64>, TableError> {
        match self.text(column) {
            Err(_) | Ok("") => Ok(None),
            Ok(text) => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Some(number)),
                _ => Err(self.fault(column, "must be a number with a decimal point, such as 0.05")),
            },
        }
    }

    /// A finite number.
    ///
    /// # Errors
    /// [`TableError::Heading`] or [`TableError::Cell`].
    pub fn number(&self, column: &str) -> Result<f64, TableError> {
        self.text(column)?;
        self.optional(column)?.ok_or_else(|| self.fault(column, "must not be empty: a number is needed"))
    }

    /// A number of at least 0.
    ///
    /// # Errors
    /// [`TableError::Heading`] or [`TableError::Cell`].
    pub fn amount(&self, column: &str) -> Result<f64, TableError> {
        let number = self.number(column)?;
        if number < 0.0 { Err(self.fault(column, "must be 0 or more")) } else { Ok(number) }
    }

    /// A number above 0.
    ///
    /// # Errors
    /// [`TableError::Heading`] or [`TableError::Cell`].
    pub fn positive(&self, column: &str) -> Result<f64, TableError> {
        let number = self.number(column)?;
        if number > 0.0 { Ok(number) } else { Err(self.fault(column, "must be above 0")) }
    }
}

/// A number with twelve significant digits and no trailing zeros, as reference tables print them; empty for `None`.
#[must_use]
pub fn digits12(value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else { return String::new() };
    let rounded: f64 = format!("{value:.11e}").parse().unwrap_or(value);
    format!("{rounded}")
}

/// A number with all its digits; empty for `None`.
#[must_use]
pub fn digits(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map(|value| format!("{value}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_table_row_and_column() {
        let table = Table::read("f.csv", "\u{feff}a,b\n1,x\n,2\n".as_bytes()).unwrap();
        let rows: Vec<Row<'_>> = table.rows().collect();
        assert_eq!(rows[0].number("a"), Ok(1.0));
        assert!(
            rows[0].number("b").unwrap_err().to_string().starts_with("f.csv, row 2, column \"b\": \"x\"")
        );
        assert!(rows[1].number("a").unwrap_err().to_string().starts_with("f.csv, row 3, column \"a\""));
        assert_eq!(rows[0].optional("c"), Ok(None));
        assert!(rows[0].text("c").unwrap_err().to_string().contains("it has: a, b"));
        assert!(Table::read("f.csv", "a,b\n1\n".as_bytes()).is_err());
        for empty in ["", "\n\n", "\u{feff}", " \n"] {
            assert!(
                matches!(
                    Table::read("f.csv", empty.as_bytes()),
                    Err(TableError::Heading(HeadingError::Empty { .. }))
                ),
                "{empty:?}"
            );
        }
    }

    #[test]
    fn numbers_are_printed_as_in_reference_tables() {
        for (value, text) in
            [(0.202_597_402_597_402_6, "0.202597402597"), (1.92, "1.92"), (40.0016, "40.0016"), (13.0, "13")]
        {
            assert_eq!(digits12(Some(value)), text);
        }
        assert_eq!(digits12(None), "");
    }

    #[test]
    fn a_new_column_is_added_at_the_end() {
        let mut table = Table::read("f.csv", "a\n1\n2\n".as_bytes()).unwrap();
        table.set(1, "b", "x".into());
        assert_eq!(table.to_csv(), "a,b\n1,\n2,x\n");
    }
}
