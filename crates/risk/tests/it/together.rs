//! All substances together: samples drawn whole, limits that take a sample with everything in it, the limit that protects the sum.

use risk::exposure::concentration::Bound;
use risk::exposure::model::{Assessment, Change, Limit, LimitMode, Model, Protect, Report};

/// Four people of 50 kg who eat 100 g of rice on each of two days; results as given; lead half as potent as cadmium.
fn model(results: &[(&str, &str, f64)]) -> Model {
    let mut persons = "person,body_weight_kg\n".to_owned();
    let mut consumption = "person,day,food,grams\n".to_owned();
    for person in 1..=4 {
        persons += &format!("{person},50\n");
        consumption += &format!("{person},1,rice,100\n{person},2,rice,100\n");
    }
    let mut concentrations = "substance,food,sample,value_mg_per_kg,lod_mg_per_kg\n".to_owned();
    for (substance, sample, value) in results {
        concentrations += &format!("{substance},rice,{sample},{value},\n");
    }
    let file = serde_json::json!({
        "format": "shian-exposure-1", "seed": 5,
        "tables": { "persons": persons, "consumption": consumption, "concentrations": concentrations },
        "substances": [
            { "id": "cadmium", "reference": { "value": 1.0, "period": "day", "kind": "invented" } },
            { "id": "lead", "potency": 0.5 },
        ],
        "settings": { "acute": 2000, "replicates": 8, "replicateDraws": 500, "bounds": ["MB"] },
    });
    Model::read(&file.to_string()).unwrap()
}

fn report(assessment: &Assessment) -> Report {
    assessment.report(2, &mut |_| {})
}

/// Value and interval of a figure of all substances together.
fn sum(report: &Report, model: &str, quantity: &str) -> (f64, f64, f64) {
    let fits = |f: &&risk::exposure::model::Figure| {
        f.substance == "cumulative" && f.model == model && f.quantity == quantity
    };
    let f = report.figures.iter().find(fits).unwrap();
    (f.value, f.low.unwrap_or(f.value), f.high.unwrap_or(f.value))
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

#[test]
fn substances_of_one_sample_stay_together_and_those_of_different_samples_are_not_halved() {
    // 100 g at 1 mg/kg for 50 kg are 2 µg/kg
    type Case = (&'static str, Vec<(&'static str, &'static str, f64)>, f64, bool);
    let cases: [Case; 3] = [
        // one substance makes up for the other in each sample: every day the same
        (
            "whole",
            vec![("cadmium", "a", 1.0), ("cadmium", "b", 0.0), ("lead", "a", 0.0), ("lead", "b", 2.0)],
            2.0,
            true,
        ),
        // measured in different samples: nobody knows that one excludes the other
        (
            "apart",
            vec![("cadmium", "a", 1.0), ("cadmium", "b", 1.0), ("lead", "c", 2.0), ("lead", "d", 2.0)],
            4.0,
            true,
        ),
        (
            "free",
            vec![("cadmium", "a", 1.0), ("cadmium", "b", 0.0), ("lead", "c", 0.0), ("lead", "d", 2.0)],
            2.0,
            false,
        ),
    ];
    for (name, results, mean, constant) in cases {
        let told = report(&Assessment::new(model(&results)).unwrap());
        let (drawn, low, high) = sum(&told, "acute", "mean");
        let least = sum(&told, "acute", "p50").0.min(sum(&told, "acute", "p99").0);
        assert!(close(sum(&told, "OIM", "mean").0, mean), "{name}");
        if constant {
            assert!(close(drawn, mean) && close(least, mean), "{name}: {drawn} {least}");
            // a sample that a replicate draws twice is two samples, not one with twice as much in it
            let bootstrapped = name == "apart";
            assert!(!bootstrapped || close(low, mean) && close(high, mean), "{name}: {low} {high}");
        } else {
            assert!(
                (drawn - mean).abs() < 0.2 && close(sum(&told, "acute", "p99").0, 4.0),
                "{name}: {drawn}"
            );
        }
    }
}

#[test]
fn a_replicate_that_draws_a_sample_twice_does_not_double_what_is_in_it() {
    let results: Vec<(&str, &str, f64)> =
        ["a", "b", "c", "d"].iter().flat_map(|s| [("cadmium", *s, 1.0), ("lead", *s, 2.0)]).collect();
    let told = report(&Assessment::new(model(&results)).unwrap());
    let (mean, low, high) = sum(&told, "acute", "mean");
    assert!(close(mean, 4.0) && close(low, 4.0) && close(high, 4.0), "{mean} {low} {high}");
}

#[test]
fn a_sample_above_the_limit_of_one_substance_leaves_with_all_that_is_in_it() {
    let results = [("cadmium", "a", 1.0), ("cadmium", "b", 0.2), ("lead", "a", 3.0), ("lead", "b", 0.4)];
    let limit =
        Limit { food: None, substance: Some("cadmium".into()), limit: 0.5, mode: LimitMode::Enforced };
    let told = Assessment::new(model(&results)).unwrap().with(Change::Limit(limit)).unwrap();
    assert!(close(sum(&report(&told), "acute", "mean").0, 0.8), "the sample b alone: (0.2 + 0.2) × 2");
}

#[test]
fn the_limit_that_protects_the_sum_leaves_room_for_the_other_substances() {
    // lead alone makes 0.4 of 1 µg/kg: 0.6 are left for cadmium, 0.3 mg/kg
    let results = [("cadmium", "a", 1.0), ("cadmium", "b", 0.2), ("lead", "a", 0.4), ("lead", "b", 0.4)];
    let assessment = Assessment::new(model(&results)).unwrap();
    let asked = |mode, together| Protect {
        substance: "cadmium".into(),
        food: Some("rice".into()),
        group: "all".into(),
        percentile: 97.5,
        bound: Bound::Middle,
        mode,
        together,
    };
    let limit = |mode, together| assessment.protecting_limit(&asked(mode, together)).unwrap().unwrap();
    for (mode, alone, together) in [(LimitMode::AtLimit, 0.5, 0.3), (LimitMode::Enforced, 0.2, 0.2)] {
        assert!((limit(mode, false) - alone).abs() < 1e-9 && (limit(mode, true) - together).abs() < 1e-9);
    }
}
