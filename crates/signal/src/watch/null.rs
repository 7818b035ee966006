//! What a statistic usually is, learnt from the past of all series of about the same size: for methods whose own probability
//! cannot be trusted far out in the tail, which is where thousands of series are decided.
//!
//! Statistics are counted in bins of 0.05 by size class (powers of two of the mean count). A p-value is the share of past
//! statistics at least as high; beyond the twenty highest an exponential tail is fitted to the excesses over the threshold that a
//! share of 1/200 (at least fifty) reaches. Past outbreaks stand in the sample, which makes p-values too high rather than too low.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const WIDTH: f64 = 0.05;
const BINS: usize = 1200;
/// Highest statistics left to the tail.
const FEW: u64 = 20;
/// Statistics from which a tail is fitted.
const ENOUGH: u64 = 500;

/// Past statistics of one method.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Null(BTreeMap<u8, Vec<u64>>);

fn bin(statistic: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and BINS")]
    let bin = (statistic / WIDTH).clamp(0.0, (BINS - 1) as f64) as usize;
    bin
}

impl Null {
    /// The size class of a series.
    #[must_use]
    pub fn level(counts: &[f64]) -> u8 {
        let mean = counts.iter().sum::<f64>() / counts.len().max(1) as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 12")]
        let level = (mean.max(1.0 / 32.0).log2().floor() + 5.0).clamp(0.0, 12.0) as u8;
        level
    }

    /// Counts a past statistic.
    pub fn add(&mut self, level: u8, statistic: f64) {
        if statistic.is_finite() {
            let bins = self.0.entry(level).or_default();
            let at = bin(statistic);
            if bins.len() <= at {
                bins.resize(at + 1, 0);
            }
            bins[at] += 1;
        }
    }

    /// Adds what another part counted.
    pub fn merge(&mut self, other: &Self) {
        for (level, counts) in &other.0 {
            let bins = self.0.entry(*level).or_default();
            if bins.len() < counts.len() {
                bins.resize(counts.len(), 0);
            }
            bins.iter_mut().zip(counts).for_each(|(a, b)| *a += b);
        }
    }

    /// Probability of a statistic as high in a series of this size; `None` when none of the size was seen.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "numbers of past statistics")]
    pub fn p_value(&self, level: u8, statistic: f64) -> Option<f64> {
        let bins = self.0.get(&level)?;
        let total: u64 = bins.iter().sum();
        if total == 0 || !statistic.is_finite() {
            return None;
        }
        let at = bin(statistic).min(bins.len());
        let above: u64 = bins[at..].iter().sum();
        let share = (above + 1) as f64 / (total + 1) as f64;
        if above >= FEW || total < ENOUGH {
            return Some(share);
        }
        let wanted = (total / 200).max(50);
        let (mut k, mut from) = (0, bins.len());
        while from > 0 && k < wanted {
            from -= 1;
            k += bins[from];
        }
        let threshold = from as f64 * WIDTH;
        let excess: f64 =
            (from..bins.len()).map(|b| bins[b] as f64 * ((b - from) as f64 + 0.5) * WIDTH).sum::<f64>()
                / k as f64;
        Some(
            (k as f64 / total as f64 * (-(statistic - threshold) / excess).exp())
                .min(share.max(1e-12))
                .max(1e-300),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stats::random::{Purpose, Stream};

    #[test]
    fn an_exponential_statistic_gets_its_own_tail_and_order_is_kept() {
        let mut stream = Stream::new(3, Purpose::of("null.test"), 0);
        let (mut one, mut two) = (Null::default(), Null::default());
        for i in 0..40_000 {
            let x = stream.exponential();
            if i % 2 == 0 { one.add(3, x) } else { two.add(3, x) }
        }
        one.merge(&two);
        for x in [0.5_f64, 2.0, 5.0, 9.0, 12.0] {
            let (p, wanted) = (one.p_value(3, x).unwrap(), (-x).exp());
            assert!((p / wanted).ln().abs() < 0.5, "{x}: {p} for {wanted}");
        }
        let p: Vec<f64> = (0..400).map(|i| one.p_value(3, f64::from(i) * 0.05).unwrap()).collect();
        assert!(p.windows(2).all(|w| w[0] >= w[1] - 1e-12), "a higher statistic is never more probable");
        assert!(one.p_value(4, 1.0).is_none());
    }

    #[test]
    fn a_short_past_gives_ranks() {
        let mut null = Null::default();
        (0..99).for_each(|i| null.add(0, f64::from(i) * 0.1));
        assert!((null.p_value(0, 50.0).unwrap() - 0.01).abs() < 1e-12);
        assert!((null.p_value(0, 0.0).unwrap() - 1.0).abs() < 1e-12);
    }
}
