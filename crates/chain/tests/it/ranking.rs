//! Ranking of sources by hand, that evidence may come in any order and one by one, and that the study is repeatable.

use chain::outbreak::{Locator, Method, Ranking, STRAY, simulate, study};
use chain::score::{Evidence, Network};
use proptest::prelude::*;
use serde_json::{Value, json};

fn network(settings: Value, relations: Value) -> Network {
    // F sends 100 kg and G 300 kg to P, who sends 50 kg each to X and Y; H sells to Y alone
    serde_json::from_value(json!({
        "settings": settings,
        "stations": [{ "id": "F" }, { "id": "G" }, { "id": "H" }, { "id": "P" }, { "id": "X" }, { "id": "Y" }],
        "deliveries": [
            { "id": "1", "from": "F", "to": "P", "amountKg": 100, "dateOut": "2026-09-01", "lot": "f" },
            { "id": "2", "from": "G", "to": "P", "amountKg": 300, "dateOut": "2026-09-02", "lot": "g" },
            { "id": "3", "from": "P", "to": "X", "amountKg": 50, "dateOut": "2026-09-03", "lot": "p" },
            { "id": "4", "from": "P", "to": "Y", "amountKg": 50, "dateOut": "2026-09-03", "lot": "p" },
            { "id": "5", "from": "H", "to": "Y", "amountKg": 10, "dateOut": "2026-09-03", "lot": "h" }
        ],
        "relations": relations
    }))
    .expect("a network")
}

fn posterior(ranking: &Ranking, id: &str) -> f64 {
    ranking.stations.iter().find(|s| s.id == id).map_or(0.0, |s| s.posterior)
}

#[test]
fn the_likelihood_is_what_one_computes_by_hand() {
    let ranking = Locator::new(&network(
        json!({ "stationWeights": { "X": 1, "Y": 1 } }),
        json!([["1", "3"], ["1", "4"]]),
    ))
    .ranking(5);
    // F: a tenth is eaten at F, of the rest a tenth at P, the rest half and half: 0.9·0.9·0.5; G's goods stay at P
    let reason = &ranking.stations[1].reasons;
    assert_eq!(ranking.stations[0].id, "P");
    let f = ranking.stations.iter().find(|s| s.id == "F").expect("F");
    assert!((f.reasons[0].probability - 0.405).abs() < 1e-12, "{reason:?}");
    assert_eq!(f.reasons[0].path, ["1", "3"]);
    // two hops: 2 − ln(0.9) − ln(0.9·0.5)
    assert!((f.reasons[0].distance - (2.0 - (0.9f64 * 0.9 * 0.5).ln())).abs() < 1e-12);
    let chance = |p: f64| (1.0 - STRAY) * p + STRAY / 3.0;
    let both = |x: f64, y: f64| {
        let looked = (1.0 - STRAY) * (x + y) + STRAY * 2.0 / 3.0;
        chance(x) * chance(y) / (0.3 + 0.7 * looked.min(1.0)).powi(2)
    };
    let ratio = both(0.45, 0.45) / both(0.405, 0.405);
    assert!((posterior(&ranking, "P") / posterior(&ranking, "F") - ratio).abs() < 1e-9);
    assert!(
        posterior(&ranking, "G") < posterior(&ranking, "F")
            && posterior(&ranking, "H") < posterior(&ranking, "F")
    );
    assert!(ranking.ends.contains(&"F".to_owned()) && !ranking.ends.contains(&"P".to_owned()));
    let sum: f64 = ranking.stations.iter().map(|s| s.posterior).sum();
    assert!((sum - 1.0).abs() < 1e-12);
    assert_eq!(ranking.lots[0].station, "P");
}

#[test]
fn a_checked_place_without_cases_speaks_against_who_supplies_it() {
    let with = |clean: Value| {
        let mut weights = json!({ "Y": 2 });
        if let Some(w) = clean.as_f64() {
            weights["X"] = json!(w);
        }
        Locator::new(&network(json!({ "stationWeights": weights }), json!([["1", "3"], ["1", "4"]])))
            .ranking(3)
    };
    let (before, after) = (with(Value::Null), with(json!(-1.0)));
    assert!(posterior(&after, "P") < posterior(&before, "P"));
    assert!(posterior(&after, "H") > posterior(&before, "H"));
    // a clean sample of the lot speaks against whoever made it
    let mut sampled = network(
        json!({ "stationWeights": { "Y": 2 }, "deliveryWeights": { "5": -1 } }),
        json!([["1", "3"], ["1", "4"]]),
    );
    assert!(posterior(&Locator::new(&sampled).ranking(3), "H") < posterior(&before, "H"));
    sampled.settings.delivery_weights.insert("5".to_owned(), 1.0);
    assert!(posterior(&Locator::new(&sampled).ranking(3), "H") > posterior(&before, "H"));
}

#[test]
fn the_firm_without_records_is_asked_first_and_no_other() {
    let known =
        Locator::new(&network(json!({ "stationWeights": { "X": 1 } }), json!([["1", "3"], ["2", "4"]])))
            .ranking(3);
    assert!(known.next.is_empty(), "{:?}", known.next);
    let unknown = Locator::new(&network(json!({ "stationWeights": { "X": 1 } }), json!([]))).ranking(3);
    assert_eq!(unknown.next.len(), 1);
    let firm = &unknown.next[0];
    assert_eq!(firm.id, "P");
    assert!(
        firm.bits > 0.3 && firm.bits <= unknown.entropy && firm.flow <= 1.0,
        "{firm:?} of {}",
        unknown.entropy
    );
    // without records both farms are as suspect as each other; with them only one is
    assert!((posterior(&unknown, "F") - posterior(&unknown, "G")).abs() < 1e-9);
    assert!(posterior(&known, "F") > 3.0 * posterior(&known, "G"));
}

#[test]
fn goods_that_went_round_in_a_circle_are_followed() {
    let network: Network = serde_json::from_value(json!({
        "settings": { "stationWeights": { "X": 1 } },
        "stations": [],
        "deliveries": [
            { "id": "1", "from": "A", "to": "B" }, { "id": "2", "from": "B", "to": "A" }, { "id": "3", "from": "A", "to": "X" }
        ],
        "relations": [["1", "2"], ["2", "1"], ["2", "3"]]
    }))
    .expect("a network");
    let ranking = Locator::new(&network).ranking(3);
    // h(2) = 0.9·(h(1)/2 + 1/2), h(1) = 0.9·h(2) → h(2) = 0.45/(1 − 0.405)
    let b = ranking.stations.iter().find(|s| s.id == "B").expect("B");
    assert!((b.reasons[0].probability - 0.9 * 0.45 / 0.595).abs() < 1e-9, "{b:?}");
}

#[test]
fn the_study_is_repeatable_and_every_method_beats_chance() {
    let one = study(6, 7);
    assert_eq!(one, study(6, 7));
    let mean = |method: Method| {
        one.summary.iter().find(|s| s.method == method && s.cases == 12).expect("a row").mean
    };
    for method in [Method::Score, Method::Likelihood, Method::LikelihoodChecked, Method::Distance] {
        assert!(mean(method) < mean(Method::Chance), "{method:?}");
    }
    let svg = one.svg();
    assert!(
        svg.starts_with("<svg")
            && svg.trim_end().ends_with("</svg>")
            && svg.matches("<polyline").count() == 10
    );
    assert!(one.rows_csv().lines().count() == one.rows.len() + 1);
    let a = simulate(3, 20);
    assert!(a.candidates.contains(&a.source) && a.cases.len() == 20 && !a.clean.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn evidence_one_by_one_in_any_order_ranks_as_all_at_once(seed in 0u64..1000, turn in 1usize..7) {
        let outbreak = simulate(seed, 8);
        let mut all = outbreak.network.clone();
        for case in &outbreak.cases {
            *all.settings.station_weights.entry(case.clone()).or_insert(0.0) += 1.0;
        }
        let whole = Locator::new(&all).station_posterior();
        let mut locator = Locator::new(&outbreak.network);
        let mut order = outbreak.cases.clone();
        order.rotate_left(turn);
        for case in order {
            prop_assert!(locator.observe(&Evidence::Station(case, 1.0)));
        }
        for (a, b) in whole.iter().zip(locator.station_posterior()) {
            prop_assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
    }
}
