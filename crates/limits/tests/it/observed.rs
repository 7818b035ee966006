//! Official non-conformities and sampling plans, replayed.

use limits::{Case, Judge, Rules};
use std::collections::{BTreeMap, BTreeSet};

const OBSERVED: &str = include_str!("../../testdata/observed.csv");
const EXPLAINED: &str = include_str!("../../testdata/observed_explained.csv");
const PLANS: &str = include_str!("../../testdata/observed_plans.csv");

/// Each published failure whose rule is loaded is judged a failure by the limit that was published, or stands in the table of
/// explained differences with the verdict this engine gives. A rule known only from bulletins confirms that names and editions
/// are found, not that the law was read: those are counted apart.
#[test]
fn published_failures_are_judged_as_published_or_explained() {
    let rules = Rules::builtin();
    let mut judge = Judge::new(rules);
    let mut explained: BTreeMap<String, String> = csv::Reader::from_reader(EXPLAINED.as_bytes())
        .records()
        .map(|r| {
            let r = r.unwrap();
            (format!("{}|{}|{}|{}", &r[0], &r[1], &r[2], &r[3]), r[4].to_owned())
        })
        .collect();
    let mut used = BTreeSet::new();
    let (mut read, mut printed_only, mut told, mut not_loaded, mut wrong) = (0, 0, 0, 0, Vec::new());
    for row in csv::Reader::from_reader(OBSERVED.as_bytes()).records() {
        let row = row.unwrap();
        let case = Case::new(&row[0], &row[1], &row[2], &row[3], row[6].parse().unwrap());
        let decision = judge.decide(&case);
        let published = row[5].parse::<base::Decimal>().ok().filter(|_| matches!(&row[4], "≤" | ""));
        let agrees = decision.outcome.is_failure()
            && decision.limit.is_none_or(|v| published == Some(v) || &row[4] == "≥");
        let key = format!("{}|{}|{}|{}", &row[0], &row[1], &row[2], &row[6]);
        let word = decision.outcome.word();
        let known = explained.get(&key).cloned();
        used.insert(key.clone());
        match (agrees, known) {
            (true, None) if decision.rule.is_some_and(|r| r.flag == "observed") => printed_only += 1,
            (true, None) => read += 1,
            (false, Some(expected)) if expected == word => told += 1,
            (false, None) if word == "not_loaded" => not_loaded += 1,
            _ => wrong.push(format!(
                "{key} published {}{} but {word} {:?} {}",
                &row[4],
                &row[5],
                decision.limit,
                decision.rule.map_or("", |r| &r.id),
            )),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    explained.retain(|key, _| !used.contains(key));
    assert!(explained.is_empty(), "explained but not observed: {explained:?}");
    println!(
        "judged as published {} (by the text {read}, by limits known from bulletins {printed_only}); explained {told}; not loaded {not_loaded}",
        read + printed_only
    );
    assert!(read >= 190 && read + printed_only >= 2290, "coverage fell: {read} + {printed_only}");
}

#[test]
fn published_sampling_plans_fail_as_published() {
    let mut judge = Judge::new(Rules::builtin());
    for row in csv::Reader::from_reader(PLANS.as_bytes()).records() {
        let row = row.unwrap();
        let verdict = judge.verdict(&Case::new(&row[0], &row[1], &row[2], &row[3], row[4].parse().unwrap()));
        assert_eq!(verdict.outcome.word(), "nonconform", "{row:?}: {:?} {}", verdict.outcome, verdict.rule);
    }
}
