//! Worked judgements in the shape of a laboratory sheet.

use limits::{Rules, judge_csv};

const CASES: &str = include_str!("../../testdata/verdict_cases.csv");
const RULES: &str = include_str!("../../testdata/rule_cases.csv");
const UNSEEN: &str = include_str!("../../testdata/unseen_cases.csv");

#[test]
fn worked_cases_are_judged_as_expected() {
    check(CASES);
}

#[test]
fn each_rule_of_the_standards_has_a_case() {
    check(RULES);
}

#[test]
fn cases_made_from_the_tables_afterwards_are_judged_as_a_reader_of_the_tables_would() {
    check(UNSEEN);
}

#[test]
fn a_row_that_cannot_be_read_is_named_and_does_not_stop_the_rest() {
    let sheet = "case_id,food,analyte,value,unit,lod,sample_date\nA,大米,镉,0.1,mg/kg,,2026-13-40\nB,大米\nC,大米,镉,0.1,mg/kg,,2026/10/08\n";
    let words: Vec<String> = judge_csv(Rules::builtin(), base::Decimal::TEN, "sheet", sheet.as_bytes())
        .unwrap()
        .map(|l| {
            serde_json::from_str::<serde_json::Value>(&l).unwrap()["verdict"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(words, ["data_error", "data_error", "conform"]);
}

/// The verdict of every case is the expected one, and the limit begins with the expected value.
fn check(sheet: &str) {
    let mut wrong = Vec::new();
    let lines: Vec<String> = judge_csv(Rules::builtin(), base::Decimal::TEN, "sheet", sheet.as_bytes())
        .expect("the heading is right")
        .collect();
    let mut reader = csv::Reader::from_reader(sheet.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), rows.len());
    for (line, row) in lines.iter().zip(&rows) {
        let got: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        let limit = got["limit"].as_str().unwrap_or_default();
        let want = row[8].split([' ']).next().unwrap_or_default();
        if got["verdict"] != row[7] || !limit.starts_with(want) {
            wrong.push(format!("{} wanted {} {}: {line}", &row[0], &row[7], &row[8]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
