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

mod ratio;
mod sums;

use super::baseline::Baseline;
use super::{Error, Mode, Range, Series};
use ratio::{Point, statistic};
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
    if control.least == 0 || control.window.is_some_and(|m| m < control.least) {
        return Err(Error::setting("Mtilde", control.least, "at least 1, and at most M where M is told"));
    }
    if control.limit.is_nan() || control.limit <= 0.0 {
        return Err(Error::setting("c.ARL", control.limit, "a positive alarm limit"));
    }
    if control.theta.is_some_and(|theta| theta == 0.0 || !theta.is_finite()) {
        return Err(Error::setting("theta", 0, "a change that is not 0"));
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
