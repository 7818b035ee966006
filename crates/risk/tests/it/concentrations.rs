//! Censored results and total diet studies against the Canadian reference set.

use crate::shared::{close, folder, table};
use risk::exposure::concentration::{Observation, informative, models};
use risk::exposure::tds::{self, ZeroLimit};
use risk::table::Table;
use std::collections::BTreeMap;

const SETS: [(&str, &str, &str); 2] = [
    ("OTA", "ochratoxinA", "occurrence_ochratoxinA_2008_2009.csv"),
    ("BPA", "BPA", "occurrence_BPA_2008_2016.csv"),
];

/// Every quantity of the reference file, from the results of one set.
fn quantities(results: &[Observation]) -> BTreeMap<String, f64> {
    let (found, notes) = models(results);
    assert!(notes.is_empty(), "{notes:?}");
    let mut out = BTreeMap::from([("data,unit_ng_per_g".to_owned(), 1.0)]);
    for row in found.rows() {
        let key = format!("{},{}", row.text("model").unwrap(), row.text("quantity").unwrap());
        out.insert(key, row.number("value").unwrap());
    }
    out
}

#[test]
fn models_of_censored_results_agree_with_maximum_likelihood_in_r() {
    let Some(dir) = folder("canada_tds") else { return };
    for (name, _, file) in SETS {
        let (results, _) = tds::results(&table(&dir.join(file)), ZeroLimit::AsWritten).unwrap();
        let expected = table(&dir.join(format!("concentration_models_expected_{name}.csv")));
        let mut worst = BTreeMap::new();
        let mut last = (String::new(), BTreeMap::new());
        for row in expected.rows() {
            let set = row.text("set").unwrap();
            if last.0 != set {
                let prefix =
                    set.split("regex ").nth(1).unwrap().trim_end_matches(')').trim_start_matches(['^', '.']);
                let list: Vec<Observation> = results
                    .iter()
                    .filter(|(code, _)| code.starts_with(prefix))
                    .flat_map(|(_, list)| list.clone())
                    .collect();
                last = (set.to_owned(), quantities(&informative(&list)));
            }
            let (model, quantity) = (row.text("model").unwrap(), row.text("quantity").unwrap());
            let (found, value) = (last.1[&format!("{model},{quantity}")], row.number("value").unwrap());
            let deviation =
                if quantity == "p_zero" { (found - value).abs() } else { (found / value - 1.0).abs() };
            // the reference maximises numerically and stops early
            let tolerance = if quantity.starts_with("var") || quantity == "cov" { 2e-4 } else { 1e-5 };
            assert!(deviation < tolerance, "{set} {model} {quantity}: {found} instead of {value}");
            let entry = worst.entry(model.to_owned()).or_insert(0.0_f64);
            *entry = entry.max(deviation);
        }
        eprintln!("{name}: {worst:?}");
    }
}

fn agree(name: &str, found: &Table, expected: &Table, key: &str) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for row in expected.rows() {
        let mine = found.rows().find(|mine| mine.text(key) == row.text(key)).unwrap();
        for column in expected.header() {
            let (text, other) = (row.text(column).unwrap(), mine.text(column).unwrap());
            let same = match (text.parse::<f64>(), other.parse::<f64>()) {
                (Ok(text), Ok(other)) => close(other, text, 1e-9),
                _ => text == other,
            };
            assert!(same, "{name} {:?} {column}: {other} instead of {text}", row.text(key));
        }
    }
}

#[test]
fn exposures_of_the_canadian_total_diet_study_are_reproduced() {
    let Some(dir) = folder("canada_tds") else { return };
    let diets = tds::study_diets(&table(&dir.join("consumption_per_kg_bw.csv")), "all").unwrap();
    for (_, name, file) in SETS {
        let (results, dropped) = tds::results(&table(&dir.join(file)), ZeroLimit::AsWritten).unwrap();
        assert_eq!(dropped, 0);
        agree(
            name,
            &tds::means(&results),
            &table(&dir.join(format!("{name}_expected_composite_means.csv"))),
            "code",
        );
        let found = tds::table(&tds::exposure(&diets, &results));
        agree(name, &found, &table(&dir.join(format!("{name}_expected_exposure.csv"))), "group");
    }
}

#[test]
fn a_cluster_diet_is_consumption_times_occurrence() {
    let Some(dir) = folder("gems") else { return };
    let diets = tds::cluster_diets(&table(&dir.join("gems2012_cluster_seed.csv"))).unwrap();
    assert_eq!(diets.len(), 17);
    let results =
        BTreeMap::from([("rice".to_owned(), vec![Observation::Value(0.1), Observation::Below(0.02)])]);
    let found = tds::exposure(&diets, &results);
    // G01: 0.3724… kg of rice a day for 60 kg, mean 0.05, 0.055, 0.06
    let rice = 372.404_418_271_296_06 / 60.0;
    for (found, mean) in found[0].exposure.iter().zip([0.05, 0.055, 0.06]) {
        assert!(close(*found, rice * mean, 1e-12));
    }
    assert_eq!(found[0].gaps, ["apples", "spinach", "milk"]);
}
