//! Official non-conformities for the analytes of GB 2762, replayed.

use limits::{Case, Rules};
use std::collections::BTreeMap;

const OBSERVED: &str = include_str!("../../testdata/observed.csv");
const EXPLAINED: &str = include_str!("../../testdata/observed_explained.csv");

/// Each published failure is judged as published, or stands in the table of explained differences with the verdict this engine gives.
#[test]
fn published_failures_are_judged_as_published_or_explained() {
    let rules = Rules::builtin();
    let mut explained: BTreeMap<String, String> = csv::Reader::from_reader(EXPLAINED.as_bytes())
        .records()
        .map(|r| {
            let r = r.unwrap();
            (format!("{}|{}|{}|{}", &r[0], &r[1], &r[2], &r[3]), r[4].to_owned())
        })
        .collect();
    let (mut same, mut wrong) = (0, Vec::new());
    for row in csv::Reader::from_reader(OBSERVED.as_bytes()).records() {
        let row = row.unwrap();
        let food = if row[1].is_empty() { &row[0] } else { &row[1] };
        let case = Case::new(food, &row[3], &row[4], &row[5], row[10].parse().unwrap());
        let verdict = rules.judge(&case);
        let printed = row[7].parse::<base::Decimal>().ok();
        let agrees = verdict.outcome.word() == &row[9]
            && verdict.limit.as_ref().and_then(|l| l.value).is_none_or(|v| Some(v) == printed);
        let key = format!("{}|{}|{}|{}", food, &row[3], &row[4], &row[10]);
        match (agrees, explained.remove(&key)) {
            (true, None) => same += 1,
            (false, Some(word)) if word == verdict.outcome.word() => {}
            _ => wrong.push(format!(
                "{key} published {} {} but {} {:?} {} [{}] {}",
                &row[9],
                &row[7],
                verdict.outcome.word(),
                verdict.limit.as_ref().map(|l| &l.printed),
                verdict.rule,
                verdict.position,
                &row[2],
            )),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(explained.is_empty(), "explained but not observed: {explained:?}");
    println!("judged as published: {same}");
}
