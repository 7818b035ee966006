//! EARS C1, C2 and C3: moving averages of a few days for streams without history.
//!
//! Hutwagner, Thompson, Seeman, Treadwell, *J. Urban Health* 2003; C3 as in Fricker, Hegler, Dunfee, *Stat. Med.* 2008. C1
//! compares a count with mean and standard deviation of the `baseline` periods before it; C2 leaves two periods between;
//! C3 adds up how far the standardised C2 values of three periods exceed one.
//!
//! **Modes.** The reference expresses C3's bound as y + sd (z - Σ over the *two earlier* periods), so that its alarm does not depend on the
//! count judged. Corrected: the bound is the count at which the sum over all three periods reaches z; it is zero when the
//! two earlier ones suffice. Where all baseline counts are equal the standard deviation is zero; C3 of the reference then divides zero by zero
//! and cannot decide. Corrected: a zero standard deviation counts as ½ (unless `min_sigma` is larger), in all three.

use super::{Error, Mode, Range, Series, Verdict};
use stats::special::norm_quantile;

/// Which statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The periods just before.
    C1,
    /// Two periods left between.
    C2,
    /// C2 summed over three periods.
    C3,
}

/// Settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// Which statistic.
    pub kind: Kind,
    /// Periods of the baseline.
    pub baseline: usize,
    /// Smallest standard deviation.
    pub min_sigma: f64,
    /// Probability of a false alarm under normality; usual are 0.001 for C1 and C2, 0.025 for C3.
    pub alpha: f64,
    /// How equal baseline counts are treated.
    pub mode: Mode,
}

impl Control {
    /// The usual settings of a statistic.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let alpha = if kind == Kind::C3 { 0.025 } else { 0.001 };
        Self { kind, baseline: 7, min_sigma: 0.0, alpha, mode: Mode::Compatible }
    }

    /// Periods needed before the first one judged.
    #[must_use]
    pub fn history(&self) -> usize {
        self.baseline
            + match self.kind {
                Kind::C1 => 0,
                Kind::C2 => 2,
                Kind::C3 => 4,
            }
    }
}

/// Judges the periods of a range.
///
/// # Errors
/// The range lies outside, the history is too short, or a setting is out of range.
pub fn run(series: &Series, control: &Control, range: Range) -> Result<Vec<Verdict>, Error> {
    series.check(range)?;
    if control.baseline < 2 {
        return Err(Error::setting("baseline", control.baseline, "at least 2 periods"));
    }
    if !(control.alpha > 0.0 && control.alpha < 1.0) {
        return Err(Error::setting("alpha", control.alpha, "a probability"));
    }
    if !(control.min_sigma >= 0.0 && control.min_sigma.is_finite()) {
        return Err(Error::setting("minSigma", control.min_sigma, "0 or a positive number"));
    }
    if range.from <= control.history() {
        return Err(Error::History {
            method: "EARS",
            period: range.from,
            needed: control.history(),
            there: range.from - 1,
        });
    }
    let y = series.counts();
    let z = norm_quantile(1.0 - control.alpha);
    let floor = match control.mode {
        Mode::Compatible => control.min_sigma,
        Mode::Corrected if control.min_sigma > 0.0 => control.min_sigma,
        Mode::Corrected => 0.5,
    };
    let lag = if control.kind == Kind::C1 { 0 } else { 2 };
    // mean and standard deviation of the baseline of a 0-based position; whole sums are exact
    let b = control.baseline;
    let base = |t: usize| {
        let window = &y[t - lag - b..t - lag];
        let n = b as f64;
        let mean = window.iter().sum::<f64>() / n;
        let squares: f64 = window.iter().map(|v| (v - mean) * (v - mean)).sum();
        let sd = (squares / (n - 1.0)).sqrt();
        let sd = match control.mode {
            Mode::Compatible => sd.max(floor),
            Mode::Corrected if sd > 0.0 => sd.max(control.min_sigma),
            Mode::Corrected => floor,
        };
        (mean, sd)
    };
    let mut out = Vec::with_capacity(range.len());
    let excess = |mean: f64, sd: f64, t: usize| {
        let c = (y[t] - mean) / sd - 1.0;
        // 0/0 stays undecided
        if c.is_nan() || c > 0.0 { c } else { 0.0 }
    };
    let mut earlier = [0.0; 2];
    if control.kind == Kind::C3 {
        for (slot, t) in [(0, range.from - 3), (1, range.from - 2)] {
            let (mean, sd) = base(t);
            earlier[slot] = excess(mean, sd, t);
        }
    }
    for period in range.periods() {
        let t = period - 1;
        let (mean, sd) = base(t);
        let bound = if control.kind == Kind::C3 {
            let room = z - (earlier[0] + earlier[1]);
            let bound = match control.mode {
                Mode::Compatible => y[t] + sd * room,
                Mode::Corrected if room < 0.0 => 0.0,
                Mode::Corrected => mean + sd * (1.0 + room),
            };
            earlier = [earlier[1], excess(mean, sd, t)];
            if bound < 0.0 { 0.0 } else { bound }
        } else {
            mean + z * sd
        };
        let alarm = if bound.is_nan() { None } else { Some(y[t] > bound) };
        out.push(Verdict { period, observed: y[t], bound, alarm });
    }
    Ok(out)
}
