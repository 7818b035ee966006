//! The method of 1996.

use super::super::{Error, Range, Series};
use super::fit::{Fit, Rows, Work};
use super::{Minimum, Power, plan};
use stats::special::{norm_cdf, norm_quantile};

/// Settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Classic {
    /// Years back.
    pub years: usize,
    /// Half width of the window.
    pub window: usize,
    /// Past outbreaks are weighted down.
    pub reweight: bool,
    /// Two-sided probability: the bound is the 1 - alpha/2 quantile.
    pub alpha: f64,
    /// A trend is tried.
    pub trend: bool,
    /// Fewest recent cases for an alarm.
    pub minimum: Minimum,
    /// Transformation of the counts.
    pub power: Power,
}

impl Default for Classic {
    fn default() -> Self {
        Self {
            years: 5,
            window: 3,
            reweight: true,
            alpha: 0.05,
            trend: true,
            minimum: Minimum::default(),
            power: Power::TwoThirds,
        }
    }
}

/// What the method says of one period; NaN where it cannot say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassicRow {
    /// 1-based period.
    pub period: usize,
    /// Cases counted.
    pub observed: f64,
    /// The bound; 0 when there are too few recent cases.
    pub bound: f64,
    /// Whether it was crossed.
    pub alarm: bool,
    /// Whether the trend was kept.
    pub trend: bool,
    /// Position of the count in the predictive distribution of the transformed counts.
    pub position: f64,
    /// Median of the predictive distribution.
    pub median: f64,
}

/// Judges the periods of a range.
///
/// # Errors
/// The range lies outside, the history is too short, a setting is out of range, or the regression does not converge.
pub fn run(series: &Series, control: &Classic, range: Range) -> Result<Vec<ClassicRow>, Error> {
    series.check(range)?;
    if !(control.alpha > 0.0 && control.alpha < 1.0) {
        return Err(Error::setting("alpha", control.alpha, "a probability"));
    }
    let y = series.counts();
    let z = norm_quantile(1.0 - control.alpha / 2.0);
    let mut rows = Rows { levels: 1, ..Rows::default() };
    let mut work = Work::default();
    let mut weights = Vec::new();
    let mut out = Vec::with_capacity(range.len());
    for period in range.periods() {
        let t = period - 1;
        let plan = plan::classic(series, t, control.years, control.window)?;
        rows.y.clear();
        rows.y.extend(plan.at.iter().map(|i| y[*i]));
        rows.x.clear();
        rows.x.extend(plan.at.iter().map(|i| *i as f64 + 1.0));
        rows.level = plan.level;
        let mut fit = |trend: bool| {
            weights.clear();
            weights.resize(rows.y.len(), 1.0);
            let mut fit = work.fit(&rows, &weights, trend, false)?;
            if control.reweight {
                work.reweighted(&rows, &fit, 1.0, &mut weights);
                fit = work.fit(&rows, &weights, trend, true)?;
            }
            let p = Work::p_of_slope(&Fit { scale: fit.raw, ..fit });
            fit.scale = fit.phi;
            let (eta, se) = work.predict(&fit, 0, period as f64)?;
            Some((fit, eta, se, p))
        };
        let mut fitted = None;
        if control.trend {
            fitted = fit(true).filter(|(_, eta, _, p)| {
                let largest = rows.y.iter().copied().fold(0.0, f64::max);
                *p < 0.05 && control.years >= 3 && eta.exp() <= largest
            });
        }
        let Some((fit, eta, se, _)) = fitted.or_else(|| fit(false)) else {
            return Err(Error::Fit {
                method: "Farrington",
                reason: format!(
                    "no convergence for period {period}; try the flexible form or a wider window"
                ),
            });
        };
        let mean = eta.exp();
        let (phi, se) = (fit.phi, mean * se);
        let mut bound = control.power.bound(mean, phi, se, z);
        let power = control.power.exponent();
        let enough = control.minimum.reached(y, t);
        if !enough {
            bound = 0.0;
        }
        out.push(ClassicRow {
            period,
            observed: y[t],
            bound,
            alarm: enough && y[t] > bound,
            trend: fit.slope.is_some(),
            position: norm_cdf((y[t].powf(power) - mean.powf(power)) / control.power.sd(mean, phi, se)),
            median: mean,
        });
    }
    Ok(out)
}
