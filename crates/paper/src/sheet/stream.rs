//! A spreadsheet of any length read portion by portion, so that a year's file is never held whole.

use super::{Cell, Gather, Limits, SheetError, SheetTable, csv_in, xlsx_in};
use encoding_rs::{Decoder, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use std::fs::File;
use std::io::{BufReader, Read, Seek};

/// Bytes read at once.
const READ: usize = 256 << 10;

/// Reads the sheets of a file and gives them in portions of at most `size` rows, each with the header of its sheet and with the
/// row numbers a spreadsheet program shows. Reading ends early when `give` answers `false`.
///
/// CSV is read as it comes; of an XLSX the texts its cells share are held, its rows (1,048,576 a sheet at most, by the format)
/// are not. [`Limits::rows`] and [`Limits::unpacked`] hold for one portion of CSV and for the parts of an XLSX.
///
/// # Errors
/// As [`super::read`]; portions already given stay given.
pub fn stream(
    mut file: File,
    name: &str,
    limits: &Limits,
    size: usize,
    give: &mut dyn FnMut(SheetTable) -> bool,
) -> Result<(), SheetError> {
    let damaged = |e: std::io::Error| SheetError::Damaged(e.to_string());
    let mut head = Vec::new();
    Read::by_ref(&mut file).take(64 << 10).read_to_end(&mut head).map_err(damaged)?;
    file.rewind().map_err(damaged)?;
    super::refuse_foreign(&head, name)?;
    let mut portions = Portions::new(limits, size.max(1), give);
    if head.starts_with(b"PK\x03\x04") {
        xlsx_in::stream(BufReader::with_capacity(READ, file), limits, &mut portions)?;
    } else {
        csv(file, &head, name, &mut portions)?;
    }
    if portions.given || portions.stopped { Ok(()) } else { Err(SheetError::NoRows) }
}

/// Rows gathered to portions.
pub(super) struct Portions<'a> {
    limits: &'a Limits,
    size: usize,
    give: &'a mut dyn FnMut(SheetTable) -> bool,
    gather: Gather<'a>,
    header: Option<(Vec<String>, usize)>,
    given: bool,
    stopped: bool,
}

impl<'a> Portions<'a> {
    fn new(limits: &'a Limits, size: usize, give: &'a mut dyn FnMut(SheetTable) -> bool) -> Self {
        let gather = Gather::new(limits);
        Self { limits, size, give, gather, header: None, given: false, stopped: false }
    }

    /// Puts a cell, as [`Gather::put`]; a portion that is full is given before a new row. `false`: nobody wants more.
    pub(super) fn put(
        &mut self,
        name: &str,
        line: usize,
        column: usize,
        cell: Cell,
    ) -> Result<bool, SheetError> {
        let begins = self.gather.rows.last().is_none_or(|row| row.line != line);
        // the header is looked for in the first twenty rows
        let room = if self.header.is_none() { self.size.max(20) + 1 } else { self.size };
        if begins && self.gather.rows.len() >= room {
            self.flush(name);
        }
        if self.stopped {
            return Ok(false);
        }
        self.gather.put(line, column, cell)?;
        Ok(true)
    }

    fn flush(&mut self, name: &str) {
        let gathered = std::mem::replace(&mut self.gather, Gather::new(self.limits));
        let table = match &self.header {
            None => {
                let table = gathered.finish(name);
                self.header = Some((table.header.clone(), table.header_line));
                table
            }
            Some((header, line)) => SheetTable {
                name: name.to_owned(),
                header: header.clone(),
                header_line: *line,
                rows: gathered.rows,
            },
        };
        if !table.rows.is_empty() && !self.stopped {
            self.given = true;
            self.stopped = !(self.give)(table);
        }
    }

    /// The end of a sheet: the next one has a header of its own.
    pub(super) fn end_sheet(&mut self, name: &str) {
        if !self.gather.rows.is_empty() {
            self.flush(name);
        }
        self.header = None;
    }
}

fn csv(mut file: File, head: &[u8], name: &str, portions: &mut Portions<'_>) -> Result<(), SheetError> {
    let encoding = encoding(&mut file, head)?;
    let (sample, _) = encoding.decode_with_bom_removal(head);
    let sample = sample.into_owned();
    if sample.contains('\0') {
        return Err(csv_in::no_table());
    }
    let delimiter = csv_in::separator(&sample);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(READ)
        .from_reader(Decoded::new(file, encoding, delimiter));
    let mut record = csv::StringRecord::new();
    let (mut line, mut physical) = (0, reader.position().line());
    while reader.read_record(&mut record).map_err(|e| SheetError::Damaged(e.to_string()))? {
        // a blank line is a row of the spreadsheet, a line break within quotes is none
        let passed = reader.position().line() - physical;
        physical = reader.position().line();
        let within: usize = record.iter().map(|f| f.bytes().filter(|b| *b == b'\n').count()).sum();
        let passed = usize::try_from(passed).unwrap_or(1);
        line += passed.saturating_sub(within).max(1);
        for (column, field) in record.iter().enumerate() {
            if !portions.put(name, line, column, Cell::text(csv_in::unguard(field)))? {
                return Ok(());
            }
        }
    }
    reader.get_ref().quotes.check()?;
    portions.end_sheet(name);
    Ok(())
}

/// What the whole file is written in; found by reading it once.
fn encoding(file: &mut File, head: &[u8]) -> Result<&'static Encoding, SheetError> {
    let candidates: &[&'static Encoding] = match head {
        [0xff, 0xfe, ..] => &[UTF_16LE],
        [0xfe, 0xff, ..] => &[UTF_16BE],
        _ => &[UTF_8, GB18030],
    };
    let damaged = |e: std::io::Error| SheetError::Damaged(e.to_string());
    let mut line = 1;
    for candidate in candidates {
        file.rewind().map_err(damaged)?;
        let wrong = first_wrong_line(file, candidate).map_err(damaged)?;
        file.rewind().map_err(damaged)?;
        match wrong {
            None => return Ok(candidate),
            Some(at) => line = at,
        }
    }
    Err(SheetError::Encoding { line })
}

/// The first line that is not text of that encoding.
fn first_wrong_line(file: &mut File, encoding: &'static Encoding) -> std::io::Result<Option<usize>> {
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut bytes = vec![0; READ];
    let mut text = String::with_capacity(READ * 3);
    let mut line = 1;
    loop {
        let n = file.read(&mut bytes)?;
        let mut left = &bytes[..n];
        loop {
            text.clear();
            let (result, read, wrong) = decoder.decode_to_string(left, &mut text, n == 0);
            if wrong {
                let before = text.split('\u{fffd}').next().unwrap_or_default();
                return Ok(Some(line + before.matches('\n').count()));
            }
            line += text.bytes().filter(|b| *b == b'\n').count();
            left = &left[read..];
            if result == encoding_rs::CoderResult::InputEmpty {
                break;
            }
        }
        if n == 0 {
            return Ok(None);
        }
    }
}

/// A file as UTF-8.
struct Decoded {
    file: File,
    decoder: Decoder,
    bytes: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    ended: bool,
    quotes: csv_in::Quotes,
}

impl Decoded {
    fn new(file: File, encoding: &'static Encoding, delimiter: u8) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        let quotes = csv_in::Quotes::new(delimiter);
        Self { file, decoder, bytes: vec![0; READ], text: Vec::new(), given: 0, ended: false, quotes }
    }
}

impl Read for Decoded {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.given == self.text.len() && !self.ended {
            let n = self.file.read(&mut self.bytes)?;
            self.ended = n == 0;
            let room = self.decoder.max_utf8_buffer_length(n).unwrap_or(READ * 4);
            self.text.resize(room, 0);
            let (_, _, written, _) = self.decoder.decode_to_utf8(&self.bytes[..n], &mut self.text, n == 0);
            self.text.truncate(written);
            self.quotes.feed(&self.text);
            self.given = 0;
        }
        let n = (self.text.len() - self.given).min(out.len());
        out[..n].copy_from_slice(&self.text[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}
