//! Files handed out open in a spreadsheet program with the values meant and run nothing.

use base::{Date, Decimal};
use paper::sheet::{CsvWriter, Sheet, Value, write_csv, write_xlsx};

fn sheet(rows: Vec<Vec<Value>>) -> Sheet {
    Sheet { name: "清单[1]/2".into(), header: vec!["名称".into(), "数量".into()], rows }
}

#[test]
fn csv_cells_are_never_run_as_formulas() {
    for (value, expected) in [
        (Value::from("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\""),
        (Value::from("@SUM(A1)"), "'@SUM(A1)"),
        (Value::from("+86 931"), "'+86 931"),
        (Value::from("-cmd|' /C calc'!A0"), "'-cmd|' /C calc'!A0"),
        (Value::from("＝1+1"), "'＝1+1"),
        (Value::from("'=1"), "''=1"),
        (Value::from("'s"), "'s"),
        (Value::from("-1.5"), "-1.5"),
        (Value::from("a=b"), "a=b"),
        (Value::from("6901234567892"), "6901234567892"),
        (Value::Number(Decimal::new(-150, 2)), "-1.50"),
        (Value::Date(Date::constant(2026, 9, 2)), "2026-09-02"),
        (Value::from(None::<String>), ""),
    ] {
        let mut out = CsvWriter::new(Vec::new(), &["甲", "乙"]).unwrap();
        out.row(&[value.clone(), "x".into()]).unwrap();
        let text = String::from_utf8(out.finish().unwrap()).unwrap();
        assert_eq!(text, format!("\u{feff}甲,乙\r\n{expected},x\r\n"), "{value:?}");
    }
}

#[test]
fn a_long_number_is_written_as_text_and_unchanged() {
    let long: Decimal = "106141412345678908".parse().unwrap();
    let bytes = write_xlsx(&[sheet(vec![
        vec!["SSCC".into(), long.into()],
        vec!["0.20".into(), Decimal::new(20, 2).into()],
    ])])
    .unwrap();
    let tables = paper::sheet::read(&bytes, "x", &paper::sheet::Limits::default()).unwrap();
    assert_eq!(tables[0].name, "清单 1  2");
    assert_eq!(tables[0].rows[0].cells[1].text, "106141412345678908");
    assert_eq!(tables[0].rows[1].cells[0].text, "0.20");
    assert!(write_csv(&sheet(vec![])).unwrap().len() > 3);
    assert!(
        write_xlsx(&[sheet(vec![vec!["x".repeat(40_000).into()]])]).unwrap_err().text().zh.contains("CSV")
    );
}
