//! After the Iowa State method for foods (Nusser, Fuller, Guenther 1996; Dodd 1996): no family of distributions is assumed for
//! amounts or for frequencies. A comparator, not a default.
//!
//! Amounts: a power that brings them near normality, then a monotone cubic through means of equal parts of the ordered values against their
//! Blom scores, with as few knots as make the Anderson–Darling statistic fall below 0.58 (else the fewest with the
//! smallest); variance components by expected mean squares, brought to a total of one. Frequencies: a discrete distribution on 51
//! probabilities by maximum likelihood. Unlike the original, variation within people is taken as the same for everybody.

use super::{Days, Usual, UsualError};
use stats::quadrature::normal;
use stats::special::{ln_norm_cdf, norm_cdf, norm_quantile};

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Isuf {
    /// The power of the first step; 0 is the logarithm.
    pub power: f64,
    /// Knots of the second step.
    pub knots: usize,
    /// Anderson–Darling statistic of the scores, adjusted for the number of days.
    pub anderson_darling: f64,
    /// Share of the variance of scores between people.
    pub between: f64,
    /// Probabilities of a day with the share of people that have them.
    pub frequencies: Vec<(f64, f64)>,
    /// Usual amounts of people at ascending normal scores.
    amounts: Vec<(f64, f64)>,
}

/// A monotone cubic through points (Fritsch and Carlson 1980), straight beyond its ends.
struct Curve {
    points: Vec<(f64, f64)>,
    slopes: Vec<f64>,
}

impl Curve {
    fn new(points: Vec<(f64, f64)>) -> Self {
        let secants: Vec<f64> =
            points.windows(2).map(|pair| (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0)).collect();
        let last = secants.len() - 1;
        let slopes = (0..points.len())
            .map(|at| match at {
                0 => secants[0],
                at if at > last => secants[last],
                // the harmonic mean keeps the curve monotone
                at => 2.0 * secants[at - 1] * secants[at] / (secants[at - 1] + secants[at]).max(1e-300),
            })
            .collect();
        Self { points, slopes }
    }

    fn at(&self, x: f64) -> f64 {
        let last = self.points.len() - 1;
        if x <= self.points[0].0 {
            return self.points[0].1 + self.slopes[0] * (x - self.points[0].0);
        }
        if x >= self.points[last].0 {
            return self.points[last].1 + self.slopes[last] * (x - self.points[last].0);
        }
        let at = self.points.partition_point(|point| point.0 <= x) - 1;
        let ((x0, y0), (x1, y1)) = (self.points[at], self.points[at + 1]);
        let h = x1 - x0;
        let t = (x - x0) / h;
        let (a, b) = (self.slopes[at] * h, self.slopes[at + 1] * h);
        let (t2, t3) = (t * t, t * t * t);
        y0 * (2.0 * t3 - 3.0 * t2 + 1.0)
            + a * (t3 - 2.0 * t2 + t)
            + y1 * (3.0 * t2 - 2.0 * t3)
            + b * (t3 - t2)
    }

    /// The x with that value; the curve rises.
    fn inverse(&self, y: f64) -> f64 {
        let (mut low, mut high) = (-1.0, 1.0);
        while self.at(low) > y && low > -1e6 {
            low *= 2.0;
        }
        while self.at(high) < y && high < 1e6 {
            high *= 2.0;
        }
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if self.at(middle) < y { low = middle } else { high = middle }
        }
        f64::midpoint(low, high)
    }
}

fn forward(power: f64, amount: f64) -> f64 {
    if power > 0.0 { libm::pow(amount, power) } else { libm::log(amount) }
}

fn back(power: f64, value: f64) -> f64 {
    match power {
        power if power > 0.0 => libm::pow(value.max(0.0), 1.0 / power),
        _ => libm::exp(value),
    }
}

/// Fits the model.
///
/// # Errors
/// [`UsualError::NoMaximum`] when the amounts take too few different values.
#[expect(clippy::cast_precision_loss, reason = "a number of days")]
pub fn isuf(days: &Days) -> Result<Isuf, UsualError> {
    let mut sorted: Vec<f64> =
        days.amounts.iter().flatten().copied().filter(|amount| *amount > 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let scores = blom(&sorted);
    let powers = (2..=20).map(|half| 2.0 / f64::from(half)).chain([0.0]);
    let error = |power: f64| {
        let (mean, mut xy, mut xx, mut yy) =
            (sorted.iter().map(|&amount| forward(power, amount)).sum::<f64>() / n, 0.0, 0.0, 0.0);
        for (&amount, score) in sorted.iter().zip(&scores) {
            let y = forward(power, amount) - mean;
            (xy, xx, yy) = (xy + score * y, xx + score * score, yy + y * y);
        }
        1.0 - xy * xy / (xx * yy)
    };
    let power = powers.min_by(|&a, &b| error(a).total_cmp(&error(b))).unwrap_or(0.0);
    let mut best: Option<(f64, usize, Curve)> = None;
    for knots in 4..=12 {
        let mut points: Vec<(f64, f64)> = (0..knots)
            .map(|at| {
                let part = at * sorted.len() / knots..(at + 1) * sorted.len() / knots;
                let size = part.len() as f64;
                let x = scores[part.clone()].iter().sum::<f64>() / size;
                (x, sorted[part].iter().map(|&amount| forward(power, amount)).sum::<f64>() / size)
            })
            .collect();
        points.dedup_by(|b, a| b.0 - a.0 < 1e-9 || b.1 - a.1 < 1e-12);
        if points.len() < 3 {
            continue;
        }
        let curve = Curve::new(points);
        let found: Vec<f64> = sorted.iter().map(|&amount| curve.inverse(forward(power, amount))).collect();
        let statistic = anderson_darling(&found);
        let better = best.as_ref().is_none_or(|best| statistic < best.0);
        if better {
            best = Some((statistic, knots, curve));
        }
        if statistic < 0.58 {
            break;
        }
    }
    let (anderson_darling, knots, curve) = best.ok_or(UsualError::NoMaximum)?;
    let between = components(days, |amount| curve.inverse(forward(power, amount)));
    // nine points for the days of a person
    let rule = normal(9);
    let within = (1.0 - between).sqrt();
    let usual = |x: f64| rule.sum(|w| back(power, curve.at(between.sqrt() * x + within * w)));
    let amounts = (0..=680).map(|at| f64::from(at) * 0.025 - 8.5).map(|x| (x, usual(x))).collect();
    Ok(Isuf { power, knots, anderson_darling, between, frequencies: frequencies(days), amounts })
}

/// Blom's normal scores of ascending values; equal values share the mean of their ranks.
#[expect(clippy::cast_precision_loss, reason = "a number of days")]
fn blom(sorted: &[f64]) -> Vec<f64> {
    let mut out = Vec::with_capacity(sorted.len());
    while out.len() < sorted.len() {
        let first = out.len();
        let same =
            sorted[first..].iter().take_while(|value| value.to_bits() == sorted[first].to_bits()).count();
        let rank = first as f64 + (same as f64 + 1.0) / 2.0;
        let score = norm_quantile((rank - 0.375) / (sorted.len() as f64 + 0.25));
        out.extend(std::iter::repeat_n(score, same));
    }
    out
}

/// Anderson–Darling statistic of ascending values against the normal with their mean and variance, adjusted for their number (Stephens
/// 1974).
#[expect(clippy::cast_precision_loss, reason = "a number of days")]
fn anderson_darling(sorted: &[f64]) -> f64 {
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let sd = (sorted.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0)).sqrt();
    let z = |at: usize| (sorted[at] - mean) / sd;
    let sum: f64 = (0..sorted.len())
        .map(|at| (2.0 * at as f64 + 1.0) * (ln_norm_cdf(z(at)) + ln_norm_cdf(-z(sorted.len() - 1 - at))))
        .sum();
    (-n - sum / n) * (1.0 + 0.75 / n + 2.25 / (n * n))
}

/// Share of the variance between people, by expected mean squares.
#[expect(clippy::cast_precision_loss, reason = "a number of days")]
fn components(days: &Days, score: impl Fn(f64) -> f64) -> f64 {
    let (mut people, mut squares, mut within, mut count, mut sum) = (vec![], 0.0, 0.0, 0.0, 0.0);
    for person in &days.amounts {
        let scores: Vec<f64> =
            person.iter().filter(|&&amount| amount > 0.0).map(|&amount| score(amount)).collect();
        if scores.is_empty() {
            continue;
        }
        let n = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / n;
        within += scores.iter().map(|score| (score - mean) * (score - mean)).sum::<f64>();
        (count, sum, squares) = (count + n, sum + n * mean, squares + n * n);
        people.push((n, mean));
    }
    let (k, grand) = (people.len() as f64, sum / count);
    let among = people.iter().map(|(n, mean)| n * (mean - grand) * (mean - grand)).sum::<f64>() / (k - 1.0);
    let within = within / (count - k);
    let between = ((among - within) / ((count - squares / count) / (k - 1.0))).max(0.0);
    between / (between + within)
}

/// The discrete distribution of frequencies by maximum likelihood (EM from equal shares); shares below 10⁻⁶ are dropped.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "a number of days")]
fn frequencies(days: &Days) -> Vec<(f64, f64)> {
    let counts = days.counts();
    let all: f64 = counts.iter().map(|count| count.2).sum();
    let mut shares: Vec<(f64, f64)> = (0..=50).map(|at| (f64::from(at) / 50.0, 1.0 / 51.0)).collect();
    for _ in 0..2_000 {
        let mut next = vec![0.0; shares.len()];
        for &(d, k, people) in &counts {
            let chance = |p: f64| p.powi(k as i32) * (1.0 - p).powi((d - k) as i32);
            let total: f64 = shares.iter().map(|&(p, share)| share * chance(p)).sum();
            for (next, &(p, share)) in next.iter_mut().zip(&shares) {
                *next += people * share * chance(p) / total;
            }
        }
        shares.iter_mut().zip(next).for_each(|(share, next)| share.1 = next / all);
    }
    shares.retain(|share| share.1 > 1e-6);
    let kept: f64 = shares.iter().map(|share| share.1).sum();
    shares.iter_mut().for_each(|share| share.1 /= kept);
    shares
}

impl Isuf {
    /// Share of eaters whose usual amount is at most that.
    fn amount_below(&self, amount: f64) -> f64 {
        let at = self.amounts.partition_point(|point| point.1 <= amount);
        match (at.checked_sub(1).and_then(|at| self.amounts.get(at)), self.amounts.get(at)) {
            (None, _) => 0.0,
            (_, None) => 1.0,
            (Some(a), Some(b)) => norm_cdf(a.0 + (b.0 - a.0) * (amount - a.1) / (b.1 - a.1)),
        }
    }
}

impl Usual for Isuf {
    fn share_below(&self, u: f64) -> f64 {
        if u < 0.0 {
            return 0.0;
        }
        let below = |p: f64| if p > 0.0 { self.amount_below(u / p) } else { 1.0 };
        self.frequencies.iter().map(|&(p, share)| share * below(p)).sum()
    }

    fn mean(&self) -> f64 {
        let often: f64 = self.frequencies.iter().map(|(p, share)| p * share).sum();
        let steps = self.amounts.windows(2);
        let much: f64 = steps
            .map(|pair| (norm_cdf(pair[1].0) - norm_cdf(pair[0].0)) * f64::midpoint(pair[0].1, pair[1].1))
            .sum();
        often * much
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stats::random::{Purpose, Stream};

    #[test]
    fn amounts_that_are_log_normal_give_the_percentiles_of_the_log_normal() {
        // everybody eats every day; logarithms vary by 0.6 between people and 0.8 within
        let mut stream = Stream::new(3, Purpose::of("isuf"), 0);
        let people = (0..3_000).map(|_| {
            let centre = 0.6 * stream.normal();
            (0..2).map(|_| (centre + 0.8 * stream.normal()).exp()).collect()
        });
        let fit = isuf(&Days::new(people.collect()).unwrap()).unwrap();
        // three standard errors of a correlation over 3,000 pairs
        assert!((fit.between - 0.36).abs() < 0.05, "{}", fit.between);
        for p in [0.5, 0.9, 0.95, 0.99] {
            let truth = (0.6 * norm_quantile(p) + 0.32).exp();
            assert!(
                (fit.quantile(p) / truth - 1.0).abs() < 0.08,
                "p{p}: {} instead of {truth}",
                fit.quantile(p)
            );
        }
        assert!((fit.mean() / 0.5_f64.exp() - 1.0).abs() < 0.05);
    }

    #[test]
    fn a_curve_goes_through_its_points_and_never_falls() {
        let curve = Curve::new(vec![(-2.0, 0.0), (-1.0, 0.1), (0.0, 2.0), (1.5, 2.1), (2.0, 9.0)]);
        assert!((curve.at(0.0) - 2.0).abs() < 1e-12 && (curve.at(-3.0) + 0.1).abs() < 1e-12);
        let values: Vec<f64> = (-300..300).map(|at| curve.at(f64::from(at) / 100.0)).collect();
        assert!(values.windows(2).all(|pair| pair[1] >= pair[0]));
        assert!((curve.at(curve.inverse(1.3)) - 1.3).abs() < 1e-9);
    }
}
