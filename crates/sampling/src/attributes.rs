//! Sampling plans n, c, m, M for micro-organisms: what they accept and what they refuse.
//!
//! ICMSF, Microorganisms in Foods 7 (2002), chapters 6 and 7; the two- and three-class plans of GB 29921 and GB 4789.1. A lot is
//! refused when any of n results exceeds M or when more than c exceed m.

use crate::{Error, full_share};
use serde::Serialize;
use stats::special::{lgamma, norm_cdf};

/// A plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Plan {
    /// Samples from a lot.
    pub n: u32,
    /// Results above m that are allowed.
    pub c: u32,
    /// log₁₀ of m; results up to it are satisfactory.
    pub m: f64,
    /// log₁₀ of M, never to be exceeded; `None` in a two-class plan.
    pub cap: Option<f64>,
}

/// One point of the operating characteristic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Mean log₁₀ concentration of the lot.
    pub mean: f64,
    /// Share of units above m.
    pub marginal: f64,
    /// Share of units above M.
    pub defective: f64,
    /// Chance that the lot passes.
    pub accept: f64,
}

/// Chance of acceptance when a unit is above m (but not above M) with chance `marginal` and above M with chance `defective`:
/// Σ_{k ≤ c} n!/(k!(n−k)!) marginal^k (1 − marginal − defective)^(n−k).
///
/// # Errors
/// No samples; c not below n in a two-class plan; chances that add up to more than 1.
pub fn accept(n: u32, c: u32, marginal: f64, defective: f64) -> Result<f64, Error> {
    if n == 0 || c > n {
        return Err(Error::new("c", "n 至少为 1，且 c 不大于 n", "n must be at least 1 and c not above n"));
    }
    if !(marginal >= 0.0) || !(defective >= 0.0) || marginal + defective > 1.0 + 1e-12 {
        return Err(Error::new(
            "marginal",
            "各等级的概率须在 0 至 1 之间且和不超过 1",
            "the chances of the classes must lie in 0 to 1 and add up to at most 1",
        ));
    }
    let good = (1.0 - marginal - defective).max(0.0);
    Ok((0..=c)
        .map(|k| {
            let (n, k) = (f64::from(n), f64::from(k));
            let ways = lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
            ways.exp() * marginal.powf(k) * good.powf(n - k)
        })
        .sum::<f64>()
        .min(1.0))
}

impl Plan {
    /// The chance that a lot passes whose log₁₀ concentrations are normal with `mean` and `deviation` (0.8 is usual in
    /// ICMSF's tables).
    ///
    /// # Errors
    /// As [`accept`]; M not above m; a deviation that is not positive.
    pub fn at(&self, mean: f64, deviation: f64) -> Result<Point, Error> {
        if !(deviation > 0.0) {
            return Err(Error::new("deviation", "标准差须大于 0", "the deviation must be above 0"));
        }
        if self.cap.is_some_and(|cap| cap <= self.m) {
            return Err(Error::new("M", "M 须大于 m", "M must be above m"));
        }
        let above = |limit: f64| norm_cdf((mean - limit) / deviation);
        let defective = self.cap.map_or(0.0, above);
        let marginal = (above(self.m) - defective).max(0.0);
        Ok(Point { mean, marginal, defective, accept: accept(self.n, self.c, marginal, defective)? })
    }

    /// The mean log₁₀ concentration that passes with chance `share`: with 0.95 the producer's, with 0.05 the consumer's point.
    ///
    /// # Errors
    /// As [`Plan::at`].
    pub fn mean_accepted(&self, share: f64, deviation: f64) -> Result<f64, Error> {
        full_share("share", share)?;
        self.at(self.m, deviation)?;
        let (low, high) = (self.m - 12.0 * deviation, self.cap.unwrap_or(self.m) + 12.0 * deviation);
        let f = |mean: f64| self.at(mean, deviation).map_or(f64::NAN, |p| p.accept - share);
        stats::optimise::root(f, low, high, 1e-10).map_err(|_| {
            Error::new("share", "该方案达不到这一接受概率", "the plan never has this chance of acceptance")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_class_plans_are_binomial_and_three_class_plans_multinomial() {
        // ICMSF table 7-1: n = 5, c = 0, 10 % defective: 0.59; n = 10, c = 0, 20 %: 0.11; n = 5, c = 3, 50 %: 0.81
        for (n, c, p, want) in [(5, 0, 0.1, 0.59), (10, 0, 0.2, 0.11), (5, 3, 0.5, 0.81), (5, 1, 0.2, 0.74)] {
            assert!((accept(n, c, p, 0.0).unwrap() - want).abs() < 0.006, "{n} {c} {p}");
        }
        // by enumeration of all results of n = 4 samples in three classes
        let (marginal, defective) = (0.3, 0.1);
        for c in 0..=4 {
            let mut sum = 0.0;
            for code in 0..81_u32 {
                let digits: Vec<u32> = (0..4).map(|i| code / 3_u32.pow(i) % 3).collect();
                let over = digits.iter().filter(|d| **d == 1).count();
                if digits.contains(&2) || over > c as usize {
                    continue;
                }
                sum += digits.iter().map(|d| [0.6, marginal, defective][*d as usize]).product::<f64>();
            }
            assert!((accept(4, c, marginal, defective).unwrap() - sum).abs() < 1e-12);
        }
    }

    #[test]
    fn the_curve_falls_with_the_concentration_and_its_points_are_found() {
        // GB 29921 style: n = 5, c = 1, m = 100, M = 1000 CFU/g
        let plan = Plan { n: 5, c: 1, m: 2.0, cap: Some(3.0) };
        let mut before = 1.1;
        for i in 0..60 {
            let p = plan.at(f64::from(i) * 0.1 - 1.0, 0.8).unwrap();
            assert!(p.accept <= before);
            before = p.accept;
        }
        let good = plan.mean_accepted(0.95, 0.8).unwrap();
        let bad = plan.mean_accepted(0.05, 0.8).unwrap();
        assert!(good < bad && (plan.at(good, 0.8).unwrap().accept - 0.95).abs() < 1e-8);
        assert_eq!(Plan { cap: Some(1.0), ..plan }.at(0.0, 0.8).unwrap_err().field, "M");
        assert_eq!(accept(5, 6, 0.1, 0.0).unwrap_err().field, "c");
    }
}
