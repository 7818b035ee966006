//! CSV in: encoding and separator found from the content.

use super::{Cell, Gather, Limits, SheetError, SheetTable};
use base::Text;
use encoding_rs::{GB18030, UTF_8, UTF_16BE, UTF_16LE};
use std::borrow::Cow;

pub(super) fn read(bytes: &[u8], name: &str, limits: &Limits) -> Result<SheetTable, SheetError> {
    let text = decode(bytes)?;
    if text.contains('\0') {
        return Err(no_table());
    }
    let delimiter = separator(&text);
    let mut quotes = Quotes::new(delimiter);
    quotes.feed(text.as_bytes());
    quotes.check()?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut gather = Gather::new(limits);
    let mut record = csv::StringRecord::new();
    let mut line = 0;
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(gather.finish(name)),
            Ok(true) => {}
            Err(error) => return Err(SheetError::Damaged(error.to_string())),
        }
        let start = record.position().and_then(|p| usize::try_from(p.byte()).ok()).unwrap_or(0);
        line += 1 + blank_lines(text.as_bytes(), start);
        for (column, field) in record.iter().enumerate() {
            gather.put(line, column, Cell::text(unguard(field)))?;
        }
    }
}

/// Watches the quotation marks of a CSV: one that is not closed takes the rows after it into its cell, and the file would be
/// taken without them.
#[derive(Debug)]
pub(super) struct Quotes {
    delimiter: u8,
    at: At,
    line: usize,
    /// Where the quoted field at hand began.
    began: usize,
    /// The first field whose mark is closed in the middle of its text.
    wrong: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// The beginning of a field.
    Start,
    /// A field without marks.
    Plain,
    /// Between marks.
    Quoted,
    /// Behind a mark that closes the field or is the first of two.
    Closed,
}

impl Quotes {
    pub(super) const fn new(delimiter: u8) -> Self {
        Self { delimiter, at: At::Start, line: 1, began: 1, wrong: None }
    }

    /// Takes the next stretch of the text.
    pub(super) fn feed(&mut self, text: &[u8]) {
        for &b in text {
            let end = b == self.delimiter || b == b'\n' || b == b'\r';
            self.at = match (self.at, b) {
                (At::Start, b'"') => {
                    self.began = self.line;
                    At::Quoted
                }
                (At::Quoted, b'"') => At::Closed,
                (At::Closed, b'"') | (At::Quoted, _) => At::Quoted,
                (_, _) if end => At::Start,
                (At::Closed, b' ') => At::Closed,
                (At::Closed, _) => {
                    self.wrong = self.wrong.or(Some(self.began));
                    At::Plain
                }
                (At::Start | At::Plain, _) => At::Plain,
            };
            self.line += usize::from(b == b'\n');
        }
    }

    /// Refuses a text with a mark that was not closed, or not where its field ends.
    pub(super) fn check(&self) -> Result<(), SheetError> {
        let open = (self.at == At::Quoted).then_some(self.began);
        match self.wrong.or(open) {
            None => Ok(()),
            Some(line) => Err(SheetError::Format(Text::new(
                format!("第 {line} 行有英文双引号没有成对，其后的内容会被并入同一单元格，请改正后重新上传"),
                format!(
                    "row {line} has a quotation mark that is not closed; what follows would go into its cell; correct it and upload again"
                ),
            ))),
        }
    }
}

/// Said of bytes no text has.
pub(super) const fn no_table() -> SheetError {
    SheetError::Format(Text::of(
        "这不是表格文件，请上传 CSV 或 XLSX",
        "this is not a spreadsheet; upload CSV or XLSX",
    ))
}

/// How many blank lines the reader skips at the beginning of a record: spreadsheet programs show them as rows.
fn blank_lines(text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let breaks = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let (mut before, mut blank) = (start.checked_sub(1).map(|i| text[i]), 0);
    for b in &rest[..breaks] {
        // the second half of a CR LF, perhaps that of the record before, is no line of its own
        if !(*b == b'\n' && before == Some(b'\r')) {
            blank += 1;
        }
        before = Some(*b);
    }
    blank
}

/// Takes off the apostrophe that [`super::write_csv`] puts before text a spreadsheet program would run as a formula.
pub(super) fn unguard(field: &str) -> &str {
    field.strip_prefix('\'').filter(|rest| super::write::looks_like_formula(rest)).unwrap_or(field)
}

/// UTF-8 with or without mark, UTF-16 with mark, else GB18030 (of which GBK is a part).
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, SheetError> {
    let encoding = match bytes {
        [0xff, 0xfe, ..] => UTF_16LE,
        [0xfe, 0xff, ..] => UTF_16BE,
        _ => UTF_8,
    };
    if let (text, false) = encoding.decode_with_bom_removal(bytes) {
        return Ok(text);
    }
    if let (text, false) = GB18030.decode_without_bom_handling(bytes) {
        return Ok(text);
    }
    let (text, _) = GB18030.decode_without_bom_handling(bytes);
    let line = text.lines().position(|l| l.contains('\u{fffd}')).unwrap_or(0) + 1;
    Err(SheetError::Encoding { line })
}

/// The separator that stands most often, outside quotes, in the first line that has any.
pub(super) fn separator(text: &str) -> u8 {
    let mut quoted = false;
    for line in text.lines() {
        let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
        for b in line.bytes() {
            quoted ^= b == b'"';
            if let Some((_, n)) = counts.iter_mut().find(|(s, _)| *s == b && !quoted) {
                *n += 1;
            }
        }
        // of equals the first: a comma
        if let Some((best, 1..)) = counts.into_iter().rev().max_by_key(|(_, n)| *n) {
            return best;
        }
    }
    b','
}
