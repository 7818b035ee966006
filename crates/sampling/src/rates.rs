//! Rates of small counties by empirical Bayes: each is drawn towards what all say, the more the fewer samples it has.
//!
//! Beta–binomial and gamma–Poisson by maximum marginal likelihood; Marshall's moment estimator (Applied Statistics 40, 1991,
//! 283) where no distribution shall be supposed.

use crate::Error;
use serde::Serialize;
use stats::optimise::{Bounds, Stop, quasi_newton, simplex};
use stats::special::{beta_inc_inv, beta_inc_q, gamma_p_inv, gamma_q, lgamma, ln_beta};

/// The prior that all areas share, as estimated from them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "model", rename_all = "kebab-case")]
pub enum Prior {
    /// Rates follow Beta(α, β).
    BetaBinomial {
        /// α.
        alpha: f64,
        /// β.
        beta: f64,
    },
    /// Rates follow a gamma distribution of that shape and rate (per unit of exposure).
    GammaPoisson {
        /// Shape.
        shape: f64,
        /// Rate.
        rate: f64,
    },
    /// Only mean and variance are used.
    Marshall {
        /// Mean of all.
        mean: f64,
        /// Variance between areas.
        between: f64,
    },
}

/// What is said of one area.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// Positives over samples (or cases over expected) as counted.
    pub raw: f64,
    /// Shrunk estimate: the posterior mean.
    pub mean: f64,
    /// Chance that the true rate exceeds the limit; `None` for Marshall.
    pub above: Option<f64>,
    /// Lower end of the 95 % credible interval; `None` for Marshall.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

fn check(data: &[(f64, f64)], binomial: bool) -> Result<(), Error> {
    for (i, (x, n)) in data.iter().enumerate() {
        let row = i + 1;
        if !(*n >= 0.0) || !(*x >= 0.0) || binomial && x > n {
            return Err(Error::new(
                "positives",
                format!("第 {row} 行：阳性数与样本数不能为负，阳性数不能超过样本数"),
                format!("row {row}: positives and samples may not be negative, positives not above samples"),
            ));
        }
    }
    if data.iter().filter(|(_, n)| *n > 0.0).count() < 2 || data.iter().all(|(x, _)| *x <= 0.0) {
        return Err(Error::new(
            "positives",
            "至少需要两个有样本的单元和一个阳性结果，才能估计共同的先验",
            "at least two areas with samples and one positive are needed to estimate what they share",
        ));
    }
    Ok(())
}

/// Minimises over two positive parameters on the scale of logs; `low` and `high` bound the logs.
fn two(f: impl Fn(f64, f64) -> f64, start: [f64; 2], most: f64) -> (f64, f64) {
    let bounds = [Bounds::new(-12.0, most), Bounds::new(-12.0, most)];
    let mut g = |p: &[f64]| f(p[0].exp(), p[1].exp());
    let from = [start[0].max(1e-4).ln(), start[1].max(1e-4).ln()];
    let rough = simplex(&mut g, &from, &bounds, Stop::default()).map_or(from.to_vec(), |p| p.x);
    let fine = quasi_newton(&mut g, &rough, &bounds, Stop::default()).map_or(rough, |p| p.x);
    (fine[0].exp(), fine[1].exp())
}

/// Beta–binomial: `data` holds (positives, samples); `limit` is what a rate shall not exceed.
///
/// # Errors
/// A count out of range; too few areas.
pub fn beta_binomial(data: &[(f64, f64)], limit: f64) -> Result<(Prior, Vec<Rate>), Error> {
    check(data, true)?;
    let (x, n): (f64, f64) = data.iter().fold((0.0, 0.0), |a, d| (a.0 + d.0, a.1 + d.1));
    let mean = x / n;
    let minus =
        |a: f64, b: f64| -data.iter().map(|(x, n)| ln_beta(a + x, b + n - x) - ln_beta(a, b)).sum::<f64>();
    let (alpha, beta) = two(minus, [mean * 20.0, (1.0 - mean) * 20.0], 18.0);
    let rates = data
        .iter()
        .map(|(x, n)| {
            let (a, b) = (alpha + x, beta + n - x);
            Rate {
                raw: if *n > 0.0 { x / n } else { f64::NAN },
                mean: a / (a + b),
                above: Some(beta_inc_q(a, b, limit.clamp(0.0, 1.0))),
                low: Some(beta_inc_inv(a, b, 0.025)),
                high: Some(beta_inc_inv(a, b, 0.975)),
            }
        })
        .collect();
    Ok((Prior::BetaBinomial { alpha, beta }, rates))
}

/// Gamma–Poisson: `data` holds (cases, expected cases or exposure); rates are cases per expected.
///
/// # Errors
/// A count out of range; too few areas.
pub fn gamma_poisson(data: &[(f64, f64)], limit: f64) -> Result<(Prior, Vec<Rate>), Error> {
    check(data, false)?;
    let (x, e): (f64, f64) = data.iter().fold((0.0, 0.0), |a, d| (a.0 + d.0, a.1 + d.1));
    let mean = x / e;
    // negative binomial: shape k, mean of the rate m; parametrised by both, which are nearly independent
    let minus = |k: f64, m: f64| {
        let r = k / m;
        -data
            .iter()
            .map(|(x, e)| {
                lgamma(k + x) - lgamma(k) - k * (e / r).ln_1p()
                    + if *x > 0.0 { x * (e / (r + e)).ln() } else { 0.0 }
            })
            .sum::<f64>()
    };
    let (shape, mean) = two(minus, [2.0, mean], 14.0);
    let rate = shape / mean;
    let rates = data
        .iter()
        .map(|(x, e)| {
            let (k, r) = (shape + x, rate + e);
            Rate {
                raw: if *e > 0.0 { x / e } else { f64::NAN },
                mean: k / r,
                above: Some(gamma_q(k, limit.max(0.0) * r)),
                low: Some(gamma_p_inv(k, 0.025) / r),
                high: Some(gamma_p_inv(k, 0.975) / r),
            }
        })
        .collect();
    Ok((Prior::GammaPoisson { shape, rate }, rates))
}

/// Marshall's global estimator: mean m = Σx/Σe, between-variance A = s² − m/ē, each rate drawn to m by A/(A + m/e).
///
/// # Errors
/// A count out of range; too few areas.
pub fn marshall(data: &[(f64, f64)]) -> Result<(Prior, Vec<Rate>), Error> {
    check(data, false)?;
    let (x, e): (f64, f64) = data.iter().fold((0.0, 0.0), |a, d| (a.0 + d.0, a.1 + d.1));
    let mean = x / e;
    let used = data.iter().filter(|d| d.1 > 0.0);
    let spread: f64 = used.clone().map(|(x, n)| n * (x / n - mean).powi(2)).sum::<f64>() / e;
    let between = (spread - mean / (e / used.count() as f64)).max(0.0);
    let rates = data
        .iter()
        .map(|(x, n)| {
            if *n <= 0.0 {
                return Rate { raw: f64::NAN, mean, above: None, low: None, high: None };
            }
            let raw = x / n;
            let pull = if between > 0.0 { between / (between + mean / n) } else { 0.0 };
            Rate { raw, mean: mean + pull * (raw - mean), above: None, low: None, high: None }
        })
        .collect();
    Ok((Prior::Marshall { mean, between }, rates))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_county_is_drawn_further_than_a_large_one_and_every_rate_lies_between() {
        let data = [(0.0, 10.0), (0.0, 1000.0), (9.0, 100.0), (30.0, 400.0), (2.0, 80.0), (1.0, 90.0)];
        for (_, rates) in [
            beta_binomial(&data, 0.05).unwrap(),
            gamma_poisson(&data, 0.05).unwrap(),
            marshall(&data).unwrap(),
        ] {
            assert!(rates[0].mean > rates[1].mean);
            let most = data.iter().map(|(x, n)| x / n).fold(0.0, f64::max);
            assert!(rates.iter().all(|r| r.mean >= 0.0 && r.mean < most));
        }
    }

    #[test]
    fn equal_counties_share_one_rate() {
        let data = [(5.0, 100.0); 8];
        let (_, rates) = beta_binomial(&data, 0.05).unwrap();
        assert!(rates.iter().all(|r| (r.mean - 0.05).abs() < 1e-4), "{rates:?}");
        let (Prior::Marshall { between, .. }, rates) = marshall(&data).unwrap() else {
            panic!("another prior")
        };
        assert!(between.abs() < 1e-15 && (rates[3].mean - 0.05).abs() < 1e-12);
    }

    #[test]
    fn nothing_found_or_one_area_is_no_basis() {
        assert_eq!(beta_binomial(&[(0.0, 5.0), (0.0, 9.0)], 0.1).unwrap_err().field, "positives");
        assert!(gamma_poisson(&[(1.0, 5.0)], 0.1).is_err());
        assert!(marshall(&[(9.0, 5.0), (-1.0, 2.0)]).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_order_of_the_areas_changes_nothing(counts in proptest::collection::vec((0_u32..9, 20_u32..200), 4..9)) {
            let mut data: Vec<(f64, f64)> = counts.iter().map(|(x, n)| (f64::from(*x), f64::from(*n))).collect();
            prop_assume!(data.iter().any(|d| d.0 > 0.0));
            let (_, a) = marshall(&data).unwrap();
            data.reverse();
            let (_, b) = marshall(&data).unwrap();
            for (x, y) in a.iter().zip(b.iter().rev()) {
                prop_assert!((x.mean - y.mean).abs() < 1e-12);
            }
        }
    }
}
