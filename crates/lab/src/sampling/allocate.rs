//! Sharing a number out: in proportion, by largest remainders, or after Neyman by how much each part varies.

use serde::Serialize;

/// A part of a plan to be given its share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// Size of the part: people, weight of a class.
    pub size: f64,
    /// Failures seen in it so far.
    pub failed: i64,
    /// Samples judged in it so far.
    pub judged: i64,
}

impl Share {
    /// A part of which only the size is known.
    #[must_use]
    pub const fn of(size: f64) -> Self {
        Self { size, failed: 0, judged: 0 }
    }

    /// Standard deviation of pass or fail, with one failure in fifty supposed before anything is known.
    fn deviation(&self) -> f64 {
        let (failed, judged) = (self.failed.max(0) as f64, self.judged.max(0) as f64);
        let p = (failed + 0.5) / (judged + 25.0);
        (p * (1.0 - p)).sqrt()
    }
}

/// Shares `total` out in proportion to the sizes, by largest remainders: the parts add up exactly, ties go to the first.
#[must_use]
pub fn shares(total: u32, sizes: &[f64]) -> Vec<u32> {
    let sum: f64 = sizes.iter().filter(|s| **s > 0.0).sum();
    if sum <= 0.0 {
        return vec![0; sizes.len()];
    }
    let exact: Vec<f64> = sizes.iter().map(|s| f64::from(total) * s.max(0.0) / sum).collect();
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and the total")]
    let mut out: Vec<u32> = exact.iter().map(|x| x.floor() as u32).collect();
    let left = total.saturating_sub(out.iter().sum());
    let mut order: Vec<usize> = (0..sizes.len()).filter(|i| sizes[*i] > 0.0).collect();
    order.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()).then(a.cmp(b)));
    for i in order.into_iter().take(left as usize) {
        out[i] += 1;
    }
    out
}

/// Neyman's allocation: in proportion to size times standard deviation, which for a given total makes the estimate of the
/// overall rate as sharp as it can be.
#[must_use]
pub fn neyman(total: u32, parts: &[Share]) -> Vec<u32> {
    let weights: Vec<f64> = parts.iter().map(|p| p.size * p.deviation()).collect();
    shares(total, &weights)
}

/// By what factor Neyman's allocation lowers the variance of the estimate against a proportional one; 1 means no gain.
#[must_use]
pub fn gain(parts: &[Share]) -> f64 {
    let size: f64 = parts.iter().map(|p| p.size).sum();
    if size <= 0.0 {
        return 1.0;
    }
    let mean = parts.iter().map(|p| p.size / size * p.deviation()).sum::<f64>();
    let square = parts.iter().map(|p| p.size / size * p.deviation().powi(2)).sum::<f64>();
    if mean > 0.0 { square / (mean * mean) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_differ_from_the_exact_part_by_less_than_one() {
        for total in [0_u32, 1, 7, 100, 100_080] {
            for sizes in
                [vec![1.0], vec![1.0, 1.0, 1.0], vec![0.0, 3.5, 0.1, 9.9], vec![712_271.0, 1_484_016.0, 3.0]]
            {
                let out = shares(total, &sizes);
                assert_eq!(out.iter().sum::<u32>(), total);
                let sum: f64 = sizes.iter().sum();
                for (n, s) in out.iter().zip(&sizes) {
                    assert!(
                        (f64::from(*n) - f64::from(total) * s / sum).abs() < 1.0,
                        "{total} {sizes:?} {out:?}"
                    );
                }
            }
        }
        assert_eq!(shares(5, &[0.0, 0.0]), [0, 0]);
    }

    #[test]
    fn neyman_is_its_closed_form_and_gains_only_where_parts_differ() {
        let same = [Share::of(2.0), Share::of(1.0)];
        assert_eq!(neyman(30, &same), shares(30, &[2.0, 1.0]));
        assert!((gain(&same) - 1.0).abs() < 1e-12);
        let calm = Share { size: 1.0, failed: 0, judged: 975 };
        let wild = Share { size: 1.0, failed: 500, judged: 975 };
        let (a, b) = (calm.deviation(), wild.deviation());
        let out = neyman(1000, &[calm, wild]);
        assert!((f64::from(out[0]) - 1000.0 * a / (a + b)).abs() < 1.0);
        assert!(out[1] > out[0] && gain(&[calm, wild]) > 1.5);
    }
}
