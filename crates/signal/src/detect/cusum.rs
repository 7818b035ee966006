//! CUSUM of transformed counts: C = max(0, C + s(y) - k), alarm when C ≥ h.
//!
//! Rossi, Lampugnani, Marchi, *Stat. Med.* 1999; second-order Anscombe residuals of Pierce and Schafer, *JASA* 1986. The mean
//! is a constant or a harmonic Poisson regression of the periods before the range.
//!
//! **Modes.** The reference goes on adding after an alarm unless told to `reset`, so one outbreak rings for long; corrected starts again at zero. For
//! the second-order Anscombe residual the reference's bound uses m^(1/3)/9 where its statistic uses m^(-1/3)/9, and without
//! transformation its bound is h less the statistic after the count; Rossi's
//! bound squares a negative root; corrected solves the statistic. The bound is written as the number of cases (rounded up
//! only for `standard`, as the reference does; in corrected mode always).

use super::baseline::{Baseline, Overdispersion, Terms};
use super::{Error, Mode, Range, Series};

/// Transformation of a count to a residual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Transform {
    /// (y - m)/√m.
    Standard,
    /// (y - 3m + 2√(ym))/(2√m).
    Rossi,
    /// 3/2 (y^⅔ - m^⅔)/m^⅙.
    Anscombe,
    /// The second-order Anscombe residual.
    SecondAnscombe,
    /// (y - m)/√(m + α m²).
    NegativeBinomial {
        /// Overdispersion α.
        alpha: f64,
    },
    /// y itself.
    None,
}

/// The in-control mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mean {
    /// The mean of the periods before the range.
    Past,
    /// Known.
    Known(f64),
    /// A Poisson regression of the periods before the range.
    Regression(Terms),
}

/// Settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// Reference value.
    pub k: f64,
    /// Decision limit.
    pub h: f64,
    /// In-control mean.
    pub mean: Mean,
    /// Transformation.
    pub transform: Transform,
    /// Whether the sum starts again at zero after an alarm.
    pub reset: bool,
    /// The bounds.
    pub mode: Mode,
}

impl Default for Control {
    fn default() -> Self {
        let (mean, transform) = (Mean::Past, Transform::Standard);
        Self { k: 1.04, h: 2.26, mean, transform, reset: false, mode: Mode::Compatible }
    }
}

/// What the method says of one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// 1-based period.
    pub period: usize,
    /// Cases counted.
    pub observed: f64,
    /// Cases at which it would have rung.
    pub bound: f64,
    /// Whether C reached h.
    pub alarm: bool,
    /// C.
    pub statistic: f64,
    /// In-control mean.
    pub mean: f64,
}

impl Transform {
    fn residual(self, y: f64, m: f64) -> f64 {
        match self {
            Self::Standard => (y - m) / m.sqrt(),
            Self::Rossi => (y - 3.0 * m + 2.0 * (y * m).sqrt()) / (2.0 * m.sqrt()),
            Self::Anscombe => 1.5 * (two_thirds(y) - two_thirds(m)) / m.powf(1.0 / 6.0),
            Self::SecondAnscombe => {
                (two_thirds(y) - (two_thirds(m) - m.cbrt().recip() / 9.0)) / (2.0 / 3.0 * m.powf(1.0 / 6.0))
            }
            Self::NegativeBinomial { alpha } => (y - m) / (m + alpha * m * m).sqrt(),
            Self::None => y,
        }
    }

    /// The count whose residual is s, at least 0.
    fn count(self, s: f64, m: f64, mode: Mode) -> f64 {
        let back = |base: f64| if base > 0.0 { base.powf(1.5) } else { 0.0 };
        let y = match self {
            Self::Standard => m + s * m.sqrt(),
            Self::Rossi => {
                // y + 2√m √y - 3m - 2√m s = 0 in √y
                let square = 4.0 * m + 2.0 * m.sqrt() * s;
                let root = if square > 0.0 { square.sqrt() - m.sqrt() } else { 0.0 };
                // the reference squares a negative root too
                if root > 0.0 || mode == Mode::Compatible { root * root } else { 0.0 }
            }
            Self::Anscombe => back(s * m.powf(1.0 / 6.0) / 1.5 + two_thirds(m)),
            Self::SecondAnscombe => {
                let shift = if mode == Mode::Compatible { m.cbrt() } else { m.cbrt().recip() } / 9.0;
                back(s * (2.0 / 3.0) * m.powf(1.0 / 6.0) + two_thirds(m) - shift)
            }
            Self::NegativeBinomial { alpha } => m + s * (m + alpha * m * m).sqrt(),
            Self::None => s,
        };
        let y = if y > 0.0 { y } else { 0.0 };
        let whole = mode == Mode::Corrected || self == Self::Standard;
        if whole { y.ceil() } else { y }
    }
}

fn two_thirds(x: f64) -> f64 {
    x.powf(2.0 / 3.0)
}

/// Judges the periods of a range.
///
/// # Errors
/// The range lies outside, nothing lies before it to learn the mean from, or a setting is out of range.
pub fn run(series: &Series, control: &Control, range: Range) -> Result<Vec<Row>, Error> {
    series.check(range)?;
    if !(control.k >= 0.0 && control.k.is_finite()) {
        return Err(Error::setting("k", control.k, "0 or a positive number"));
    }
    if !(control.h > 0.0 && control.h.is_finite()) {
        return Err(Error::setting("h", control.h, "a positive alarm limit"));
    }
    let before = range.from - 1;
    let y = series.counts();
    let regression = match control.mean {
        Mean::Regression(terms) => Some(Baseline::fit(series, before, terms, Overdispersion::None)?),
        _ => None,
    };
    let constant = match control.mean {
        Mean::Known(m) => m,
        _ if before == 0 => {
            return Err(Error::History { method: "CUSUM", period: 1, needed: 1, there: 0 });
        }
        _ => y[..before].iter().sum::<f64>() / before as f64,
    };
    if regression.is_none() && !(constant > 0.0 && constant.is_finite()) {
        return Err(Error::setting(
            "m",
            constant,
            "a mean above zero (were there any cases before the range?)",
        ));
    }
    let mut c = 0.0;
    let mut out = Vec::with_capacity(range.len());
    for period in range.periods() {
        let observed = y[period - 1];
        let mean = regression.as_ref().map_or(constant, |r| r.mean(period));
        let room = control.h + control.k - c;
        c = (c + control.transform.residual(observed, mean) - control.k).max(0.0);
        let bound = if control.transform == Transform::None && control.mode == Mode::Compatible {
            (control.h - c).max(0.0)
        } else {
            control.transform.count(room, mean, control.mode)
        };
        let alarm = c >= control.h;
        out.push(Row { period, observed, bound, alarm, statistic: c, mean });
        if alarm && control.reset {
            c = 0.0;
        }
    }
    Ok(out)
}
