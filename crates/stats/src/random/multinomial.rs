//! Multinomial draws over the same weights again and again.

use super::discrete::{binomial_by_inversion, binomial_by_rejection, jump as exact_jump, log_odds};
use super::{Stream, unit};

/// Factorials kept by [`Multinomial`]; beyond, they are computed when needed.
const KEPT: u64 = 1 << 16;

/// Many draws of [`Stream::multinomial`] over the same weights: the same numbers, with what depends on the weights and the number
/// of trials alone computed once.
#[derive(Debug, Clone)]
pub struct Multinomial {
    trials: u64,
    shares: Vec<Share>,
    /// Index of the last weight above zero.
    last: Option<usize>,
    /// ln n!
    factorials: Vec<f64>,
    logarithms: Logarithms,
}

/// A weight among itself and those after it.
#[derive(Debug, Clone, Copy)]
struct Share {
    /// Its share, or one less its share where that is less (`turned`); 0 for a weight of zero.
    p: f64,
    turned: bool,
    /// ln p/(1 - p)
    odds: f64,
    /// ln (1 - p)
    failure: f64,
    /// One over it.
    inverse: f64,
}

impl Multinomial {
    /// Shares `trials` among the weights (≥ 0).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "below 2¹⁷")]
    pub fn new(trials: u64, weights: &[f64]) -> Self {
        let mut rest: f64 = weights.iter().sum();
        let share = |&weight: &f64| {
            let share = weight / rest;
            rest -= weight;
            let turned = weight > 0.0 && share > 0.5;
            let p = if turned { 1.0 - share } else { share };
            let p = if weight > 0.0 && p > 0.0 { p } else { 0.0 };
            let failure = libm::log1p(-p);
            Share { p, turned, odds: log_odds(p), failure, inverse: 1.0 / failure }
        };
        Self {
            trials,
            shares: weights.iter().map(share).collect(),
            last: weights.iter().rposition(|&weight| weight > 0.0),
            factorials: (0..=trials.min(KEPT)).map(|n| libm::lgamma(n as f64 + 1.0)).collect(),
            logarithms: Logarithms::new(),
        }
    }

    /// A draw from each stream, which is used up: how many trials fall to each weight that got any, by the number of the stream
    /// and the index of the weight, into `each`. Several are drawn side by side: while one waits for its square root another goes on.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of people and samples"
    )]
    pub fn draw<const N: usize>(&self, streams: [Stream; N], mut each: impl FnMut(usize, usize, u64)) {
        let Some(last) = self.last else { return };
        let log_factorial =
            |n: f64| self.factorials.get(n as usize).copied().unwrap_or_else(|| libm::lgamma(n + 1.0));
        let mut lanes = streams.map(|stream| (Ahead { stream, numbers: [0; AHEAD], at: AHEAD }, self.trials));
        for (index, share) in self.shares[..last].iter().enumerate() {
            for (lane, (ahead, left)) in lanes.iter_mut().enumerate() {
                let n = *left as f64;
                let mut uniform = || ahead.uniform();
                let drawn = if share.p <= 0.0 || *left == 0 {
                    0
                } else if n * share.p < 10.0 {
                    binomial_by_inversion(|| self.logarithms.jump(uniform(), share), *left)
                } else {
                    let log_at_most = |x, most| self.logarithms.at_most(x, most);
                    binomial_by_rejection(&mut uniform, n, share.p, || share.odds, log_factorial, log_at_most)
                };
                let count = if share.turned { *left - drawn } else { drawn };
                *left -= count;
                if count > 0 {
                    each(lane, index, count);
                }
            }
        }
        for (lane, (_, left)) in lanes.iter().enumerate().filter(|(_, (_, left))| *left > 0) {
            each(lane, last, *left);
        }
    }
}

/// Numbers of a stream computed before they are asked for, many at a time.
struct Ahead {
    stream: Stream,
    numbers: [u64; AHEAD],
    at: usize,
}

const AHEAD: usize = 64;

impl Ahead {
    #[inline]
    fn uniform(&mut self) -> f64 {
        if self.at == AHEAD {
            self.stream.fill_u64(&mut self.numbers);
            self.at = 0;
        }
        let number = self.numbers[self.at];
        self.at += 1;
        unit(number)
    }
}

/// Natural logarithms to within [`ERROR`], by which most comparisons are already decided as the full ones would decide them.
#[derive(Debug, Clone)]
struct Logarithms {
    /// By the first eight bits after the one: one over the middle of the cell, and its logarithm.
    cells: Vec<(f64, f64)>,
}

/// More than the error of [`Logarithms::near`] and of a full logarithm together.
const ERROR: f64 = 1e-10;

impl Logarithms {
    fn new() -> Self {
        let middle = |cell: u32| 1.0 + (f64::from(cell) + 0.5) / 256.0;
        Self { cells: (0..256).map(|cell| (1.0 / middle(cell), libm::log(middle(cell)))).collect() }
    }

    /// The logarithm of a positive number that is not subnormal: the series of ln(1 + r) for |r| ≤ 1/512.
    #[inline]
    fn near(&self, x: f64) -> f64 {
        let bits = x.to_bits();
        let exponent = f64::from((bits >> 52) as i32 - 1023);
        let mantissa = f64::from_bits(bits & 0x000F_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0000);
        let (inverse, middle) = self.cells[(bits >> 44 & 255) as usize];
        let r = mantissa * inverse - 1.0;
        exponent * std::f64::consts::LN_2 + middle + r * (1.0 - r * (0.5 - r / 3.0))
    }

    /// What [`super::discrete::jump`] gives.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "below 2⁵³"
    )]
    fn jump(&self, u: f64, share: &Share) -> u64 {
        let jump = self.near(u) * share.inverse;
        let whole = jump as i64;
        let (rest, slack) = (jump - whole as f64, -ERROR * share.inverse);
        if jump < 1e15 && rest > slack && rest < 1.0 - slack {
            whole as u64
        } else {
            exact_jump(u, share.failure)
        }
    }

    /// Whether the logarithm of x is at most that.
    #[inline]
    fn at_most(&self, x: f64, most: f64) -> bool {
        let above = self.near(x) - most;
        if above.abs() > ERROR { above < 0.0 } else { libm::log(x) <= most }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    #[test]
    fn a_prepared_multinomial_gives_the_same_numbers() {
        let heavy: Vec<f64> = (0..40).map(|k| f64::from((k * 7) % 11) * 3.0).collect();
        for (trials, weights) in [
            (100, vec![2.0, 0.0, 5.0, 3.0, 0.0]),
            (5_000, heavy.clone()),
            // more than the factorials that are kept
            (200_000, heavy),
            // few to each: geometric jumps
            (3_000, (0..400).map(|k| 1.0 + f64::from(k % 7)).collect()),
            (7, vec![0.0, 0.0]),
            (9, vec![0.0, 4.0]),
            (50, vec![30.0, 1e-9, 1.0]),
        ] {
            let prepared = Multinomial::new(trials, &weights);
            for index in 0..100 {
                let stream = |lane: u64| Stream::new(6, Purpose::of("multinomial"), 3 * index + lane);
                let mut counts = [(); 3].map(|()| vec![0; weights.len()]);
                prepared.draw([0, 1, 2].map(stream), |lane, index, count| counts[lane][index] = count);
                for (lane, counts) in (0..).zip(counts) {
                    assert_eq!(stream(lane).multinomial(trials, &weights), counts, "{trials} {weights:?}");
                }
            }
        }
    }

    #[test]
    fn a_near_logarithm_is_within_its_error_and_a_comparison_is_that_of_the_full_one() {
        let (logarithms, mut stream) = (Logarithms::new(), Stream::new(2, Purpose::of("logarithm"), 0));
        for _ in 0..20_000 {
            let x = stream.uniform() * 10_f64.powi(i32::try_from(stream.index(40)).expect("small") - 30);
            let full = libm::log(x);
            assert!((logarithms.near(x) - full).abs() < 0.1 * ERROR, "{x}");
            for most in [full, full.next_up(), full.next_down(), full + 2.0 * ERROR, full - 2.0 * ERROR] {
                assert_eq!(logarithms.at_most(x, most), full <= most, "{x} {most}");
            }
        }
    }
}
