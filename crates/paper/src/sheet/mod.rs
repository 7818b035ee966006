//! Spreadsheets: CSV and XLSX read into numbered rows of text, checked column by column, and written back.

mod columns;
mod csv_in;
mod date;
mod parquet;
mod stream;
mod write;
mod xlsx_in;

pub use self::parquet::write_parquet;
pub use columns::{Column, Columns, HeaderError, Mapped, Row, RowError, RowErrors};
pub use date::parse_date;
pub use stream::stream;
pub use write::{CsvWriter, Sheet, Value, WriteError, write_csv, write_xlsx};

use base::Text;
use sha2::{Digest, Sha256};

/// What a spreadsheet may measure before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Bytes of an XLSX once unpacked, and of all text read from a sheet.
    pub unpacked: u64,
    /// Rows of one sheet, the header included.
    pub rows: usize,
    /// Columns of one sheet.
    pub columns: usize,
    /// Filled cells of one sheet.
    pub cells: usize,
    /// Bytes of one cell.
    pub cell: usize,
}

impl Default for Limits {
    /// 20 MB packed, 200 MB unpacked, 200,000 rows, 200 columns, two million filled cells, 32 kB a cell.
    fn default() -> Self {
        Self {
            bytes: 20_000_000,
            unpacked: 200_000_000,
            rows: 200_000,
            columns: 200,
            cells: 2_000_000,
            cell: 32_768,
        }
    }
}

/// How the spreadsheet program held a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CellKind {
    /// Nothing, or only spaces.
    #[default]
    Empty,
    /// Text; every cell of a CSV file that is not empty.
    Text,
    /// A number cell, given as its shortest exact decimal.
    Number,
    /// A date cell, given as ISO 8601 (`2026-09-02`, `2026-09-02T08:00:00`).
    Date,
    /// 是/否 cell: `true` or `false`.
    Bool,
    /// A formula error such as `#REF!`.
    Error,
}

/// One cell as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// The text, without surrounding space.
    pub text: String,
    /// How it was held.
    pub kind: CellKind,
}

impl Cell {
    /// A text cell; empty when only spaces are left.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let text = text.trim().to_owned();
        let kind = if text.is_empty() { CellKind::Empty } else { CellKind::Text };
        Self { text, kind }
    }
}

/// One row that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetRow {
    /// The row number a spreadsheet program shows, from 1.
    pub line: usize,
    /// The cells from the first column; it may be shorter or longer than the header.
    pub cells: Vec<Cell>,
}

/// One sheet: the first row with two filled cells is its header (a title above it is skipped), the rest are rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetTable {
    /// The sheet's name; the file name for CSV.
    pub name: String,
    /// The header cells.
    pub header: Vec<String>,
    /// The row number of the header, from 1.
    pub header_line: usize,
    /// The rows under it, blank ones left out.
    pub rows: Vec<SheetRow>,
}

/// Why a file cannot be read as a spreadsheet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub enum SheetError {
    /// The file, or what is in it, is larger than allowed.
    TooLarge {
        /// What is too large: `文件`, `解压后内容`, …
        what: Text,
        /// How much is allowed.
        limit: u64,
    },
    /// No sheet holds a header and a row.
    NoRows,
    /// A format that is not read: the old .xls, a password-protected file, macros, something else.
    Format(Text),
    /// Text in no known encoding.
    Encoding {
        /// The line where it begins, from 1.
        line: usize,
    },
    /// One cell is too long.
    Cell {
        /// The row, from 1.
        line: usize,
        /// The column, as letters.
        column: String,
        /// How many bytes are allowed.
        limit: usize,
    },
    /// The file is damaged.
    Damaged(String),
}

impl SheetError {
    /// The message for the person who uploaded the file.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::TooLarge { what, limit } => Text::new(
                format!("{}超过上限 {limit}，请拆分后分次上传", what.zh),
                format!("{} above the limit of {limit}; split the file and upload the parts", what.en),
            ),
            Self::NoRows => Text::of(
                "表格中没有数据：需要一行表头和至少一行数据",
                "the spreadsheet holds no data: one header row and at least one row below it are needed",
            ),
            Self::Format(text) => text.clone(),
            Self::Encoding { line } => Text::new(
                format!("第 {line} 行的文字编码无法识别，请另存为 UTF-8 编码的 CSV 或 XLSX 后重新上传"),
                format!(
                    "the encoding of line {line} is not known; save as CSV in UTF-8 or as XLSX and upload again"
                ),
            ),
            Self::Cell { line, column, limit } => Text::new(
                format!(
                    "第 {line} 行 {column} 列内容超过 {limit} 字节（CSV 请检查该处引号是否配对），请缩短"
                ),
                format!(
                    "row {line}, column {column} holds more than {limit} bytes (in CSV, look for an unclosed quote); shorten it"
                ),
            ),
            Self::Damaged(detail) => Text::new(
                format!("文件已损坏，无法读取，请重新导出后上传（{detail}）"),
                format!("the file is damaged; export it again and upload ({detail})"),
            ),
        }
    }
}

/// A spreadsheet that was read: what every import takes, so that reading, which may take a second of the processor, is done
/// off the async threads and before a transaction begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workbook {
    /// The sheets that hold rows.
    pub tables: Vec<SheetTable>,
    /// SHA-256 of the file as it came, in hexadecimal.
    pub sha256: String,
}

impl Workbook {
    /// As [`read`], within the usual limits.
    ///
    /// # Errors
    /// As [`read`].
    pub fn read(bytes: &[u8], name: &str) -> Result<Self, SheetError> {
        let tables = read(bytes, name, &Limits::default())?;
        Ok(Self { tables, sha256: hex::encode(Sha256::digest(bytes)) })
    }
}

/// Reads every sheet that holds rows. The content decides the format, not the name; `name` is used for the CSV sheet's name and messages.
///
/// CSV may be UTF-8, GBK/GB18030 or UTF-16, separated by comma, semicolon or tab.
///
/// # Errors
/// See [`SheetError`]: nothing is returned from a file that cannot be read whole.
pub fn read(bytes: &[u8], name: &str, limits: &Limits) -> Result<Vec<SheetTable>, SheetError> {
    if bytes.len() > limits.bytes {
        return Err(too_large("文件大小（字节）", "the file (bytes) is", limits.bytes as u64));
    }
    refuse_foreign(bytes, name)?;
    let tables = if bytes.starts_with(b"PK\x03\x04") {
        xlsx_in::read(bytes, limits)?
    } else {
        vec![csv_in::read(bytes, name, limits)?]
    };
    let tables: Vec<SheetTable> = tables.into_iter().filter(|t| !t.rows.is_empty()).collect();
    if tables.is_empty() { Err(SheetError::NoRows) } else { Ok(tables) }
}

/// Refuses what begins like another kind of file.
fn refuse_foreign(bytes: &[u8], name: &str) -> Result<(), SheetError> {
    if bytes.starts_with(b"PK\x03\x04") {
        return Ok(());
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(SheetError::Format(Text::of(
            "这是旧版 .xls 或加密的 Excel 文件，请去除密码并另存为 .xlsx 或 CSV 后上传",
            "this is an old .xls or a password-protected Excel file; remove the password, save as .xlsx or CSV and upload again",
        )));
    }
    match foreign(bytes, name) {
        None => Ok(()),
        Some(kind) => Err(SheetError::Format(Text::new(
            format!("这不是表格文件（{kind}），请选择 XLSX 或 CSV 文件"),
            format!("this is no spreadsheet ({kind}); choose an XLSX or CSV file"),
        ))),
    }
}

/// What a file that is no spreadsheet is, by how it begins, or by a name that promises one.
fn foreign(bytes: &[u8], name: &str) -> Option<&'static str> {
    let begins: [(&[u8], &str); 5] = [
        (b"%PDF", "PDF"),
        (b"\x89PNG", "PNG"),
        (b"\xff\xd8\xff", "JPEG"),
        (b"GIF8", "GIF"),
        (b"<!DOCTYPE", "HTML"),
    ];
    let found = begins.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, kind)| *kind);
    found.or_else(|| (!bytes.is_empty() && name.to_lowercase().ends_with(".xlsx")).then_some("not XLSX"))
}

fn too_large(zh: &'static str, en: &'static str, limit: u64) -> SheetError {
    SheetError::TooLarge { what: Text::of(zh, en), limit }
}

/// Column letters as a spreadsheet program shows them: 0 → A, 26 → AA.
fn letters(column: usize) -> String {
    let mut left = column + 1;
    let mut out = Vec::new();
    while left > 0 {
        out.push(char::from(b'A' + u8::try_from((left - 1) % 26).unwrap_or(0)));
        left = (left - 1) / 26;
    }
    out.iter().rev().collect()
}

/// Gathers the rows of one sheet within the limits.
struct Gather<'a> {
    limits: &'a Limits,
    rows: Vec<SheetRow>,
    text: u64,
    cells: usize,
}

impl<'a> Gather<'a> {
    const fn new(limits: &'a Limits) -> Self {
        Self { limits, rows: Vec::new(), text: 0, cells: 0 }
    }

    /// Puts a cell; rows come in ascending order, columns count from 0.
    fn put(&mut self, line: usize, column: usize, cell: Cell) -> Result<(), SheetError> {
        if cell.kind == CellKind::Empty {
            return Ok(());
        }
        if cell.text.len() > self.limits.cell {
            return Err(SheetError::Cell { line, column: letters(column), limit: self.limits.cell });
        }
        if column >= self.limits.columns {
            return Err(too_large("列数", "the number of columns is", self.limits.columns as u64));
        }
        self.cells += 1;
        if self.cells > self.limits.cells {
            return Err(too_large(
                "填写的单元格数",
                "the number of filled cells is",
                self.limits.cells as u64,
            ));
        }
        self.text += cell.text.len() as u64;
        if self.text > self.limits.unpacked {
            return Err(too_large(
                "表格内容（字节）",
                "the text of the sheet (bytes) is",
                self.limits.unpacked,
            ));
        }
        if self.rows.last().is_none_or(|row| row.line != line) {
            if self.rows.len() >= self.limits.rows {
                return Err(too_large("行数", "the number of rows is", self.limits.rows as u64));
            }
            self.rows.push(SheetRow { line, cells: Vec::new() });
        }
        if let Some(row) = self.rows.last_mut() {
            if row.cells.len() <= column {
                row.cells.resize(column + 1, Cell::default());
            }
            row.cells[column] = cell;
        }
        Ok(())
    }

    fn finish(mut self, name: &str) -> SheetTable {
        let filled = |row: &SheetRow| row.cells.iter().filter(|c| c.kind != CellKind::Empty).count();
        let at = self.rows.iter().take(20).position(|row| filled(row) >= 2).unwrap_or(0);
        let rows = self.rows.split_off(self.rows.len().min(at + 1));
        let header = self.rows.pop();
        SheetTable {
            name: name.to_owned(),
            header_line: header.as_ref().map_or(0, |h| h.line),
            header: header.map(|h| h.cells.into_iter().map(|c| c.text).collect()).unwrap_or_default(),
            rows,
        }
    }
}
