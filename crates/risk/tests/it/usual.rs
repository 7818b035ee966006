//! Usual intake of nuts and seeds of 4,124 adults (NHANES 2015–2016) against R.

use crate::shared::{folder, table};
use risk::exposure::usual::{Days, UsualError, models};
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
            // the reference's search for λ stopped 1e-4 short of the maximum; all else follows from λ
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
fn data_that_cannot_tell_people_from_days_are_refused() {
    assert_eq!(Days::new(vec![vec![1.0]; 100]), Err(UsualError::OneDay));
    assert_eq!(Days::new(vec![vec![1.0, 0.0]; 100]), Err(UsualError::TooFew));
}
