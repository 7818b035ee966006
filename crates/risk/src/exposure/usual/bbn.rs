//! Beta-binomial frequency with normal amounts.

use super::{Amounts, Days, Transform, Usual, UsualError, amounts, normal_panels};
use stats::optimise::{Bounds, Stop, quasi_newton};
use stats::quadrature::normal;
use stats::special::{beta_inc, ln_beta, ln_choose};

/// How often people eat: the probability of a day differs from person to person as a beta distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaBinomial {
    /// First shape.
    pub alpha: f64,
    /// Second shape.
    pub beta: f64,
    /// Log-likelihood, with the binomial coefficients.
    pub log_likelihood: f64,
}

impl BetaBinomial {
    /// Mean probability of a day.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.alpha / (self.alpha + self.beta)
    }

    /// 1/(α + β + 1): the correlation of two days of a person.
    #[must_use]
    pub fn dispersion(&self) -> f64 {
        1.0 / (self.alpha + self.beta + 1.0)
    }
}

/// Fits the frequency by maximum likelihood.
///
/// # Errors
/// [`UsualError::NoMaximum`], as when everybody eats every day.
#[expect(clippy::cast_precision_loss, reason = "a number of days")]
pub fn frequency(days: &Days) -> Result<BetaBinomial, UsualError> {
    let counts = days.counts();
    let value = |at: &[f64]| {
        let (mean, size) = (1.0 / (1.0 + (-at[0]).exp()), at[1].exp());
        let (alpha, beta) = (mean * size, (1.0 - mean) * size);
        let terms = counts.iter().map(|&(d, k, people)| {
            let (d, k) = (d as f64, k as f64);
            people * (ln_choose(d, k) + ln_beta(alpha + k, beta + d - k) - ln_beta(alpha, beta))
        });
        -terms.sum::<f64>()
    };
    let bounds = [Bounds::new(-20.0, 20.0), Bounds::new(-12.0, 12.0)];
    let (eaten, all) = counts.iter().fold((0.0, 0.0), |(eaten, all), &(d, k, people)| {
        (eaten + people * k as f64, all + people * d as f64)
    });
    let logit = ((eaten + 0.5) / (all - eaten + 0.5)).ln();
    let stop = Stop { value: 1e-15, step: 1e-10, iterations: 500 };
    let best = quasi_newton(value, &[logit, 1.0], &bounds, stop).map_err(|_| UsualError::NoMaximum)?;
    let (mean, size) = (1.0 / (1.0 + (-best.x[0]).exp()), best.x[1].exp());
    if best.x[0].abs() > 19.0 || best.x[1].abs() > 11.9 {
        return Err(UsualError::NoMaximum);
    }
    Ok(BetaBinomial { alpha: mean * size, beta: (1.0 - mean) * size, log_likelihood: -best.value })
}

/// The fitted model with what its integrals need.
#[derive(Debug, Clone, PartialEq)]
pub struct Bbn {
    /// Frequency.
    pub frequency: BetaBinomial,
    /// Amounts.
    pub amounts: Amounts,
    /// Usual amounts of people at the nodes of a standard normal, with weights.
    usual: Vec<(f64, f64)>,
}

/// Fits the model; `power` chooses the Box–Cox transformation instead of the logarithm.
///
/// # Errors
/// [`UsualError::NoMaximum`].
pub fn bbn(days: &Days, power: bool) -> Result<Bbn, UsualError> {
    bbn_of(days, amounts(days, power)?)
}

/// The model with amounts that were fitted already.
///
/// # Errors
/// [`UsualError::NoMaximum`].
pub fn bbn_of(days: &Days, amounts: Amounts) -> Result<Bbn, UsualError> {
    let frequency = frequency(days)?;
    let rule = normal(40);
    let within = amounts.within.sqrt();
    // the mean of the back-transformed amount over days
    let usual = |z: f64| {
        let centre = amounts.mu + amounts.between.sqrt() * z;
        match amounts.transform {
            Transform::Log => libm::exp(centre + amounts.within / 2.0),
            transform @ Transform::Power(_) => rule.sum(|w| transform.back(centre + within * w)),
        }
    };
    let usual = normal_panels().into_iter().map(|(z, weight)| (usual(z), weight)).collect();
    Ok(Bbn { frequency, amounts, usual })
}

impl Usual for Bbn {
    fn share_below(&self, u: f64) -> f64 {
        if u <= 0.0 {
            return 0.0;
        }
        let below = |amount: f64| {
            if amount <= u { 1.0 } else { beta_inc(self.frequency.alpha, self.frequency.beta, u / amount) }
        };
        self.usual.iter().map(|&(amount, weight)| weight * below(amount)).sum()
    }

    fn mean(&self) -> f64 {
        self.frequency.mean() * self.usual.iter().map(|(amount, weight)| weight * amount).sum::<f64>()
    }
}
