//! A table with the wrong heading is refused by every command that reads one, in the words of the person who has to mend it.

use crate::commands::shian;
use std::fs;

/// Arguments with `@` for the file in question and `@NAME` for files beside it, and a column that must be named as missing when the heading is
/// `wrong,other`.
const COMMANDS: [(&str, &str); 22] = [
    ("limits judge @", "sample_date"),
    ("limits rejudge @ --edition gb2762-2025", "case_id"),
    ("limits check @ @", "include"),
    ("limits load @head.toml --first @ --second @ --by 甲 --and 乙 --out @out", "clause"),
    ("risk tds --occurrence @ --consumption @eaten.csv", "value"),
    ("risk tds --occurrence @results.csv --consumption @", "mean_g_per_kg_bw_day"),
    ("risk concentration @", "value|value_mg_per_kg|value_ug_per_kg"),
    ("risk usual @", "day1_g"),
    ("risk iesti @", "lp_g"),
    ("risk primo --input @ --data @primo --out @out", "key"),
    ("risk target --train @ --score @ --out @out.csv --no-history", "id"),
    ("risk bmd @ --settings @bmd.json", "dose"),
    ("risk growth @ --model @growth.json", "temperature"),
    ("risk mkt @", "duration_h|hours"),
    ("sampling size @", "prevalence|diseased"),
    ("sampling allocate @ --total 10", "N"),
    ("sampling rates @", "positives|cases"),
    ("sampling estimate @", "positives"),
    ("sampling draw --roster @ --seed 00ff --take 1 --weight weight", "weight"),
    ("signal text --input @", "text|content"),
    ("signal scan --settings @ --inputs @inputs", "key"),
    ("signal watch --input @", "hazard|syndrome"),
];

#[test]
fn a_wrong_heading_is_refused_with_the_columns_missing_found_and_needed_and_an_empty_file_as_empty() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for (name, text) in [
        ("wrong.csv", "wrong,other\n"),
        ("rows.csv", "wrong,other\n1,2\n"),
        ("empty.csv", ""),
        ("blank.csv", "\n\n"),
        ("head.toml", "draft = true\n"),
        ("eaten.csv", "who,group,code,mean_g_per_kg_bw_day\nall,a,x,1\n"),
        ("results.csv", "code,value,lod\nx,1,0.1\n"),
        ("bmd.json", r#"{"type":"continuous","ces_or_bmr":0.05}"#),
    ] {
        fs::write(at(name), text).unwrap();
    }
    let run = |line: &str, file: &str| {
        let words: Vec<String> = line
            .split(' ')
            .map(|word| match word.strip_prefix('@') {
                Some("") => at(file),
                Some(name) => at(name),
                None => word.to_owned(),
            })
            .collect();
        shian(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let mut wrong = Vec::new();
    for (line, missing) in COMMANDS {
        for file in ["wrong.csv", "rows.csv", "empty.csv", "blank.csv"] {
            let out = run(line, file);
            let said = String::from_utf8(out.stderr).unwrap();
            let words: &[&str] = if file.starts_with("wrong") || file.starts_with("rows") {
                &["缺少列", "lacks the column", missing, "wrong, other", "needed:"]
            } else {
                &["是空的", "is empty", file]
            };
            if out.status.success() || !out.stdout.is_empty() || words.iter().any(|w| !said.contains(w)) {
                wrong.push(format!("{line} ({file}): {:?}\n    {said}", out.status.code()));
            }
        }
    }
    // any column may be a series of counts: only what is empty can be refused
    for (file, words) in [("wrong.csv", "没有数据行"), ("empty.csv", "是空的")] {
        let out = run("signal run ears --input @", file);
        let said = String::from_utf8(out.stderr).unwrap();
        if out.status.success() || !said.contains(words) {
            wrong.push(format!("signal run ({file}): {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
