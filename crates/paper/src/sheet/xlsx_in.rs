//! XLSX in: measured before it is unpacked, read cell by cell so that an empty far corner costs nothing.

use super::{Cell, CellKind, Gather, Limits, SheetError, SheetTable, too_large};
use base::Text;
use calamine::{
    DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError, open_workbook_from_rs,
};
use std::io::{Cursor, Read};

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<SheetTable>, SheetError> {
    measure(bytes, limits)?;
    let damaged = |e: XlsxError| SheetError::Damaged(e.to_string());
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes)).map_err(damaged)?;
    let visible = |s: &&calamine::Sheet| s.visible == SheetVisible::Visible && s.typ == SheetType::WorkSheet;
    let names: Vec<String> = book.sheets_metadata().iter().filter(visible).map(|s| s.name.clone()).collect();
    let mut tables = Vec::new();
    for name in names {
        let mut cells = book.worksheet_cells_reader(&name).map_err(damaged)?;
        let mut gather = Gather::new(limits);
        while let Some(cell) = cells.next_cell().map_err(damaged)? {
            let (row, column) = cell.get_position();
            let (row, column) = (usize::try_from(row), usize::try_from(column));
            let (row, column) = (row.unwrap_or(usize::MAX - 1), column.unwrap_or(usize::MAX));
            gather.put(row + 1, column, read_cell(cell.get_value()))?;
        }
        tables.push(gather.finish(&name));
    }
    Ok(tables)
}

/// Unpacks every part into nothing to know its true size, and refuses macros.
fn measure(bytes: &[u8], limits: &Limits) -> Result<(), SheetError> {
    let damaged = |e: &dyn std::fmt::Display| SheetError::Damaged(e.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
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
        // the shortest decimal that names this binary number: what was typed, up to 15 digits
        DataRef::Float(n) => (n.to_string(), CellKind::Number),
        DataRef::Bool(b) => (b.to_string(), CellKind::Bool),
        DataRef::DateTime(at) => (date_text(at), CellKind::Date),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => (text.clone(), CellKind::Date),
        DataRef::Error(error) => (error.to_string(), CellKind::Error),
    };
    Cell { text, kind }
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
