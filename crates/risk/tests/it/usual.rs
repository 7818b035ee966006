//! Usual intake of nuts and seeds of 4,124 adults (NHANES 2015–2016) against R.

use crate::shared::{folder, table};
use risk::exposure::chronic::distribution;
use risk::exposure::usual::{Bbn, Days, Usual, UsualError, bbn, lnn};
use std::collections::BTreeMap;

const PROBABILITIES: [f64; 7] = [0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.999];

fn label(p: f64) -> String {
    format!("p{}", (p * 1000.0).round() / 10.0)
}

fn put_percentiles(out: &mut BTreeMap<String, f64>, model: &str, fit: &impl Usual) {
    for p in PROBABILITIES {
        out.insert(format!("{model},{}", label(p)), fit.quantile(p));
    }
}

fn put_bbn(out: &mut BTreeMap<String, f64>, fit: &Bbn, power: bool) {
    let model = if power { "BBN_power" } else { "BBN" };
    let prefix = if power { "amount" } else { "amount_log" };
    let (frequency, amounts) = (fit.frequency, fit.amounts);
    for (name, value) in [
        ("freq_alpha".to_owned(), frequency.alpha),
        ("freq_beta".to_owned(), frequency.beta),
        ("freq_pi".to_owned(), frequency.mean()),
        ("freq_phi".to_owned(), frequency.dispersion()),
        ("freq_loglik".to_owned(), frequency.log_likelihood),
        (format!("{prefix}_mu"), amounts.mu),
        (format!("{prefix}_vb"), amounts.between),
        (format!("{prefix}_vw"), amounts.within),
        (format!("{prefix}_ll"), amounts.log_likelihood),
        (format!("{prefix}_se"), amounts.standard_error),
        ("usual_mean".to_owned(), fit.mean()),
    ] {
        out.insert(format!("{model},{name}"), value);
    }
    if let risk::exposure::usual::Transform::Power(power) = amounts.transform {
        out.insert("BBN_power,lambda".into(), power);
    }
    put_percentiles(out, model, fit);
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "a number of people")]
fn models_of_usual_intake_agree_with_r() {
    let Some(dir) = folder("usual_intake") else { return };
    let (mut days, mut weights) = (vec![], vec![]);
    for row in table(&dir.join("nhanes_2015_16_nuts_seeds_two_day.csv")).rows() {
        let weight = row.positive("body_weight_kg").unwrap();
        days.push(["day1_g", "day2_g"].map(|day| row.amount(day).unwrap() / weight).to_vec());
        weights.push(row.number("weight").unwrap());
    }
    let means: Vec<f64> = days.iter().map(|days| days.iter().sum::<f64>() / 2.0).collect();
    let single: Vec<f64> = days.iter().flatten().copied().collect();
    let mut out = BTreeMap::new();
    let observed = distribution(&means, &weights, &PROBABILITIES).unwrap();
    let acute = distribution(&single, &vec![1.0; single.len()], &PROBABILITIES).unwrap();
    out.insert("OIM,n_persons".to_owned(), means.len() as f64);
    out.insert("OIM,mean".to_owned(), observed.mean);
    out.insert("OIM,mean_weighted".to_owned(), observed.mean_weighted);
    out.insert("ACUTE_DAYS,n_days".to_owned(), single.len() as f64);
    out.insert(
        "ACUTE_DAYS,n_positive".to_owned(),
        single.iter().filter(|amount| **amount > 0.0).count() as f64,
    );
    for (at, p) in PROBABILITIES.into_iter().enumerate() {
        out.insert(format!("OIM,{}_type7", label(p)), observed.percentiles[at]);
        out.insert(format!("OIM,{}_weighted_invcdf", label(p)), observed.percentiles_weighted[at]);
        out.insert(format!("ACUTE_DAYS,{}_type7", label(p)), acute.percentiles[at]);
    }
    let days = Days::new(days).unwrap();
    put_bbn(&mut out, &bbn(&days, false).unwrap(), false);
    put_bbn(&mut out, &bbn(&days, true).unwrap(), true);
    for (model, correlated) in [("LNN0", false), ("LNN", true)] {
        let fit = lnn(&days, correlated).unwrap();
        for (name, value) in [
            ("freq_alpha_logit", fit.alpha),
            ("freq_sd", fit.frequency_sd),
            ("amount_mu_log", fit.mu),
            ("amount_sd_between", fit.between_sd),
            ("amount_sd_within", fit.within_sd),
            ("rho", fit.rho),
            ("loglik", fit.log_likelihood),
            ("usual_mean", fit.mean()),
        ] {
            out.insert(format!("{model},{name}"), value);
        }
        put_percentiles(&mut out, model, &fit);
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
