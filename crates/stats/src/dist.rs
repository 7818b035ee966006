//! Distributions: density or weight, both tails, quantiles.
//!
//! A continuous distribution answers [`Continuous`], a distribution on whole numbers [`Discrete`]. Both tails have functions of
//! their own (`cdf`, `sf`) because one minus the other loses the digits that matter. Quantiles of discrete
//! distributions are the smallest k that reaches the probability, with R's tolerance of 64 ε so that a probability computed by
//! `cdf` gives its k back.

mod continuous;
mod discrete;

pub use continuous::{Beta, ChiSquared, FisherF, Gamma, Normal, StudentT};
pub use discrete::{BetaBinomial, Binomial, NegativeBinomial, Poisson};

/// A parameter outside the distribution's range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{distribution}: {parameter} is {value}; {range} is needed")]
pub struct ParameterError {
    /// Name of the distribution.
    pub distribution: &'static str,
    /// Name of the parameter.
    pub parameter: &'static str,
    /// What was given.
    pub value: f64,
    /// What is allowed.
    pub range: &'static str,
}

/// A continuous distribution on the line.
pub trait Continuous {
    /// ln of the density at x; -∞ outside the support.
    fn ln_pdf(&self, x: f64) -> f64;
    /// P(X ≤ x), exact in the lower tail.
    fn cdf(&self, x: f64) -> f64;
    /// P(X > x), exact in the upper tail.
    fn sf(&self, x: f64) -> f64;
    /// The x with P(X ≤ x) = p; NaN unless 0 ≤ p ≤ 1.
    fn quantile(&self, p: f64) -> f64;
    /// The x with P(X > x) = q, exact for tiny q.
    fn upper_quantile(&self, q: f64) -> f64;
    /// The density at x.
    fn pdf(&self, x: f64) -> f64 {
        self.ln_pdf(x).exp()
    }
}

/// A distribution on 0, 1, 2, … . Arguments are `f64`: counts above 2⁵³ and infinite bounds occur when a fit diverges.
pub trait Discrete {
    /// ln P(X = k); -∞ where k is negative or not whole.
    fn ln_pmf(&self, k: f64) -> f64;
    /// P(X ≤ k), exact in the lower tail; k is rounded down.
    fn cdf(&self, k: f64) -> f64;
    /// P(X > k), exact in the upper tail; k is rounded down.
    fn sf(&self, k: f64) -> f64;
    /// Mean.
    fn mean(&self) -> f64;
    /// Variance.
    fn variance(&self) -> f64;
    /// Largest value; infinite if there is none.
    fn largest(&self) -> f64 {
        f64::INFINITY
    }
    /// P(X = k).
    fn pmf(&self, k: f64) -> f64 {
        self.ln_pmf(k).exp()
    }
    /// The smallest k with P(X ≤ k) ≥ p; NaN unless 0 ≤ p ≤ 1.
    fn quantile(&self, p: f64) -> f64
    where
        Self: Sized,
    {
        discrete::quantile(self, p, 1.0 - p, p <= 0.5)
    }
    /// The smallest k with P(X > k) ≤ q, exact for tiny q.
    fn upper_quantile(&self, q: f64) -> f64
    where
        Self: Sized,
    {
        discrete::quantile(self, 1.0 - q, q, false)
    }
}

fn check(
    distribution: &'static str,
    parameter: &'static str,
    value: f64,
    valid: bool,
    range: &'static str,
) -> Result<(), ParameterError> {
    if valid { Ok(()) } else { Err(ParameterError { distribution, parameter, value, range }) }
}
