//! Every model of usual intake beside observed means and single days.

use super::{Bbn, Days, Isuf, Lnn, Transform, Usual, UsualError, bbn, isuf, lnn};
use crate::exposure::chronic::distribution;
use crate::table::{Table, TableError, digits12};

const PERCENTILES: [f64; 7] = [50.0, 75.0, 90.0, 95.0, 97.5, 99.0, 99.9];

/// Reads days (`person`, `body_weight_kg`, `day1_g`, `day2_g` …, `weight` where there is) and gives all models as rows
/// `model,quantity,value` per kg body weight and day, and why a model is missing.
///
/// # Errors
/// The column or cell that is not as it must be.
#[expect(clippy::cast_precision_loss, reason = "a number of people")]
pub fn models(table: &Table) -> Result<(Table, Vec<String>), TableError> {
    let columns: Vec<String> =
        (1..).map(|day| format!("day{day}_g")).take_while(|column| table.has(column)).collect();
    table.require(&["body_weight_kg", "day1_g"])?;
    let (mut days, mut weights) = (vec![], vec![]);
    for row in table.rows() {
        let body_weight = row.positive("body_weight_kg")?;
        let person = columns.iter().map(|column| Ok(row.amount(column)? / body_weight));
        days.push(person.collect::<Result<Vec<f64>, TableError>>()?);
        weights.push(row.optional("weight")?.unwrap_or(1.0));
    }
    let mut out = Table::with_header("models", &["model", "quantity", "value"]);
    let mut put = |model: &str, quantity: String, value: f64| {
        out.push(vec![model.into(), quantity, digits12(Some(value))])
    };
    let probabilities = PERCENTILES.map(|p| p / 100.0);
    let means: Vec<f64> = days.iter().map(|days| days.iter().sum::<f64>() / days.len() as f64).collect();
    let single: Vec<f64> = days.iter().flatten().copied().collect();
    put("OIM", "n_persons".into(), means.len() as f64);
    if let Some(observed) = distribution(&means, &weights, &probabilities) {
        put("OIM", "mean".into(), observed.mean);
        put("OIM", "mean_weighted".into(), observed.mean_weighted);
        for (at, p) in PERCENTILES.into_iter().enumerate() {
            put("OIM", format!("p{p}_type7"), observed.percentiles[at]);
            put("OIM", format!("p{p}_weighted_invcdf"), observed.percentiles_weighted[at]);
        }
    }
    if let Some(acute) = distribution(&single, &vec![1.0; single.len()], &probabilities) {
        for (at, p) in PERCENTILES.into_iter().enumerate() {
            put("ACUTE_DAYS", format!("p{p}_type7"), acute.percentiles[at]);
        }
    }
    put("ACUTE_DAYS", "n_days".into(), single.len() as f64);
    put("ACUTE_DAYS", "n_positive".into(), single.iter().filter(|amount| **amount > 0.0).count() as f64);
    let mut notes = vec![];
    match Days::new(days) {
        Err(error) => notes.push(format!("no model: {error}")),
        Ok(days) => {
            for power in [false, true] {
                let name = if power { "BBN_power" } else { "BBN" };
                note(&mut notes, name, bbn(&days, power).map(|fit| bbn_rows(name, &fit, &mut put)));
            }
            for (name, correlated) in [("LNN0", false), ("LNN", true)] {
                note(&mut notes, name, lnn(&days, correlated).map(|fit| lnn_rows(name, &fit, &mut put)));
            }
            note(&mut notes, "ISUF", isuf(&days).map(|fit| isuf_rows(&fit, &mut put)));
        }
    }
    Ok((out, notes))
}

fn note(notes: &mut Vec<String>, name: &str, done: Result<(), UsualError>) {
    if let Err(error) = done {
        notes.push(format!("{name}: {error}"));
    }
}

type Put<'a> = dyn FnMut(&str, String, f64) + 'a;

fn percentiles(name: &str, fit: &dyn Usual, put: &mut Put<'_>) {
    put(name, "usual_mean".into(), fit.mean());
    for p in PERCENTILES {
        put(name, format!("p{p}"), fit.quantile(p / 100.0));
    }
}

fn bbn_rows(name: &str, fit: &Bbn, put: &mut Put<'_>) {
    let (often, much) = (fit.frequency, fit.amounts);
    for (quantity, value) in [
        ("freq_alpha", often.alpha),
        ("freq_beta", often.beta),
        ("freq_pi", often.mean()),
        ("freq_phi", often.dispersion()),
        ("freq_loglik", often.log_likelihood),
    ] {
        put(name, quantity.into(), value);
    }
    let prefix = match much.transform {
        Transform::Log => "amount_log",
        Transform::Power(power) => {
            put(name, "lambda".into(), power);
            "amount"
        }
    };
    for (quantity, value) in [
        ("mu", much.mu),
        ("vb", much.between),
        ("vw", much.within),
        ("ll", much.log_likelihood),
        ("se", much.standard_error),
    ] {
        put(name, format!("{prefix}_{quantity}"), value);
    }
    percentiles(name, fit, put);
}

fn lnn_rows(name: &str, fit: &Lnn, put: &mut Put<'_>) {
    for (quantity, value) in [
        ("freq_alpha_logit", fit.alpha),
        ("freq_sd", fit.frequency_sd),
        ("amount_mu_log", fit.mu),
        ("amount_sd_between", fit.between_sd),
        ("amount_sd_within", fit.within_sd),
        ("rho", fit.rho),
        ("loglik", fit.log_likelihood),
    ] {
        put(name, quantity.into(), value);
    }
    percentiles(name, fit, put);
}

#[expect(clippy::cast_precision_loss, reason = "a number of knots")]
fn isuf_rows(fit: &Isuf, put: &mut Put<'_>) {
    for (quantity, value) in [
        ("power", fit.power),
        ("knots", fit.knots as f64),
        ("anderson_darling", fit.anderson_darling),
        ("share_between", fit.between),
    ] {
        put("ISUF", quantity.into(), value);
    }
    percentiles("ISUF", fit, put);
}
