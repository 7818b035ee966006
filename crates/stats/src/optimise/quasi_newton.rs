//! Several variables with numerical gradients: BFGS with bounds by projection and an active set (Nocedal and Wright,
//! Numerical Optimization, 2006, sections 6.1 and 16.7; damping after Powell 1978).

use super::{Bounds, Error, Point, Stop, seen};

/// The gradient by central differences, one-sided where a bound or the edge of the domain is near.
#[must_use]
pub fn gradient(f: &mut impl FnMut(&[f64]) -> f64, x: &[f64], value: f64, bounds: &[Bounds]) -> Vec<f64> {
    let mut at = x.to_vec();
    (0..x.len())
        .map(|i| {
            let h = 6.055e-6 * x[i].abs().max(0.1);
            let b = bounds.get(i).copied().unwrap_or(Bounds::FREE);
            let (up, down) = (b.clamp(x[i] + h), b.clamp(x[i] - h));
            at[i] = up;
            let above = seen(f(&at));
            at[i] = down;
            let below = seen(f(&at));
            at[i] = x[i];
            match (above.is_finite(), below.is_finite()) {
                (true, true) if up > down => (above - below) / (up - down),
                (true, false) if up > x[i] => (above - value) / (up - x[i]),
                (false, true) if x[i] > down => (value - below) / (x[i] - down),
                _ => 0.0,
            }
        })
        .collect()
}

/// A local minimum of `f` from `start` inside `bounds` (empty: unbounded).
///
/// # Errors
/// [`Error::Start`] when `f(start)` is not finite, [`Error::Shape`] when bounds and start differ in length.
pub fn quasi_newton(
    mut f: impl FnMut(&[f64]) -> f64,
    start: &[f64],
    bounds: &[Bounds],
    stop: Stop,
) -> Result<Point<Vec<f64>>, Error> {
    let n = start.len();
    if !bounds.is_empty() && bounds.len() != n {
        return Err(Error::Shape { given: bounds.len(), wanted: n });
    }
    let bound = |i: usize| bounds.get(i).copied().unwrap_or(Bounds::FREE);
    let mut x: Vec<f64> = start.iter().enumerate().map(|(i, v)| bound(i).clamp(*v)).collect();
    let mut value = seen(f(&x));
    if !value.is_finite() {
        return Err(Error::Start);
    }
    let mut slope = gradient(&mut f, &x, value, bounds);
    let mut hessian = identity(n);
    let mut fresh = true;
    let (mut quiet, mut converged) = (0, false);
    for _ in 0..stop.iterations {
        let free: Vec<usize> = (0..n)
            .filter(|i| {
                !(x[*i] <= bound(*i).low && slope[*i] > 0.0 || x[*i] >= bound(*i).high && slope[*i] < 0.0)
            })
            .collect();
        let steep = free.iter().map(|i| (slope[*i] * x[*i].abs().max(1.0)).abs()).fold(0.0, f64::max);
        if steep <= 1e-10 * (1.0 + value.abs()) {
            converged = true;
            break;
        }
        let mut step = newton(&hessian, &slope, &free);
        let downhill = step.as_ref().map_or(0.0, |s| free.iter().map(|i| s[*i] * slope[*i]).sum::<f64>());
        if downhill >= 0.0 || step.is_none() {
            hessian = identity(n);
            fresh = true;
            let mut s = vec![0.0; n];
            for i in &free {
                s[*i] = -slope[*i];
            }
            step = Some(s);
        }
        let step = step.unwrap_or_default();
        // the first step of a fresh matrix has no scale of its own
        let size = step.iter().map(|s| s * s).sum::<f64>().sqrt();
        let scale = x.iter().map(|v| v * v).sum::<f64>().sqrt().max(0.1);
        let mut t = if fresh && size > 0.1 * scale { 0.1 * scale / size } else { 1.0 };
        let mut taken = None;
        for _ in 0..60 {
            let next: Vec<f64> = (0..n).map(|i| bound(i).clamp(x[i] + t * step[i])).collect();
            let y = seen(f(&next));
            let drop: f64 = (0..n).map(|i| slope[i] * (next[i] - x[i])).sum();
            if y <= value + 1e-4 * drop.min(0.0) && y.is_finite() {
                taken = Some((next, y));
                break;
            }
            // the parabola through value, slope and the failed try, kept within a tenth and a half
            let better = if y.is_finite() { -drop / (2.0 * (y - value - drop)) } else { 0.1 };
            t *= if better.is_finite() { better.clamp(0.1, 0.5) } else { 0.5 };
        }
        let Some((next, y)) = taken else {
            if fresh {
                converged = steep <= 1e-4 * (1.0 + value.abs());
                break;
            }
            hessian = identity(n);
            fresh = true;
            continue;
        };
        let new_slope = gradient(&mut f, &next, y, bounds);
        let moved: Vec<f64> = next.iter().zip(&x).map(|(a, b)| a - b).collect();
        let turned: Vec<f64> = new_slope.iter().zip(&slope).map(|(a, b)| a - b).collect();
        update(&mut hessian, &moved, &turned, fresh);
        fresh = false;
        let width = moved.iter().zip(&next).map(|(m, v)| m.abs() / v.abs().max(1e-3)).fold(0.0, f64::max);
        let still = (value - y).abs() <= stop.value * (value.abs() + 1e-10)
            && width <= stop.step.max(1e-12) * 1e4
            || width <= stop.step;
        (x, value, slope) = (next, y, new_slope);
        quiet = if still { quiet + 1 } else { 0 };
        if quiet >= 2 {
            converged = true;
            break;
        }
    }
    Ok(Point { x, value, converged })
}

fn identity(n: usize) -> Vec<Vec<f64>> {
    (0..n).map(|i| (0..n).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect()
}

/// The step −B⁻¹g in the free variables by Cholesky; `None` when B is not positive there.
fn newton(b: &[Vec<f64>], g: &[f64], free: &[usize]) -> Option<Vec<f64>> {
    let m = free.len();
    let mut l = vec![vec![0.0; m]; m];
    for i in 0..m {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            let rest = b[free[i]][free[j]] - sum;
            if i == j {
                if rest <= 0.0 || !rest.is_finite() {
                    return None;
                }
                l[i][i] = rest.sqrt();
            } else {
                l[i][j] = rest / l[j][j];
            }
        }
    }
    let mut y = vec![0.0; m];
    for i in 0..m {
        let sum: f64 = (0..i).map(|k| l[i][k] * y[k]).sum();
        y[i] = (-g[free[i]] - sum) / l[i][i];
    }
    for i in (0..m).rev() {
        let sum: f64 = (i + 1..m).map(|k| l[k][i] * y[k]).sum();
        y[i] = (y[i] - sum) / l[i][i];
    }
    let mut out = vec![0.0; g.len()];
    for (i, v) in free.iter().zip(y) {
        out[*i] = v;
    }
    Some(out)
}

fn update(b: &mut [Vec<f64>], s: &[f64], y: &[f64], fresh: bool) {
    let n = s.len();
    let sy: f64 = s.iter().zip(y).map(|(a, c)| a * c).sum();
    let ss: f64 = s.iter().map(|a| a * a).sum();
    if ss <= 0.0 {
        return;
    }
    if fresh && sy > 0.0 {
        let scale = y.iter().map(|a| a * a).sum::<f64>() / sy;
        for (i, row) in b.iter_mut().enumerate() {
            row[i] = scale;
        }
    }
    let bs: Vec<f64> = b.iter().map(|row| row.iter().zip(s).map(|(a, c)| a * c).sum()).collect();
    let sbs: f64 = s.iter().zip(&bs).map(|(a, c)| a * c).sum();
    if sbs <= 0.0 {
        return;
    }
    let theta = if sy >= 0.2 * sbs { 1.0 } else { 0.8 * sbs / (sbs - sy) };
    let r: Vec<f64> = y.iter().zip(&bs).map(|(a, c)| theta * a + (1.0 - theta) * c).collect();
    let sr: f64 = s.iter().zip(&r).map(|(a, c)| a * c).sum();
    if sr <= 1e-300 {
        return;
    }
    for i in 0..n {
        for j in 0..n {
            b[i][j] += r[i] * r[j] / sr - bs[i] * bs[j] / sbs;
        }
    }
}
