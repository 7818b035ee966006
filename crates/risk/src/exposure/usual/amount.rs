//! How much on days when something is eaten: a random intercept for each person after a transformation.

use super::{Days, UsualError};
use stats::optimise::{Bounds, Stop, minimum, quasi_newton};

/// A transformation of positive amounts towards normality.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Transform {
    /// Natural logarithm.
    Log,
    /// Box–Cox with that power: (y^λ − 1)/λ.
    Power(f64),
}

impl Transform {
    /// The transformed amount.
    #[must_use]
    pub fn forward(self, amount: f64) -> f64 {
        match self {
            Self::Log => libm::log(amount),
            Self::Power(power) => libm::expm1(power * libm::log(amount)) / power,
        }
    }

    /// The amount; 0 below the range of the transformation.
    #[must_use]
    pub fn back(self, value: f64) -> f64 {
        match self {
            Self::Log => libm::exp(value),
            Self::Power(power) if power * value > -1.0 => libm::exp(libm::log1p(power * value) / power),
            Self::Power(_) => 0.0,
        }
    }
}

/// Amounts of a population on the transformed scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amounts {
    /// The transformation.
    pub transform: Transform,
    /// Mean.
    pub mu: f64,
    /// Variance between people.
    pub between: f64,
    /// Variance within a person, from day to day.
    pub within: f64,
    /// Restricted log-likelihood on the transformed scale.
    pub log_likelihood: f64,
    /// Standard error of the mean.
    pub standard_error: f64,
}

/// Positive days of each person after a transformation: number, mean; and the sum of squares within people.
pub(super) struct Groups {
    pub(super) people: Vec<(f64, f64)>,
    pub(super) squares: f64,
    pub(super) days: f64,
}

#[expect(clippy::cast_precision_loss, reason = "a number of days")]
pub(super) fn groups(days: &Days, transform: Transform) -> Groups {
    let mut out = Groups { people: vec![], squares: 0.0, days: 0.0 };
    for person in &days.amounts {
        let values: Vec<f64> =
            person.iter().filter(|&&amount| amount > 0.0).map(|&amount| transform.forward(amount)).collect();
        if !values.is_empty() {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            out.squares += values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
            out.days += n;
            out.people.push((n, mean));
        }
    }
    out
}

/// Best mean, its information and minus the log-likelihood, restricted or not, for given variances.
fn fit(groups: &Groups, between: f64, within: f64, restricted: bool) -> (f64, f64, f64) {
    let (mut information, mut sum, mut log_determinant) = (0.0, 0.0, 0.0);
    for &(n, mean) in &groups.people {
        let spread = within + n * between;
        information += n / spread;
        sum += n / spread * mean;
        log_determinant += (n - 1.0) * within.ln() + spread.ln();
    }
    let mu = sum / information;
    let quadratic: f64 =
        groups.people.iter().map(|&(n, mean)| n / (within + n * between) * (mean - mu) * (mean - mu)).sum();
    let tau = std::f64::consts::TAU.ln();
    let (constant, extra) =
        if restricted { ((groups.days - 1.0) * tau, information.ln()) } else { (groups.days * tau, 0.0) };
    (mu, information, (constant + log_determinant + extra + groups.squares / within + quadratic) / 2.0)
}

/// Fits the amounts: restricted maximum likelihood of a random intercept (`restricted`), or maximum likelihood.
pub(super) fn fitted(days: &Days, transform: Transform, restricted: bool) -> Result<Amounts, UsualError> {
    let groups = groups(days, transform);
    let value = |at: &[f64]| fit(&groups, at[0].exp(), at[1].exp(), restricted).2;
    #[expect(clippy::cast_precision_loss, reason = "a number of people")]
    let people = groups.people.len() as f64;
    let within = (groups.squares / (groups.days - people).max(1.0)).max(1e-12);
    let bounds = [
        Bounds::new(within.ln() - 25.0, within.ln() + 10.0),
        Bounds::new(within.ln() - 10.0, within.ln() + 10.0),
    ];
    let stop = Stop { value: 1e-15, step: 1e-10, iterations: 500 };
    let best = quasi_newton(value, &[(within / 2.0).ln(), within.ln()], &bounds, stop)
        .map_err(|_| UsualError::NoMaximum)?;
    let (between, within) = (best.x[0].exp(), best.x[1].exp());
    let (mu, information, minus) = fit(&groups, between, within, restricted);
    Ok(Amounts {
        transform,
        mu,
        between,
        within,
        log_likelihood: -minus,
        standard_error: (1.0 / information).sqrt(),
    })
}

/// Fits the amounts after the logarithm, or after the power that makes them most likely (profile of the plain
/// likelihood with the Jacobian, powers from 0.0001 to 2; the variances are then the restricted ones).
///
/// # Errors
/// [`UsualError::NoMaximum`].
pub fn amounts(days: &Days, power: bool) -> Result<Amounts, UsualError> {
    if !power {
        return fitted(days, Transform::Log, true);
    }
    let logs = logs(days);
    let profile = |power: f64| profile(days, power, logs).map_or(f64::INFINITY, |value| -value);
    fitted(days, Transform::Power(minimum(profile, 1e-4, 2.0, 1e-9).x), true)
}

/// Fits the amounts after a transformation that is given.
///
/// # Errors
/// [`UsualError::NoMaximum`].
pub fn amounts_at(days: &Days, transform: Transform) -> Result<Amounts, UsualError> {
    fitted(days, transform, true)
}

/// Log-likelihood of the amounts themselves after a power: the profile that [`amounts`] is the top of.
///
/// # Errors
/// [`UsualError::NoMaximum`].
pub fn power_profile(days: &Days, power: f64) -> Result<f64, UsualError> {
    profile(days, power, logs(days))
}

/// Sum of the logarithms of the positive amounts.
fn logs(days: &Days) -> f64 {
    days.amounts.iter().flatten().filter(|&&amount| amount > 0.0).map(|&amount| libm::log(amount)).sum()
}

fn profile(days: &Days, power: f64, logs: f64) -> Result<f64, UsualError> {
    Ok(fitted(days, Transform::Power(power), false)?.log_likelihood + (power - 1.0) * logs)
}
