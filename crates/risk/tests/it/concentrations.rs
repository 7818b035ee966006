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
fn results_are_read_by_the_names_their_files_give_them() {
    let read = |text: &str| {
        let table = Table::read("results", text.as_bytes()).unwrap();
        tds::results(&table, ZeroLimit::AsWritten).map_err(|e| e.to_string())
    };
    let (value, below) = (Observation::Value, Observation::Below);
    for (text, food, wanted) in [
        (
            "code,operator,value,lod,unit\nA,<LOD,0,0.2,ng/g\nA,,3,0.2,ng/g\n",
            "A",
            vec![below(0.2), value(3.0)],
        ),
        // the mark decides, not the value
        (
            "food,sample,value_mg_per_kg,lod_mg_per_kg,detected\nF00,0,0.004,0.005,1\nF00,1,0,0.005,0\n",
            "F00",
            vec![value(0.004), below(0.005)],
        ),
        ("value,lod\n0.1,0.2\n,0.3\n0.5,0.2\n", "", vec![below(0.2), below(0.3), value(0.5)]),
        ("value_ug_per_kg,loq_ug_per_kg\n,7\n9,7\n", "", vec![below(7.0), value(9.0)]),
    ] {
        let (found, dropped) = read(text).unwrap();
        assert_eq!((found.len(), dropped), (1, 0), "{text}");
        assert_eq!(found[food], wanted, "{text}");
    }
    for (text, parts) in [
        ("code,amount\nA,1\n", ["value|value_mg_per_kg", "amount"]),
        ("value_mg_per_kg,lod_ug_per_kg\n1,2\n", ["lod_ug_per_kg", "one unit"]),
        ("value,lod,detected\n1,2,perhaps\n", ["row 2", "detected"]),
        ("value,lod\n1,-2\n", ["lod", "0 or more"]),
        ("value_mg_per_kg,lod_mg_per_kg,unit\n1,2,ng/g\n", ["unit", "size"]),
    ] {
        let error = read(text).unwrap_err();
        assert!(parts.iter().all(|part| error.contains(part)), "{text}: {error}");
    }
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
