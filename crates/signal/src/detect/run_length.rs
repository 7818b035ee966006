//! How long a likelihood-ratio CUSUM of binomial counts runs until it rings: by a Markov chain on [0, h].
//!
//! Brook and Evans, *Biometrika* 1972: the states are zero and equal intervals of (0, h]; within an interval the statistic
//! is taken as uniform, as the reference does. The mean run length is the row sum of (I - R)⁻¹ for the zero state, R being the
//! transitions that do not ring.
//!
//! **Modes.** None differ. Some reference files hold negative run lengths: those come from a transition matrix that was no
//! probability; no mode repeats that.

use super::Error;
use stats::dist::{Binomial, Discrete as _};
use stats::linear::{Matrix, Qr};

/// A CUSUM of binomial counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chart {
    /// Number examined each time.
    pub n: f64,
    /// In-control share.
    pub control: f64,
    /// Share the chart is tuned to.
    pub changed: f64,
    /// Decision limit.
    pub h: f64,
}

/// The mean run length from zero when the share is `share`, with `states` states (zero and `states - 1` intervals).
///
/// # Errors
/// A share is no probability, shares are equal, or the states are fewer than two.
pub fn mean_run_length(chart: &Chart, share: f64, states: usize) -> Result<f64, Error> {
    let law = |name: &str, p: f64| {
        let inside = p > 0.0 && p < 1.0;
        Binomial::new(chart.n, p)
            .ok()
            .filter(|_| inside)
            .ok_or_else(|| Error::setting(name, p, "a share between 0 and 1 (of a whole n)"))
    };
    let (law0, law1, real) = (law("pi0", chart.control)?, law("pi1", chart.changed)?, law("true_pi", share)?);
    if states < 2 {
        return Err(Error::setting("g", states, "at least 2 states"));
    }
    if chart.h.is_nan() || chart.h <= 0.0 || (chart.control - chart.changed).abs() < 1e-15 {
        return Err(Error::setting("h", chart.h, "a positive limit and two different shares"));
    }
    let width = chart.h / (states as f64 - 1.0);
    // state 0 is zero, state i the interval ((i-1) width, i width]
    let mut matrix = Matrix::identity(states);
    let mut k = 0.0;
    while k <= chart.n {
        let step = law1.ln_pmf(k) - law0.ln_pmf(k);
        let p = real.pmf(k);
        for from in 0..states {
            let (low, high) = match from {
                0 => (step, step),
                _ => ((from as f64 - 1.0) * width + step, from as f64 * width + step),
            };
            for to in 0..states {
                let (a, b) = match to {
                    0 => (f64::NEG_INFINITY, 0.0),
                    _ => ((to as f64 - 1.0) * width, to as f64 * width),
                };
                let share = if from == 0 {
                    // at h itself it rings
                    f64::from(u8::from(low > a && low <= b && low < chart.h))
                } else {
                    ((high.min(b) - low.max(a)) / width).clamp(0.0, 1.0)
                };
                if share > 0.0 {
                    matrix.set(from, to, matrix.at(from, to) - p * share);
                }
            }
        }
        k += 1.0;
    }
    let lengths = Qr::new(matrix, 1e-13).solve(&vec![1.0; states]);
    Ok(lengths[0])
}
