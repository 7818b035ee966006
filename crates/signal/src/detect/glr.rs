//! Likelihood-ratio CUSUM for counts: has the mean left the baseline by a factor (or an epidemic term) at some time within a
//! window?
//!
//! Höhle and Paul, *CSDA* 2008. In control y ~ Poisson or negative binomial (variance µ + α µ²) with mean µ from a harmonic
//! regression; out of control µ e^κ (`Intercept`) or µ + λ y₍t-1₎ (`Epidemic`). With κ known the statistic is a CUSUM of
//! log-likelihood ratios; unknown, it is the largest ratio over all beginnings of the change and all κ. After an alarm it begins
//! anew on later data.
//!
//! **Modes.** The reference searches κ of a negative binomial by Newton steps from ½ (the next beginning from where the last one
//! ended, or from 0) and gives nothing where they diverge, which are the large jumps; corrected searches safely. With Poisson
//! counts the reference takes the shortest change one period longer than asked when there is a window, and without one only
//! waits as many periods as asked and then takes changes of any length; asked for cases it writes 0 where no number rings, and for a decrease the
//! fewest that no longer ring; with a known κ it writes a fraction of a case; 1e99 for a negative
//! binomial period without a case; for an epidemic it takes the count before the range as zero, and its search for λ hardly looks
//! at beginnings after one whose best λ was zero, so that it rings late. Corrected does none of that.

mod sums;

use super::baseline::Baseline;
use super::{Error, Mode, Range, Series};
use sums::Sums;

/// What changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The mean by a factor.
    Intercept,
    /// An epidemic part proportional to the count before is added.
    Epidemic,
}

/// Direction of the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More cases.
    Increase,
    /// Fewer cases.
    Decrease,
}

impl Direction {
    fn sign(self) -> f64 {
        match self {
            Self::Increase => 1.0,
            Self::Decrease => -1.0,
        }
    }
}

/// What the bound is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Give {
    /// The statistic.
    Value,
    /// Cases at which it would have rung, searched up to a limit.
    Cases {
        /// The largest number tried.
        limit: f64,
    },
}

/// Settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// Alarm limit of the statistic.
    pub limit: f64,
    /// What changes.
    pub change: Change,
    /// κ or λ if known.
    pub theta: Option<f64>,
    /// Direction.
    pub direction: Direction,
    /// The change began at most so many periods ago; any time when absent.
    pub window: Option<usize>,
    /// The change began at least so many periods ago, the judged one counted.
    pub least: usize,
    /// What the bound is.
    pub give: Give,
    /// The first count after a restart.
    pub mode: Mode,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            limit: 5.0,
            change: Change::Intercept,
            theta: None,
            direction: Direction::Increase,
            window: None,
            least: 1,
            give: Give::Cases { limit: 1e6 },
            mode: Mode::Compatible,
        }
    }
}

/// What the method says of one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// 1-based period.
    pub period: usize,
    /// Cases counted.
    pub observed: f64,
    /// Statistic or cases, as asked.
    pub bound: f64,
    /// Whether the statistic reached the limit.
    pub alarm: bool,
    /// In-control mean.
    pub mean: f64,
}

/// The model of one period: count, in-control mean, count before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) y: f64,
    pub(super) mean: f64,
    pub(super) before: f64,
}

impl Point {
    /// Log-likelihood ratio of the change at θ against none, with first and second derivative.
    fn ratio(self, change: Change, alpha: f64, theta: f64) -> [f64; 3] {
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
    points.iter().map(|p| p.ratio(Change::Intercept, alpha, kappa)[0]).sum()
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
/// the maximum safely. Either way most beginnings need one look: the slope s of a sum of logistic curves has |s″| ≤ |s′|, so that
/// after a first step of at most a quarter Newton's method converges (Kantorovich), and to no more than half again as far; where the
/// tangent over that reach stays below the best so far, the beginning is passed over. `known` is a ratio that some beginning is thought to
/// reach.
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
    let mut best = Best { most: known, near: Vec::new() };
    let mut beyond = (0.0_f64, 0, 0.0);
    for k in beginnings {
        if at_none && sums.slope_at_none(k) * sign <= 0.0 {
            continue;
        }
        at_none = false;
        if let Some([value, slope, curve]) = sums.look(k, theta) {
            let step = -slope / curve;
            let sure = curve < 0.0 && step.abs() <= 0.25;
            if sure && value + 1.5 * slope * step < best.most - best.slack() {
                theta += step;
                at_none = theta * sign <= 0.0;
                theta = if at_none { 0.0 } else { theta };
                continue;
            }
        }
        let found = match control.mode {
            Mode::Compatible => Some(unguarded(points, alpha, k, theta, sums)),
            Mode::Corrected => sums.top(k, sign, theta),
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
fn statistic(points: &[Point], control: &Control, alpha: f64, sums: Option<&mut Sums>) -> f64 {
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

/// Judges the periods of a range against a fitted baseline.
///
/// # Errors
/// The range lies outside, or a setting is out of range.
pub fn run(series: &Series, baseline: &Baseline, control: &Control, range: Range) -> Result<Vec<Row>, Error> {
    let means: Vec<f64> = range.periods().map(|t| baseline.mean(t)).collect();
    run_with_means(series, &means, baseline.alpha, control, range)
}

/// Judges the periods of a range with known in-control means (one a period of the range) and overdispersion α.
///
/// # Errors
/// The range lies outside, or a setting is out of range.
pub fn run_with_means(
    series: &Series,
    means: &[f64],
    alpha: f64,
    control: &Control,
    range: Range,
) -> Result<Vec<Row>, Error> {
    series.check(range)?;
    if means.len() != range.len() || means.iter().any(|m| !(*m > 0.0 && m.is_finite())) {
        return Err(Error::setting(
            "mu0",
            format!("{} values", means.len()),
            "a positive mean for each period judged",
        ));
    }
    if !(alpha >= 0.0 && alpha.is_finite()) {
        return Err(Error::setting("alpha", alpha, "0 or a positive number"));
    }
    if control.least == 0 {
        return Err(Error::setting("Mtilde", 0, "at least 1"));
    }
    let y = series.counts();
    let factor = control.change == Change::Intercept && alpha > 0.0 && control.theta.is_none();
    let sums = factor.then(|| Sums::new(alpha, control.direction));
    let mut state = State { points: Vec::new(), sum: 0.0, sums };
    let mut out = Vec::with_capacity(range.len());
    for (i, period) in range.periods().enumerate() {
        let t = period - 1;
        // the reference knows no count before the range
        let known = t > 0 && (i > 0 || control.mode == Mode::Corrected);
        let before = if known { y[t - 1] } else { 0.0 };
        let point = Point { y: y[t], mean: means[i], before };
        let compatible = control.mode == Mode::Compatible;
        let cases = match (control.give, control.theta) {
            (Give::Value, _) => None,
            (Give::Cases { .. }, Some(theta)) if compatible => {
                Some(state.fraction(point, control, alpha, theta))
            }
            (Give::Cases { .. }, None) if alpha > 0.0 && y[t] <= 0.0 && compatible => Some(1e99),
            (Give::Cases { limit }, _) => {
                let found = state.cases(point, control, alpha, limit);
                let poisson_down = alpha <= 0.0 && control.direction == Direction::Decrease;
                Some(match found {
                    found if !compatible => found,
                    found if found.is_nan() => 0.0,
                    // the fewest that no longer ring
                    found if poisson_down => found + 1.0,
                    found => found,
                })
            }
        };
        let value = state.push(point, control, alpha);
        let alarm = value >= control.limit;
        out.push(Row { period, observed: y[t], bound: cases.unwrap_or(value), alarm, mean: means[i] });
        if alarm {
            state.points.clear();
            state.sum = 0.0;
            if let Some(sums) = &mut state.sums {
                sums.clear();
            }
        }
    }
    Ok(out)
}

/// What happened since the last restart.
struct State {
    points: Vec<Point>,
    sum: f64,
    /// For a negative binomial mean times an unknown factor.
    sums: Option<Sums>,
}

impl State {
    fn push(&mut self, point: Point, control: &Control, alpha: f64) -> f64 {
        self.points.push(point);
        if let Some(theta) = control.theta {
            self.sum = (self.sum + point.ratio(control.change, alpha, theta)[0]).max(0.0);
            return self.sum;
        }
        if let Some(sums) = &mut self.sums {
            sums.push(point);
        }
        statistic(&self.points, control, alpha, self.sums.as_mut())
    }

    /// The count, with its fraction, at which the sum for a known θ meets the limit; none below zero.
    fn fraction(&self, point: Point, control: &Control, alpha: f64, theta: f64) -> f64 {
        let at = |y: f64| Point { y, ..point }.ratio(control.change, alpha, theta)[0];
        // the ratio is a straight line in the count
        let (none, one) = (at(0.0), at(1.0));
        ((control.limit - self.sum - none) / (one - none)).max(0.0)
    }

    /// The count nearest to the alarm's side of none that would reach the limit.
    fn cases(&mut self, point: Point, control: &Control, alpha: f64, limit: f64) -> f64 {
        let mut rings = |y: f64| {
            let tried = Point { y, ..point };
            if let Some(theta) = control.theta {
                return self.sum + tried.ratio(control.change, alpha, theta)[0] >= control.limit;
            }
            let value = self.push(tried, control, alpha);
            self.points.pop();
            if let Some(sums) = &mut self.sums {
                sums.pop();
            }
            value >= control.limit
        };
        if control.direction == Direction::Decrease {
            // the largest count that rings
            if !rings(0.0) {
                return f64::NAN;
            }
            let (mut yes, mut no) = (0.0, limit);
            while no - yes > 1.0 {
                let mid: f64 = (0.5_f64 * (yes + no)).floor();
                if rings(mid) { yes = mid } else { no = mid }
            }
            return yes;
        }
        if rings(0.0) {
            return 0.0;
        }
        // more cases ring sooner: widen, then halve
        let (mut no, mut yes) = (0.0, 8.0_f64.max(2.0 * point.mean).ceil());
        while !rings(yes) {
            no = yes;
            yes *= 2.0;
            if yes > limit {
                if !rings(limit) {
                    return f64::NAN;
                }
                yes = limit;
                break;
            }
        }
        while yes - no > 1.0 {
            let mid: f64 = (0.5_f64 * (yes + no)).floor();
            if mid <= no {
                break;
            }
            if rings(mid) { yes = mid } else { no = mid }
        }
        yes.ceil()
    }
}
