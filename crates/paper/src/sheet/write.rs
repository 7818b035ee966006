//! Spreadsheets out: XLSX with real numbers and dates, CSV that no spreadsheet program runs as a formula.

use base::{Date, Decimal, Text};
use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};
use std::collections::HashMap;
use std::io::Write;

/// One cell to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Empty,
    /// Text; never read as a formula.
    Text(String),
    /// An exact decimal, shown with its own decimal places.
    Number(Decimal),
    /// A date in China.
    Date(Date),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Decimal> for Value {
    fn from(number: Decimal) -> Self {
        Self::Number(number)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<Date> for Value {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

impl Value {
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Date(date) => date.to_string(),
        }
    }
}

/// One sheet to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Its name: cut to 31 characters, characters a spreadsheet program forbids replaced.
    pub name: String,
    /// The header, frozen and bold.
    pub header: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

/// Why a spreadsheet cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The writer below failed.
    #[error("writing the spreadsheet: {0}")]
    Io(#[from] std::io::Error),
    /// Too many rows or columns, or a text of more than 32,767 characters.
    #[error("writing the spreadsheet: {0}")]
    Xlsx(#[from] XlsxError),
}

impl WriteError {
    /// The message for the person who asked for the file.
    #[must_use]
    pub fn text(&self) -> Text {
        Text::new(
            format!("表格生成失败，请缩小范围或改用 CSV 导出（{self}）"),
            format!("the spreadsheet cannot be made; narrow the selection or export as CSV ({self})"),
        )
    }
}

/// Makes an XLSX file.
///
/// # Errors
/// When a sheet exceeds what the format holds.
pub fn write_xlsx(sheets: &[Sheet]) -> Result<Vec<u8>, WriteError> {
    let mut book = Workbook::new();
    let bold = Format::new().set_bold().set_align(FormatAlign::Center);
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let mut places: HashMap<u32, Format> = HashMap::new();
    for sheet in sheets {
        let page = book.add_worksheet();
        page.set_name(sheet_name(&sheet.name))?;
        page.set_freeze_panes(1, 0)?;
        for (column, heading) in (0u16..).zip(&sheet.header) {
            page.write_string_with_format(0, column, heading, &bold)?;
            page.set_column_width(column, width(sheet, usize::from(column)))?;
        }
        for (line, row) in (1u32..).zip(&sheet.rows) {
            for (column, value) in (0u16..).zip(row) {
                write_cell(page, (line, column), value, &date, &mut places)?;
            }
        }
    }
    Ok(book.save_to_buffer()?)
}

fn write_cell(
    page: &mut Worksheet,
    (line, column): (u32, u16),
    value: &Value,
    date: &Format,
    places: &mut HashMap<u32, Format>,
) -> Result<(), XlsxError> {
    match value {
        Value::Empty => {}
        // a number cell keeps 15 digits: a longer number goes in as text, unchanged
        Value::Number(number) if number.mantissa().unsigned_abs() < 1_000_000_000_000_000 => {
            let binary: f64 = number.to_string().parse().unwrap_or_default();
            let format = places.entry(number.scale()).or_insert_with_key(|scale| {
                let zeros = "0".repeat(usize::try_from(*scale).unwrap_or(0));
                Format::new().set_num_format(if zeros.is_empty() {
                    "0".to_owned()
                } else {
                    format!("0.{zeros}")
                })
            });
            page.write_number_with_format(line, column, binary, format)?;
        }
        Value::Date(day) if day.year() >= 1900 => {
            let year = u16::try_from(day.year()).unwrap_or(1900);
            let (month, day) = (day.month().unsigned_abs(), day.day().unsigned_abs());
            let at = ExcelDateTime::from_ymd(year, month, day)?;
            page.write_with_format(line, column, &at, date)?;
        }
        other => {
            page.write_string(line, column, other.to_text())?;
        }
    }
    Ok(())
}

/// A column wide enough for its heading and first rows; a Chinese character takes two places.
fn width(sheet: &Sheet, column: usize) -> f64 {
    let places = |text: &str| text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<u32>();
    let heading = sheet.header.get(column).map_or(0, |h| places(h));
    let cells = sheet.rows.iter().take(200).filter_map(|r| r.get(column)).map(|v| places(&v.to_text()));
    f64::from(cells.fold(heading, u32::max).clamp(8, 60) + 2)
}

fn sheet_name(name: &str) -> String {
    let allowed = |c: char| if "[]:*?/\\'".contains(c) { ' ' } else { c };
    let cut: String = name.chars().map(allowed).take(31).collect();
    if cut.trim().is_empty() { "Sheet1".to_owned() } else { cut }
}

/// Writes CSV row by row: UTF-8 with mark so that Excel opens it, CR LF, text guarded against being run as a formula.
pub struct CsvWriter<W: Write>(csv::Writer<W>);

impl<W: Write> CsvWriter<W> {
    /// Begins with the header.
    ///
    /// # Errors
    /// When the writer below fails.
    pub fn new(mut out: W, header: &[impl AsRef<str>]) -> Result<Self, WriteError> {
        out.write_all("\u{feff}".as_bytes())?;
        let mut csv =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(out);
        csv.write_record(header.iter().map(|h| guard(h.as_ref()))).map_err(io)?;
        Ok(Self(csv))
    }

    /// Writes one row.
    ///
    /// # Errors
    /// When the writer below fails.
    pub fn row(&mut self, values: &[Value]) -> Result<(), WriteError> {
        let cells = values.iter().map(|value| match value {
            Value::Text(text) => guard(text),
            other => other.to_text(),
        });
        Ok(self.0.write_record(cells).map_err(io)?)
    }

    /// Writes out what is buffered and gives the writer back.
    ///
    /// # Errors
    /// When the writer below fails.
    pub fn finish(self) -> Result<W, WriteError> {
        self.0.into_inner().map_err(|e| WriteError::Io(e.into_error()))
    }
}

fn io(error: csv::Error) -> std::io::Error {
    error.into()
}

/// Makes a whole CSV file of one sheet.
///
/// # Errors
/// Never in practice: memory does not refuse.
pub fn write_csv(sheet: &Sheet) -> Result<Vec<u8>, WriteError> {
    let mut out = CsvWriter::new(Vec::new(), &sheet.header)?;
    for row in &sheet.rows {
        out.row(row)?;
    }
    out.finish()
}

/// Whether a spreadsheet program might run the text: behind any apostrophes it begins with = + - @, their full-width
/// forms, a tab or a line break, and is no number.
pub(super) fn looks_like_formula(text: &str) -> bool {
    let text = text.trim_start_matches('\'');
    text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'])
        && base::decimal::parse(text).is_err()
}

fn guard(text: &str) -> String {
    if looks_like_formula(text) { format!("'{text}") } else { text.to_owned() }
}
