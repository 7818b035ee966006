//! Worked judgements in the shape of a laboratory sheet.

use limits::{Rules, judge_csv};

const CASES: &str = include_str!("../../testdata/verdict_cases.csv");

/// The verdict of every case is the expected one, and the limit begins with the expected value.
#[test]
fn worked_cases_are_judged_as_expected() {
    let mut wrong = Vec::new();
    let lines: Vec<String> = judge_csv(Rules::builtin(), CASES.as_bytes()).collect();
    let mut reader = csv::Reader::from_reader(CASES.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), rows.len());
    for (line, row) in lines.iter().zip(&rows) {
        let got: serde_json::Value = serde_json::from_str(line).unwrap();
        let limit = got["limit"].as_str().unwrap_or_default();
        let want = row[8].split([' ']).next().unwrap_or_default();
        if got["verdict"] != row[7] || !limit.starts_with(want) {
            wrong.push(format!("{} wanted {} {}: {line}", &row[0], &row[7], &row[8]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
