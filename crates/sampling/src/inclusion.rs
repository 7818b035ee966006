//! With what chance a line of a roster is drawn: exact inclusion probabilities of draws without replacement.

use crate::{Error, whole};
use stats::quadrature::legendre;

/// The chance of each line to be among the `n` drawn when lines come one after another, each with chances in proportion to the
/// weights of those left (successive sampling; the same as taking the smallest of exponential times with those rates).
///
/// π_i = ∫ w_i e^(−w_i t) P(fewer than n of the others have come by t) dt, by Gauss–Legendre over 32 panels that halve towards the start, the inner chance by the Poisson–binomial recursion. Equal weights give n/N exactly.
///
/// # Errors
/// A weight that is not positive; more asked for than there are; a list too long for exact figures (N·n above two million).
pub fn probabilities(weights: &[f64], n: usize) -> Result<Vec<f64>, Error> {
    if weights.iter().any(|w| !(*w > 0.0) || !w.is_finite()) {
        return Err(Error::new("weight", "权重须为正数", "weights must be positive"));
    }
    if n > weights.len() {
        return Err(Error::new(
            "take",
            format!("名单只有 {} 家，不足 {n} 家", weights.len()),
            format!("the list has {} lines, {n} are asked for", weights.len()),
        ));
    }
    let (first, count) = (weights.first().copied().unwrap_or(1.0), weights.len());
    if n == count || weights.iter().all(|w| (w - first).abs() < 1e-12 * first) {
        return Ok(vec![n as f64 / (count as f64).max(1.0); count]);
    }
    if whole(count as f64 * n as f64) > 2_000_000 {
        return Err(Error::new(
            "take",
            "名单过长，无法给出精确概率：请分层后再算",
            "the list is too long for exact figures: draw by strata",
        ));
    }
    let slow = weights.iter().copied().fold(f64::INFINITY, f64::min);
    let mut classes: Vec<f64> = weights.to_vec();
    classes.sort_by(f64::total_cmp);
    classes.dedup();
    // t = −ln(1 − u)/w_min maps (0, ∞) to (0, 1) without a singular end; heavy lines come where u is small: panels halve
    let rule = legendre(24);
    let mut of_class = vec![0.0; classes.len()];
    for panel in 0..32 {
        let high = 0.5_f64.powi(panel);
        let part = rule.on(if panel == 31 { 0.0 } else { high / 2.0 }, high);
        for (u, weight) in part.nodes.iter().zip(&part.weights) {
            let t = -(-u).ln_1p() / slow;
            for (k, class) in classes.iter().enumerate() {
                let mut left_out = false;
                let others = weights.iter().filter(|w| {
                    let same = !left_out && w.to_bits() == class.to_bits();
                    left_out |= same;
                    !same
                });
                let density = class * ((slow - class) * t).exp() / slow;
                of_class[k] += weight * density * fewer(others.map(|w| -(-w * t).exp_m1()), n);
            }
        }
    }
    let find =
        |w: f64| classes.iter().position(|c| c.to_bits() == w.to_bits()).map_or(f64::NAN, |k| of_class[k]);
    Ok(weights.iter().map(|w| find(*w)).collect())
}

/// Chance that fewer than `n` of independent events with these chances happen.
fn fewer(chances: impl Iterator<Item = f64>, n: usize) -> f64 {
    let mut mass = vec![0.0; n];
    if let Some(first) = mass.first_mut() {
        *first = 1.0;
    }
    for p in chances {
        for k in (0..n).rev() {
            mass[k] = mass[k] * (1.0 - p) + if k > 0 { mass[k - 1] * p } else { 0.0 };
        }
    }
    mass.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every order in which lines can come, with its chance.
    fn enumerate(weights: &[f64], n: usize, drawn: &mut Vec<usize>, chance: f64, out: &mut [f64]) {
        if drawn.len() == n {
            for i in drawn.iter() {
                out[*i] += chance;
            }
            return;
        }
        let left: f64 = (0..weights.len()).filter(|i| !drawn.contains(i)).map(|i| weights[i]).sum();
        for i in 0..weights.len() {
            if !drawn.contains(&i) {
                drawn.push(i);
                enumerate(weights, n, drawn, chance * weights[i] / left, out);
                drawn.pop();
            }
        }
    }

    #[test]
    fn inclusion_probabilities_are_those_of_enumeration() {
        for (weights, n) in [
            (vec![1.0, 1.0, 1.0, 1.0], 2),
            (vec![1.0, 2.0, 3.0], 1),
            (vec![1.0, 2.0, 3.0, 1.0, 5.0], 2),
            (vec![1.0, 1.0, 4.0, 9.0, 2.0, 2.0], 4),
        ] {
            let mut want = vec![0.0; weights.len()];
            enumerate(&weights, n, &mut Vec::new(), 1.0, &mut want);
            let got = probabilities(&weights, n).unwrap();
            for (g, w) in got.iter().zip(&want) {
                assert!((g - w).abs() < 1e-9, "{weights:?} {n}: {got:?} {want:?}");
            }
            assert!((got.iter().sum::<f64>() - n as f64).abs() < 1e-8);
        }
        assert_eq!(probabilities(&[1.0, 0.0], 1).unwrap_err().field, "weight");
        assert_eq!(probabilities(&[1.0], 2).unwrap_err().field, "take");
    }

    #[test]
    fn every_kth_line_after_one_random_start_leaves_a_third_that_never_come() {
        // N = 299, n = 100: k = 2, start 0 or 1: positions from 200 on have no chance, although n/N is a third for all
        let (count, n) = (299_usize, 100_usize);
        let k = count / n;
        let mut old = vec![0.0; count];
        for start in 0..k {
            for i in 0..n {
                old[start + i * k] += 1.0 / k as f64;
            }
        }
        assert_eq!(old.iter().filter(|p| **p <= 0.0).count(), 99);
        let fair = probabilities(&vec![1.0; count], n).unwrap();
        assert!(fair.iter().all(|p| (p - n as f64 / count as f64).abs() < 1e-12));
    }
}
