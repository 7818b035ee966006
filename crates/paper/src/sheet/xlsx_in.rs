//! XLSX in: measured before it is unpacked, read cell by cell so that an empty far corner costs nothing.

use super::stream::Portions;
use super::{Cell, CellKind, Gather, Limits, SheetError, SheetTable, too_large};
use base::{Decimal, Text};
use calamine::{
    DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError, open_workbook_from_rs,
};
use std::io::{Cursor, Read, Seek};

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<SheetTable>, SheetError> {
    measure(Cursor::new(bytes), limits)?;
    let mut tables = Vec::new();
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes)).map_err(damaged)?;
    for name in sheets(&book) {
        let mut gather = Gather::new(limits);
        each_cell(&mut book, &name, |row, column, cell| gather.put(row, column, cell).map(|()| true))?;
        tables.push(gather.finish(&name));
    }
    Ok(tables)
}

/// Gives the sheets in portions; the rows of a sheet are not held.
pub(super) fn stream<R: Read + Seek>(
    mut file: R,
    limits: &Limits,
    portions: &mut Portions<'_>,
) -> Result<(), SheetError> {
    measure(&mut file, limits)?;
    let mut book: Xlsx<_> = open_workbook_from_rs(file).map_err(damaged)?;
    for name in sheets(&book) {
        each_cell(&mut book, &name, |row, column, cell| portions.put(&name, row, column, cell))?;
        portions.end_sheet(&name);
    }
    Ok(())
}

fn damaged(e: XlsxError) -> SheetError {
    SheetError::Damaged(e.to_string())
}

/// The sheets a user sees.
fn sheets<R: Read + Seek>(book: &Xlsx<R>) -> Vec<String> {
    let visible = |s: &&calamine::Sheet| s.visible == SheetVisible::Visible && s.typ == SheetType::WorkSheet;
    book.sheets_metadata().iter().filter(visible).map(|s| s.name.clone()).collect()
}

/// The cells of a sheet that hold something, row by row, until `put` says that it is enough.
fn each_cell<R: Read + Seek>(
    book: &mut Xlsx<R>,
    name: &str,
    mut put: impl FnMut(usize, usize, Cell) -> Result<bool, SheetError>,
) -> Result<(), SheetError> {
    let mut cells = book.worksheet_cells_reader(name).map_err(damaged)?;
    while let Some(cell) = cells.next_cell().map_err(damaged)? {
        let (row, column) = cell.get_position();
        let (row, column) = (usize::try_from(row), usize::try_from(column));
        let (row, column) = (row.unwrap_or(usize::MAX - 1), column.unwrap_or(usize::MAX));
        if !put(row + 1, column, read_cell(cell.get_value()))? {
            break;
        }
    }
    Ok(())
}

/// Largest table of texts in bytes: the reader holds it whole, each text with some forty bytes beside its own.
const TEXTS: u64 = 128 << 20;

/// Unpacks every part into nothing to know its true size, and refuses macros.
fn measure<R: Read + Seek>(file: R, limits: &Limits) -> Result<(), SheetError> {
    let damaged = |e: &dyn std::fmt::Display| SheetError::Damaged(e.to_string());
    let mut archive = zip::ZipArchive::new(file).map_err(|e| damaged(&e))?;
    let mut left = limits.unpacked;
    let mut workbook = false;
    for i in 0..archive.len() {
        let part = archive.by_index(i).map_err(|e| damaged(&e))?;
        let name = part.name().map_err(|e| damaged(&e))?.into_owned();
        if name.ends_with("vbaProject.bin") {
            return Err(SheetError::Format(Text::of(
                "文件含有宏，为安全起见不予读取，请另存为不含宏的 .xlsx 后上传",
                "the file contains macros and is not read for safety; save it as .xlsx without macros and upload again",
            )));
        }
        workbook |= name == "xl/workbook.xml";
        let read = std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).map_err(|e| damaged(&e))?;
        if read > TEXTS && name.to_ascii_lowercase().ends_with("sharedstrings.xml") {
            return Err(too_large("文本表（字节）", "the table of texts (bytes) is", TEXTS));
        }
        left = left.checked_sub(read).ok_or_else(|| {
            too_large("解压后内容（字节）", "the unpacked content (bytes) is", limits.unpacked)
        })?;
    }
    if workbook {
        return Ok(());
    }
    Err(SheetError::Format(Text::of(
        "这不是 .xlsx 表格（可能是压缩包、Word 或 WPS 其他格式），请另存为 .xlsx 或 CSV 后上传",
        "this is not an .xlsx spreadsheet (perhaps a zip or another office format); save as .xlsx or CSV and upload again",
    )))
}

fn read_cell(value: &DataRef<'_>) -> Cell {
    let (text, kind) = match value {
        DataRef::Empty => return Cell::default(),
        DataRef::String(text) => return Cell::text(text),
        DataRef::SharedString(text) => return Cell::text(text),
        DataRef::Int(n) => (n.to_string(), CellKind::Number),
        DataRef::Float(n) => (shown(*n), CellKind::Number),
        DataRef::Bool(b) => (b.to_string(), CellKind::Bool),
        DataRef::DateTime(at) => (date_text(at), CellKind::Date),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => (text.clone(), CellKind::Date),
        DataRef::Error(error) => (error.to_string(), CellKind::Error),
    };
    Cell { text, kind }
}

/// A number as the program shows it: fifteen significant digits. What a formula leaves behind them is noise of binary
/// arithmetic (1.1 + 0.1 is 1.2000000000000002), and noise must not decide whether a limit is kept.
fn shown(n: f64) -> String {
    match Decimal::from_scientific(&format!("{n:.14e}")) {
        Ok(exact) if n != 0.0 => exact.normalize().to_string(),
        Ok(_) => "0".to_owned(),
        // beyond a decimal's range: left for the reader of the column to refuse
        Err(_) => n.to_string(),
    }
}

fn date_text(at: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    match at.as_f64() {
        days if at.is_duration() || days < 1.0 => time,
        _ if (hour, minute, second) == (0, 0, 0) => date,
        _ => format!("{date}T{time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_number_cell_is_what_the_program_shows_of_it() {
        for (stored, text) in [
            (1.1 + 0.1, "1.2"),
            (0.200_000_000_000_000_2, "0.2"),
            (0.1 + 0.2 - 0.1, "0.2"),
            (0.05, "0.05"),
            (123_456.789, "123456.789"),
            (6_901_234_567_892.0, "6901234567892"),
            (1.5e-7, "0.00000015"),
            (-0.0, "0"),
            (20_260_917_001_234_567_890.0, "20260917001234600000"),
            (1e300, "1e300"),
        ] {
            let text = if text == "1e300" { stored.to_string() } else { text.to_owned() };
            assert_eq!(shown(stored), text, "{stored}");
        }
    }
}
