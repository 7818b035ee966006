//! The published methods as detectors of the watch, all in their corrected mode.
//!
//! *Farrington flexible*: probabilities are the method's own; where its regression cannot be fitted (hardly a case in the whole past)
//! the count is compared with the negative binomial that follows from the past total and Jeffreys' prior. *EARS C3* and *GLR*:
//! the statistic is the published one, its probability that of [`super::Null`], since a mean of seven days, or a likelihood
//! ratio over several beginnings, has no tail that could be trusted at 1e-5.

use super::plan::{Method, MethodPlan};
use super::{Detector, Step};
use crate::detect::baseline::{Baseline, Overdispersion, Terms};
use crate::detect::farrington::{self, Flexible, Minimum, Threshold};
use crate::detect::{Mode, Range, Series, ears, glr};
use stats::dist::{Discrete as _, NegativeBinomial};

/// What a method says of one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// 1-based period.
    pub period: usize,
    /// Cases counted.
    pub observed: f64,
    /// Cases expected.
    pub expected: f64,
    /// Count above which the method alarms by itself; NaN when it cannot say or was not asked.
    pub bound: f64,
    /// The statistic.
    pub statistic: f64,
    /// The method's own probability; NaN when it has none.
    pub p_value: f64,
}

struct Planned(MethodPlan);

/// The detector of a plan's method.
#[must_use]
pub fn detector(plan: &MethodPlan) -> Box<dyn Detector> {
    Box::new(Planned(plan.clone()))
}

impl Detector for Planned {
    fn name(&self) -> &str {
        self.0.method.id()
    }

    fn step(&self) -> Step {
        self.0.step
    }

    fn judges(&self, hazard: &str) -> bool {
        self.0.hazards.is_empty() || self.0.hazards.iter().any(|h| h == hazard)
    }

    fn past(&self) -> usize {
        match self.0.method {
            Method::EarsC3 { past, .. } | Method::GlrNegativeBinomial { past, .. } => past,
            Method::FarringtonFlexible { .. } | Method::Threshold { .. } => 0,
        }
    }

    fn judge(&self, series: &Series, range: Range, bounds: bool) -> Vec<Judged> {
        match self.0.method {
            Method::FarringtonFlexible { years, window, levels, left_out, alpha } => {
                flexible(series, range, years, window, levels, left_out, alpha)
            }
            Method::EarsC3 { baseline, alpha, .. } => c3(series, range, baseline, alpha),
            Method::GlrNegativeBinomial { limit, reach, past } => {
                ratio(series, range, limit, reach, past, bounds)
            }
            Method::Threshold { cases } => range
                .periods()
                .map(|period| {
                    let observed = series.counts()[period - 1];
                    Judged {
                        period,
                        observed,
                        expected: 0.0,
                        bound: cases - 1.0,
                        statistic: observed,
                        // a number that always rings is no test: it has no chance of its own to be wrong
                        p_value: f64::NAN,
                    }
                })
                .collect(),
        }
    }
}

/// Farrington flexible with as many years as the past has.
fn flexible(
    series: &Series,
    range: Range,
    years: usize,
    window: usize,
    levels: usize,
    left_out: usize,
    alpha: f64,
) -> Vec<Judged> {
    // a year is 52 or 53 weeks: one more for safety
    let reach = |b: usize| b * (series.frequency() + 1) + window + 1;
    range
        .periods()
        .filter_map(|period| {
            let b = (1..=years).rev().find(|b| period > reach(*b))?;
            let control = Flexible {
                years: b,
                window,
                levels,
                left_out: Some(left_out),
                alpha,
                p_trend: 0.05,
                threshold: Threshold::Plugin,
                minimum: Minimum { cases: 0.0, periods: 1 },
                mode: Mode::Corrected,
                ..Flexible::default()
            };
            let row =
                farrington::flexible(series, &control, Range { from: period, to: period }).ok()?.pop()?;
            if row.p_value.is_finite() && row.expected.is_finite() {
                return Some(Judged {
                    period,
                    observed: row.observed,
                    expected: row.expected,
                    bound: row.bound,
                    statistic: row.score,
                    p_value: row.p_value,
                });
            }
            sparse(series, period, left_out, alpha)
        })
        .collect()
}

/// Predictive law of a count from a past with hardly a case: Gamma prior of shape ½ (Jeffreys), exposure in periods.
fn sparse(series: &Series, period: usize, left_out: usize, alpha: f64) -> Option<Judged> {
    let past = &series.counts()[..period.saturating_sub(left_out + 1)];
    if past.is_empty() {
        return None;
    }
    let size = past.iter().sum::<f64>() + 0.5;
    let mean = size / past.len() as f64;
    let law = NegativeBinomial::new(size, mean).ok()?;
    let observed = series.counts()[period - 1];
    let mut bound = 0.0;
    while law.sf(bound) > alpha && bound < 1e6 {
        bound += 1.0;
    }
    let p_value = if observed > 0.0 { law.sf(observed - 1.0) } else { 1.0 };
    Some(Judged { period, observed, expected: mean, bound, statistic: -p_value.ln(), p_value })
}

/// EARS C3: Σ of the excesses of the standardised counts of three days over one.
fn c3(series: &Series, range: Range, baseline: usize, alpha: f64) -> Vec<Judged> {
    let control =
        ears::Control { baseline, alpha, mode: Mode::Corrected, ..ears::Control::new(ears::Kind::C3) };
    let from = range.from.max(control.history() + 1);
    if from > range.to {
        return Vec::new();
    }
    let Ok(rows) = ears::run(series, &control, Range { from, to: range.to }) else { return Vec::new() };
    let y = series.counts();
    // mean and standard deviation two days apart from the day judged, as in the corrected mode
    let base = |t: usize| {
        let window = &y[t - 2 - baseline..t - 2];
        let n = baseline as f64;
        let mean = window.iter().sum::<f64>() / n;
        let sd = (window.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0)).sqrt();
        (mean, if sd > 0.0 { sd } else { 0.5 })
    };
    let excess = |t: usize| {
        let (mean, sd) = base(t);
        ((y[t] - mean) / sd - 1.0).max(0.0)
    };
    rows.into_iter()
        .map(|row| {
            let t = row.period - 1;
            let statistic = if y[t] > 0.0 { excess(t) + excess(t - 1) + excess(t - 2) } else { 0.0 };
            Judged {
                period: row.period,
                observed: row.observed,
                expected: base(t).0,
                bound: row.bound,
                statistic,
                p_value: f64::NAN,
            }
        })
        .collect()
}

/// Fewest past cases for a season to be fitted.
const SEASONAL: f64 = 20.0;

/// The likelihood-ratio CUSUM, its baseline fitted to what lies before the past it is calibrated on.
fn ratio(series: &Series, range: Range, limit: f64, reach: usize, past: usize, bounds: bool) -> Vec<Judged> {
    let frequency = series.frequency();
    // the run begins where the calibration does, whatever is asked, so that a night and its history agree; half a year at least to fit
    let begin = series.len().saturating_sub(past).max(frequency / 2 + 1);
    if begin > range.to {
        return Vec::new();
    }
    let run = Range { from: begin, to: range.to };
    let y = &series.counts()[..begin - 1];
    let total: f64 = y.iter().sum();
    let season = total >= SEASONAL && y.len() >= 2 * frequency - frequency / 4;
    let terms = Terms { harmonics: usize::from(season), trend: false };
    let fitted = Baseline::fit(series, begin - 1, terms, Overdispersion::Estimated)
        .or_else(|_| Baseline::fit(series, begin - 1, terms, Overdispersion::None));
    let (means, alpha) = match fitted {
        Ok(b) if total > 0.0 => (run.periods().map(|t| b.mean(t)).collect::<Vec<_>>(), b.alpha),
        _ => (vec![(total + 0.5) / y.len() as f64; run.len()], 0.0),
    };
    // a mean of nearly nothing makes every case an outbreak
    let least = 0.5 / y.len() as f64;
    let means: Vec<f64> = means.into_iter().map(|m| m.max(least)).collect();
    let control = glr::Control {
        limit,
        window: Some(reach),
        give: glr::Give::Value,
        mode: Mode::Corrected,
        ..glr::Control::default()
    };
    let Ok(values) = glr::run_with_means(series, &means, alpha, &control, run) else { return Vec::new() };
    let cases = if bounds {
        let control = glr::Control { give: glr::Give::Cases { limit: 1e6 }, ..control };
        glr::run_with_means(series, &means, alpha, &control, run).unwrap_or_default()
    } else {
        Vec::new()
    };
    values
        .iter()
        .enumerate()
        .filter(|(_, row)| row.period >= range.from)
        .map(|(i, row)| Judged {
            period: row.period,
            observed: row.observed,
            expected: row.mean,
            // the reference gives the count that rings; a bound is the count above which it does
            bound: cases.get(i).map_or(f64::NAN, |c| (c.bound - 1.0).max(0.0)),
            statistic: row.bound,
            p_value: f64::NAN,
        })
        .collect()
}
