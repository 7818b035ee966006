//! Usual intake of nuts and seeds of 4,124 adults (NHANES 2015–2016) against R.

use crate::shared::{folder, table};
use risk::exposure::usual::{
    Days, Transform, Usual as _, UsualError, amounts, amounts_at, bbn_of, models, power_profile,
};
use std::collections::BTreeMap;

#[test]
fn models_of_usual_intake_agree_with_r() {
    let Some(dir) = folder("usual_intake") else { return };
    let (models, notes) = models(&table(&dir.join("nhanes_2015_16_nuts_seeds_two_day.csv"))).unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    let mut out = BTreeMap::new();
    for row in models.rows() {
        let key = format!("{},{}", row.text("model").unwrap(), row.text("quantity").unwrap());
        out.insert(key, row.number("value").unwrap());
    }
    let mut bad = vec![];
    for row in table(&dir.join("nuts_seeds_expected.csv")).rows() {
        let (model, quantity) = (row.text("model").unwrap(), row.text("quantity").unwrap());
        let expected = row.number("value").unwrap();
        let found = out[&format!("{model},{quantity}")];
        let deviation = (found - expected).abs() / expected.abs().max(1e-9);
        let tolerance = match (model, quantity) {
            ("OIM" | "ACUTE_DAYS", _) => 1e-8,
            // the reference's search for λ stopped 1e-4 short of the maximum; all else follows from λ (next test)
            ("BBN_power", "lambda" | "amount_mu" | "amount_vb" | "amount_vw" | "amount_se") => 1e-3,
            (_, quantity) if quantity.starts_with('p') => 1e-3,
            _ => 1e-4,
        };
        if deviation > tolerance / 10.0 {
            eprintln!("{model} {quantity}: {found}, expected {expected}, off by {deviation:.1e}");
        }
        if deviation > tolerance && (found - expected).abs() > 1e-12 {
            bad.push(format!("{model} {quantity}"));
        }
    }
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn with_the_power_of_the_reference_everything_else_of_bbn_agrees_and_ours_is_likelier() {
    let Some(dir) = folder("usual_intake") else { return };
    let survey = table(&dir.join("nhanes_2015_16_nuts_seeds_two_day.csv"));
    let person = |row: &risk::table::Row<'_>| {
        let weight = row.number("body_weight_kg").unwrap();
        vec![row.number("day1_g").unwrap() / weight, row.number("day2_g").unwrap() / weight]
    };
    let days = Days::new(survey.rows().map(|row| person(&row)).collect()).unwrap();
    let expected: BTreeMap<String, f64> = table(&dir.join("nuts_seeds_expected.csv"))
        .rows()
        .filter(|row| row.text("model") == Ok("BBN_power"))
        .map(|row| (row.text("quantity").unwrap().to_owned(), row.number("value").unwrap()))
        .collect();
    let theirs = expected["lambda"];
    let at = amounts_at(&days, Transform::Power(theirs)).unwrap();
    let fit = bbn_of(&days, at).unwrap();
    let mut found = vec![
        ("amount_mu", at.mu, 1e-6),
        ("amount_vb", at.between, 1e-6),
        ("amount_vw", at.within, 1e-6),
        ("amount_ll", at.log_likelihood, 1e-8),
        ("amount_se", at.standard_error, 1e-6),
    ];
    for (name, p) in
        [("p50", 0.5), ("p75", 0.75), ("p90", 0.9), ("p95", 0.95), ("p97.5", 0.975), ("p99", 0.99)]
    {
        found.push((name, fit.quantile(p), 1e-4));
    }
    for (name, value, tolerance) in found {
        let expected = expected[name];
        assert!((value / expected - 1.0).abs() < tolerance, "{name}: {value}, expected {expected}");
    }
    // the reference stopped a hair from the top of the profile
    let Transform::Power(ours) = amounts(&days, true).unwrap().transform else { panic!("a power was asked") };
    let gain = power_profile(&days, ours).unwrap() - power_profile(&days, theirs).unwrap();
    assert!(gain > 0.0 && gain < 1e-3, "λ {ours} against {theirs}: {gain}");
    assert!((ours - theirs).abs() < 2e-4);
    for near in [ours - 1e-5, ours + 1e-5] {
        assert!(power_profile(&days, near).unwrap() < power_profile(&days, ours).unwrap(), "{near}");
    }
}

#[test]
fn data_that_cannot_tell_people_from_days_are_refused() {
    assert_eq!(Days::new(vec![vec![1.0]; 100]), Err(UsualError::OneDay));
    assert_eq!(Days::new(vec![vec![1.0, 0.0]; 100]), Err(UsualError::TooFew));
}
