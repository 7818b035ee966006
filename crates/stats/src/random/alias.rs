//! Draws from a finite set with given weights in constant time.

use super::Stream;

/// A table for drawing an index in proportion to weights (Walker 1977; Vose 1991). Thresholds are whole numbers, so that
/// a draw costs one multiplication and one comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// For each cell the threshold below which the cell itself is taken, and the index taken otherwise.
    cells: Vec<(u64, u32)>,
}

impl Alias {
    /// The table of those weights; `None` when there is none, when one is negative or not finite, or when all are zero.
    #[must_use]
    pub fn new(weights: &[f64]) -> Option<Self> {
        let total: f64 = weights.iter().sum();
        let count = u32::try_from(weights.len()).ok()?;
        if count == 0 || !total.is_finite() || total <= 0.0 || weights.iter().any(|&weight| weight < 0.0) {
            return None;
        }
        let scale = f64::from(count) / total;
        let mut share: Vec<f64> = weights.iter().map(|&weight| weight * scale).collect();
        let mut cells: Vec<(u64, u32)> = (0..count).map(|index| (u64::MAX, index)).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..count).partition(|&index| share[index as usize] < 1.0);
        while let (Some(&lesser), Some(&greater)) = (small.last(), large.last()) {
            small.pop();
            cells[lesser as usize] = (threshold(share[lesser as usize]), greater);
            let rest = share[greater as usize] + share[lesser as usize] - 1.0;
            share[greater as usize] = rest;
            if rest < 1.0 {
                large.pop();
                small.push(greater);
            }
        }
        // what rounding left over: full cells, except that a weight of zero is never drawn
        let heaviest = (0..count).max_by(|&a, &b| weights[a as usize].total_cmp(&weights[b as usize]))?;
        for index in small.into_iter().chain(large) {
            let zero = weights[index as usize] <= 0.0;
            cells[index as usize] = if zero { (0, heaviest) } else { (u64::MAX, index) };
        }
        Some(Self { cells })
    }

    /// The index that 64 random bits stand for.
    #[must_use]
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the high half is below the number of cells, the low half is wanted"
    )]
    pub fn pick(&self, bits: u64) -> usize {
        let wide = u128::from(bits) * self.cells.len() as u128;
        let (cell, fraction) = ((wide >> 64) as usize, wide as u64);
        let (limit, other) = self.cells[cell];
        if fraction < limit { cell } else { other as usize }
    }

    /// Draws an index.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> usize {
        self.pick(stream.next_u64())
    }

    /// How many indices there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Never true: a table has at least one index.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// A share of 0..1 as a threshold of 64 bits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range; the cast saturates"
)]
fn threshold(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * 18_446_744_073_709_551_616.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;
    use proptest::prelude::*;

    #[test]
    fn indices_come_in_proportion_to_their_weights() {
        let weights = [1.0, 0.0, 3.0, 6.0];
        let table = Alias::new(&weights).unwrap();
        let mut stream = Stream::new(5, Purpose::of("alias"), 0);
        let mut counts = [0.0; 4];
        for _ in 0..100_000 {
            counts[table.draw(&mut stream)] += 1.0;
        }
        for (count, weight) in counts.iter().zip(weights) {
            let p = weight / 10.0;
            let se = (p * (1.0 - p) * 1e5_f64).sqrt();
            assert!((count - p * 1e5).abs() <= 4.0 * se, "{counts:?}");
        }
    }

    #[test]
    fn weights_that_are_no_weights_give_no_table() {
        for weights in [&[][..], &[0.0], &[1.0, -1.0], &[f64::NAN], &[f64::INFINITY, 1.0]] {
            assert!(Alias::new(weights).is_none(), "{weights:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_weight_of_zero_is_never_drawn_and_masses_are_exact(weights in prop::collection::vec(prop_oneof![Just(0.0), 0.01..9.0_f64], 1..40)) {
            let Some(table) = Alias::new(&weights) else { return Ok(()) };
            let mut mass = vec![0.0; weights.len()];
            for (cell, &(limit, other)) in table.cells.iter().enumerate() {
                #[expect(clippy::cast_precision_loss, reason = "a share")]
                let own = limit as f64 / 18_446_744_073_709_551_616.0;
                mass[cell] += own;
                mass[other as usize] += 1.0 - own;
            }
            let total: f64 = weights.iter().sum();
            for (mass, weight) in mass.iter().zip(&weights) {
                #[expect(clippy::cast_precision_loss, reason = "a count")]
                let expected = weight / total * weights.len() as f64;
                prop_assert!((mass - expected).abs() < 1e-9);
                prop_assert!(*weight > 0.0 || *mass < 1e-15);
            }
        }
    }
}
