//! Funnel plots: limits within which a unit's rate lies by chance alone if its true rate is the common one.
//!
//! After Spiegelhalter, Statistics in Medicine 24 (2005) 1185: exact limits interpolated between whole counts, and a
//! multiplicative overdispersion estimated from winsorised z-scores.

use crate::{Error, open_share};
use serde::Serialize;
use stats::special::{beta_inc, gamma_q, norm_quantile};

/// The limits for a unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Limits {
    /// Lower limit of the rate.
    pub low: f64,
    /// Upper limit of the rate.
    pub high: f64,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Positives among samples.
    Binomial,
    /// Cases over expected cases.
    Poisson,
}

fn at_most(kind: Kind, n: f64, rate: f64, k: f64) -> f64 {
    match kind {
        _ if k < 0.0 => 0.0,
        Kind::Binomial if k >= n => 1.0,
        Kind::Binomial => beta_inc(n - k, k + 1.0, 1.0 - rate),
        Kind::Poisson => gamma_q(k + 1.0, n * rate),
    }
}

/// The rate at which the cumulated chance is `p`, interpolated between the two counts around it.
fn exact(kind: Kind, n: f64, rate: f64, p: f64) -> f64 {
    let most = if kind == Kind::Binomial { n } else { n * rate + 60.0 * (n * rate).sqrt() + 60.0 };
    // smallest k with at_most(k) >= p
    let (mut low, mut high) = (-1.0_f64, most.ceil());
    while high - low > 1.5 {
        let mid = ((low + high) / 2.0).floor();
        if at_most(kind, n, rate, mid) >= p {
            high = mid;
        } else {
            low = mid;
        }
    }
    let (above, below) = (at_most(kind, n, rate, high), at_most(kind, n, rate, high - 1.0));
    let part = if above > below { (above - p) / (above - below) } else { 0.0 };
    ((high - part) / n).max(0.0)
}

/// Limits for a unit of `n` samples (or expected cases) around the common `rate`, both tails together leaving out 1 − `level`.
/// `spread` above 1 widens the normal limits by its root (overdispersion); at 1 the limits are exact.
///
/// # Errors
/// A level outside 0 to 1, no samples, a spread below 1.
pub fn limits(kind: Kind, n: f64, rate: f64, level: f64, spread: f64) -> Result<Limits, Error> {
    open_share("level", level)?;
    if !(n > 0.0) || !(rate >= 0.0) || kind == Kind::Binomial && rate > 1.0 {
        return Err(Error::new(
            "n",
            "样本数须大于 0，率须在范围内",
            "the number of samples must be above 0 and the rate in its range",
        ));
    }
    if !(spread >= 1.0) {
        return Err(Error::new("spread", "过度离散系数不能小于 1", "the overdispersion may not be below 1"));
    }
    let tail = (1.0 - level) / 2.0;
    if spread > 1.0 {
        let each = if kind == Kind::Binomial { rate * (1.0 - rate) / n } else { rate / n };
        let half = norm_quantile(1.0 - tail) * (each * spread).sqrt();
        let top = if kind == Kind::Binomial { 1.0 } else { f64::INFINITY };
        return Ok(Limits { low: (rate - half).max(0.0), high: (rate + half).min(top) });
    }
    Ok(Limits { low: exact(kind, n, rate, tail), high: exact(kind, n, rate, 1.0 - tail) })
}

/// The overdispersion of the units `(positives, samples)` around the common rate: the mean squared z-score after pulling the
/// outer `winsor` of each tail in; never below 1, and 1 when it lies within two standard errors of 1.
#[must_use]
pub fn overdispersion(kind: Kind, data: &[(f64, f64)], rate: f64, winsor: f64) -> f64 {
    let mut z: Vec<f64> = data
        .iter()
        .filter(|(_, n)| *n > 0.0)
        .map(|(x, n)| {
            let each = if kind == Kind::Binomial { rate * (1.0 - rate) / n } else { rate / n };
            (x / n - rate) / each.sqrt()
        })
        .collect();
    if z.is_empty() {
        return 1.0;
    }
    z.sort_by(f64::total_cmp);
    let count = z.len();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the number of units")]
    let cut = ((winsor.clamp(0.0, 0.49) * count as f64).floor() as usize).min(count - 1);
    let (low, high) = (z[cut], z[count - 1 - cut]);
    let phi = z.iter().map(|v| v.clamp(low, high).powi(2)).sum::<f64>() / count as f64;
    if phi > 1.0 + 2.0 * (2.0 / count as f64).sqrt() { phi } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_narrow_with_the_number_and_hold_the_stated_chance() {
        for kind in [Kind::Binomial, Kind::Poisson] {
            let mut before = f64::INFINITY;
            for n in [20.0, 100.0, 1000.0, 20_000.0] {
                let l = limits(kind, n, 0.05, 0.95, 1.0).unwrap();
                assert!(l.low <= 0.05 && l.high >= 0.05 && l.high - l.low < before, "{kind:?} {n} {l:?}");
                before = l.high - l.low;
                let inside = at_most(kind, n, 0.05, (l.high * n).floor())
                    - at_most(kind, n, 0.05, (l.low * n).ceil() - 1.0);
                assert!(inside > 0.90 && inside < 0.995, "{kind:?} {n} {inside}");
            }
            // large: the normal limits
            let l = limits(kind, 1e6, 0.05, 0.95, 1.0).unwrap();
            let each: f64 = if kind == Kind::Binomial { 0.05 * 0.95 } else { 0.05 };
            assert!((l.high - 0.05 - 1.96 * (each / 1e6).sqrt()).abs() < 1e-6);
        }
        assert_eq!(limits(Kind::Binomial, 0.0, 0.1, 0.95, 1.0).unwrap_err().field, "n");
    }

    #[test]
    fn overdispersion_is_one_for_chance_alone_and_grows_with_real_differences() {
        let calm: Vec<(f64, f64)> = (0..40).map(|i| (f64::from(5 + i % 3 - 1), 100.0)).collect();
        assert!((overdispersion(Kind::Binomial, &calm, 0.05, 0.1) - 1.0).abs() < 1e-12);
        let wild: Vec<(f64, f64)> = (0..40).map(|i| (f64::from(i % 2) * 20.0, 100.0)).collect();
        assert!(overdispersion(Kind::Binomial, &wild, 0.1, 0.1) > 5.0);
    }
}
