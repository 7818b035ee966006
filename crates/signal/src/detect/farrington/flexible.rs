//! The flexible method (Noufaily et al. 2013).

use super::super::{Error, Mode, Range, Series};
use super::fit::{Fit, Rows, Work};
use super::{Minimum, Power, plan};
use base::Date;
use stats::dist::{Discrete as _, NegativeBinomial, Poisson};
use stats::special::{norm_quantile, norm_sf};

/// How the bound is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threshold {
    /// Normal approximation after a power transformation, with the uncertainty of the mean (delta method).
    Delta,
    /// Quantile of the negative binomial at the estimated mean.
    Plugin,
    /// The same at the upper limit of the mean.
    Muan,
}

/// Settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Flexible {
    /// Years back.
    pub years: usize,
    /// Half width of the window around the same season.
    pub window: usize,
    /// Past outbreaks are weighted down.
    pub reweight: bool,
    /// Anscombe residual above which a count is weighted down.
    pub weights_threshold: f64,
    /// Probability of a false alarm, one-sided.
    pub alpha: f64,
    /// A trend is tried.
    pub trend: bool,
    /// The trend is kept if its p-value is below this; 1 keeps it always.
    pub p_trend: f64,
    /// Fewest recent cases for an alarm.
    pub minimum: Minimum,
    /// Transformation of [`Threshold::Delta`].
    pub power: Power,
    /// The mean is proportional to the population.
    pub population_offset: bool,
    /// Levels of the seasonal factor; 1 uses only the windows.
    pub levels: usize,
    /// Periods before the judged one that are no baseline; the window when absent.
    pub left_out: Option<usize>,
    /// How the bound is found.
    pub threshold: Threshold,
    /// Whether the score uses the mean on the scale of counts.
    pub mode: Mode,
}

impl Default for Flexible {
    fn default() -> Self {
        Self {
            years: 5,
            window: 3,
            reweight: true,
            weights_threshold: 2.58,
            alpha: 0.05,
            trend: true,
            p_trend: 0.05,
            minimum: Minimum::default(),
            power: Power::TwoThirds,
            population_offset: false,
            levels: 1,
            left_out: None,
            threshold: Threshold::Delta,
            mode: Mode::Compatible,
        }
    }
}

/// What the method says of one period; NaN where it cannot say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlexibleRow {
    /// 1-based period.
    pub period: usize,
    /// Cases counted.
    pub observed: f64,
    /// Expected cases.
    pub expected: f64,
    /// The bound.
    pub bound: f64,
    /// Whether it was crossed.
    pub alarm: Option<bool>,
    /// (observed - expected)/(bound - expected): above 1 is an alarm.
    pub score: f64,
    /// P(Y ≥ observed) under the null.
    pub p_value: f64,
    /// Whether the trend was kept.
    pub trend: Option<bool>,
    /// Its coefficient per unit of time.
    pub slope: f64,
    /// Overdispersion.
    pub phi: f64,
    /// The mean the quantile is taken at.
    pub quantile_mean: f64,
}

/// Judges the periods of a range.
///
/// # Errors
/// The range lies outside, the history is too short, a population is missing, or a setting is out of range.
pub fn run(series: &Series, control: &Flexible, range: Range) -> Result<Vec<FlexibleRow>, Error> {
    series.check(range)?;
    check(series, control)?;
    let mut judge = Judge { rows: Rows::default(), work: Work::default(), weights: Vec::new() };
    range.periods().map(|period| judge.period(series, control, period)).collect()
}

fn check(series: &Series, control: &Flexible) -> Result<(), Error> {
    if !(control.alpha > 0.0 && control.alpha < 1.0) {
        return Err(Error::setting("alpha", control.alpha, "a probability"));
    }
    if control.levels == 0 {
        return Err(Error::setting("noPeriods", 0, "at least 1"));
    }
    if control.years == 0 {
        return Err(Error::setting("b", 0, "at least one year"));
    }
    if control.population_offset && series.population().is_none() {
        return Err(Error::setting("populationOffset", "TRUE", "a series with a population"));
    }
    Ok(())
}

struct Judge {
    rows: Rows,
    work: Work,
    weights: Vec<f64>,
}

impl Judge {
    /// The fit with its reweighting.
    fn fit(&mut self, control: &Flexible, trend: bool) -> Option<Fit> {
        self.weights.clear();
        self.weights.resize(self.rows.y.len(), 1.0);
        let first = self.work.fit(&self.rows, &self.weights, trend, false)?;
        if !control.reweight {
            return Some(first);
        }
        self.work.reweighted(&self.rows, &first, control.weights_threshold, &mut self.weights);
        self.work.fit(&self.rows, &self.weights, trend, true)
    }

    fn period(&mut self, series: &Series, control: &Flexible, period: usize) -> Result<FlexibleRow, Error> {
        let (t, y) = (period - 1, series.counts());
        let left_out = control.left_out.unwrap_or(control.window);
        let plan = plan::flexible(series, t, control.years, control.window, control.levels, left_out)?;
        let population = series.population().filter(|_| control.population_offset);
        let Some(origin) = plan.at.first().copied() else {
            return Err(Error::setting("pastWeeksNotIncluded", left_out, "a baseline that is not empty"));
        };
        // in periods; between months of unequal length in units of the first one
        let days = |from: Date, to: Date| to.since(from).map_or(0, |s| s.get_days());
        let time = |at: usize| match series.dates() {
            Some(dates) if dates.len() > 1 => {
                f64::from(days(dates[origin], dates[at])) / f64::from(days(dates[0], dates[1]))
            }
            _ => (at - origin) as f64,
        };
        self.rows.y.clear();
        self.rows.y.extend(plan.at.iter().map(|i| y[*i]));
        self.rows.x.clear();
        self.rows.x.extend(plan.at.iter().map(|i| time(*i)));
        self.rows.level = plan.level;
        self.rows.levels = control.levels;
        self.rows.offset.clear();
        if let Some(p) = population {
            self.rows.offset.extend(plan.at.iter().map(|i| p[*i].ln()));
        }
        let offset = population.map_or(0.0, |p| p[t].ln());
        let (level, x) = (control.levels - 1, time(t));
        let mut row = FlexibleRow {
            period,
            observed: y[t],
            expected: f64::NAN,
            bound: f64::NAN,
            alarm: None,
            score: f64::NAN,
            p_value: f64::NAN,
            trend: None,
            slope: f64::NAN,
            phi: f64::NAN,
            quantile_mean: f64::NAN,
        };
        let mut fitted = None;
        if control.trend
            && let Some(fit) = self.fit(control, true)
            && let Some((eta, se)) = self.work.predict(&fit, level, x)
        {
            let p = Work::p_of_slope(&fit);
            let largest = self.rows.y.iter().copied().fold(0.0, f64::max);
            let significant = p < control.p_trend || control.p_trend >= 1.0;
            if significant && control.years >= 3 && (eta + offset).exp() <= largest {
                fitted = Some((fit, eta, se));
            }
        }
        if fitted.is_none()
            && let Some(fit) = self.fit(control, false)
            && let Some((eta, se)) = self.work.predict(&fit, level, x)
        {
            fitted = Some((fit, eta, se));
        }
        let Some((fit, eta, se)) = fitted else { return Ok(row) };
        row.trend = Some(fit.slope.is_some());
        row.slope = fit.slope.unwrap_or(f64::NAN);
        row.phi = fit.phi;
        threshold(&mut row, control, eta + offset, se);
        let enough = control.minimum.reached(y, t);
        if enough {
            row.alarm = Some(row.score > 1.0 && row.observed > 0.0);
        } else {
            row.alarm = Some(false);
            row.expected = f64::NAN;
            row.bound = f64::NAN;
        }
        Ok(row)
    }
}

/// Expected count, bound, score and p-value from the linear predictor and its standard error.
fn threshold(row: &mut FlexibleRow, control: &Flexible, eta: f64, se: f64) {
    let z = norm_quantile(1.0 - control.alpha);
    let mean = eta.exp();
    row.expected = mean;
    match control.threshold {
        Threshold::Delta => {
            // on the scale of counts the standard error is µ se
            row.bound = control.power.bound(mean, row.phi, mean * se, z);
            row.quantile_mean = match control.mode {
                Mode::Compatible => (mean + z * mean * se).exp(),
                Mode::Corrected => mean,
            };
            let power = control.power.exponent();
            let sd = control.power.sd(mean, row.phi, mean * se);
            row.p_value = norm_sf((row.observed.powf(power) - mean.powf(power)) / sd);
            row.score = (row.observed - mean) / (row.bound - mean);
        }
        Threshold::Plugin | Threshold::Muan => {
            let at = if control.threshold == Threshold::Muan { (eta + z * se).exp() } else { mean };
            row.quantile_mean = at;
            row.bound = quantile(control.alpha, at, row.phi);
            row.p_value = upper(row.observed, at, row.phi);
            let fit = match control.mode {
                Mode::Compatible => eta,
                Mode::Corrected => mean,
            };
            row.score = (row.observed - fit) / (row.bound - fit);
        }
    }
}

/// P(Y ≥ y) for mean and variance φ mean.
fn upper(y: f64, mean: f64, phi: f64) -> f64 {
    if phi > 1.0 {
        NegativeBinomial::new(mean / (phi - 1.0), mean).map_or(f64::NAN, |d| d.sf(y - 1.0))
    } else {
        Poisson::new(mean).map_or(f64::NAN, |d| d.sf(y - 1.0))
    }
}

fn quantile(alpha: f64, mean: f64, phi: f64) -> f64 {
    let p = 1.0 - alpha;
    if phi > 1.0 {
        NegativeBinomial::new(mean / (phi - 1.0), mean).map_or(f64::NAN, |d| d.quantile(p))
    } else {
        Poisson::new(mean).map_or(f64::NAN, |d| d.quantile(p))
    }
}
