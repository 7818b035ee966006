//! The largest likelihood ratio of a stretch over the beginnings of the change and its size.

use super::super::Mode;
use super::sums::Sums;
use super::{Change, Control, Direction};

/// The model of one period: count, in-control mean, count before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) y: f64,
    pub(super) mean: f64,
    pub(super) before: f64,
}

impl Point {
    /// Log-likelihood ratio of the change at θ against none, with first and second derivative.
    pub(super) fn ratio(self, change: Change, alpha: f64, theta: f64) -> [f64; 3] {
        let Self { y, mean, before } = self;
        match (change, alpha > 0.0) {
            (Change::Intercept, false) => {
                let factor = theta.exp();
                [y * theta - mean * theta.exp_m1(), y - mean * factor, -mean * factor]
            }
            (Change::Intercept, true) => {
                let am = alpha * mean;
                let out = 1.0 + am * theta.exp();
                let share = am * theta.exp() / out;
                let total = y + 1.0 / alpha;
                let ln = (am * theta.exp_m1() / (1.0 + am)).ln_1p();
                [y * theta - total * ln, y - total * share, -total * share / out]
            }
            (Change::Epidemic, poisson) => {
                let m = mean + theta * before;
                let ln = if y > 0.0 { y * (m / mean).ln() } else { 0.0 };
                if !poisson {
                    return [ln - theta * before, before * (y / m - 1.0), -before * before * y / (m * m)];
                }
                let (out, inside) = (1.0 + alpha * m, 1.0 + alpha * mean);
                let total = y + 1.0 / alpha;
                [
                    ln - total * (out / inside).ln(),
                    before * (y / m - total * alpha / out),
                    before * before * (total * alpha * alpha / (out * out) - y / (m * m)),
                ]
            }
        }
    }
}

/// First and second derivative of the ratio of a stretch in κ, for a negative binomial mean times a factor.
fn slopes(points: &[Point], alpha: f64, kappa: f64) -> (f64, f64) {
    let factor = alpha * kappa.exp();
    let (mut first, mut second) = (0.0, 0.0);
    for p in points {
        let out = factor * p.mean;
        let inverse = 1.0 / (1.0 + out);
        let pull = (p.y + 1.0 / alpha) * out * inverse;
        first += p.y - pull;
        second -= pull * inverse;
    }
    (first, second)
}

/// The ratio of a stretch for a negative binomial mean times a factor.
fn value(points: &[Point], alpha: f64, kappa: f64) -> f64 {
    let rise = kappa.exp_m1();
    let one = |p: &Point| {
        let am = alpha * p.mean;
        p.y * kappa - (p.y + 1.0 / alpha) * (am * rise / (1.0 + am)).ln_1p()
    };
    points.iter().map(one).sum()
}

/// Largest ratio of a stretch over θ in the direction of the change; zero when θ = 0 is best.
fn largest(points: &[Point], control: &Control, alpha: f64) -> f64 {
    if control.change == Change::Intercept && alpha <= 0.0 {
        let (y, m) = points.iter().fold((0.0, 0.0), |(y, m), p| (y + p.y, m + p.mean));
        return poisson(y, m, control.direction);
    }
    let factor = control.change == Change::Intercept;
    let sum = |theta: f64| {
        if factor {
            let (first, second) = slopes(points, alpha, theta);
            return [0.0, first, second];
        }
        points.iter().fold([0.0; 3], |s, p| {
            let r = p.ratio(control.change, alpha, theta);
            [s[0] + r[0], s[1] + r[1], s[2] + r[2]]
        })
    };
    let sign = control.direction.sign();
    let at_zero = sum(0.0);
    if at_zero[1] * sign <= 0.0 {
        return 0.0;
    }
    // where an epidemic part would make a mean negative
    let end = match (control.change, control.direction) {
        (Change::Epidemic, Direction::Decrease) => points
            .iter()
            .filter(|p| p.before > 0.0)
            .map(|p| -p.mean / p.before)
            .fold(f64::NEG_INFINITY, f64::max),
        _ => f64::INFINITY * sign,
    };
    // safeguarded Newton on the slope: [near, far) holds the root
    let (mut near, mut far) = (0.0, end);
    let mut theta = 0.0;
    let mut here = at_zero;
    for _ in 0..200 {
        let step = if here[2] < 0.0 { -here[1] / here[2] } else { f64::NAN };
        let mut next = theta + step;
        let inside = |x: f64| x.is_finite() && (x - near) * sign > 0.0 && (far - x) * sign > 0.0;
        let reach = 2.0 * f64::abs(near).max(0.25);
        if far.is_infinite() && inside(next) {
            let most = near + sign * reach;
            next = if (next - most) * sign > 0.0 { most } else { next };
        }
        if !inside(next) {
            next = if far.is_infinite() { near + sign * reach } else { 0.5 * (near + far) };
        }
        let settled = (next - theta).abs() <= 1e-13 * next.abs().max(1e-3);
        theta = next;
        here = sum(theta);
        if here[1] * sign > 0.0 {
            near = theta;
        } else {
            far = theta;
        }
        if settled || here[1] == 0.0 || theta.abs() > 700.0 {
            break;
        }
    }
    let best = if factor { value(points, alpha, theta) } else { here[0] };
    best.max(0.0)
}

/// Where the reference's searches stop on the way to minus infinity.
const FLOOR: f64 = -18.0;

/// Ratios found so far by the sums, which are within 1e-7 of the ratio itself: the best is computed again from its periods.
struct Best {
    most: f64,
    near: Vec<(f64, usize, f64)>,
}

impl Best {
    fn slack(&self) -> f64 {
        1e-7 * self.most.max(1.0)
    }

    fn offer(&mut self, value: f64, k: usize, kappa: f64) {
        if value > self.most - self.slack() {
            self.most = self.most.max(value);
            self.near.push((value, k, kappa));
        }
    }
}

/// The largest ratio over all beginnings and κ, with its beginning and κ.
///
/// The reference takes Newton steps without any guard, each beginning starting where the one before ended, the first at
/// ±½; a beginning for which they diverge is lost, and the next starts at ±½ again. Compatible takes the same steps, corrected looks for
/// the maximum safely. Either way most beginnings are passed over by [`Sums::may_reach`], and most of the others need one look: the
/// slope s of a sum of logistic curves has |s″| ≤ |s′|, so that after a first step of at most a quarter Newton's method
/// converges (Kantorovich), and to no more than half again as far; where the tangent over that reach stays below the best so
/// far, the beginning is passed over. Compatible passes over by the bound only where the reference's steps surely converge, and then takes
/// up its way at the root of the last one passed over. `known` is a ratio that some beginning is thought to reach.
fn search(
    points: &[Point],
    control: &Control,
    alpha: f64,
    beginnings: std::ops::RangeInclusive<usize>,
    sums: &Sums,
    known: f64,
) -> (f64, usize, f64) {
    let sign = control.direction.sign();
    let mut theta = 0.5 * sign;
    let mut at_none = false;
    // κ stands at the root of the beginning before, or would if it had not been passed over
    let (mut rooted, mut passed) = (false, false);
    let compatible = control.mode == Mode::Compatible;
    let mut best = Best { most: known, near: Vec::new() };
    let mut beyond = (0.0_f64, 0, 0.0);
    let node = sums.node(sums.last_best.1);
    for k in beginnings {
        let least = best.most - best.slack();
        let little = |sums: &Sums| {
            !sums.may_reach(k, least) || node.is_some_and(|node| !sums.may_reach_from(node, k, least))
        };
        if (!compatible || (rooted && sums.steady(k))) && little(sums) {
            passed = true;
            continue;
        }
        if std::mem::take(&mut passed) && compatible {
            theta = sums.top(k - 1, sign, theta).unwrap_or(0.0);
            at_none = theta * sign <= 0.0;
        }
        if (at_none || !compatible) && sums.slope_at_none(k) * sign <= 0.0 {
            continue;
        }
        at_none = false;
        if let Some([value, slope, curve]) = sums.look(k, theta) {
            let step = -slope / curve;
            let sure = curve < 0.0 && step.abs() <= 0.25;
            let most = value + 1.5 * slope * step;
            if sure && most < best.most - best.slack() {
                theta += step;
                at_none = theta * sign <= 0.0;
                theta = if at_none { 0.0 } else { theta };
                rooted = true;
                continue;
            }
            rooted = sure;
        } else {
            rooted = false;
        }
        let found = if compatible {
            Some(unguarded(points, alpha, k, theta, sums))
        } else {
            sums.top(k, sign, theta)
        };
        match found {
            Some(kappa) if kappa.is_finite() && kappa * sign > 0.0 => {
                theta = kappa;
                let ratio = sums.look(k, kappa).map_or_else(|| value(&points[k..], alpha, kappa), |l| l[0]);
                best.offer(ratio, k, kappa);
            }
            Some(_) => (theta, at_none) = (0.0, true),
            None => {
                let ratio = largest(&points[k..], control, alpha);
                if ratio > beyond.0 {
                    beyond = (ratio, k, theta);
                }
            }
        }
    }
    let least = best.most - best.slack();
    let near = best.near.iter().filter(|(v, ..)| *v > least);
    let exact = near.map(|(_, k, kappa)| (value(&points[*k..], alpha, *kappa), *k, *kappa));
    exact.fold(beyond, |a, b| if b.0 > a.0 { b } else { a })
}

/// Newton steps for κ without any guard; below -18 no step is made any more.
fn unguarded(points: &[Point], alpha: f64, k: usize, start: f64, sums: &Sums) -> f64 {
    let mut theta = start;
    for _ in 0..100 {
        if theta <= FLOOR {
            break;
        }
        let [slope, curve] = match sums.look(k, theta) {
            Some([_, slope, curve]) => [slope, curve],
            None => slopes(&points[k..], alpha, theta).into(),
        };
        let next = theta - slope / curve;
        let settled = (next - theta).abs() < 1e-6;
        theta = next;
        if settled || !theta.is_finite() {
            break;
        }
    }
    theta
}

/// The reference's search for an epidemic part: Newton steps for ln λ from λ = ½, each beginning starting where the one before
/// ended, until λ moves by less than 1e-6. Below ln λ = -18 no step is made any more: once a beginning had its best at zero, those
/// after it are hardly looked at.
fn as_the_reference_epidemic(points: &[Point], alpha: f64, first: usize, last: usize) -> f64 {
    let sum = |k: usize, lambda: f64| {
        points[k..].iter().fold([0.0; 3], |s, p| {
            let r = p.ratio(Change::Epidemic, alpha, lambda);
            [s[0] + r[0], s[1] + r[1], s[2] + r[2]]
        })
    };
    let (mut ln, mut best) = (0.5_f64.ln(), 0.0_f64);
    for k in first..=last {
        for _ in 0..1000 {
            let lambda = ln.exp();
            if ln < FLOOR || !lambda.is_finite() {
                break;
            }
            let [_, slope, curve] = sum(k, lambda);
            let next = ln - slope / (lambda * curve + slope);
            if !next.is_finite() {
                break;
            }
            ln = next;
            if (ln.exp() - lambda).abs() < 1e-6 {
                break;
            }
        }
        let value = sum(k, ln.exp())[0];
        if value > best {
            best = value;
        }
    }
    best
}

/// The closed form for a Poisson mean times a factor.
fn poisson(y: f64, m: f64, direction: Direction) -> f64 {
    let outside = match direction {
        Direction::Increase => y > m,
        Direction::Decrease => y < m,
    };
    if !outside {
        return 0.0;
    }
    let ln = if y > 0.0 { y * (y / m).ln() } else { 0.0 };
    ln + m - y
}

/// The statistic of a stretch since the last restart.
pub(super) fn statistic(points: &[Point], control: &Control, alpha: f64, sums: Option<&mut Sums>) -> f64 {
    let n = points.len();
    // the reference's Poisson search reads the shortest change in its own way
    let poissonian = control.change == Change::Intercept && alpha <= 0.0 && control.mode == Mode::Compatible;
    let least = match control.window {
        _ if !poissonian => control.least,
        Some(_) => control.least + 1,
        None => 1,
    };
    if n < least.max(control.least) {
        return 0.0;
    }
    let first = control.window.map_or(0, |m| (n - 1).saturating_sub(m));
    let last = n - least;
    if first > last {
        return 0.0;
    }
    if control.change == Change::Intercept && alpha <= 0.0 {
        let (mut y, mut m, mut best) = (0.0, 0.0, 0.0_f64);
        for k in (first..n).rev() {
            y += points[k].y;
            m += points[k].mean;
            // κ of a stretch without a case is infinite, which the reference passes over
            let lost = y <= 0.0 && control.mode == Mode::Compatible;
            if k <= last && !lost {
                best = best.max(poisson(y, m, control.direction));
            }
        }
        return best;
    }
    if let Some(sums) = sums {
        let beginnings = || first..=last;
        // where the best was one period ago it is likely to be near the best now
        let (k, kappa) = sums.last_best;
        let known = match sums.look(k, kappa) {
            Some([value, ..]) if beginnings().contains(&k) && value > 0.0 => value,
            _ => 0.0,
        };
        let mut found = search(points, control, alpha, beginnings(), sums, known);
        if found.0 < known - 1e-6 * known.max(1.0) {
            // the reference loses beginnings; then the bound was none
            found = search(points, control, alpha, beginnings(), sums, 0.0);
        }
        sums.last_best = (found.1, found.2);
        return found.0;
    }
    let epidemic = control.change == Change::Epidemic && control.direction == Direction::Increase;
    if epidemic && alpha <= 0.0 && control.mode == Mode::Compatible {
        return as_the_reference_epidemic(points, alpha, first, last);
    }
    (first..=last).map(|k| largest(&points[k..], control, alpha)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests;
