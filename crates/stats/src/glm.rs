//! Generalised linear models by iteratively reweighted least squares, step for step as R's `glm.fit`: the same starting
//! values, convergence rule and degrees of freedom, so that even an unconverged fit is comparable.
//!
//! McCullagh and Nelder, *Generalized Linear Models*, 2nd ed., chapter 2; negative binomial size by maximum likelihood as in
//! Venables and Ripley, *Modern Applied Statistics*, 7.4.

use crate::linear::{Matrix, Qr};
use crate::special::{digamma, lgamma, trigamma};

/// Distribution and link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Family {
    /// Counts with log link.
    Poisson,
    /// Shares of `weights` trials with logit link.
    Binomial,
    /// Counts with log link and variance m + m²/size.
    NegativeBinomial {
        /// Size (1/overdispersion).
        size: f64,
    },
}

/// What is fitted.
#[derive(Debug, Clone)]
pub struct Model<'a> {
    /// Distribution and link.
    pub family: Family,
    /// Columns of the linear predictor, an intercept among them.
    pub design: &'a Matrix,
    /// Response: counts, or shares in [0, 1] for [`Family::Binomial`].
    pub response: &'a [f64],
    /// Prior weights; number of trials for [`Family::Binomial`]. All ones when absent.
    pub weights: Option<&'a [f64]>,
    /// Added to the linear predictor.
    pub offset: Option<&'a [f64]>,
    /// Starting means; the family's own when absent.
    pub start: Option<&'a [f64]>,
}

/// A fitted model.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Coefficients; NaN where a column depends on earlier ones.
    pub coefficients: Vec<f64>,
    /// Linear predictor.
    pub linear: Vec<f64>,
    /// Fitted means.
    pub means: Vec<f64>,
    /// Working weights of the last step.
    pub working_weights: Vec<f64>,
    /// Deviance.
    pub deviance: f64,
    /// Whether the deviance settled within the steps allowed.
    pub converged: bool,
    /// Steps taken.
    pub steps: usize,
    /// Independent columns.
    pub rank: usize,
    /// (XᵀWX)⁻¹ of the last step (dispersion one).
    pub covariance: Matrix,
}

/// Relative change of the deviance that ends a fit.
pub const EPSILON: f64 = 1e-8;
/// Steps allowed.
pub const STEPS: usize = 25;

impl Family {
    fn inverse_link(self, eta: f64) -> f64 {
        match self {
            Self::Binomial => {
                let eta = eta.clamp(-30.0, 36.0);
                let e = eta.exp();
                e / (1.0 + e)
            }
            _ => eta.exp().max(f64::EPSILON),
        }
    }
    fn link(self, mean: f64) -> f64 {
        match self {
            Self::Binomial => (mean / (1.0 - mean)).ln(),
            _ => mean.ln(),
        }
    }
    fn variance(self, mean: f64) -> f64 {
        match self {
            Self::Poisson => mean,
            Self::Binomial => mean * (1.0 - mean),
            Self::NegativeBinomial { size } => mean + mean * mean / size,
        }
    }
    /// d mean / d linear predictor.
    fn slope(self, mean: f64) -> f64 {
        match self {
            Self::Binomial => (mean * (1.0 - mean)).max(f64::EPSILON),
            _ => mean,
        }
    }
    fn start(self, y: f64, weight: f64) -> f64 {
        match self {
            Self::Poisson => y + 0.1,
            Self::Binomial => (weight * y + 0.5) / (weight + 1.0),
            Self::NegativeBinomial { .. } => y + f64::from(u8::from(y == 0.0)) / 6.0,
        }
    }
    fn deviance(self, y: f64, mean: f64) -> f64 {
        let y_ln = |y: f64, m: f64| if y > 0.0 { y * (y / m).ln() } else { 0.0 };
        match self {
            Self::Poisson => 2.0 * if y > 0.0 { y_ln(y, mean) - (y - mean) } else { mean },
            Self::Binomial => 2.0 * (y_ln(y, mean) + y_ln(1.0 - y, 1.0 - mean)),
            Self::NegativeBinomial { size } => {
                2.0 * (y * (y.max(1.0) / mean).ln() - (y + size) * ((y + size) / (mean + size)).ln())
            }
        }
    }
}

/// Fits a model. The result says whether it converged; a caller that needs convergence checks it.
#[must_use]
pub fn fit(model: &Model<'_>) -> Fit {
    let (n, p) = (model.response.len(), model.design.columns());
    let weight = |i: usize| model.weights.map_or(1.0, |w| w[i]);
    let offset = |i: usize| model.offset.map_or(0.0, |o| o[i]);
    let family = model.family;
    let y = model.response;
    let mut means: Vec<f64> =
        (0..n).map(|i| model.start.map_or_else(|| family.start(y[i], weight(i)), |s| s[i])).collect();
    let mut linear: Vec<f64> = means.iter().map(|m| family.link(*m)).collect();
    let deviance = |means: &[f64]| (0..n).map(|i| weight(i) * family.deviance(y[i], means[i])).sum::<f64>();
    let mut before = deviance(&means);
    let mut out = Fit {
        coefficients: vec![f64::NAN; p],
        linear: linear.clone(),
        means: means.clone(),
        working_weights: vec![0.0; n],
        deviance: before,
        converged: false,
        steps: 0,
        rank: 0,
        covariance: Matrix::zeros(0, 0),
    };
    let mut last = None;
    for step in 1..=STEPS {
        let mut roots = vec![0.0; n];
        let mut z = vec![0.0; n];
        for i in 0..n {
            let slope = family.slope(means[i]);
            z[i] = linear[i] - offset(i) + (y[i] - means[i]) / slope;
            roots[i] = (weight(i) * slope * slope / family.variance(means[i])).sqrt();
        }
        let qr = Qr::new(Matrix::from_fn(n, p, |i, j| roots[i] * model.design.at(i, j)), 1e-11);
        let rotated: Vec<f64> = z.iter().zip(&roots).map(|(z, w)| z * w).collect();
        let coefficients = qr.solve(&rotated);
        if qr.rank() > n || coefficients.iter().any(|c| c.is_infinite()) {
            break;
        }
        let kept: Vec<f64> = coefficients.iter().map(|c| if c.is_nan() { 0.0 } else { *c }).collect();
        linear = model.design.times(&kept);
        for (i, l) in linear.iter_mut().enumerate() {
            *l += offset(i);
            means[i] = family.inverse_link(*l);
        }
        out.working_weights = roots.iter().map(|r| r * r).collect();
        out.coefficients = coefficients;
        out.steps = step;
        let now = deviance(&means);
        last = Some(qr);
        if !now.is_finite() {
            break;
        }
        out.deviance = now;
        if (now - before).abs() / (now.abs() + 0.1) < EPSILON {
            out.converged = true;
            break;
        }
        before = now;
    }
    if let Some(qr) = last {
        out.rank = qr.rank();
        out.covariance = qr.inverse_gram();
    }
    out.linear = linear;
    out.means = means;
    out
}

/// A negative binomial regression with its size.
#[derive(Debug, Clone)]
pub struct SizedFit {
    /// The regression.
    pub fit: Fit,
    /// Size by maximum likelihood.
    pub size: f64,
    /// Standard error of the size.
    pub size_se: f64,
    /// Whether the alternation settled.
    pub converged: bool,
}

/// ln likelihood of counts under negative binomial means.
#[must_use]
pub fn ln_likelihood(size: f64, means: &[f64], y: &[f64]) -> f64 {
    let constant = size * size.ln() - lgamma(size);
    y.iter()
        .zip(means)
        .map(|(y, m)| {
            lgamma(size + y) - lgamma(y + 1.0) + constant + if *y > 0.0 { y * m.ln() } else { 0.0 }
                - (size + y) * (size + m).ln()
        })
        .sum()
}

/// Size of a negative binomial by maximum likelihood for given means: Newton steps from the moment estimate.
/// Returns size and its standard error.
#[must_use]
pub fn negative_binomial_size(y: &[f64], means: &[f64], limit: usize) -> (f64, f64) {
    let n = y.len() as f64;
    let score = |t: f64| -> f64 {
        y.iter()
            .zip(means)
            .map(|(y, m)| digamma(t + y) - digamma(t) + t.ln() + 1.0 - (t + m).ln() - (y + t) / (m + t))
            .sum()
    };
    let information = |t: f64| -> f64 {
        y.iter()
            .zip(means)
            .map(|(y, m)| {
                trigamma(t) - trigamma(t + y) - 1.0 / t + 2.0 / (m + t) - (y + t) / ((m + t) * (m + t))
            })
            .sum()
    };
    let mut size = n / y.iter().zip(means).map(|(y, m)| (y / m - 1.0) * (y / m - 1.0)).sum::<f64>();
    let mut step = 1.0_f64;
    for _ in 1..limit {
        if step.abs() <= f64::EPSILON.powf(0.25) {
            break;
        }
        size = size.abs();
        step = score(size) / information(size);
        size += step;
        // no spread at all: the size has no upper end, and its score nothing left but rounding
        if !size.is_finite() {
            return (f64::INFINITY, f64::NAN);
        }
    }
    (size.max(0.0), 1.0 / information(size).sqrt())
}

/// Fits counts with log link and unknown size: regression and size in turn until both settle.
#[must_use]
pub fn fit_negative_binomial(
    design: &Matrix,
    response: &[f64],
    weights: Option<&[f64]>,
    offset: Option<&[f64]>,
) -> SizedFit {
    let mut model = Model { family: Family::Poisson, design, response, weights, offset, start: None };
    let plain = fit(&model);
    let mut fitted = plain.clone();
    let (mut size, mut size_se) = negative_binomial_size(response, &fitted.means, STEPS);
    let d1: f64 = (2.0 * (response.len().saturating_sub(fitted.rank)).max(1) as f64).sqrt();
    let mut ln_now = ln_likelihood(size, &fitted.means, response);
    let mut ln_before = ln_now + 2.0 * d1;
    let mut change = 1.0_f64;
    let mut rounds = 0;
    while size.is_finite() && rounds < STEPS && (ln_before - ln_now).abs() / d1 + change.abs() > EPSILON {
        rounds += 1;
        let start = fitted.means.clone();
        model.family = Family::NegativeBinomial { size };
        fitted = fit(&Model { start: Some(&start), ..model.clone() });
        let before = size;
        // the size belongs to the means the step began with: so the reference
        (size, size_se) = negative_binomial_size(response, &start, STEPS);
        change = before - size;
        ln_before = ln_now;
        ln_now = ln_likelihood(size, &fitted.means, response);
    }
    // a negative binomial of endless size is a Poisson
    let fit = if size.is_finite() { fitted } else { plain };
    SizedFit { fit, size, size_se, converged: rounds < STEPS }
}
