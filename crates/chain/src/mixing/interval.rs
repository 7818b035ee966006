//! Intervals of binary floats, rounded outward: the true value is always inside.

use base::Decimal;
use serde::Serialize;

/// Between `lo` and `hi`, neither negative; `hi` may be infinite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// At least.
    pub lo: f64,
    /// At most.
    pub hi: f64,
}

fn down(x: f64) -> f64 {
    if x > 0.0 { x.next_down() } else { 0.0 }
}

fn up(x: f64) -> f64 {
    if x > 0.0 { x.next_up() } else { 0.0 }
}

impl Interval {
    /// Nothing.
    pub const ZERO: Self = Self { lo: 0.0, hi: 0.0 };
    /// Any share.
    pub const ANY_SHARE: Self = Self { lo: 0.0, hi: 1.0 };

    /// Exactly this number.
    #[must_use]
    pub const fn exactly(x: f64) -> Self {
        Self { lo: x, hi: x }
    }

    /// Around decimals; no upper one is no bound.
    #[must_use]
    pub fn around(least: Decimal, most: Option<Decimal>) -> Self {
        let float = |d: Decimal| d.to_string().parse::<f64>().unwrap_or(0.0);
        let lo = float(least);
        // whole numbers below 2^53 are held exactly
        let lo = if least.is_integer() { lo } else { down(lo) };
        let hi = most.map_or(f64::INFINITY, |m| if m.is_integer() { float(m) } else { up(float(m)) });
        Self { lo, hi }
    }

    /// Sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let exact = |a: f64, b: f64| a <= 0.0 || b <= 0.0;
        let lo = self.lo + other.lo;
        let hi = self.hi + other.hi;
        Self {
            lo: if exact(self.lo, other.lo) { lo } else { down(lo) },
            hi: if exact(self.hi, other.hi) { hi } else { up(hi) },
        }
    }

    /// Difference, not below zero: what is left when `other` is taken.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let lo = if other.hi.is_infinite() { 0.0 } else { down((self.lo - other.hi).max(0.0)) };
        let hi = if self.hi.is_infinite() { self.hi } else { up((self.hi - other.lo).max(0.0)) };
        Self { lo, hi }
    }

    /// Product; nothing of something unbounded is nothing.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        let hi = if self.hi <= 0.0 || other.hi <= 0.0 { 0.0 } else { up(self.hi * other.hi) };
        Self { lo: down(self.lo * other.lo), hi }
    }

    /// The common part; `self` where there is none.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        let both = Self { lo: self.lo.max(other.lo), hi: self.hi.min(other.hi) };
        if both.lo <= both.hi { both } else { self }
    }

    /// How far apart the bounds are.
    #[must_use]
    pub fn width(self) -> f64 {
        self.hi - self.lo
    }
}

/// The mean of shares weighted by quantities, all of them intervals: the exact range, since the extreme weights put as much
/// as possible on the largest (smallest) shares and as little as possible on the rest.
#[must_use]
pub fn mean(parts: &[(Interval, Interval)]) -> Option<Interval> {
    let mut parts: Vec<(Interval, Interval)> = parts.iter().copied().filter(|(q, _)| q.hi > 0.0).collect();
    let least = parts.iter().map(|(_, s)| s.lo).fold(f64::INFINITY, f64::min);
    let most = parts.iter().map(|(_, s)| s.hi).fold(f64::NEG_INFINITY, f64::max);
    if parts.is_empty() {
        return None;
    }
    if parts.len() == 1 || most - least <= 0.0 {
        return Some(Interval { lo: least, hi: most });
    }
    parts.sort_by(|a, b| b.1.hi.total_cmp(&a.1.hi));
    let mut best = f64::NEG_INFINITY;
    for raised in 0..=parts.len() {
        if parts[..raised].iter().any(|(q, _)| q.hi.is_infinite()) {
            let share = parts[..raised].iter().filter(|(q, _)| q.hi.is_infinite()).map(|(_, s)| s.hi);
            best = best.max(share.fold(f64::NEG_INFINITY, f64::max));
            break;
        }
        let weight = |n: usize, q: Interval| if n < raised { q.hi } else { q.lo };
        let (mut above, mut below) = (0.0, 0.0);
        for (n, (q, s)) in parts.iter().enumerate() {
            above = up(above + up(weight(n, *q) * s.hi));
            below = down(below + weight(n, *q));
        }
        if below > 0.0 {
            best = best.max(up(above / below));
        }
    }
    parts.sort_by(|a, b| a.1.lo.total_cmp(&b.1.lo));
    let mut worst = f64::INFINITY;
    for raised in 0..=parts.len() {
        if parts[..raised].iter().any(|(q, _)| q.hi.is_infinite()) {
            let share = parts[..raised].iter().filter(|(q, _)| q.hi.is_infinite()).map(|(_, s)| s.lo);
            worst = worst.min(share.fold(f64::INFINITY, f64::min));
            break;
        }
        let weight = |n: usize, q: Interval| if n < raised { q.hi } else { q.lo };
        let (mut above, mut below) = (0.0, 0.0);
        for (n, (q, s)) in parts.iter().enumerate() {
            above = down(above + down(weight(n, *q) * s.lo));
            below = up(below + weight(n, *q));
        }
        if below > 0.0 {
            worst = worst.min(down(above / below));
        }
    }
    let lo = if worst.is_finite() { worst.max(least) } else { least };
    let hi = if best.is_finite() { best.min(most) } else { most };
    Some(Interval { lo: lo.min(hi), hi })
}

#[cfg(test)]
mod tests {
    use super::{Interval, mean};

    fn i(lo: f64, hi: f64) -> Interval {
        Interval { lo, hi }
    }

    #[test]
    fn the_mean_lies_where_the_extreme_weights_put_it() {
        let near = |got: Option<Interval>, lo: f64, hi: f64| {
            let got = got.unwrap();
            assert!(
                got.lo <= lo && lo - got.lo < 1e-12 && got.hi >= hi && got.hi - hi < 1e-12,
                "{got:?} {lo} {hi}"
            );
        };
        // 30 of 100 contaminated
        near(mean(&[(i(30.0, 30.0), i(1.0, 1.0)), (i(70.0, 70.0), i(0.0, 0.0))]), 0.3, 0.3);
        // 10 to 30 contaminated beside 70 clean
        near(mean(&[(i(10.0, 30.0), i(1.0, 1.0)), (i(70.0, 70.0), i(0.0, 0.0))]), 0.125, 0.3);
        // nothing known of the contaminated one
        near(mean(&[(i(0.0, f64::INFINITY), i(1.0, 1.0)), (i(70.0, 70.0), i(0.0, 0.0))]), 0.0, 1.0);
        // bounds on both sides and on the share
        near(mean(&[(i(10.0, 20.0), i(0.4, 0.8)), (i(10.0, 40.0), i(0.0, 0.1))]), 0.08, (16.0 + 1.0) / 30.0);
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[(Interval::ZERO, i(1.0, 1.0))]), None);
    }
}
