//! Tables of limits on the command line: what is loaded, second readings, loading, using, exporting, judging again.

use crate::commands::{lines, shian};
use std::fs;

const HEADER: &str = "id = \"trial-2026\"\nstandard = \"T 1\"\nedition = \"2026\"\ntitle = { zh = \"试行\", en = \"Trial\" }\nbasis = \"T 1-2026 表1 第3页\"\nvalid_from = \"2026-01-01\"\nstatus = \"verified\"\ntree = \"gb2762\"\nrows = \"trial.csv\"\nno_row = \"not_loaded\"\ndraft = true\ncomparison = { zh = \"等于为合格\", en = \"equality conforms\" }\n";
const ROWS: &str = "id,clause,analyte,food,include,limit,unit\nT-1,表1,试验物,面包,面包,0.2,mg/kg\nT-2,表1,试验物,饼干,饼干,不得使用,\n";

#[test]
fn a_table_comes_into_use_when_two_people_read_it_alike_and_judges_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("trial.toml"), HEADER).unwrap();
    fs::write(at("a.csv"), ROWS).unwrap();
    fs::write(at("b.csv"), ROWS.replace("0.2", "0.3")).unwrap();
    fs::write(
        at("sheet.csv"),
        "case_id,food,analyte,value,unit,lod,sample_date\n1,面包,试验物,0.25,mg/kg,,2026-10-08\n",
    )
    .unwrap();
    let check = shian(&["limits", "check", &at("a.csv"), &at("b.csv")]);
    assert_eq!(check.status.code(), Some(1));
    assert_eq!((&lines(&check)[0]["row"], &lines(&check)[0]["column"]), (&"T-1".into(), &"limit".into()));
    let load = |second: &str, and: &str| {
        shian(&[
            "limits",
            "load",
            &at("trial.toml"),
            "--first",
            &at("a.csv"),
            "--second",
            second,
            "--by",
            "甲",
            "--and",
            and,
            "--out",
            &at("rules"),
        ])
    };
    assert_eq!(load(&at("b.csv"), "乙").status.code(), Some(1), "readings differ");
    assert_eq!(load(&at("a.csv"), "甲").status.code(), Some(1), "one reader");
    assert!(!dir.path().join("rules").exists(), "nothing is written before two people agree");
    let loaded = load(&at("a.csv"), "乙");
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    assert_eq!(lines(&loaded)[0]["readers"], serde_json::json!(["甲", "乙"]));
    let judged = shian(&["limits", "--rules", &at("rules"), "judge", &at("sheet.csv")]);
    assert_eq!(lines(&judged)[0]["verdict"], "nonconform");
    assert_eq!(lines(&shian(&["limits", "judge", &at("sheet.csv")]))[0]["verdict"], "not_loaded");
    // A spreadsheet of the table is a reading too.
    let sheet = at("again.xlsx");
    let export = shian(&[
        "limits",
        "--rules",
        &at("rules"),
        "export",
        "trial-2026",
        "--format",
        "xlsx",
        "--out",
        &sheet,
    ]);
    assert!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    assert!(shian(&["limits", "check", &at("a.csv"), &sheet]).status.success());
}

#[test]
fn coverage_and_judging_again_are_told_as_lines() {
    let coverage = lines(&shian(&["limits", "coverage"]));
    let of = |id: &str| coverage.iter().find(|l| l["id"] == id).unwrap();
    assert_eq!(
        (&of("gb2762-2025")["no_row"], &of("gb2762-2025")["status"]),
        (&"not_limited".into(), &"verified".into())
    );
    assert_eq!(of("gb2760-2024")["no_row"], "not_loaded");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sheet.csv");
    fs::write(
        &file,
        "case_id,food,analyte,value,unit,lod,sample_date\nA,豇豆,噻虫嗪,0.4,mg/kg,,2025-09-20\nB,豇豆,噻虫嗪,0.1,mg/kg,,2025-09-20\n",
    )
    .unwrap();
    let flips = lines(&shian(&["limits", "rejudge", file.to_str().unwrap(), "--edition", "gb2763-2026"]));
    assert_eq!(flips.len(), 2, "{flips:?}");
    assert_eq!((&flips[0]["case_id"], &flips[0]["would_be"]["verdict"]), (&"A".into(), &"conform".into()));
    assert_eq!((&flips[1]["compared"], &flips[1]["flipped"]), (&2.into(), &1.into()));
    assert_eq!(
        shian(&["limits", "rejudge", file.to_str().unwrap(), "--edition", "no-such"]).status.code(),
        Some(2)
    );
}
