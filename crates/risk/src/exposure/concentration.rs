//! Concentrations from results of which many are "not detected": substitution, Kaplan–Meier, regression on order
//! statistics, and log-normal models by maximum likelihood.
//!
//! Logarithms are natural; log-likelihoods are those of the logarithms (without the Jacobian).

mod lognormal;
mod order;
mod overview;

pub use lognormal::{Lognormal, SpikedLognormal, censored_lognormal, spiked_lognormal};
pub use order::{KaplanMeier, OrderRegression};
pub use overview::models;

use serde::{Deserialize, Serialize};

/// One result of an analysis. All amounts are in the unit of the set (mg/kg, ng/g …) and at least 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Observation {
    /// A quantified value.
    Value(f64),
    /// Not detected: below a limit of detection.
    Below(f64),
    /// Detected but not quantified: between two limits.
    Between(f64, f64),
}

/// What stands for a value that was not quantified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Bound {
    /// Lower bound: 0, or the lower limit of an interval.
    #[serde(rename = "LB")]
    Lower,
    /// Middle bound: half the limit, or the middle of an interval.
    #[serde(rename = "MB")]
    Middle,
    /// Upper bound: the limit.
    #[serde(rename = "UB")]
    Upper,
}

impl Bound {
    /// All three, from below.
    pub const ALL: [Self; 3] = [Self::Lower, Self::Middle, Self::Upper];

    /// `LB`, `MB` or `UB`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lower => "LB",
            Self::Middle => "MB",
            Self::Upper => "UB",
        }
    }
}

impl Observation {
    /// The result as laboratories report it: a value, or none with the limits; `None` when there is no value and no limit.
    /// A value of `None` with both limits is a non-detect below the limit of detection.
    #[must_use]
    pub fn reported(value: Option<f64>, lod: Option<f64>, loq: Option<f64>) -> Option<Self> {
        match (value, lod.or(loq)) {
            (Some(value), _) => Some(Self::Value(value)),
            (None, Some(limit)) if limit > 0.0 => Some(Self::Below(limit)),
            (None, _) => None,
        }
    }

    /// The value that stands for it.
    #[must_use]
    pub fn substituted(self, bound: Bound) -> f64 {
        let (low, high) = match self {
            Self::Value(value) => (value, value),
            Self::Below(limit) => (0.0, limit),
            Self::Between(low, high) => (low, high),
        };
        match bound {
            Bound::Lower => low,
            Bound::Middle => low + (high - low) / 2.0,
            Bound::Upper => high,
        }
    }

    /// Whether it is a quantified value.
    #[must_use]
    pub fn is_value(self) -> bool {
        matches!(self, Self::Value(_))
    }
}

/// Mean with every unquantified result replaced; `None` without results.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a number of samples")]
pub fn mean(results: &[Observation], bound: Bound) -> Option<f64> {
    let sum = results.iter().fold(0.0, |sum, result| sum + result.substituted(bound));
    (!results.is_empty()).then(|| sum / results.len() as f64)
}

/// Share of results that are quantified values; 0 without results.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a number of samples")]
pub fn share_of_values(results: &[Observation]) -> f64 {
    let values = results.iter().filter(|result| result.is_value()).count();
    values as f64 / (results.len().max(1)) as f64
}

/// The results that say something: without non-detects whose limit is 0.
#[must_use]
pub fn informative(results: &[Observation]) -> Vec<Observation> {
    results
        .iter()
        .filter(|result| !matches!(result, Observation::Below(limit) if *limit <= 0.0))
        .copied()
        .collect()
}

/// Why a model cannot be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// Too few different positive values.
    #[error("a log-normal model needs two different positive values: use substitution and say so")]
    TooFew,
    /// The likelihood has no maximum that was found.
    #[error("the likelihood has no maximum within reach: use Kaplan–Meier or substitution")]
    NoMaximum,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn results() -> impl Strategy<Value = Vec<Observation>> {
        let one = prop_oneof![
            (1e-4..10.0_f64).prop_map(Observation::Value),
            (1e-4..1.0_f64).prop_map(Observation::Below),
            (1e-4..1.0_f64, 0.1..1.0_f64).prop_map(|(low, more)| Observation::Between(low, low + more)),
        ];
        prop::collection::vec(one, 6..40)
    }

    fn scaled(results: &[Observation], k: f64) -> Vec<Observation> {
        let one = |result: &Observation| match *result {
            Observation::Value(x) => Observation::Value(x * k),
            Observation::Below(x) => Observation::Below(x * k),
            Observation::Between(x, y) => Observation::Between(x * k, y * k),
        };
        results.iter().map(one).collect()
    }

    #[test]
    fn what_a_laboratory_reports_becomes_a_value_or_a_bound() {
        let cases = [
            (Some(0.3), Some(0.1), None, Some(Observation::Value(0.3))),
            (None, Some(0.1), Some(0.3), Some(Observation::Below(0.1))),
            (None, None, Some(0.3), Some(Observation::Below(0.3))),
            (None, Some(0.0), None, None),
            (None, None, None, None),
        ];
        for (value, lod, loq, expected) in cases {
            assert_eq!(Observation::reported(value, lod, loq), expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn lower_middle_and_upper_bound_are_in_order_and_kaplan_meier_lies_between(results in results()) {
            let [lower, middle, upper] = Bound::ALL.map(|bound| mean(&results, bound).unwrap());
            prop_assert!(lower <= middle && middle <= upper);
            let plain: Vec<Observation> = results.into_iter().filter(|r| !matches!(r, Observation::Between(..))).collect();
            if let Some(curve) = KaplanMeier::new(&plain) {
                prop_assert!(curve.mean() <= mean(&plain, Bound::Upper).unwrap() * (1.0 + 1e-12));
                prop_assert!(curve.mean() >= mean(&plain, Bound::Lower).unwrap() * (1.0 - 1e-12));
            }
        }

        #[test]
        fn another_unit_and_another_order_change_nothing_else(results in results(), k in 1e-3..1e3_f64) {
            let other: Vec<Observation> = scaled(&results, k).into_iter().rev().collect();
            if let (Ok(one), Ok(two)) = (censored_lognormal(&results), censored_lognormal(&other)) {
                prop_assert!((two.mu - one.mu - k.ln()).abs() < 1e-6, "{} {}", one.mu, two.mu);
                prop_assert!((two.sigma / one.sigma - 1.0).abs() < 1e-6);
            }
            for (one, two) in [
                (KaplanMeier::new(&results).map(|c| c.mean()), KaplanMeier::new(&other).map(|c| c.mean())),
                (OrderRegression::new(&results).map(|c| c.mean()), OrderRegression::new(&other).map(|c| c.mean())),
            ] {
                prop_assert_eq!(one.is_some(), two.is_some());
                if let (Some(one), Some(two)) = (one, two) {
                    prop_assert!((two / one / k - 1.0).abs() < 1e-9);
                }
            }
        }
    }
}
