//! CUSUM of shares: has the odds of a positive among those examined left its in-control course? Also two proportions watched
//! together, and run lengths.
//!
//! Höhle, in Kneib and Tutz (eds.), *Statistical Modelling and Regression Structures*, 2010: the log-likelihood ratio of binomial (or
//! beta-binomial) counts between π₀ and the share with odds multiplied; C = max(0, C + llr), alarm when C ≥ h, then anew.
//! The in-control share is a logistic regression with harmonics of the year over a first phase.
//!
//! **Modes.** With `Give::Cases` the reference gives nothing where nobody was examined, and otherwise the smallest number of positives up to the number
//! examined (or the largest number that cannot be passed downwards); both modes agree.

use super::{Error, Series, Verdict};
use stats::dist::{BetaBinomial, Binomial, Discrete as _};
use stats::glm::{self, Family, Model};
use stats::linear::Matrix;
use std::f64::consts::TAU;

/// Distribution of the positives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Binomial.
    Binomial,
    /// Beta-binomial with shapes π/σ and (1 - π)/σ.
    BetaBinomial {
        /// σ.
        sigma: f64,
    },
}

/// What the bound is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Give {
    /// The statistic.
    Value,
    /// The fewest positives that would have rung.
    Cases,
}

/// Settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// Decision limit.
    pub h: f64,
    /// ln of the odds ratio to detect; negative for a decrease.
    pub log_odds: f64,
    /// Distribution of the positives.
    pub shape: Shape,
    /// What the bound is.
    pub give: Give,
    /// Periods of the first phase, from the first one.
    pub phase: usize,
    /// Harmonics of the year in the in-control share.
    pub harmonics: usize,
}

/// What the method says of one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Period, positives, bound and alarm.
    pub verdict: Verdict,
    /// Examined.
    pub n: f64,
    /// In-control share.
    pub control: f64,
    /// Out-of-control share.
    pub changed: f64,
}

/// ln of the probability of y positives of n.
fn ln_weight(shape: Shape, y: f64, n: f64, share: f64) -> f64 {
    match shape {
        Shape::Binomial => Binomial::new(n, share).map_or(f64::NAN, |d| d.ln_pmf(y)),
        Shape::BetaBinomial { sigma } => {
            BetaBinomial::new(n, share / sigma, (1.0 - share) / sigma).map_or(f64::NAN, |d| d.ln_pmf(y))
        }
    }
}

/// The in-control share of every period, from the first `phase` ones.
///
/// # Errors
/// The first phase is too short, nobody was examined in it, or the regression does not converge.
pub fn in_control(series: &Series, phase: usize, harmonics: usize) -> Result<Vec<f64>, Error> {
    let (y, n) = counts(series)?;
    let columns = 1 + 2 * harmonics;
    if phase <= columns || phase >= y.len() {
        return Err(Error::setting(
            "phase1",
            phase,
            "more periods than coefficients and fewer than the series has",
        ));
    }
    let frequency = series.frequency() as f64;
    let term = |i: usize, j: usize| {
        let angle = TAU * j.div_ceil(2) as f64 * (i as f64 + 1.0) / frequency;
        match j {
            0 => 1.0,
            _ if j % 2 == 1 => angle.sin(),
            _ => angle.cos(),
        }
    };
    let used: Vec<usize> = (0..phase).filter(|i| n[*i] > 0.0).collect();
    let design = Matrix::from_fn(used.len(), columns, |i, j| term(used[i], j));
    let shares: Vec<f64> = used.iter().map(|i| y[*i] / n[*i]).collect();
    let trials: Vec<f64> = used.iter().map(|i| n[*i]).collect();
    let fit = glm::fit(&Model {
        family: Family::Binomial,
        design: &design,
        response: &shares,
        weights: Some(&trials),
        offset: None,
        start: None,
    });
    if !fit.converged || fit.coefficients.iter().any(|c| !c.is_finite()) {
        return Err(Error::Fit {
            method: "categorical CUSUM",
            reason: "the logistic regression of the first phase does not converge; use a longer phase or fewer harmonics"
                .to_owned(),
        });
    }
    Ok((0..y.len())
        .map(|i| {
            let eta: f64 = (0..columns).map(|j| term(i, j) * fit.coefficients[j]).sum();
            1.0 / (1.0 + (-eta).exp())
        })
        .collect())
}

fn counts(series: &Series) -> Result<(&[f64], &[f64]), Error> {
    let n = series.population().ok_or_else(|| Error::Fit {
        method: "categorical-cusum",
        reason: "the series has counts alone; add the number examined as the column n".to_owned(),
    })?;
    let y = series.counts();
    if let Some(i) = (0..y.len()).find(|i| y[*i] > n[*i] || n[*i].fract().abs() > 0.0) {
        return Err(Error::Value {
            row: i + 1,
            column: "n".to_owned(),
            value: n[i].to_string(),
            wanted: "a whole number that is not smaller than the positives",
        });
    }
    Ok((y, n))
}

/// Judges the periods after the first phase.
///
/// # Errors
/// The number examined is missing, the first phase cannot be fitted, or a setting is out of range.
pub fn run(series: &Series, control: &Control) -> Result<Vec<Row>, Error> {
    let shares = in_control(series, control.phase, control.harmonics)?;
    let (y, n) = counts(series)?;
    if control.log_odds == 0.0 || !control.log_odds.is_finite() {
        return Err(Error::setting("logOR", control.log_odds, "a number that is not zero"));
    }
    if let Shape::BetaBinomial { sigma } = control.shape
        && !(sigma > 0.0 && sigma.is_finite())
    {
        return Err(Error::setting("betabinomial_sigma", sigma, "a positive number"));
    }
    let mut c = 0.0_f64;
    let mut out = Vec::new();
    for i in control.phase..y.len() {
        let odds = shares[i] / (1.0 - shares[i]) * control.log_odds.exp();
        let changed = odds / (1.0 + odds);
        let llr = |y: f64| {
            ln_weight(control.shape, y, n[i], changed) - ln_weight(control.shape, y, n[i], shares[i])
        };
        let before = c;
        c = (c + llr(y[i])).max(0.0);
        let alarm = c >= control.h;
        let bound = match control.give {
            Give::Value => c,
            Give::Cases if n[i] <= 0.0 => f64::NAN,
            Give::Cases => cases(n[i], control.log_odds > 0.0, &|y| before + llr(y) >= control.h),
        };
        if alarm {
            c = 0.0;
        }
        let verdict = Verdict { period: i + 1, observed: y[i], bound, alarm: Some(alarm) };
        out.push(Row { verdict, n: n[i], control: shares[i], changed });
    }
    Ok(out)
}

/// The count next to the quiet side that rings; the ratio is monotone in the count.
fn cases(n: f64, rising: bool, rings: &dyn Fn(f64) -> bool) -> f64 {
    let (mut quiet, mut loud) = if rising { (0.0, n) } else { (n, 0.0) };
    if rings(quiet) {
        return quiet;
    }
    if !rings(loud) {
        return f64::NAN;
    }
    while (loud - quiet).abs() > 1.0 {
        let mid = ((loud + quiet) * 0.5_f64).floor();
        if rings(mid) { loud = mid } else { quiet = mid }
    }
    loud
}
