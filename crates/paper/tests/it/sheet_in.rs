//! Files as people upload them are read the same whatever made them, or refused with a remedy.

use base::{Date, Decimal};
use encoding_rs::{GB18030, GBK};
use paper::sheet::{
    Cell, CellKind, Column, Columns, Limits, RowErrors, Sheet, SheetError, SheetTable, Value, read,
    write_csv, write_xlsx,
};
use proptest::prelude::*;
use std::io::Write;

fn one(bytes: &[u8]) -> SheetTable {
    let mut tables = read(bytes, "供货.csv", &Limits::default()).unwrap();
    assert_eq!(tables.len(), 1);
    tables.remove(0)
}

fn texts(table: &SheetTable) -> Vec<Vec<&str>> {
    table.rows.iter().map(|r| r.cells.iter().map(|c| c.text.as_str()).collect()).collect()
}

const LEDGER: &str = "批号,数量,单位\r\nL1,0.20,kg\r\n\r\n\"L,2\",,\"千\n克\"\r\n";

#[test]
fn csv_is_read_in_every_usual_encoding_and_separator() {
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(LEDGER.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let semicolons = LEDGER.replace(',', ";").replace("L;2", "L,2");
    let tabs = LEDGER.replace("L,2", "L;2").replace(',', "\t").replace("L;2", "L,2");
    for bytes in [
        LEDGER.as_bytes().to_vec(),
        format!("\u{feff}{LEDGER}").into_bytes(),
        GBK.encode(LEDGER).0.into_owned(),
        utf16,
        semicolons.into_bytes(),
        tabs.into_bytes(),
    ] {
        let table = one(&bytes);
        assert_eq!(table.header, ["批号", "数量", "单位"]);
        assert_eq!(texts(&table), [vec!["L1", "0.20", "kg"], vec!["L,2", "", "千\n克"]]);
        assert_eq!(table.rows.iter().map(|r| r.line).collect::<Vec<_>>(), [2, 4], "the row the user sees");
    }
    let rare = "姓名,地点\n𬭎,䶮\n"; // beyond GBK
    assert_eq!(texts(&one(&GB18030.encode(rare).0)), [["𬭎", "䶮"]]);
}

#[test]
fn a_title_above_the_header_is_skipped() {
    let table = one("甘肃省食品安全抽检结果表\n\n样品编号,项目,结果\nS1,铅,0.2\n".as_bytes());
    assert_eq!((table.header_line, table.header[0].as_str(), table.rows[0].line), (3, "样品编号", 4));
    let quoted = one("a,b\n\"1\n1\",2\n3,4\n".as_bytes());
    assert_eq!(quoted.rows[1].line, 3, "a line break inside a cell is no row of its own");
    let single = one("批号\nL1\nL2\n".as_bytes());
    assert_eq!((single.header, single.rows.len()), (vec!["批号".to_owned()], 2));
}

fn workbook() -> Vec<u8> {
    write_xlsx(&[
        Sheet {
            name: "结果".into(),
            header: vec!["批号".into(), "结果".into(), "日期".into()],
            rows: vec![
                vec![
                    "=1+1".into(),
                    Value::Number("0.20".parse().unwrap()),
                    Value::Date(Date::constant(2026, 9, 2)),
                ],
                vec![],
                vec!["L2".into(), Value::Number("123456.789".parse().unwrap()), Value::Empty],
            ],
        },
        Sheet { name: "空".into(), header: vec![], rows: vec![] },
    ])
    .unwrap()
}

#[test]
fn xlsx_keeps_numbers_dates_and_line_numbers() {
    let table = one(&workbook());
    assert_eq!((table.name.as_str(), table.header.len()), ("结果", 3));
    assert_eq!(texts(&table), [vec!["=1+1", "0.2", "2026-09-02"], vec!["L2", "123456.789"]]);
    let kinds: Vec<_> = table.rows[0].cells.iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [CellKind::Text, CellKind::Number, CellKind::Date]);
    assert_eq!(table.rows[1].line, 4);
}

/// A zip of parts, as a damaged or hostile "spreadsheet".
fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn what_is_no_readable_spreadsheet_is_refused_with_a_remedy() {
    let limits = Limits { bytes: 100_000, unpacked: 1_000_000, rows: 5, columns: 4, cells: 12, cell: 20 };
    let bomb = zipped(&[("xl/workbook.xml", &vec![b' '; 2_000_000])]);
    assert!(bomb.len() < 10_000);
    let mut cut = workbook();
    cut.truncate(cut.len() / 2);
    for (bytes, expected) in [
        (vec![b'a'; 100_001], "文件大小"),
        (bomb, "解压后"),
        (zipped(&[("xl/workbook.xml", b"<x/>"), ("xl/vbaProject.bin", b"x")]), "宏"),
        (zipped(&[("word/document.xml", b"<x/>")]), "不是 .xlsx"),
        (zipped(&[("xl/workbook.xml", b"<x")]), "损坏"),
        (cut, "损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), ".xls"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), ""),
        (b"a,b\n1,\xff\xff\xff\n".to_vec(), "第 2 行"),
        (b"a,b\n\0,1\n".to_vec(), "不是表格"),
        (b"a,b\n".to_vec(), "没有数据"),
        (b"".to_vec(), "没有数据"),
        (b"a,b\n1,2\n1,2\n1,2\n1,2\n1,2\n".to_vec(), "行数"),
        (b"a,b,c,d\n1,2,3,4,5\n".to_vec(), "列数"),
        (b"a,b\n1,\"unclosed quote runs on\n1,2\n".to_vec(), "第 2 行有英文双引号"),
        (b"a,b\n1,\"138 0000\n1,\"2\n".to_vec(), "第 2 行有英文双引号"),
        (b"a,b,c,d\n1,1,1,1\n1,1,1,1\n1,1,1,1\n1\n".to_vec(), "单元格数"),
    ] {
        let error = read(&bytes, "x.csv", &limits).unwrap_err();
        let text = error.text();
        assert!(text.zh.contains(expected) && !text.en.is_empty(), "{expected}: {error}");
    }
}

fn results() -> Columns {
    Columns::new(vec![
        Column::required("样品编号", &["sample", "sample no"]),
        Column::required("结果", &["result", "value"]),
        Column::required("日期", &["date"]),
        Column::optional("备注", &["note"]),
    ])
}

#[test]
fn headings_are_found_by_any_of_their_names() {
    for header in ["样品编号,结果,日期", "Sample_No,VALUE,Date", " 样品 编号*,结果（mg/kg）,日期："]
    {
        let table = one(format!("{header},别的\nS1,1,2026/9/2,x\n").as_bytes());
        let mapped = results().map(&table).unwrap();
        assert!(!mapped.has("备注"));
        let row = mapped.rows().next().unwrap();
        assert_eq!(row.text("样品编号").unwrap(), "S1", "{header}");
        assert_eq!(row.opt_text("备注").unwrap(), None);
    }
}

#[test]
fn a_wrong_header_names_what_is_missing_and_what_is_twice() {
    let table = one("样品编号,sample,日期\nS1,S1,2026-09-02\n".as_bytes());
    let error = results().map(&table).unwrap_err();
    assert_eq!(
        (error.missing.as_slice(), error.duplicate.as_slice()),
        (&["结果 (result)".to_owned()][..], &["样品编号".to_owned()][..])
    );
    assert!(error.text().zh.contains("缺少列：结果") && error.text().en.contains("given twice: 样品编号"));
}

#[test]
fn every_wrong_row_is_reported_by_line_and_column() {
    let file = "样品编号,结果,日期\nS1,0.20,2026-09-02\nS2,合格,20260902\n,1,2026年9月2日\nS4,1,9/2/2026\nS5,1,2026-09-02,多\n";
    let table = one(file.as_bytes());
    let mapped = results().map(&table).unwrap();
    let (mut errors, mut good) = (RowErrors::default(), Vec::new());
    for row in mapped.rows() {
        let sample = errors.keep(row.text("样品编号"));
        let result = errors.keep(row.decimal("结果"));
        let date = errors.keep(row.date("日期"));
        let whole = errors.keep(row.no_overhang());
        if let (Some(sample), Some(result), Some(date), Some(())) = (sample, result, date, whole) {
            good.push((sample, result, date));
        }
    }
    assert_eq!(good, [("S1".to_owned(), "0.20".parse::<Decimal>().unwrap(), Date::constant(2026, 9, 2))]);
    let at: Vec<_> =
        errors.as_slice().iter().map(|e| (e.line, e.column.as_str(), e.value.as_str())).collect();
    assert_eq!(at, [(3, "结果", "合格"), (4, "样品编号", ""), (5, "日期", "9/2/2026"), (6, "D", "多")]);
    assert_eq!(errors.as_slice()[1].text().zh, "第 4 行“样品编号”列：不能为空，请填写");
    assert!(errors.into_result(()).is_err());
}

#[test]
fn a_number_cell_that_lost_digits_is_refused() {
    let cell = |text: &str, kind| Cell { text: text.into(), kind };
    let mut table = one("样品编号,结果,日期\nx,1,46267\n".as_bytes());
    for (text, kind, good) in [
        ("106141412345678900", CellKind::Number, false),
        ("106141412345678900", CellKind::Text, true),
        ("6901234567892", CellKind::Number, true),
        ("#REF!", CellKind::Error, false),
    ] {
        table.rows[0].cells[0] = cell(text, kind);
        let mapped = results().map(&table).unwrap();
        assert_eq!(mapped.rows().next().unwrap().text("样品编号").is_ok(), good, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_bytes_bring_the_reader_down(bytes in prop::collection::vec(any::<u8>(), 0..300), magic in any::<bool>()) {
        let mut bytes = bytes;
        if magic {
            bytes.splice(0..0, *b"PK\x03\x04");
        }
        let _ = read(&bytes, "x", &Limits::default());
    }

    #[test]
    fn what_is_written_is_read_back(
        rows in prop::collection::vec(prop::collection::vec("[=+@'a-z0-9,;\"中文-]{1,8}", 2..3), 1..6),
    ) {
        let sheet = Sheet {
            name: "表".into(),
            header: vec!["甲".into(), "乙".into()],
            rows: rows.iter().map(|r| r.iter().map(|c| c.as_str().into()).collect()).collect(),
        };
        for bytes in [write_csv(&sheet).unwrap(), write_xlsx(&[sheet]).unwrap()] {
            let table = one(&bytes);
            for (read, given) in table.rows.iter().zip(&rows) {
                for (cell, text) in read.cells.iter().zip(given) {
                    prop_assert_eq!(&cell.text, text);
                }
            }
            prop_assert_eq!(table.rows.len(), rows.len());
        }
    }
}

#[test]
fn errors_print_in_both_languages() {
    let text = SheetError::NoRows.to_string();
    assert!(text.contains("没有数据") && text.contains("no data"));
}

#[test]
fn a_file_of_another_kind_is_named_and_not_read_as_text() {
    for (bytes, name, kind) in [
        (&b"%PDF-1.4 x"[..], "a.pdf", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "a.csv", "PNG"),
        (b"\xff\xd8\xff\xe0", "a.jpg", "JPEG"),
        (b"name,quantity\n1,2\n", "a.xlsx", "not XLSX"),
    ] {
        let said = read(bytes, name, &Limits::default()).unwrap_err();
        assert!(matches!(&said, SheetError::Format(text) if text.en.contains(kind)), "{name}: {said}");
    }
    assert!(read(b"name,quantity\n1,2\n", "a.csv", &Limits::default()).is_ok());
}
