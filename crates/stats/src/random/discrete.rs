//! Draws of counts.

use super::Stream;

/// ln p/(1 - p).
pub(super) fn log_odds(p: f64) -> f64 {
    libm::log(p / (1.0 - p))
}

/// Geometric jumps from success to success: exact for any number of trials, cost in proportion to the successes. `jump` gives the
/// floor of ln u/ln(1 - p).
pub(super) fn binomial_by_inversion(mut jump: impl FnMut() -> u64, trials: u64) -> u64 {
    let (mut at, mut count) = (0_u64, 0);
    loop {
        at = at.saturating_add(jump()).saturating_add(1);
        if at > trials {
            return count;
        }
        count += 1;
    }
}

/// The floor of ln u/ln(1 - p), the latter given.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a non-negative double, truncated; the cast saturates"
)]
pub(super) fn jump(u: f64, log_failure: f64) -> u64 {
    (libm::log(u) / log_failure) as u64
}

/// The greatest whole number not above x, for |x| < 2⁶³.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "counts and what is near them"
)]
fn floor(x: f64) -> f64 {
    let whole = x as i64 as f64;
    if whole > x { whole - 1.0 } else { whole }
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole double between 0 and the number of trials"
)]
pub(super) fn binomial_by_rejection(
    uniform: &mut impl FnMut() -> f64,
    n: f64,
    p: f64,
    log_odds: impl Fn() -> f64,
    log_factorial: impl Fn(f64) -> f64,
    log_at_most: impl Fn(f64, f64) -> bool,
) -> u64 {
    let q = 1.0 - p;
    let spread = (n * p * q).sqrt();
    let b = 1.15 + 2.53 * spread;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let c = n * p + 0.5;
    let v_r = 0.92 - 4.2 / b;
    let alpha = (2.83 + 5.1 / b) * spread;
    // most draws are taken before these are needed
    let mut peak: Option<(f64, f64, f64)> = None;
    loop {
        let u = uniform() - 0.5;
        let v = uniform();
        let us = 0.5 - u.abs();
        let k = floor((2.0 * a / us + b) * u + c);
        if us >= 0.07 && v <= v_r {
            return k as u64;
        }
        if k < 0.0 || k > n {
            continue;
        }
        let (odds, mode, height) = *peak.get_or_insert_with(|| {
            let mode = floor((n + 1.0) * p);
            (log_odds(), mode, log_factorial(mode) + log_factorial(n - mode))
        });
        let most = height - log_factorial(k) - log_factorial(n - k) + (k - mode) * odds;
        if log_at_most(v * alpha / (a / (us * us) + b), most) {
            return k as u64;
        }
    }
}

impl Stream {
    /// Poisson with that mean (≥ 0): by products of uniforms below 10, by transformed rejection above (Hörmann 1993,
    /// algorithm PTRS). A mean that is no positive number gives 0; above 2⁵³ counts are multiples of what a double resolves.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a non-negative whole double"
    )]
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean.is_nan() || mean <= 0.0 {
            return 0;
        }
        if mean < 10.0 {
            let limit = libm::exp(-mean);
            let (mut count, mut product) = (0, self.uniform());
            while product > limit {
                count += 1;
                product *= self.uniform();
            }
            return count;
        }
        let log_mean = libm::log(mean);
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.024_83 * b;
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let v_r = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
            if us >= 0.07 && v <= v_r {
                return k as u64;
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            let accept = libm::log(v) + libm::log(inverse_alpha) - libm::log(a / (us * us) + b);
            if accept <= k * log_mean - mean - libm::lgamma(k + 1.0) {
                return k as u64;
            }
        }
    }

    /// Binomial: how many of `trials` succeed, each with probability `p` (clamped to 0..1): by inversion when the
    /// expected count is below 10, by transformed rejection above (Hörmann 1993, algorithm BTRS).
    pub fn binomial(&mut self, trials: u64, p: f64) -> u64 {
        if p.is_nan() || p <= 0.0 || trials == 0 {
            return 0;
        }
        if p >= 1.0 {
            return trials;
        }
        if p > 0.5 {
            return trials - self.binomial(trials, 1.0 - p);
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of people and samples")]
        let n = trials as f64;
        let mut uniform = || self.uniform();
        if n * p < 10.0 {
            let log_failure = libm::log1p(-p);
            binomial_by_inversion(|| jump(uniform(), log_failure), trials)
        } else {
            let log_at_most = |x, most| libm::log(x) <= most;
            binomial_by_rejection(&mut uniform, n, p, || log_odds(p), |k| libm::lgamma(k + 1.0), log_at_most)
        }
    }

    /// Multinomial: shares `trials` among the weights (≥ 0), each in proportion; by conditional binomials. Weights that
    /// are all zero give zeros.
    pub fn multinomial(&mut self, trials: u64, weights: &[f64]) -> Vec<u64> {
        let mut rest: f64 = weights.iter().sum();
        let last = weights.iter().rposition(|&weight| weight > 0.0);
        let mut left = trials;
        weights
            .iter()
            .enumerate()
            .map(|(index, &weight)| {
                let count = match last {
                    Some(last) if index == last => left,
                    Some(last) if index < last && weight > 0.0 => self.binomial(left, weight / rest),
                    _ => 0,
                };
                rest -= weight;
                left -= count;
                count
            })
            .collect()
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "small counts")]
mod tests {
    use crate::random::{Purpose, Stream};

    fn agrees(name: &str, draws: &[u64], mean: f64, variance: f64, fourth: f64) {
        let n = draws.len() as f64;
        let found = draws.iter().map(|&draw| draw as f64).sum::<f64>() / n;
        let spread = draws.iter().map(|&draw| (draw as f64 - found).powi(2)).sum::<f64>() / n;
        assert!((found - mean).abs() < 4.0 * (variance / n).sqrt(), "{name}: mean {found} instead of {mean}");
        let se = ((fourth - variance * variance) / n).sqrt();
        assert!((spread - variance).abs() < 4.0 * se, "{name}: variance {spread} instead of {variance}");
    }

    #[test]
    fn poisson_counts_have_the_mean_and_variance_of_poisson() {
        for mean in [0.02, 1.0, 9.9, 10.0, 37.5, 5_000.0] {
            let mut stream = Stream::new(4, Purpose::of("poisson"), 0);
            let draws: Vec<u64> = (0..100_000).map(|_| stream.poisson(mean)).collect();
            agrees(&format!("Poisson {mean}"), &draws, mean, mean, mean + 3.0 * mean * mean);
        }
        let mut stream = Stream::new(4, Purpose::of("poisson"), 1);
        assert_eq!([stream.poisson(0.0), stream.poisson(-1.0), stream.poisson(f64::NAN)], [0, 0, 0]);
    }

    #[test]
    fn binomial_counts_have_the_mean_and_variance_of_the_binomial() {
        for (trials, p) in
            [(1_u64, 0.3), (40, 0.1), (40, 0.5), (1_000, 0.97), (1_000_000, 0.25), (1 << 40, 1e-12)]
        {
            let mut stream = Stream::new(4, Purpose::of("binomial"), 0);
            let draws: Vec<u64> = (0..100_000).map(|_| stream.binomial(trials, p)).collect();
            let variance = trials as f64 * p * (1.0 - p);
            let fourth = variance * (1.0 + 3.0 * (trials as f64 - 2.0) * p * (1.0 - p));
            agrees(&format!("binomial {trials} {p}"), &draws, trials as f64 * p, variance, fourth);
            assert!(draws.iter().all(|&draw| draw <= trials));
        }
        let mut stream = Stream::new(4, Purpose::of("binomial"), 1);
        assert_eq!([stream.binomial(9, 0.0), stream.binomial(9, 1.0), stream.binomial(0, 0.5)], [0, 9, 0]);
    }

    #[test]
    fn multinomial_counts_add_up_and_follow_the_weights() {
        let mut stream = Stream::new(4, Purpose::of("multinomial"), 0);
        let weights = [2.0, 0.0, 5.0, 3.0, 0.0];
        let mut sums = [0_u64; 5];
        for _ in 0..5_000 {
            let counts = stream.multinomial(100, &weights);
            assert_eq!(counts.iter().sum::<u64>(), 100);
            counts.iter().zip(&mut sums).for_each(|(count, sum)| *sum += count);
        }
        for (sum, weight) in sums.iter().zip(weights) {
            let p = weight / 10.0;
            assert!((*sum as f64 - 5e5 * p).abs() <= 4.0 * (5e5 * p * (1.0 - p)).sqrt(), "{sums:?}");
        }
        assert_eq!(stream.multinomial(5, &[0.0, 0.0]), [0, 0]);
    }
}
