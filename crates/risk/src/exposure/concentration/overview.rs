//! Every model of one set of results beside the others.

use super::{
    Bound, KaplanMeier, Observation, OrderRegression, SpikedLognormal, censored_lognormal, mean,
    spiked_lognormal,
};
use crate::table::{Table, digits12};

/// All models as rows `model,quantity,value`, and why a model is missing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a number of samples")]
pub fn models(results: &[Observation]) -> (Table, Vec<String>) {
    let mut out = Table::with_header("models", &["model", "quantity", "value"]);
    let mut notes = vec![];
    let mut put = |model: &str, rows: &[(&str, f64)]| {
        for (quantity, value) in rows {
            out.push(vec![model.into(), (*quantity).into(), digits12(Some(*value))]);
        }
    };
    let positive = results.iter().filter(|result| result.is_value()).count();
    put("data", &[("n_pos", positive as f64), ("n_cens", (results.len() - positive) as f64)]);
    match censored_lognormal(results) {
        Ok(fit) => {
            let [var_mu, var_tau, covariance] = fit.covariance.unwrap_or([f64::NAN; 3]);
            let rows = [
                ("mu", fit.mu),
                ("sigma", fit.sigma),
                ("loglik_logscale", fit.log_likelihood),
                ("var_mu", var_mu),
                ("var_log_sigma2", var_tau),
                ("cov", covariance),
                ("mean", fit.mean()),
                ("p95", fit.quantile(0.95)),
            ];
            put("censored_lognormal", &rows);
        }
        Err(error) => notes.push(format!("censored_lognormal: {error}")),
    }
    match spiked_lognormal(results) {
        Ok(fit) => {
            let rows = [
                ("mu", fit.rest.mu),
                ("sigma", fit.rest.sigma),
                ("p_zero", fit.zero),
                ("loglik_logscale", fit.rest.log_likelihood),
            ];
            put("zero_spike_censored_lognormal", &rows);
        }
        Err(error) => notes.push(format!("zero_spike_censored_lognormal: {error}")),
    }
    match SpikedLognormal::of_values(results) {
        Ok(fit) => {
            let rows =
                [("mu", fit.rest.mu), ("sigma", fit.rest.sigma), ("fraction_positive", 1.0 - fit.zero)];
            put("nondetect_spike_lognormal", &rows);
        }
        Err(error) => notes.push(format!("nondetect_spike_lognormal: {error}")),
    }
    if let Some(curve) = KaplanMeier::new(results) {
        put("kaplan_meier", &[("mean_restricted", curve.mean()), ("p95", curve.quantile(0.95))]);
    }
    match OrderRegression::new(results) {
        Some(fit) => put("order_regression", &[("mu", fit.mu), ("sigma", fit.sigma), ("mean", fit.mean())]),
        None => notes.push("order_regression: two different positive values are needed".into()),
    }
    for (name, bound) in [("0LOD", Bound::Lower), ("0.5LOD", Bound::Middle), ("1LOD", Bound::Upper)] {
        if let Some(value) = mean(results, bound) {
            put(&format!("substitution_{name}"), &[("mean", value)]);
        }
    }
    (out, notes)
}
