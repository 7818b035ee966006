//! Which columns a sheet must have, and how its cells are read, so that an import can report every wrong row at once.

use super::date::day_number;
use super::{Cell, CellKind, SheetTable, letters, parse_date};
use base::decimal::ReportedError;
use base::text::halfwidth;
use base::{Date, Decimal, Text};
use serde::Serialize;
use std::collections::HashMap;

/// One expected column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name by which it is asked for and reported.
    pub name: &'static str,
    /// Other headings that mean the same, in either language.
    pub synonyms: &'static [&'static str],
    /// Whether a sheet without it is refused.
    pub required: bool,
}

impl Column {
    /// A column that must be there and whose cells must be filled.
    #[must_use]
    pub const fn required(name: &'static str, synonyms: &'static [&'static str]) -> Self {
        Self { name, synonyms, required: true }
    }

    /// A column that may be missing.
    #[must_use]
    pub const fn optional(name: &'static str, synonyms: &'static [&'static str]) -> Self {
        Self { name, synonyms, required: false }
    }
}

/// The columns an import expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(Vec<Column>);

/// A header lacks required columns or names one twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct HeaderError {
    /// The row of the header, from 1.
    pub line: usize,
    /// Required columns that no heading names, with a synonym each.
    pub missing: Vec<String>,
    /// Columns that two headings name.
    pub duplicate: Vec<String>,
    /// The headings found.
    pub found: Vec<String>,
}

impl HeaderError {
    /// The message for the person who uploaded the file.
    #[must_use]
    pub fn text(&self) -> Text {
        let (mut zh, mut en) =
            (format!("表头（第 {} 行）", self.line), format!("header (row {}):", self.line));
        if !self.missing.is_empty() {
            zh += &format!("缺少列：{}；", self.missing.join("、"));
            en += &format!(" missing columns: {};", self.missing.join(", "));
        }
        if !self.duplicate.is_empty() {
            zh += &format!("列重复：{}；", self.duplicate.join("、"));
            en += &format!(" columns given twice: {};", self.duplicate.join(", "));
        }
        zh += &format!("现有列：{}。请按模板修改表头后重新上传", self.found.join("、"));
        en += &format!(
            " found: {}. Correct the header after the template and upload again",
            self.found.join(", ")
        );
        Text::new(zh, en)
    }
}

/// What is wrong in one cell or row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}", self.text())]
pub struct RowError {
    /// The row number a spreadsheet program shows, from 1.
    pub line: usize,
    /// The column by its expected name; empty when the whole row is meant.
    pub column: String,
    /// What stands in the cell.
    pub value: String,
    /// What is wrong and what to do.
    pub message: Text,
}

impl RowError {
    /// The message with its place.
    #[must_use]
    pub fn text(&self) -> Text {
        let Self { line, column, message, .. } = self;
        if column.is_empty() {
            return Text::new(format!("第 {line} 行：{}", message.zh), format!("row {line}: {}", message.en));
        }
        Text::new(
            format!("第 {line} 行“{column}”列：{}", message.zh),
            format!("row {line}, column '{column}': {}", message.en),
        )
    }
}

/// Collects what is wrong over all rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RowErrors(Vec<RowError>);

impl RowErrors {
    /// The value, or `None` after noting the error.
    pub fn keep<T>(&mut self, result: Result<T, RowError>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// The text of a cell or nothing; what cannot be read is noted, never taken for an empty cell.
    pub fn optional(&mut self, row: &Row<'_>, column: &str) -> Option<String> {
        self.keep(row.opt_text(column)).flatten()
    }

    /// Notes an error.
    pub fn push(&mut self, error: RowError) {
        self.0.push(error);
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All errors, in the order found.
    #[must_use]
    pub fn as_slice(&self) -> &[RowError] {
        &self.0
    }

    /// `Ok` when nothing is wrong, else all errors.
    ///
    /// # Errors
    /// The errors collected.
    pub fn into_result<T>(self, value: T) -> Result<T, Vec<RowError>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}

/// A heading without case, spaces, stars and colons; `short` also without what stands in brackets (`数量（kg）*` → `数量`).
fn fold(heading: &str, short: bool) -> String {
    let plain = halfwidth(heading).to_lowercase();
    let plain = if short { plain.split(['(', '[']).next().unwrap_or_default() } else { &plain };
    plain.chars().filter(|c| !c.is_whitespace() && !matches!(c, '*' | ':' | '_' | '-')).collect()
}

impl Columns {
    /// The columns, in the order of a template.
    #[must_use]
    pub const fn new(columns: Vec<Column>) -> Self {
        Self(columns)
    }

    /// The header of a template for this import.
    #[must_use]
    pub fn template(&self) -> Vec<&'static str> {
        self.0.iter().map(|c| c.name).collect()
    }

    /// Finds the columns in a sheet. Headings nobody expects are left alone.
    ///
    /// # Errors
    /// When a required column is missing or two headings name one column.
    pub fn map<'a>(&self, table: &'a SheetTable) -> Result<Mapped<'a>, HeaderError> {
        let mut at = HashMap::new();
        let (mut missing, mut duplicate) = (Vec::new(), Vec::new());
        for column in &self.0 {
            let names: Vec<String> =
                column.synonyms.iter().chain([&column.name]).map(|n| fold(n, false)).collect();
            let find = |short: bool| -> Vec<usize> {
                let headings = table.header.iter().enumerate().filter(|(_, h)| !h.is_empty());
                headings.filter(|(_, h)| names.contains(&fold(h, short))).map(|(i, _)| i).collect()
            };
            let mut found = find(false);
            if found.is_empty() {
                found = find(true);
            }
            match found.as_slice() {
                [] if column.required => missing.push(match column.synonyms.first() {
                    Some(synonym) => format!("{} ({synonym})", column.name),
                    None => column.name.to_owned(),
                }),
                [] => {}
                [one] => {
                    at.insert(column.name, *one);
                }
                _ => duplicate.push(column.name.to_owned()),
            }
        }
        if missing.is_empty() && duplicate.is_empty() {
            return Ok(Mapped { table, at });
        }
        let found = table.header.iter().filter(|h| !h.is_empty()).cloned().collect();
        Err(HeaderError { line: table.header_line, missing, duplicate, found })
    }
}

/// A sheet whose columns were found.
#[derive(Debug, Clone)]
pub struct Mapped<'a> {
    table: &'a SheetTable,
    at: HashMap<&'static str, usize>,
}

impl<'a> Mapped<'a> {
    /// The rows in order.
    pub fn rows(&'a self) -> impl Iterator<Item = Row<'a>> {
        self.table.rows.iter().map(|row| Row { mapped: self, line: row.line, cells: &row.cells })
    }

    /// Whether the sheet has a column.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.at.contains_key(column)
    }
}

/// One row under its columns. A getter without `opt_` refuses an empty cell; with it, an empty cell or a missing column is `None`.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    mapped: &'a Mapped<'a>,
    line: usize,
    cells: &'a [Cell],
}

impl Row<'_> {
    /// The row number a spreadsheet program shows, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// An error about the whole row.
    #[must_use]
    pub fn error(&self, message: Text) -> RowError {
        RowError { line: self.line, column: String::new(), value: String::new(), message }
    }

    /// An error about one cell.
    #[must_use]
    pub fn cell_error(&self, column: &str, message: Text) -> RowError {
        let value = self.cell(column).map(|c| c.text.clone()).unwrap_or_default();
        RowError { line: self.line, column: column.to_owned(), value, message }
    }

    /// Refuses a filled cell beyond the last heading: the row has probably slipped.
    ///
    /// # Errors
    /// Naming the first such cell.
    pub fn no_overhang(&self) -> Result<(), RowError> {
        let beyond = self.cells.iter().enumerate().skip(self.mapped.table.header.len());
        match beyond.into_iter().find(|(_, c)| c.kind != CellKind::Empty) {
            None => Ok(()),
            Some((i, cell)) => Err(RowError {
                line: self.line,
                column: letters(i),
                value: cell.text.clone(),
                message: Text::of(
                    "该列没有表头，请检查本行是否错列",
                    "this column has no heading; check whether the row has slipped",
                ),
            }),
        }
    }

    fn cell(&self, column: &str) -> Option<&Cell> {
        let at = self.mapped.at.get(column)?;
        self.cells.get(*at).filter(|c| c.kind != CellKind::Empty)
    }

    fn kind(&self, column: &str) -> CellKind {
        self.cell(column).map_or(CellKind::Empty, |c| c.kind)
    }

    /// The text of a cell, read by `read`.
    ///
    /// # Errors
    /// When the cell holds a formula error, a number that lost digits, or `read` refuses it.
    pub fn opt_with<T>(
        &self,
        column: &str,
        read: impl FnOnce(&str) -> Result<T, Text>,
    ) -> Result<Option<T>, RowError> {
        let Some(cell) = self.cell(column) else { return Ok(None) };
        let checked = match cell.kind {
            CellKind::Error => Err(Text::of(
                "单元格公式出错，请改为数值后重新上传",
                "the cell holds a formula error; replace it by its value and upload again",
            )),
            // a spreadsheet program keeps 15 digits of a number
            CellKind::Number if whole_digits(&cell.text) > 15 => Err(Text::of(
                "编号过长，表格软件已丢失末尾数字，请将该列设为“文本”格式后重新填写",
                "too long for a number cell: the program has lost its last digits; format the column as text and enter it again",
            )),
            _ => read(&cell.text),
        };
        checked.map(Some).map_err(|message| self.cell_error(column, message))
    }

    /// As [`Self::opt_with`], refusing an empty cell.
    ///
    /// # Errors
    /// As [`Self::opt_with`], and when the cell is empty.
    pub fn with<T>(&self, column: &str, read: impl FnOnce(&str) -> Result<T, Text>) -> Result<T, RowError> {
        let empty =
            || self.cell_error(column, Text::of("不能为空，请填写", "must not be empty; please fill it in"));
        self.opt_with(column, read)?.ok_or_else(empty)
    }

    /// Text.
    ///
    /// # Errors
    /// When the cell is empty or holds a formula error.
    pub fn text(&self, column: &str) -> Result<String, RowError> {
        self.with(column, |text| Ok(text.to_owned()))
    }

    /// Text or nothing.
    ///
    /// # Errors
    /// When the cell holds a formula error.
    pub fn opt_text(&self, column: &str) -> Result<Option<String>, RowError> {
        self.opt_with(column, |text| Ok(text.to_owned()))
    }

    /// An exact decimal.
    ///
    /// # Errors
    /// When the cell is empty or no decimal.
    pub fn decimal(&self, column: &str) -> Result<Decimal, RowError> {
        self.with(column, read_decimal)
    }

    /// An exact decimal or nothing.
    ///
    /// # Errors
    /// When the cell is no decimal.
    pub fn opt_decimal(&self, column: &str) -> Result<Option<Decimal>, RowError> {
        self.opt_with(column, read_decimal)
    }

    /// A date; see [`parse_date`]. In a number cell also the day number of a spreadsheet program: five digits that somebody
    /// wrote as text are a lot or a code.
    ///
    /// # Errors
    /// When the cell is empty or no date.
    pub fn date(&self, column: &str) -> Result<Date, RowError> {
        let kind = self.kind(column);
        self.with(column, |text| read_date(text, kind))
    }

    /// A date or nothing.
    ///
    /// # Errors
    /// When the cell is no date.
    pub fn opt_date(&self, column: &str) -> Result<Option<Date>, RowError> {
        let kind = self.kind(column);
        self.opt_with(column, |text| read_date(text, kind))
    }

    /// The day something ends, or nothing: a date, or a period as papers write it (`2024年3月1日至2029年2月28日`).
    ///
    /// # Errors
    /// When the cell is neither.
    pub fn opt_end_date(&self, column: &str) -> Result<Option<Date>, RowError> {
        let kind = self.kind(column);
        self.opt_with(column, |text| {
            read_date(text, kind).or_else(|e| parse_date(end_of_period(text)).map_err(|_| e))
        })
    }
}

/// The last day of a period, or the text as it is.
fn end_of_period(text: &str) -> &str {
    text.rsplit(['至', '到', '~', '～', '—', '–']).next().unwrap_or(text).trim()
}

/// Digits before the decimal point.
fn whole_digits(number: &str) -> usize {
    number.split('.').next().unwrap_or_default().bytes().filter(u8::is_ascii_digit).count()
}

fn read_date(text: &str, kind: CellKind) -> Result<Date, Text> {
    let numbered = || day_number(text).filter(|_| kind == CellKind::Number);
    parse_date(text).or_else(|e| numbered().ok_or(e))
}

/// A plain number of any sheet: the words of laboratory results do not belong here.
fn read_decimal(text: &str) -> Result<Decimal, Text> {
    base::decimal::parse(text).map_err(|e| match e {
        ReportedError::TooLarge(_) => e.text(),
        ReportedError::Empty | ReportedError::NotANumber(_) => Text::new(
            format!("“{text}”不是数字，请填写数字，例如 12.5"),
            format!("'{text}' is not a number; give a number such as 12.5"),
        ),
    })
}
