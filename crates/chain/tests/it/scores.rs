//! FoodChain-Lab scores: the generated cases, and the program's own published table when it lies beside.

use chain::score::{Network, score};
use serde_json::Value;
use std::collections::HashMap;

/// Compares every expected figure of a case to 1e-9 and returns how many there were.
fn compare(case: &Value) -> usize {
    let network: Network = serde_json::from_value(case.clone()).expect("a case");
    let got = serde_json::to_value(score(&network)).expect("scores");
    let name = &case["case"];
    let mut compared = 0;
    for part in ["stations", "deliveries"] {
        let list = got[part].as_array().expect("a list");
        let by_id: HashMap<_, _> = list.iter().map(|e| (e["id"].as_str().expect("id"), e)).collect();
        for (id, expected) in case["expected"][part].as_object().expect("expected") {
            for key in ["score", "positiveScore", "negativeScore", "normalizedScore", "forward", "backward"] {
                let Some(want) = expected.get(key) else { continue };
                let have = &by_id[id.as_str()][key];
                let same = match (want.as_f64(), have.as_f64()) {
                    (Some(a), Some(b)) => (a - b).abs() < 1e-9,
                    _ => want == have,
                };
                assert!(same, "{name} {part} {id} {key}: want {want}, have {have}");
                compared += 1;
            }
        }
    }
    let Some(lots) = case["expected"]["lots"].as_object() else { return compared };
    for delivery in &network.deliveries {
        let Some(want) = delivery.lot.as_ref().and_then(|lot| lots.get(lot)).and_then(Value::as_f64) else {
            continue;
        };
        let list = got["deliveries"].as_array().expect("a list");
        let have = list.iter().find(|d| d["id"] == delivery.id.as_str()).expect("delivery");
        let have = have["lotScore"].as_f64().expect("a number");
        assert!((want - have).abs() < 1e-9, "{name} lot of {}: want {want}, have {have}", delivery.id);
        compared += 1;
    }
    compared
}

#[test]
fn generated_cases_with_every_setting_score_as_expected() {
    let cases: Value =
        serde_json::from_str(include_str!("../../testdata/fcl-synthetic-cases.json")).expect("JSON");
    let compared: usize = cases.as_array().expect("cases").iter().map(compare).sum();
    assert!(compared > 300, "{compared}");
}

#[test]
fn the_published_table_of_the_reference_program_is_reproduced() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/fcl/golden-temporal-order.json");
    match std::fs::read_to_string(beside) {
        Ok(text) => assert!(compare(&serde_json::from_str(&text).expect("JSON")) > 3_000),
        Err(_) => println!("golden-temporal-order.json is absent (GPL-3.0 data, not in this repository)"),
    }
}

#[test]
fn a_loop_of_deliveries_scores_the_same_all_round_and_a_killing_station_ends_it() {
    let case = |kill: &str| {
        let text = format!(
            r#"{{"settings":{{"stationWeights":{{"case":1.0}},"killContaminationStations":[{kill}]}},
            "stations":[{{"id":"a"}},{{"id":"b"}},{{"id":"case"}}],
            "deliveries":[{{"id":"1","from":"a","to":"b"}},{{"id":"2","from":"b","to":"a"}},
                          {{"id":"3","from":"a","to":"case"}}],
            "relations":[["1","2"],["2","1"],["2","3"]]}}"#
        );
        let network: Network = serde_json::from_str(&text).expect("a case");
        let scores = score(&network);
        let stations: Vec<i64> = scores.stations.iter().map(|s| i64::from(s.score.score > 0.5)).collect();
        let deliveries: Vec<i64> = scores.deliveries.iter().map(|d| i64::from(d.score.score > 0.5)).collect();
        (stations, deliveries)
    };
    assert_eq!(case(""), (vec![1, 1, 1], vec![1, 1, 1]));
    assert_eq!(case("\"a\""), (vec![0, 0, 1], vec![0, 0, 1]));
}
