//! Sample quantiles: Hyndman and Fan's types 6 and 7 and the weighted inverse of the empirical distribution.

/// How a quantile lies between two order statistics (Hyndman and Fan, Am. Stat. 1996, numbering as in R).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Type 6: the k-th of n at k/(n+1) (Weibull; Minitab, SPSS).
    Six,
    /// Type 7: the k-th of n at (k-1)/(n-1) (R's default, Excel).
    Seven,
}

/// The p-quantile of values sorted ascending; NaN if there are none or p is no probability.
#[must_use]
pub fn of_sorted(sorted: &[f64], p: f64, kind: Kind) -> f64 {
    let n = sorted.len();
    if n == 0 || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let n_real = n as f64;
    let h = match kind {
        Kind::Six => ((n_real + 1.0) * p).clamp(1.0, n_real),
        Kind::Seven => 1.0 + (n_real - 1.0) * p,
    };
    // R's guard against a position a rounding error below a whole number
    let whole = (h + 4.0 * f64::EPSILON).floor();
    let share = if (h - whole).abs() < 4.0 * f64::EPSILON { 0.0 } else { h - whole };
    let i = index(whole).clamp(1, n);
    let low = sorted[i - 1];
    let high = sorted[i.min(n - 1)];
    if share == 0.0 || low == high { low } else { (1.0 - share) * low + share * high }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position inside the slice")]
fn index(position: f64) -> usize {
    position as usize
}

/// The p-quantiles of values in any order.
#[must_use]
pub fn of(values: &[f64], probabilities: &[f64], kind: Kind) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    probabilities.iter().map(|p| of_sorted(&sorted, *p, kind)).collect()
}

/// Smallest value whose cumulated weight reaches the share p of the total, for values ascending with weights ≥ 0. NaN
/// without weight.
#[must_use]
pub fn weighted_of_sorted(sorted: &[(f64, f64)], p: f64) -> f64 {
    let total: f64 = sorted.iter().map(|v| v.1).sum();
    if total.is_nan() || total <= 0.0 || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let wanted = p * total * (1.0 - 4.0 * f64::EPSILON);
    let mut sum = 0.0;
    let mut last = f64::NAN;
    for (value, weight) in sorted {
        if *weight <= 0.0 {
            continue;
        }
        sum += weight;
        last = *value;
        if sum >= wanted {
            break;
        }
    }
    last
}

/// Weighted quantiles (inverse of the weighted empirical distribution) of values in any order.
#[must_use]
pub fn weighted(values: &[(f64, f64)], probabilities: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    probabilities.iter().map(|p| weighted_of_sorted(&sorted, *p)).collect()
}
