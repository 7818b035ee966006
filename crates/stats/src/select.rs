//! Order statistics of many values without sorting them.

/// The values at those ranks (0 is the smallest) of values that are not NaN; ranks beyond the last give the last. Empty
/// values give NaN. One counting pass over the leading bits, then only the cells that are asked for are sorted: linear in the number of
/// values for any distribution that is not all in one cell.
#[must_use]
pub fn order_statistics(values: &[f64], ranks: &[usize]) -> Vec<f64> {
    let Some(last) = values.len().checked_sub(1) else { return vec![f64::NAN; ranks.len()] };
    let (low, high) = values.iter().fold((u64::MAX, 0), |(low, high), &value| {
        let key = key(value);
        (low.min(key), high.max(key))
    });
    let shift = 64_u32.saturating_sub((high - low).leading_zeros()).saturating_sub(CELL_BITS);
    #[expect(clippy::cast_possible_truncation, reason = "at most 2^CELL_BITS cells")]
    let cell = |value: f64| ((key(value) - low) >> shift) as usize;
    let mut counts = vec![0_u32; cell(from_key(high)) + 1];
    for &value in values {
        counts[cell(value)] += 1;
    }
    // first rank of each cell that is asked for
    let mut starts = Vec::with_capacity(counts.len());
    let mut sum = 0_usize;
    for &count in &counts {
        starts.push(sum);
        sum += count as usize;
    }
    let place = |rank: usize| starts.partition_point(|&start| start <= rank.min(last)) - 1;
    let mut wanted = vec![u32::MAX; counts.len()];
    let mut cells: Vec<Vec<f64>> = vec![];
    for &rank in ranks {
        let at = place(rank);
        if wanted[at] == u32::MAX {
            wanted[at] = u32::try_from(cells.len()).unwrap_or(u32::MAX);
            cells.push(Vec::with_capacity(counts[at] as usize));
        }
    }
    for &value in values {
        if let Some(list) = cells.get_mut(wanted[cell(value)] as usize) {
            list.push(value);
        }
    }
    cells.iter_mut().for_each(|list| list.sort_unstable_by(f64::total_cmp));
    ranks
        .iter()
        .map(|&rank| {
            let at = place(rank);
            cells[wanted[at] as usize][rank.min(last) - starts[at]]
        })
        .collect()
}

const CELL_BITS: u32 = 14;

/// Whole numbers in the order of the values.
#[inline]
fn key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn from_key(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_values_give_no_number_and_ranks_beyond_the_end_the_largest() {
        assert!(order_statistics(&[], &[0])[0].is_nan());
        assert_eq!(order_statistics(&[2.0, 1.0], &[0, 1, 9]), [1.0, 2.0, 2.0]);
        assert_eq!(order_statistics(&[3.0; 5], &[2]), [3.0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn they_are_those_of_sorting(
            mut values in prop::collection::vec(prop_oneof![Just(0.0), -1e3..1e3_f64, 1.0..1.001_f64], 1..400),
            ranks in prop::collection::vec(0..400_usize, 1..6),
        ) {
            let found = order_statistics(&values, &ranks);
            values.sort_unstable_by(f64::total_cmp);
            for (rank, found) in ranks.iter().zip(found) {
                prop_assert_eq!(values[(*rank).min(values.len() - 1)].to_bits(), found.to_bits());
            }
        }
    }
}
