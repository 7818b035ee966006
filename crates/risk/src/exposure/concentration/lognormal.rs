//! Log-normal models of censored results by maximum likelihood.

use super::{FitError, Observation};
use stats::optimise::{Bounds, Stop, quasi_newton};
use stats::special::{ln_norm_cdf, norm_cdf, norm_pdf, norm_quantile, norm_sf};

const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

/// A fitted log-normal distribution: the logarithm has mean `mu` and standard deviation `sigma`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lognormal {
    /// Mean of the logarithm.
    pub mu: f64,
    /// Standard deviation of the logarithm.
    pub sigma: f64,
    /// Log-likelihood of the logarithms.
    pub log_likelihood: f64,
    /// Variance of `mu`, variance of log σ², their covariance: the inverse of the observed information.
    pub covariance: Option<[f64; 3]>,
}

impl Lognormal {
    /// exp(µ + σ²/2).
    #[must_use]
    pub fn mean(&self) -> f64 {
        (self.mu + self.sigma * self.sigma / 2.0).exp()
    }

    /// The p-quantile.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        (self.mu + self.sigma * norm_quantile(p)).exp()
    }
}

/// A log-normal distribution of a part of the food, zero in the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpikedLognormal {
    /// Share of true zeros.
    pub zero: f64,
    /// Distribution of the rest.
    pub rest: Lognormal,
}

impl SpikedLognormal {
    /// Non-detects are zeros, positive values log-normal with their mean and standard deviation of logarithms
    /// (the divisor of the variance is one less than the number of values).
    ///
    /// # Errors
    /// [`FitError::TooFew`].
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    pub fn of_values(results: &[Observation]) -> Result<Self, FitError> {
        let logs: Vec<f64> = values(results).map(f64::ln).collect();
        let n = logs.len() as f64;
        let mu = logs.iter().sum::<f64>() / n;
        let squares: f64 = logs.iter().map(|log| (log - mu) * (log - mu)).sum();
        let sigma = (squares / (n - 1.0)).sqrt();
        if logs.len() < 2 || sigma <= 0.0 {
            return Err(FitError::TooFew);
        }
        let log_likelihood = -n * (sigma.ln() + LN_SQRT_2PI) - squares / (2.0 * sigma * sigma);
        let rest = Lognormal {
            mu,
            sigma,
            log_likelihood,
            covariance: Some([sigma * sigma / n, 2.0 / (n - 1.0), 0.0]),
        };
        Ok(Self { zero: 1.0 - n / results.len() as f64, rest })
    }

    /// Mean including the zeros.
    #[must_use]
    pub fn mean(&self) -> f64 {
        (1.0 - self.zero) * self.rest.mean()
    }

    /// The p-quantile including the zeros.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        if p <= self.zero { 0.0 } else { self.rest.quantile((p - self.zero) / (1.0 - self.zero)) }
    }
}

fn values(results: &[Observation]) -> impl Iterator<Item = f64> + '_ {
    results.iter().filter_map(|result| match *result {
        Observation::Value(value) if value > 0.0 => Some(value),
        _ => None,
    })
}

/// A result on the scale of logarithms.
#[derive(Debug, Clone, Copy)]
enum Log {
    At(f64),
    Below(f64),
    Between(f64, f64),
}

/// Results that can enter a likelihood: a limit of 0 and a quantified 0 say nothing about a log-normal.
fn logs(results: &[Observation]) -> Vec<Log> {
    results
        .iter()
        .filter_map(|result| match *result {
            Observation::Value(value) if value > 0.0 => Some(Log::At(value.ln())),
            Observation::Below(limit) if limit > 0.0 => Some(Log::Below(limit.ln())),
            Observation::Between(low, high) if high > low && low > 0.0 => {
                Some(Log::Between(low.ln(), high.ln()))
            }
            Observation::Between(_, high) if high > 0.0 => Some(Log::Below(high.ln())),
            _ => None,
        })
        .collect()
}

/// What a result contributes at (µ, τ = log σ²): log-likelihood, first and second derivatives.
struct Terms {
    value: f64,
    slope: [f64; 2],
    curve: [f64; 3],
}

fn terms(log: Log, mu: f64, tau: f64) -> Terms {
    let sigma = (tau / 2.0).exp();
    let (value, a, b, c, d) = match log {
        Log::At(x) => {
            let z = (x - mu) / sigma;
            return Terms {
                value: -tau / 2.0 - z * z / 2.0 - LN_SQRT_2PI,
                slope: [z / sigma, (z * z - 1.0) / 2.0],
                curve: [-1.0 / (sigma * sigma), -z / sigma, -z * z / 2.0],
            };
        }
        Log::Below(limit) => {
            let z = (limit - mu) / sigma;
            let value = ln_norm_cdf(z);
            let hazard = (-z * z / 2.0 - LN_SQRT_2PI - value).exp();
            (value, hazard, z * hazard, z * z * hazard, z * z * z * hazard)
        }
        Log::Between(low, high) => {
            let (l, u) = ((low - mu) / sigma, (high - mu) / sigma);
            let share = if l > 0.0 { norm_sf(l) - norm_sf(u) } else { norm_cdf(u) - norm_cdf(l) };
            let (f, g) = (norm_pdf(l) / share, norm_pdf(u) / share);
            (share.ln(), g - f, u * g - l * f, u * u * g - l * l * f, u * u * u * g - l * l * l * f)
        }
    };
    Terms {
        value,
        slope: [-a / sigma, -b / 2.0],
        curve: [-(b + a * a) / (sigma * sigma), (a - c - a * b) / (2.0 * sigma), -(d - b + b * b) / 4.0],
    }
}

fn total(logs: &[Log], mu: f64, tau: f64) -> Terms {
    logs.iter().fold(Terms { value: 0.0, slope: [0.0; 2], curve: [0.0; 3] }, |mut sum, &log| {
        let one = terms(log, mu, tau);
        sum.value += one.value;
        sum.slope.iter_mut().zip(one.slope).for_each(|(sum, one)| *sum += one);
        sum.curve.iter_mut().zip(one.curve).for_each(|(sum, one)| *sum += one);
        sum
    })
}

/// Log-normal distribution of results of which some are below their limits: maximum likelihood by Newton's method with
/// halved steps, standard errors from the observed information (intervals keep both their ends in it).
///
/// # Errors
/// [`FitError::TooFew`], [`FitError::NoMaximum`].
#[expect(clippy::cast_precision_loss, reason = "a number of samples")]
pub fn censored_lognormal(results: &[Observation]) -> Result<Lognormal, FitError> {
    let logs = logs(results);
    // the start: limits as if they were values, which is near enough
    let near: Vec<f64> = logs
        .iter()
        .map(|log| match *log {
            Log::At(x) | Log::Below(x) => x,
            Log::Between(low, high) => f64::midpoint(low, high),
        })
        .collect();
    let positive: Vec<f64> = values(results).collect();
    if positive.windows(2).all(|pair| pair[0].to_bits() == pair[1].to_bits()) {
        return Err(FitError::TooFew);
    }
    let n = near.len() as f64;
    let mut mu = near.iter().sum::<f64>() / n;
    let mut tau = (near.iter().map(|x| (x - mu) * (x - mu)).sum::<f64>() / n).max(1e-6).ln();
    let mut here = total(&logs, mu, tau);
    for _ in 0..200 {
        let [a, b, d] = here.curve;
        let [g, h] = here.slope;
        let determinant = a * d - b * b;
        // uphill along the gradient where the surface is not concave
        let (mut step_mu, mut step_tau) = if a < 0.0 && determinant > 0.0 {
            ((b * h - d * g) / determinant, (b * g - a * h) / determinant)
        } else {
            (g / n * tau.exp(), h / n)
        };
        let long = step_mu.abs().max(step_tau.abs());
        if long > 2.0 {
            (step_mu, step_tau) = (step_mu * 2.0 / long, step_tau * 2.0 / long);
        }
        let mut next = total(&logs, mu + step_mu, tau + step_tau);
        let mut halvings = 0;
        while (next.value.is_nan() || next.value < here.value) && halvings < 60 {
            (step_mu, step_tau, halvings) = (step_mu / 2.0, step_tau / 2.0, halvings + 1);
            next = total(&logs, mu + step_mu, tau + step_tau);
        }
        if halvings == 60 {
            break;
        }
        (mu, tau) = (mu + step_mu, tau + step_tau);
        here = next;
        if step_mu.abs() < 1e-13 * mu.abs().max(1.0) && step_tau.abs() < 1e-13 * tau.abs().max(1.0) {
            break;
        }
    }
    let [a, b, d] = here.curve;
    let determinant = a * d - b * b;
    if !here.value.is_finite() || a >= 0.0 || determinant <= 0.0 || tau.abs() > 50.0 {
        return Err(FitError::NoMaximum);
    }
    Ok(Lognormal {
        mu,
        sigma: (tau / 2.0).exp(),
        log_likelihood: here.value,
        covariance: Some([-d / determinant, -a / determinant, b / determinant]),
    })
}

/// True zeros beside a censored log-normal: a non-detect is a zero or a value below its limit. When the likelihood
/// wants no zeros, `zero` is 0 and the rest is [`censored_lognormal`].
///
/// # Errors
/// [`FitError::TooFew`], [`FitError::NoMaximum`].
pub fn spiked_lognormal(results: &[Observation]) -> Result<SpikedLognormal, FitError> {
    let plain = censored_lognormal(results);
    let simple = SpikedLognormal::of_values(results)?;
    let logs = logs(results);
    let value = |at: &[f64]| {
        let (zero, mu, tau) = (1.0 / (1.0 + (-at[0]).exp()), at[1], at[2]);
        let sum: f64 = logs
            .iter()
            .map(|&log| match log {
                Log::Below(limit) => (zero + (1.0 - zero) * norm_cdf((limit - mu) / (tau / 2.0).exp())).ln(),
                other => (1.0 - zero).ln() + terms(other, mu, tau).value,
            })
            .sum();
        -sum
    };
    let bounds = [Bounds::new(-25.0, 25.0), Bounds::FREE, Bounds::new(-20.0, 20.0)];
    let share = simple.zero.clamp(1e-3, 1.0 - 1e-3);
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let starts = [
        [logit(share), simple.rest.mu, 2.0 * simple.rest.sigma.ln()],
        [logit(share / 2.0), simple.rest.mu - 0.5, 2.0 * simple.rest.sigma.ln() + 0.5],
    ];
    let best = starts
        .iter()
        .filter_map(|start| {
            quasi_newton(value, start, &bounds, Stop { value: 1e-15, step: 1e-9, iterations: 2_000 }).ok()
        })
        .min_by(|a, b| a.value.total_cmp(&b.value))
        .ok_or(FitError::NoMaximum)?;
    match plain {
        Ok(rest) if rest.log_likelihood + 1e-7 >= -best.value => Ok(SpikedLognormal { zero: 0.0, rest }),
        _ => {
            let rest = Lognormal {
                mu: best.x[1],
                sigma: (best.x[2] / 2.0).exp(),
                log_likelihood: -best.value,
                covariance: None,
            };
            Ok(SpikedLognormal { zero: 1.0 / (1.0 + (-best.x[0]).exp()), rest })
        }
    }
}
