//! Usual intake from a few days of many people: how often times how much, without the variation from day to day.
//!
//! BBN: beta-binomial frequency, amounts normal after a logarithm or a power (Slob 1993; de Boer et al. 2009). LNN0 and LNN:
//! frequency logistic-normal, amounts log-normal, without and with correlation of the two (Tooze et al. 2006, "NCI method").
//! ISUF assumes neither family and is for comparison. Percentiles come from quadrature, not from draws. Weights of people are not used in the fits.
//! A survey with one day cannot tell people from days; with few positive days the models say so instead of answering.

mod amount;
mod bbn;
mod isuf;
mod lnn;
mod overview;

pub use amount::{Amounts, Transform, amounts, amounts_at, power_profile};
pub use bbn::{Bbn, BetaBinomial, bbn, bbn_of, frequency};
pub use isuf::{Isuf, isuf};
pub use lnn::{Lnn, lnn};
pub use overview::models;

use stats::quadrature::{Rule, legendre};

/// Why a model gives no answer. The observed individual means remain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsualError {
    /// Fewer than two days.
    #[error(
        "one day of each person cannot tell people from days: record two days or use observed individual means"
    )]
    OneDay,
    /// Too few positive days.
    #[error(
        "fewer than 50 positive person-days or 10 people with two: use observed individual means and say so"
    )]
    TooFew,
    /// The likelihood has no maximum that was found.
    #[error("the model does not converge on these data: use another model or observed individual means")]
    NoMaximum,
}

impl UsualError {
    /// The same in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::OneDay => "每人只有一天的记录，分不清人与日的差别：请记录两天，或用观察个体均值（OIM）",
            Self::TooFew => {
                "有摄入的人日不足 50 个，或两天都有摄入的不足 10 人：请用观察个体均值（OIM）并注明"
            }
            Self::NoMaximum => "模型在这些数据上不收敛：请换一个模型，或用观察个体均值（OIM）",
        }
    }
}

/// The days of everybody: amounts per kg body weight and day, as many days for each person.
#[derive(Debug, Clone, PartialEq)]
pub struct Days {
    amounts: Vec<Vec<f64>>,
}

impl Days {
    /// Amounts of each person's days.
    ///
    /// # Errors
    /// [`UsualError::OneDay`], [`UsualError::TooFew`].
    pub fn new(amounts: Vec<Vec<f64>>) -> Result<Self, UsualError> {
        if amounts.iter().any(|days| days.len() < 2) {
            return Err(UsualError::OneDay);
        }
        let positive = |days: &Vec<f64>| days.iter().filter(|&&amount| amount > 0.0).count();
        let total: usize = amounts.iter().map(positive).sum();
        let twice = amounts.iter().filter(|days| positive(days) > 1).count();
        if total < 50 || twice < 10 {
            return Err(UsualError::TooFew);
        }
        Ok(Self { amounts })
    }

    /// How many people have k positive of d days: (d, k, people).
    fn counts(&self) -> Vec<(usize, usize, f64)> {
        let mut out: Vec<(usize, usize, f64)> = vec![];
        for days in &self.amounts {
            let positive = days.iter().filter(|&&amount| amount > 0.0).count();
            match out.iter_mut().find(|entry| (entry.0, entry.1) == (days.len(), positive)) {
                Some(entry) => entry.2 += 1.0,
                None => out.push((days.len(), positive, 1.0)),
            }
        }
        out.sort_by_key(|entry| (entry.0, entry.1));
        out
    }
}

/// A fitted distribution of usual intake.
pub trait Usual {
    /// Share of people at or below u.
    fn share_below(&self, u: f64) -> f64;

    /// Mean usual intake.
    fn mean(&self) -> f64;

    /// The p-quantile, by bisection to twelve digits.
    fn quantile(&self, p: f64) -> f64 {
        let mut high = self.mean().max(1e-300);
        while self.share_below(high) < p && high < 1e300 {
            high *= 2.0;
        }
        if self.share_below(0.0) >= p {
            return 0.0;
        }
        let mut low = high;
        while self.share_below(low) > p && low > 1e-300 {
            low /= 2.0;
        }
        for _ in 0..60 {
            if high - low <= 1e-12 * high {
                break;
            }
            let middle = f64::midpoint(low, high);
            if self.share_below(middle) < p { low = middle } else { high = middle }
        }
        f64::midpoint(low, high)
    }
}

/// Nodes and weights for the mean of f(Z), Z standard normal, on panels that follow kinks: 24 panels of 12 nodes between −8.4 and
/// 8.4.
fn normal_panels() -> Vec<(f64, f64)> {
    let rule: Rule = legendre(12);
    let panels = (0..24).flat_map(|at| {
        let from = -8.4 + 0.7 * f64::from(at);
        let part = rule.on(from, from + 0.7);
        part.nodes.into_iter().zip(part.weights).collect::<Vec<_>>()
    });
    panels.map(|(node, weight)| (node, weight * stats::special::norm_pdf(node))).collect()
}
