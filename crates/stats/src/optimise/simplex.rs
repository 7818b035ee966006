//! Several variables without derivatives: Nelder and Mead's simplex (The Computer Journal 7, 1965) with the dimension-dependent
//! coefficients of Gao and Han (2012) and restarts.

use super::{Bounds, Error, Point, Stop, seen};

/// A local minimum of `f` from `start` inside `bounds` (empty: unbounded). Restarted from its own answer until a restart
/// no longer helps, which repairs a simplex gone flat.
///
/// # Errors
/// [`Error::Start`] when `f(start)` is not finite, [`Error::Shape`] when bounds and start differ in length.
pub fn simplex(
    mut f: impl FnMut(&[f64]) -> f64,
    start: &[f64],
    bounds: &[Bounds],
    stop: Stop,
) -> Result<Point<Vec<f64>>, Error> {
    if !bounds.is_empty() && bounds.len() != start.len() {
        return Err(Error::Shape { given: bounds.len(), wanted: start.len() });
    }
    let inside = |mut x: Vec<f64>| {
        for (v, b) in x.iter_mut().zip(bounds) {
            *v = b.clamp(*v);
        }
        x
    };
    let first = inside(start.to_vec());
    let mut best = Point { value: seen(f(&first)), x: first, converged: false };
    if !best.value.is_finite() {
        return Err(Error::Start);
    }
    for round in 0..6 {
        let next = descend(&mut f, &inside, best.clone(), bounds, stop, 0.1 / f64::from(1_u8 << round));
        let gain = best.value - next.value;
        let small = gain <= stop.value * (best.value.abs() + 1e-300) || gain < 1e-14;
        best = next;
        if round > 0 && small {
            break;
        }
    }
    Ok(best)
}

fn descend(
    f: &mut impl FnMut(&[f64]) -> f64,
    inside: &impl Fn(Vec<f64>) -> Vec<f64>,
    from: Point<Vec<f64>>,
    bounds: &[Bounds],
    stop: Stop,
    edge: f64,
) -> Point<Vec<f64>> {
    let n = from.x.len();
    let dim = n.max(2) as f64;
    let (expand, contract, shrink) = (1.0 + 2.0 / dim, 0.75 - 0.5 / dim, 1.0 - 1.0 / dim);
    let mut corners: Vec<(f64, Vec<f64>)> = vec![(from.value, from.x.clone())];
    for i in 0..n {
        let mut x = from.x.clone();
        let step = if x[i].abs() > 1e-8 { edge * x[i].abs() } else { edge * 0.1 };
        let high = bounds.get(i).map_or(f64::INFINITY, |b| b.high);
        x[i] += if x[i] + step > high { -step } else { step };
        let x = inside(x);
        corners.push((seen(f(&x)), x));
    }
    let mut converged = false;
    for _ in 0..stop.iterations {
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (low, high) = (corners[0].0, corners[n].0);
        let width = (0..n)
            .map(|i| {
                let at = corners[0].1[i];
                corners.iter().map(|c| (c.1[i] - at).abs()).fold(0.0, f64::max) / at.abs().max(1e-3)
            })
            .fold(0.0, f64::max);
        if (high - low).abs() <= stop.value * (low.abs() + stop.value) && width <= stop.step.max(1e-12) * 1e3
            || width <= stop.step
        {
            converged = true;
            break;
        }
        let centre: Vec<f64> =
            (0..n).map(|i| corners[..n].iter().map(|c| c.1[i]).sum::<f64>() / n as f64).collect();
        let worst = corners[n].1.clone();
        let mut at = |t: f64| {
            let x = inside(centre.iter().zip(&worst).map(|(c, w)| c + t * (c - w)).collect());
            (seen(f(&x)), x)
        };
        let mirror = at(1.0);
        if mirror.0 < low {
            let far = at(expand);
            corners[n] = if far.0 < mirror.0 { far } else { mirror };
        } else if mirror.0 < corners[n - 1].0 {
            corners[n] = mirror;
        } else {
            let near = if mirror.0 < high { at(contract) } else { at(-contract) };
            if near.0 < mirror.0.min(high) {
                corners[n] = near;
            } else {
                let best = corners[0].1.clone();
                for c in &mut corners[1..] {
                    let x = inside(c.1.iter().zip(&best).map(|(v, b)| b + shrink * (v - b)).collect());
                    *c = (seen(f(&x)), x);
                }
            }
        }
    }
    corners.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (value, x) = corners.swap_remove(0);
    Point { x, value, converged }
}
