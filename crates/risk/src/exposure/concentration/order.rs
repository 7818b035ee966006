//! Estimates from the order of censored results, without a distribution or with a line through their quantiles.

use super::Observation;
use stats::special::norm_quantile;

/// Values and upper limits, as far as they are exact or left-censored; an interval counts as below its upper limit.
fn sorted(results: &[Observation]) -> Vec<(f64, bool)> {
    let mut out: Vec<(f64, bool)> = results
        .iter()
        .filter_map(|result| match *result {
            Observation::Value(value) => Some((value, true)),
            Observation::Below(limit) | Observation::Between(_, limit) if limit > 0.0 => Some((limit, false)),
            _ => None,
        })
        .collect();
    out.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    out
}

/// The Kaplan–Meier estimate of the distribution of left-censored results (values turned round at a constant; Helsel 2005).
/// What remains below the smallest limit is put at that limit: the mean is "restricted".
#[derive(Debug, Clone, PartialEq)]
pub struct KaplanMeier {
    /// Ascending places with their probability masses.
    pub masses: Vec<(f64, f64)>,
}

impl KaplanMeier {
    /// `None` without a result.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    pub fn new(results: &[Observation]) -> Option<Self> {
        let all = sorted(results);
        let smallest = all.first()?.0;
        let mut masses = vec![];
        // from the largest down: at each value, those not above it are at risk
        let (mut remaining, mut at) = (1.0, all.len());
        while at > 0 {
            let place = all[at - 1].0;
            let same = all[..at].iter().rev().take_while(|other| other.0.to_bits() == place.to_bits());
            let (count, events) = same.fold((0, 0), |(n, e), other| (n + 1, e + usize::from(other.1)));
            if events > 0 {
                let mass = remaining * events as f64 / at as f64;
                masses.push((place, mass));
                remaining -= mass;
            }
            at -= count;
        }
        if remaining > 1e-15 {
            masses.push((smallest, remaining));
        }
        masses.reverse();
        Some(Self { masses })
    }

    /// The restricted mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.masses.iter().map(|(place, mass)| place * mass).sum()
    }

    /// The smallest value below or at which a share p of the distribution lies.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        let mut sum = 0.0;
        for &(place, mass) in &self.masses {
            sum += mass;
            if sum >= p - 1e-12 {
                return place;
            }
        }
        self.masses.last().map_or(f64::NAN, |last| last.0)
    }
}

/// Regression on order statistics: a line through the logarithms of the values against normal quantiles of their
/// plotting positions (Helsel and Cohn 1988, several limits); non-detects are read from the line.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderRegression {
    /// Mean of the logarithm: the line at quantile 0.
    pub mu: f64,
    /// Standard deviation of the logarithm: its slope.
    pub sigma: f64,
    /// The values as they are and what stands for the non-detects.
    pub filled: Vec<f64>,
}

impl OrderRegression {
    /// `None` with fewer than two different positive values.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    pub fn new(results: &[Observation]) -> Option<Self> {
        let all: Vec<(f64, bool)> = sorted(results).into_iter().filter(|(place, _)| *place > 0.0).collect();
        let values: Vec<f64> = all.iter().filter(|(_, exact)| *exact).map(|(place, _)| *place).collect();
        let mut limits: Vec<f64> = all.iter().filter(|(_, exact)| !exact).map(|(place, _)| *place).collect();
        let non_detects = limits.clone();
        limits.dedup_by(|a, b| a.to_bits() == b.to_bits());
        // the lowest class holds values below every limit
        limits.insert(0, 0.0);
        let class = |place: f64| limits.partition_point(|limit| *limit <= place) - 1;
        let mut exceed = vec![0.0; limits.len() + 1];
        for at in (0..limits.len()).rev() {
            let inside = values.iter().filter(|value| class(**value) == at).count() as f64;
            let below = values.iter().filter(|value| **value < limits[at]).count()
                + non_detects.iter().filter(|limit| **limit <= limits[at]).count();
            let next: f64 = exceed[at + 1];
            let share = if inside > 0.0 { inside / (inside + below as f64) } else { 0.0 };
            exceed[at] = next + share * (1.0 - next);
        }
        let mut points = vec![];
        let mut seen = vec![0.0; limits.len()];
        for &value in &values {
            let at = class(value);
            seen[at] += 1.0;
            let inside = values.iter().filter(|other| class(**other) == at).count() as f64;
            let position = 1.0 - exceed[at] + seen[at] / (inside + 1.0) * (exceed[at] - exceed[at + 1]);
            points.push((norm_quantile(position), value.ln()));
        }
        let (mu, sigma) = line(&points)?;
        let mut filled = values;
        for (at, &limit) in limits.iter().enumerate().skip(1) {
            let count = non_detects.iter().filter(|other| other.to_bits() == limit.to_bits()).count();
            for index in 1..=count {
                let position = index as f64 / (count as f64 + 1.0) * (1.0 - exceed[at]);
                filled.push((mu + sigma * norm_quantile(position)).exp());
            }
        }
        filled.iter().all(|value| value.is_finite()).then_some(Self { mu, sigma, filled })
    }

    /// Mean of the values and what stands for the non-detects.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    pub fn mean(&self) -> f64 {
        self.filled.iter().sum::<f64>() / self.filled.len() as f64
    }
}

/// Intercept and slope of the least-squares line.
#[expect(clippy::cast_precision_loss, reason = "a number of samples")]
fn line(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let n = points.len() as f64;
    let mean_x = points.iter().map(|point| point.0).sum::<f64>() / n;
    let mean_y = points.iter().map(|point| point.1).sum::<f64>() / n;
    let (xx, xy) = points.iter().fold((0.0, 0.0), |(xx, xy), (x, y)| {
        (xx + (x - mean_x) * (x - mean_x), xy + (x - mean_x) * (y - mean_y))
    });
    let slope = xy / xx;
    (points.len() > 1 && xx > 0.0 && slope > 0.0).then_some((mean_y - slope * mean_x, slope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_non_detects_positions_are_those_of_weibull_and_the_mean_is_plain() {
        let results: Vec<Observation> = [1.0, 2.0, 4.0].map(Observation::Value).to_vec();
        let fit = OrderRegression::new(&results).unwrap();
        assert!((fit.mu - 2_f64.ln()).abs() < 1e-12);
        assert!((fit.sigma - 2_f64.ln() / norm_quantile(0.75)).abs() < 1e-12);
        assert!((fit.mean() - 7.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn two_limits_are_placed_as_helsel_and_cohn_place_them() {
        // limits 1 (two non-detects) and 10 (two), values 3, 7, 20, 30: P(≥10) = 2/8, P(≥1) = 1/4 + 2/4 × 3/4
        let mut results: Vec<Observation> = [3.0, 7.0, 20.0, 30.0].map(Observation::Value).to_vec();
        results.extend([1.0, 1.0, 10.0, 10.0].map(Observation::Below));
        let fit = OrderRegression::new(&results).unwrap();
        let points = [
            (0.375 + 0.125, 3.0_f64),
            (0.375 + 0.25, 7.0),
            (0.75 + 0.25 / 3.0, 20.0),
            (0.75 + 0.5 / 3.0, 30.0),
        ];
        let (mu, sigma) = line(&points.map(|(p, x)| (norm_quantile(p), x.ln()))).unwrap();
        assert!((fit.mu - mu).abs() < 1e-12 && (fit.sigma - sigma).abs() < 1e-12);
        let filled = [0.125, 0.25, 0.25, 0.5].map(|p| (mu + sigma * norm_quantile(p)).exp());
        for (found, expected) in fit.filled[4..].iter().zip(filled) {
            assert!((found - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn kaplan_meier_shares_the_mass_of_a_limit_among_what_lies_below() {
        // largest first: 5 has 1/4; <4 is no event; 2 has 1/2 of 3/4; the rest lies below the limit 1
        let results = [
            Observation::Value(5.0),
            Observation::Below(4.0),
            Observation::Value(2.0),
            Observation::Below(1.0),
        ];
        let curve = KaplanMeier::new(&results).unwrap();
        assert_eq!(curve.masses, [(1.0, 0.375), (2.0, 0.375), (5.0, 0.25)]);
        assert!((curve.mean() - (0.375 + 0.75 + 1.25)).abs() < 1e-12);
    }
}
