//! Ratio, slope and curvature of any stretch at any κ in constant time, for a negative binomial mean times a factor.
//!
//! The ratio of a stretch is a sum over its periods of smooth functions of κ. Prefix sums of the slope and its first two
//! derivatives on a grid of κ give those of every stretch by two differences; between grid points the polynomial of degree five through
//! them is within 1e-10 of the slope of one period, and its integral is the ratio. A search for the best beginning then
//! costs a few operations a beginning instead of a pass over its periods. The ratio that is reported is always computed again from the
//! periods themselves.
//!
//! The slope s of a sum of logistic curves has |s″| ≤ |s′|. Slope and curvature at κ = 0, or at the grid point
//! nearest to the κ that was best last, therefore bound the ratio of a stretch ([`Sums::may_reach`], [`Sums::may_reach_from`]): most
//! beginnings are passed over after two differences and three products.

use super::Direction;
use super::ratio::Point;

/// Width of a cell of the grid.
const WIDTH: f64 = 0.125;
const NODES: usize = 49;

/// Ratio, slope and its two derivatives at a grid point.
type Node = [f64; 4];

/// Grid points from κ = 0 to the farthest κ at which [`Sums::steady`] vouches for a root.
const STEADY: usize = 4;

/// Prefix sums since the last restart.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    alpha: f64,
    sign: f64,
    /// The smallest κ of the grid, a multiple of the width.
    low: f64,
    /// The grid point of κ = 0.
    zero: usize,
    /// e^κ of the grid.
    factors: [f64; NODES],
    /// Per period and grid point, summed from the restart; the first entry is zero.
    rows: Vec<Node>,
    /// Slope and curvature at κ = 0 and slope at the end of the steady range, summed from the restart; the first entry is zero.
    steady: Vec<[f64; 3]>,
    /// Beginning and κ of the largest ratio when it was last asked for.
    pub(super) last_best: (usize, f64),
}

/// What a stretch looks like at one κ: ratio, slope, curvature.
pub(super) type Look = [f64; 3];

impl Sums {
    /// For a size 1/α of the negative binomial; the grid reaches farther in the direction searched.
    pub(super) fn new(alpha: f64, direction: Direction) -> Self {
        let (low, zero) = match direction {
            Direction::Increase => (-2.0, 16),
            Direction::Decrease => (-4.0, 32),
        };
        Self {
            alpha,
            sign: direction.sign(),
            low,
            zero,
            factors: std::array::from_fn(|g| (low + WIDTH * g as f64).exp()),
            rows: vec![[0.0; 4]; NODES],
            steady: vec![[0.0; 3]],
            last_best: (0, 0.0),
        }
    }

    pub(super) fn clear(&mut self) {
        self.rows.truncate(NODES);
        self.steady.truncate(1);
        self.last_best = (0, 0.0);
    }

    /// Slope of the stretch from beginning `k` to now at κ = 0.
    pub(super) fn slope_at_none(&self, k: usize) -> f64 {
        self.steady[self.steady.len() - 1][0] - self.steady[k][0]
    }

    pub(super) fn push(&mut self, point: Point) {
        let am = self.alpha * point.mean;
        let total = point.y + 1.0 / self.alpha;
        let (mut slope, mut curve, mut third) = ([0.0; NODES], [0.0; NODES], [0.0; NODES]);
        for g in 0..NODES {
            let out = am * self.factors[g];
            let inverse = 1.0 / (1.0 + out);
            let share = out * inverse;
            let pull = total * share;
            slope[g] = point.y - pull;
            curve[g] = -pull * inverse;
            third[g] = -pull * inverse * (inverse - share);
        }
        // integrals of the polynomial over the cells; the ratio is zero at κ = 0
        let (mut whole, mut value) = ([0.0; NODES], [0.0; NODES]);
        for g in 0..NODES - 1 {
            whole[g] = WIDTH
                * (0.5 * (slope[g] + slope[g + 1])
                    + WIDTH * ((curve[g] - curve[g + 1]) / 10.0 + WIDTH * (third[g] + third[g + 1]) / 120.0));
        }
        for g in self.zero..NODES - 1 {
            value[g + 1] = value[g] + whole[g];
        }
        for g in (0..self.zero).rev() {
            value[g] = value[g + 1] - whole[g];
        }
        let from = self.rows.len() - NODES;
        for g in 0..NODES {
            let [a, b, c, d] = self.rows[from + g];
            self.rows.push([a + value[g], b + slope[g], c + curve[g], d + third[g]]);
        }
        let far = if self.sign > 0.0 { self.zero + STEADY } else { self.zero - STEADY };
        let before = self.steady[self.steady.len() - 1];
        let now = [slope[self.zero], curve[self.zero], slope[far]];
        self.steady.push(std::array::from_fn(|i| before[i] + now[i]));
    }

    pub(super) fn pop(&mut self) {
        self.rows.truncate(self.rows.len() - NODES);
        self.steady.pop();
    }

    /// Whether the ratio from beginning `k` to now may reach `least`, by what it looks like at κ = 0.
    #[inline]
    pub(super) fn may_reach(&self, k: usize, least: f64) -> bool {
        let (now, here) = (self.steady[self.steady.len() - 1], self.steady[k]);
        let (slope, curve) = ((now[0] - here[0]) * self.sign, here[1] - now[1]);
        if slope <= 0.0 { least <= 0.0 } else { may_reach(0.0, slope, curve, least) }
    }

    /// The same by what it looks like at a grid point.
    #[inline]
    pub(super) fn may_reach_from(&self, node: usize, k: usize, least: f64) -> bool {
        let (start, end) = (&self.rows[k * NODES + node], &self.rows[self.rows.len() - NODES + node]);
        may_reach(end[0] - start[0], (end[1] - start[1]).abs(), start[2] - end[2], least)
    }

    /// The grid point nearest to κ; `None` outside the grid.
    pub(super) fn node(&self, kappa: f64) -> Option<usize> {
        let place = (kappa - self.low) / WIDTH + 0.5;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the grid")]
        (place >= 0.0 && place < NODES as f64).then_some(place as usize)
    }

    /// Whether Newton's method for beginning `k` surely converges from the root of the one before (from 0 where that root is on the
    /// other side): both roots lie within half a unit, and the first step is at most a quarter. The slope that the lost period
    /// gave there lies between those at the ends, and a curvature falls by no more than e^-½ on the way.
    pub(super) fn steady(&self, k: usize) -> bool {
        let now = self.steady[self.steady.len() - 1];
        let (here, before) = (self.steady[k], self.steady[k - 1]);
        let lost = f64::max((here[0] - before[0]).abs(), (here[2] - before[2]).abs());
        let curve = here[1] - now[1];
        (now[2] - here[2]) * self.sign <= 0.0
            && (now[2] - before[2]) * self.sign <= 0.0
            && lost <= 0.15 * curve
    }

    /// The stretch from beginning `k` to now at κ; `None` outside the grid.
    pub(super) fn look(&self, k: usize, kappa: f64) -> Option<Look> {
        let place = (kappa - self.low) / WIDTH;
        // NaN is outside
        if !(place >= 0.0 && place < (NODES - 1) as f64) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the grid")]
        let g = place as usize;
        let (start, end) =
            (&self.rows[k * NODES + g..k * NODES + g + 2], &self.rows[self.rows.len() - NODES + g..]);
        let left: Node = std::array::from_fn(|i| end[0][i] - start[0][i]);
        let right: Node = std::array::from_fn(|i| end[1][i] - start[1][i]);
        let [value, slope, curve] = Cell::new(&left, &right).look(place - g as f64);
        Some([left[0] + value, slope, curve])
    }

    /// Where the ratio of the stretch from beginning `k` is largest, on the side of the direction; `Some(0.0)` when that is at none,
    /// `None` when it is beyond the grid. Begins to look at `near`.
    pub(super) fn top(&self, k: usize, sign: f64, near: f64) -> Option<f64> {
        let slope = |kappa: f64| self.look(k, kappa).map(|l| l[1] * sign);
        if slope(0.0)? <= 0.0 {
            return Some(0.0);
        }
        // the slope falls along κ: walk by cells to the one where it changes sign
        let mut low = if near * sign > 0.0 { (near * sign / WIDTH).floor() * WIDTH } else { 0.0 };
        while low > 0.0 && slope(low * sign)? <= 0.0 {
            low -= WIDTH;
        }
        while slope((low + WIDTH) * sign)? > 0.0 {
            low += WIDTH;
        }
        let (mut inside, mut outside) = (low, low + WIDTH);
        let mut kappa = low + 0.5 * WIDTH;
        for _ in 0..60 {
            let [_, s, c] = self.look(k, kappa * sign)?;
            if s * sign > 0.0 {
                inside = kappa;
            } else {
                outside = kappa;
            }
            let step = if c < 0.0 { -s * sign / c } else { f64::NAN };
            let mut next = kappa + step;
            if !(next >= inside && next <= outside) {
                next = 0.5 * (inside + outside);
            }
            let settled = (next - kappa).abs() < 1e-9;
            kappa = next;
            if settled {
                break;
            }
        }
        Some(kappa * sign)
    }
}

/// Whether a ratio that has this value, slope s (its amount) and curvature -c at some κ may be as much as `least` at any other. At a
/// distance d the slope has fallen by at least c(1 - e^-d), so that the ratio gains at most c(r + (1 - r) ln(1 - r)) with
/// r = s/c; that is r² c times a factor which grows with r, here taken at the end of three ranges.
#[inline]
fn may_reach(value: f64, slope: f64, curve: f64, least: f64) -> bool {
    let factor = if slope <= 0.25 * curve {
        0.5479
    } else if slope <= 0.6 * curve {
        0.6487
    } else if slope <= 0.9 * curve {
        0.8269
    } else {
        return true;
    };
    factor * slope * slope >= (least - value) * curve
}

/// The slope between two grid points: a polynomial of degree five in u = 0 … 1.
struct Cell([f64; 6]);

impl Cell {
    fn new(left: &Node, right: &Node) -> Self {
        let h = WIDTH;
        let (a, b, c) = (left[1], h * left[2], 0.5 * h * h * left[3]);
        let d = right[1] - a - b - c;
        let e = h * right[2] - b - 2.0 * c;
        let f = h * h * right[3] - 2.0 * c;
        Self([a, b, c, 10.0 * d - 4.0 * e + 0.5 * f, -15.0 * d + 7.0 * e - f, 6.0 * d - 3.0 * e + 0.5 * f])
    }

    /// Integral from the left, slope and curvature at u.
    fn look(&self, u: f64) -> Look {
        let Self([a, b, c, d, e, f]) = self;
        let integral = u * (a + u * (b / 2.0 + u * (c / 3.0 + u * (d / 4.0 + u * (e / 5.0 + u * f / 6.0)))));
        let slope = a + u * (b + u * (c + u * (d + u * (e + u * f))));
        let curve = b + u * (2.0 * c + u * (3.0 * d + u * (4.0 * e + u * 5.0 * f)));
        [WIDTH * integral, slope, curve / WIDTH]
    }
}
