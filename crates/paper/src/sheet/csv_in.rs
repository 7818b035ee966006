//! CSV in: encoding and separator found from the content.

use super::{Cell, Gather, Limits, SheetError, SheetTable};
use base::Text;
use encoding_rs::{GB18030, UTF_8, UTF_16BE, UTF_16LE};
use std::borrow::Cow;

pub(super) fn read(bytes: &[u8], name: &str, limits: &Limits) -> Result<SheetTable, SheetError> {
    let text = decode(bytes)?;
    if text.contains('\0') {
        return Err(SheetError::Format(Text::of(
            "这不是表格文件，请上传 CSV 或 XLSX",
            "this is not a spreadsheet; upload CSV or XLSX",
        )));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(&text))
        .from_reader(text.as_bytes());
    let mut gather = Gather::new(limits);
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(gather.finish(name)),
            Ok(true) => {}
            Err(error) => return Err(SheetError::Damaged(error.to_string())),
        }
        let line = record.position().map_or(0, csv::Position::line);
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        for (column, field) in record.iter().enumerate() {
            gather.put(line, column, Cell::text(unguard(field)))?;
        }
    }
}

/// Takes off the apostrophe that [`super::write_csv`] puts before text a spreadsheet program would run as a formula.
fn unguard(field: &str) -> &str {
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

/// The separator that stands most often, outside quotes, in the first lines.
fn separator(text: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for b in text.lines().filter(|l| !l.trim().is_empty()).take(5).flat_map(str::bytes) {
        quoted ^= b == b'"';
        if let Some((_, n)) = counts.iter_mut().find(|(s, _)| *s == b && !quoted) {
            *n += 1;
        }
    }
    let mut best = counts[0];
    for candidate in counts {
        if candidate.1 > best.1 {
            best = candidate;
        }
    }
    best.0
}
