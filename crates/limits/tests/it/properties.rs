//! What must hold for every food and every value.

use base::Date;
use limits::{Case, Fact, Facts, Outcome, Placed, Rules};
use proptest::prelude::*;

fn date() -> Date {
    Date::constant(2026, 10, 8)
}

/// Facts that answer every question, so that only the food class decides.
fn all_facts() -> Facts {
    let mut facts = Facts::default();
    for (fact, value) in [
        (Fact::Package, "tinplate"),
        (Fact::AcidHvp, "yes"),
        (Fact::MilkBased, "yes"),
        (Fact::SoyAdded, "no"),
        (Fact::ProduceAdded, "no"),
        (Fact::AlgaeAdded, "no"),
        (Fact::AquaticOrLiver, "no"),
        (Fact::Age, "10+"),
        (Fact::Form, "solid"),
        (Fact::Basis, "dry"),
        (Fact::Viscera, "removed"),
    ] {
        facts.learn(fact, value);
    }
    facts
}

fn at(node: &str, analyte: &str, value: &str) -> Case {
    let water = node.starts_with("14.01");
    let unit = if water { "mg/L" } else { "mg/kg" };
    let mut case = Case::new("x", analyte, value, unit, date());
    case.placed = vec![Placed { tree: "gb2762".to_owned(), node: node.to_owned() }];
    case.facts = all_facts();
    case
}

const ANALYTES: [&str; 15] = [
    "铅",
    "镉",
    "总汞",
    "甲基汞",
    "总砷",
    "无机砷",
    "锡",
    "镍",
    "铬",
    "亚硝酸盐",
    "硝酸盐",
    "苯并[a]芘",
    "N-二甲基亚硝胺",
    "多氯联苯",
    "3-氯-1,2-丙二醇",
];

#[test]
fn every_class_and_analyte_has_one_winner_or_none() {
    let rules = Rules::builtin();
    let mut ambiguous = Vec::new();
    for node in rules.trees()[0].nodes() {
        for analyte in ANALYTES {
            let verdict = rules.judge(&at(&node.code, analyte, "0.0001"));
            if verdict.outcome == Outcome::Ambiguous {
                ambiguous.push(format!("{} {} {analyte}: {:?}", node.code, node.name, verdict.losers));
            }
            assert!(!verdict.outcome.is_failure(), "{} {analyte}: {verdict:?}", node.code);
        }
    }
    assert!(ambiguous.is_empty(), "{}", ambiguous.join("\n"));
}

#[test]
fn the_order_of_rows_never_matters() {
    let files: Vec<(&str, String)> = limits::FILES
        .iter()
        .map(|(name, text)| {
            if *name == "gb2762-2025.csv" {
                let mut lines: Vec<&str> = text.lines().collect();
                lines[1..].reverse();
                (*name, lines.join("\n"))
            } else {
                (*name, (*text).to_owned())
            }
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    let (reversed, rules) = (Rules::load(&files).unwrap(), Rules::builtin());
    for node in rules.trees()[0].nodes() {
        for analyte in ANALYTES {
            let case = at(&node.code, analyte, "0.3");
            let (a, b) = (rules.judge(&case), reversed.judge(&case));
            assert_eq!((&a.outcome, &a.limit), (&b.outcome, &b.limit), "{} {analyte}", node.code);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_higher_value_never_turns_a_failure_into_a_pass(
        node in 0usize..300, analyte in 0usize..15, low in 1u32..5000, more in 1u32..5000,
    ) {
        let rules = Rules::builtin();
        let nodes = rules.trees()[0].nodes();
        let node = &nodes[node % nodes.len()];
        let value = |v: u32| format!("{}.{:03}", v / 1000, v % 1000);
        let a = rules.judge(&at(&node.code, ANALYTES[analyte], &value(low)));
        let b = rules.judge(&at(&node.code, ANALYTES[analyte], &value(low + more)));
        if a.outcome == Outcome::Nonconform {
            prop_assert_eq!(b.outcome, Outcome::Nonconform);
        }
    }

    #[test]
    fn a_verdict_replays_exactly_and_survives_json(food in "[一-龥]{1,6}", value in "[0-9]{1,3}(\\.[0-9]{1,3})?") {
        let rules = Rules::builtin();
        let case = Case::new(food, "镉(以Cd计)", value, "mg/kg", date());
        let first = rules.judge(&case);
        let text = serde_json::to_string(&first).unwrap();
        prop_assert_eq!(&serde_json::from_str::<limits::Verdict>(&text).unwrap(), &first);
        prop_assert_eq!(rules.judge(&serde_json::from_str(&serde_json::to_string(&case).unwrap()).unwrap()), first);
    }

    #[test]
    fn no_text_makes_the_engine_panic(food in ".{0,20}", analyte in ".{0,20}", value in ".{0,12}", unit in ".{0,6}") {
        let _ = Rules::builtin().judge(&Case::new(food, analyte, &value, &unit, date()));
        let _ = Rules::builtin().judge(&Case::new("大米", "镉", &value, &unit, date()));
    }
}
