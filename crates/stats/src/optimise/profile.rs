//! Ends of an interval by profile likelihood: one parameter is held, the others follow.

use super::{Bounds, Point, Stop, quasi_newton, root, simplex};

/// Which end of the interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Below the estimate.
    Low,
    /// Above the estimate.
    High,
}

/// The value of parameter `index` at which the minimum of `f` over all other parameters has risen by `rise` above the
/// best (for a negative log-likelihood and a two-sided confidence 1−α: half the 1−α quantile of χ² with one degree).
///
/// `best` is the minimum. The search steps outward, first by `step`, each next step half as large again, and carries the
/// other parameters along. `None` when the rise is not reached inside the parameter's bounds or within 60 steps: that end of
/// the interval is open.
#[must_use]
pub fn profile_bound(
    mut f: impl FnMut(&[f64]) -> f64,
    best: &Point<Vec<f64>>,
    bounds: &[Bounds],
    index: usize,
    side: Side,
    step: f64,
    rise: f64,
) -> Option<f64> {
    let n = best.x.len();
    let limit = bounds.get(index).copied().unwrap_or(Bounds::FREE);
    let others: Vec<Bounds> =
        bounds.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, b)| *b).collect();
    let mut warm: Vec<f64> = (0..n).filter(|i| *i != index).map(|i| best.x[i]).collect();
    let mut full = best.x.clone();
    let mut held = |at: f64, warm: &mut Vec<f64>| -> f64 {
        let mut g = |rest: &[f64]| {
            full[index] = at;
            for (k, v) in (0..n).filter(|i| *i != index).zip(rest) {
                full[k] = *v;
            }
            f(&full)
        };
        if warm.is_empty() {
            return g(&[]) - best.value - rise;
        }
        let rough = simplex(&mut g, warm, &others, Stop { value: 1e-9, step: 1e-6, iterations: 400 });
        let start = rough.map_or_else(|_| warm.clone(), |p| p.x);
        match quasi_newton(&mut g, &start, &others, Stop::default()) {
            Ok(p) => {
                *warm = p.x;
                p.value - best.value - rise
            }
            Err(_) => f64::INFINITY,
        }
    };
    let sign = if side == Side::Low { -1.0 } else { 1.0 };
    let (mut near, mut width) = (best.x[index], step.abs());
    for _ in 0..60 {
        let far = limit.clamp(near + sign * width);
        if far.to_bits() == near.to_bits() {
            return None;
        }
        let before = warm.clone();
        let y = held(far, &mut warm);
        if y >= 0.0 {
            if !y.is_finite() {
                // out of the domain: come nearer
                warm = before;
                width *= 0.25;
                if width < 1e-9 * (near.abs() + 1e-9) {
                    return None;
                }
                continue;
            }
            let mut carried = before;
            return root(|at| held(at, &mut carried), near, far, 1e-10 * (near.abs() + far.abs())).ok();
        }
        near = far;
        width *= 1.5;
    }
    None
}
