//! How long a likelihood-ratio CUSUM of binomial counts runs until it rings: by a Markov chain on [0, h].
//!
//! Brook and Evans, *Biometrika* 1972: the states are zero and equal intervals of (0, h]. The mean run length is the row sum
//! of (I - R)⁻¹ for the zero state, R being the transitions that do not ring.
//!
//! **Modes.** Within an interval the statistic is spread evenly; the reference puts it at both ends and the middle, weighted
//! 1 : 4 : 1 (Simpson's rule), corrected integrates exactly.
//!
//! **Outcomes.** Handed the shares of both outcomes (p and 1 - p) instead of one, the reference goes through all pairs of
//! counts that add up to at most n and weighs each with the law of the first: a count of y then weighs n + 1 - y times, the
//! transitions are no probabilities and the "lengths" may be negative. Reference files were made so; [`Outcomes::Pairs`] repeats
//! them and is no length of anything.

use super::{Error, Mode};
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

/// What a chart goes through at each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcomes {
    /// The counts from 0 to n, each once.
    #[default]
    Counts,
    /// All pairs of counts of at most n together, weighed by the law of the first: the slip of the reference files.
    Pairs,
}

/// The mean run length from zero when the share is `share`, with `states` states (zero and `states - 1` intervals).
///
/// # Errors
/// A share is no probability, shares are equal, or the states are fewer than two.
pub fn mean_run_length(
    chart: &Chart,
    share: f64,
    states: usize,
    outcomes: Outcomes,
    mode: Mode,
) -> Result<f64, Error> {
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
        let times = match outcomes {
            Outcomes::Counts => 1.0,
            Outcomes::Pairs => chart.n + 1.0 - k,
        };
        let p = times * real.pmf(k);
        let mut go = |from: usize, to: usize, share: f64| {
            matrix.set(from, to, matrix.at(from, to) - p * share);
        };
        for from in 0..states {
            // lower end of the interval; zero is a point
            let (low, wide) = match from {
                0 => (step, 0.0),
                _ => ((from as f64 - 1.0) * width + step, width),
            };
            if mode == Mode::Corrected && from > 0 {
                for to in 0..states {
                    let share = overlap(low, to, width);
                    if share > 0.0 {
                        go(from, to, share);
                    }
                }
                continue;
            }
            for (place, weight) in [(low, 1.0), (low + 0.5 * wide, 4.0), (low + wide, 1.0)] {
                if let Some(to) = state(place, width, states) {
                    go(from, to, weight / 6.0);
                }
            }
        }
        k += 1.0;
    }
    let lengths = Qr::new(matrix, 1e-13).solve(&vec![1.0; states]);
    Ok(lengths[0])
}

/// The state of a value of the statistic; `None` when it rings.
fn state(value: f64, width: f64, states: usize) -> Option<usize> {
    if value <= 0.0 {
        return Some(0);
    }
    // an end of an interval belongs to it, also when it was reached by adding
    let at = (value / width - 1e-12).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive and below the states"
    )]
    (at < states as f64).then_some(at as usize)
}

/// Share of the interval of the given width from `low` on that lies in a state.
fn overlap(low: f64, to: usize, width: f64) -> f64 {
    let (a, b) = match to {
        0 => (f64::NEG_INFINITY, 0.0),
        _ => ((to as f64 - 1.0) * width, to as f64 * width),
    };
    (((low + width).min(b) - low.max(a)) / width).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_lengths_of_the_reference_are_repeated_and_both_rules_agree_in_the_limit() {
        // surveillance 1.20.3: LRCUSUM.runlength of binomial counts, g = 20
        let cases = [
            (2.0, 0.1, 45.988_359_347_2),
            (2.0, 0.15, 7.404_221_931_73),
            (2.0, 0.2, 3.218_264_678_39),
            (3.0, 0.1, 121.352_629_228),
            (3.0, 0.15, 11.354_397_361_9),
            (3.0, 0.2, 4.215_650_161_05),
        ];
        for (h, share, expected) in cases {
            let chart = Chart { n: 20.0, control: 0.1, changed: 0.2, h };
            let length = |states, mode| {
                mean_run_length(&chart, share, states, Outcomes::Counts, mode).expect("a length")
            };
            let found = length(20, Mode::Compatible);
            assert!(
                (found - expected).abs() < 1e-9 * expected,
                "h {h}, share {share}: {found} for {expected}"
            );
            let [fine, exact] = [Mode::Compatible, Mode::Corrected].map(|mode| length(300, mode));
            assert!((fine - exact).abs() < 2e-2 * exact, "h {h}, share {share}: {fine} and {exact}");
        }
    }
    #[test]
    fn pairs_of_outcomes_repeat_the_slip_of_the_reference() {
        // surveillance 1.20.3: the same call with the rows p and 1 - p and a binomial law of the first
        for (h, share, expected) in [
            (2.0, 0.1, -0.051_038_157_153_7),
            (3.0, 0.15, 0.005_174_990_442_85),
            (5.0, 0.2, 0.230_115_234_272),
        ] {
            let chart = Chart { n: 20.0, control: 0.1, changed: 0.2, h };
            let found =
                mean_run_length(&chart, share, 20, Outcomes::Pairs, Mode::Compatible).expect("a figure");
            assert!((found - expected).abs() < 1e-9, "h {h}, share {share}: {found} for {expected}");
        }
    }
}
