//! Which beginnings of a change can hold the largest ratio of a negative binomial mean times a factor.
//!
//! The ratio of a stretch is concave in κ, and a sum over its periods. Prefix sums of ratio and slope on a grid of κ give for every
//! beginning the cell that holds its maximum and, by the tangents at the two ends, an interval around the maximum, at the
//! cost of four differences. Only beginnings whose upper end exceeds the best lower end are searched exactly.

use super::{Change, Control, Direction, Mode, Point};

const CELLS: usize = 48;
const WIDTH: f64 = 0.0625;

/// Prefix sums since the last restart.
#[derive(Debug, Clone)]
pub(super) struct Screen {
    on: bool,
    alpha: f64,
    /// Factors e^κ - 1 of the grid, κ = 0, WIDTH, … (negative for a decrease).
    factors: Vec<f64>,
    step: f64,
    /// Per period and grid point: value and slope, summed from the restart; the first entry is zero.
    sums: Vec<[f64; 2]>,
    /// The cell each beginning had its maximum in when last looked at.
    cells: Vec<usize>,
}

impl Screen {
    pub(super) fn new(control: &Control, alpha: f64) -> Self {
        let step = match control.direction {
            Direction::Increase => WIDTH,
            Direction::Decrease => -WIDTH,
        };
        let on = control.change == Change::Intercept && alpha > 0.0 && control.theta.is_none();
        let factors = (0..=CELLS).map(|g| (step * g as f64).exp_m1()).collect();
        Self { on, alpha, factors, step, sums: vec![[0.0; 2]; CELLS + 1], cells: Vec::new() }
    }

    /// No longer asked.
    pub(super) fn off(&mut self) {
        self.on = false;
    }

    pub(super) fn serves(&self, control: &Control, alpha: f64) -> bool {
        self.on && control.theta.is_none() && alpha > 0.0
    }

    pub(super) fn clear(&mut self) {
        self.sums.truncate(CELLS + 1);
        self.cells.clear();
    }

    pub(super) fn push(&mut self, point: Point) {
        if !self.on {
            return;
        }
        let from = self.sums.len() - (CELLS + 1);
        let am = self.alpha * point.mean;
        let total = point.y + 1.0 / self.alpha;
        for g in 0..=CELLS {
            let [value, slope] = self.sums[from + g];
            let kappa = self.step * g as f64;
            let out = am * (1.0 + self.factors[g]);
            let ln = (am * self.factors[g] / (1.0 + am)).ln_1p();
            self.sums
                .push([value + point.y * kappa - total * ln, slope + point.y - total * out / (1.0 + out)]);
        }
        self.cells.push(0);
    }

    /// The largest of `exact(k)` over beginnings first..=last.
    pub(super) fn best(
        &mut self,
        points: &[Point],
        first: usize,
        last: usize,
        mode: Mode,
        exact: impl Fn(usize) -> f64,
    ) -> f64 {
        let row = CELLS + 1;
        let sign = self.step.signum();
        let end = points.len() * row;
        let mut most = 0.0_f64;
        let mut open: Vec<(f64, usize)> = Vec::new();
        for k in first..=last {
            let start = k * row;
            let at = |g: usize| {
                let (a, b) = (self.sums[end + g], self.sums[start + g]);
                (a[0] - b[0], (a[1] - b[1]) * sign)
            };
            // the slope falls along the grid: find the cell where it changes sign
            let mut cell = self.cells[k];
            let mut low = at(cell);
            while low.1 <= 0.0 && cell > 0 {
                cell -= 1;
                low = at(cell);
            }
            if low.1 <= 0.0 {
                self.cells[k] = 0;
                continue;
            }
            let mut high = (0.0, 0.0);
            let mut inside = false;
            while cell < CELLS {
                high = at(cell + 1);
                if high.1 <= 0.0 {
                    inside = true;
                    break;
                }
                low = high;
                cell += 1;
            }
            if !inside {
                self.cells[k] = CELLS - 1;
                open.push((f64::INFINITY, k));
                continue;
            }
            self.cells[k] = cell;
            let width = self.step.abs();
            // the tangents meet above the maximum
            let meet = (high.0 - low.0 - high.1 * width) / (low.1 - high.1);
            let upper = low.0 + low.1 * meet.clamp(0.0, width);
            most = most.max(low.0).max(high.0);
            open.push((upper, k));
        }
        // the widest first: most of the others then fall below what was found
        open.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut best = 0.0_f64;
        for (upper, k) in open {
            // the reference's search may fail below what the grid shows
            let sure = if mode == Mode::Corrected { best.max(most) } else { best };
            if upper < sure * (1.0 - 1e-12) - 1e-12 {
                break;
            }
            best = best.max(exact(k));
        }
        best
    }
}
