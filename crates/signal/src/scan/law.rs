//! The log-likelihood ratio of a window from its cases and its measure, and the tables that tell without a logarithm
//! whether a window can reach a level.
//!
//! Poisson and space–time permutation: the measure is the expected number, its total the number of cases; Bernoulli: the
//! number of cases and controls. For a number of cases the ratio falls as the measure rises to what is even, then rises.
//! Source: Kulldorff, *A spatial scan statistic*, Commun. Statist. Theory Meth. 26 (1997), eq. 4–6.

/// The probability law of counts.
#[derive(Debug, Clone)]
pub(crate) struct Law {
    cases: u32,
    total: f64,
    bernoulli: bool,
    /// n ln n
    entropy: Vec<f64>,
    null: f64,
}

fn xlogx(x: f64) -> f64 {
    if x > 0.0 { x * x.ln() } else { 0.0 }
}

impl Law {
    /// Counts with expectations that sum to the number of cases.
    pub(crate) fn poisson(cases: u32) -> Self {
        Self {
            cases,
            total: f64::from(cases),
            bernoulli: false,
            entropy: (0..=cases).map(|n| xlogx(f64::from(n))).collect(),
            null: 0.0,
        }
    }

    /// `cases` among `total` cases and controls.
    pub(crate) fn bernoulli(cases: u32, total: f64) -> Self {
        let c = f64::from(cases);
        let null = xlogx(c) + xlogx(total - c) - xlogx(total);
        Self {
            cases,
            total,
            bernoulli: true,
            entropy: (0..=cases).map(|n| xlogx(f64::from(n))).collect(),
            null,
        }
    }

    pub(crate) fn cases(&self) -> u32 {
        self.cases
    }

    /// Measure of everything.
    pub(crate) fn total(&self) -> f64 {
        self.total
    }

    /// Expected cases of a measure.
    pub(crate) fn expected(&self, measure: f64) -> f64 {
        measure * f64::from(self.cases) / self.total
    }

    /// Whether the window has more cases than expected.
    pub(crate) fn is_high(&self, c: u32, m: f64) -> bool {
        f64::from(c) * self.total > m * f64::from(self.cases) * (1.0 + 1e-12)
    }

    /// Whether the window has fewer cases than expected.
    pub(crate) fn is_low(&self, c: u32, m: f64) -> bool {
        f64::from(c) * self.total < m * f64::from(self.cases) * (1.0 - 1e-12)
    }

    /// The log-likelihood ratio, never negative.
    #[inline]
    pub(crate) fn ratio(&self, c: u32, m: f64) -> f64 {
        let (x, rest) = (f64::from(c), f64::from(self.cases - c));
        let mut sum = self.entropy[c as usize] + self.entropy[(self.cases - c) as usize];
        let outside = self.total - m;
        if c > 0 {
            sum -= x * m.max(f64::MIN_POSITIVE).ln();
        }
        if rest > 0.0 {
            sum -= rest * outside.max(f64::MIN_POSITIVE).ln();
        }
        if self.bernoulli {
            let (u, v) = (m - x, outside - rest);
            if u > 0.0 {
                sum += u * (u / m).ln();
            }
            if v > 0.0 {
                sum += v * (v / outside).ln();
            }
            sum -= self.null;
        }
        sum.max(0.0)
    }

    /// The greatest measure at which `c` cases reach the level, sought from `near` at or below it. For a Poisson law the ratio is convex in
    /// the measure, so that steps along the tangent never pass the root; what rounding leaves is less than 1e-9 of it.
    fn farthest(&self, c: u32, near: f64, level: f64) -> f64 {
        let even = f64::from(c) * self.total / f64::from(self.cases);
        if self.bernoulli || near <= 0.0 {
            let least = if self.bernoulli { f64::from(c) } else { 0.0 };
            return self.bisect(c, least, even, level) * (1.0 + 1e-9);
        }
        let mut m = near;
        for _ in 0..60 {
            let slope = f64::from(self.cases - c) / (self.total - m) - f64::from(c) / m;
            let step = (level - self.ratio(c, m)) / slope;
            m = (m + step).min(even);
            if step <= 1e-12 * m {
                return m * (1.0 + 1e-9);
            }
        }
        self.bisect(c, near, even, level) * (1.0 + 1e-9)
    }

    fn bisect(&self, c: u32, mut good: f64, mut bad: f64, level: f64) -> f64 {
        for _ in 0..40 {
            let mid = f64::midpoint(good, bad);
            if self.ratio(c, mid) >= level {
                good = mid;
            } else {
                bad = mid;
            }
        }
        bad
    }
}

/// Fills what lies between the first and the last with a straight line.
fn straight(values: &mut [f64]) {
    let last = values.len() - 1;
    let (from, to) = (values[0], values[last]);
    for (k, value) in (0_u32..).zip(values.iter_mut()).take(last).skip(1) {
        *value = from + (to - from) * (f64::from(k) / f64::from(super::places::index(last)));
    }
}

/// Cells of the tables over the measure.
const CELLS: usize = 1 << 14;
/// Bands of the tables over the measure, narrow where it is small: band `b` begins at the share (b / 64)² of the greatest.
pub(crate) const BANDS: usize = 64;

/// How many cases more (fewer, for low windows) than this level needs a window must have to reach a higher one, by band.
#[derive(Debug, Clone)]
pub(crate) struct Need {
    pub(crate) high: [i16; BANDS],
    pub(crate) low: [i16; BANDS],
}

/// The cell after the last of a band.
fn band_end(band: usize) -> usize {
    if band + 1 < BANDS { ((band + 1) * (band + 1) * CELLS).div_ceil(BANDS * BANDS) } else { CELLS + 1 }
}

/// What a window must have to reach a level: conservative by a hair, so that no window is missed.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    /// By cases: the greatest measure at which a high window reaches the level; negative when none does. Non-decreasing.
    pub(crate) high: Vec<f64>,
    /// By cases: the least measure at which a low window reaches the level; infinite when none does. Non-decreasing.
    pub(crate) low: Vec<f64>,
    /// By cell of the measure: the fewest cases that reach the level somewhere in the cell.
    few: Vec<u32>,
    /// By cell: how many numbers of cases (0, 1, …) of a low window reach the level somewhere in the cell.
    many: Vec<u32>,
    cell: f64,
}

/// Which sides are wanted and how many cases a cluster needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sides {
    pub(crate) high: bool,
    pub(crate) low: bool,
    pub(crate) min_high: u32,
    pub(crate) min_low: u32,
}

impl Reach {
    /// The tables for a level; `top` is the greatest measure of any window.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "tables of cells and cases below 2³²"
    )]
    pub(crate) fn new(law: &Law, level: f64, top: f64, sides: Sides) -> Self {
        let n = law.cases as usize + 1;
        let rate = law.total / f64::from(law.cases);
        let (mut high, mut low) = (vec![-1.0; n], vec![f64::INFINITY; n]);
        // The ratio is convex in cases and measure together, so the greatest measure is a convex function of the cases and the least
        // one a concave one: what a straight line between two numbers of cases gives errs on the safe side, by less than
        // a fifth of a case when they are a sixteenth apart.
        let next = |c: u32| (c + 1 + c / 16).min(law.cases);
        if sides.high {
            let (mut near, mut c) = (-1.0, 1);
            let mut known: Option<u32> = None;
            while c <= law.cases {
                let least = if law.bernoulli { f64::from(c) } else { 0.0 };
                if law.ratio(c, least) < level {
                    c += 1;
                    continue;
                }
                // more cases reach the level at a greater measure
                let measure = law.farthest(c, near, level);
                near = measure * (1.0 - 2e-9);
                high[c as usize] = measure;
                if let Some(before) = known {
                    straight(&mut high[before as usize..=c as usize]);
                }
                known = Some(c);
                if measure > top {
                    high[c as usize..].fill(f64::INFINITY);
                    break;
                }
                c = if c == law.cases { c + 1 } else { next(c) };
            }
        }
        if sides.low {
            let (mut c, mut known, mut walk) = (0, None, false);
            while c < law.cases {
                let most = if law.bernoulli {
                    law.total - f64::from(law.cases - c)
                } else {
                    law.total * (1.0 - 1e-15)
                };
                if law.ratio(c, most) < level {
                    match known {
                        // the last that reach it may have been jumped over
                        Some(before) if before + 1 < c => (c, walk) = (before + 1, true),
                        _ => break,
                    }
                    continue;
                }
                low[c as usize] = law.bisect(c, most, f64::from(c) * rate, level) * (1.0 - 1e-9);
                if let Some(before) = known {
                    straight(&mut low[before as usize..=c as usize]);
                }
                known = Some(c);
                if low[c as usize] > top {
                    break;
                }
                c = if walk || c + 1 == law.cases { c + 1 } else { next(c).min(law.cases - 1) };
            }
        }
        let cell = top.max(1e-300) * (1.0 + 1e-9) / (CELLS - 1) as f64;
        let edge = |k: usize| k as f64 * cell;
        let (mut few, mut many) = (Vec::with_capacity(CELLS + 1), Vec::with_capacity(CELLS + 1));
        let (mut short, mut enough) = (0, 0);
        for k in 0..=CELLS {
            // both tables rise with the measure, so what was counted stays counted
            while short < n && high[short] < edge(k) {
                short += 1;
            }
            while enough < n && low[enough] <= edge(k + 1) {
                enough += 1;
            }
            few.push((short as u32).max(sides.min_high));
            many.push(enough as u32);
        }
        Self { high, low, few, many, cell }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cell number")]
    fn at(&self, m: f64) -> usize {
        ((m / self.cell) as usize).min(CELLS)
    }

    /// The band of a measure that lies in that band or a later one.
    #[inline]
    pub(crate) fn band(&self, m: f64, mut band: usize) -> usize {
        let cell = self.at(m);
        while cell >= band_end(band) {
            band += 1;
        }
        band
    }

    /// What a window needs beyond this level to reach that of `other`, a higher one over the same measures.
    pub(crate) fn need(&self, other: &Self) -> Need {
        let cut = |more: u32| i16::try_from(more).unwrap_or(i16::MAX);
        let mut need = Need { high: [i16::MAX; BANDS], low: [i16::MAX; BANDS] };
        let least = |more: &[u32], less: &[u32]| {
            cut(more.iter().zip(less).map(|(a, b)| a.saturating_sub(*b)).min().unwrap_or(u32::MAX))
        };
        let mut from = 0;
        for band in 0..BANDS {
            let cells = from..band_end(band);
            need.high[band] = least(&other.few[cells.clone()], &self.few[cells.clone()]);
            need.low[band] = least(&self.many[cells.clone()], &other.many[cells.clone()]);
            from = cells.end;
        }
        need
    }

    /// Fewest cases that a high window of about this measure needs.
    #[inline]
    pub(crate) fn fewest(&self, m: f64) -> u32 {
        self.few[self.at(m)]
    }

    /// How many numbers of cases, from 0 up, make a window of about this measure low enough.
    #[inline]
    pub(crate) fn low_counts(&self, m: f64) -> u32 {
        self.many[self.at(m)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_of_published_clusters() {
        // New Mexico 1982: 646 of 1,175 cases, population 678,285 of 1,363,854
        let law = Law::poisson(1175);
        let expected = 1175.0 * 678_285.0 / 1_363_854.0;
        assert!((law.ratio(646, expected) - 6.476_402).abs() < 1e-6);
        // North Humberside: 4 of 4 children, 62 cases among 203
        assert!((Law::bernoulli(62, 203.0).ratio(4, 4.0) - 4.836_516).abs() < 1e-6);
    }

    #[test]
    fn the_greatest_measure_of_a_level_is_that_and_no_less() {
        for cases in [60, 20_000] {
            let law = Law::poisson(cases);
            let sides = Sides { high: true, low: false, min_high: 0, min_low: 0 };
            for level in [1e-9, 0.05, 3.0, 12.0] {
                let reach = Reach::new(&law, level, f64::from(cases) / 2.0, sides);
                for (c, &m) in (0..).zip(&reach.high).filter(|(_, m)| **m > 0.0 && m.is_finite()) {
                    // what rounding leaves of a ratio is about 1e-10 with so many cases
                    let slack = 1e-9 * f64::from(cases) / 60.0;
                    // a straight line bridges numbers of cases from 16 on
                    let nearer = if c < 16 { m * (1.0 - 1e-6) } else { m - 0.2 };
                    assert!(
                        law.ratio(c, m) < level + slack && law.ratio(c, nearer) > level - slack,
                        "{c} {m} {level}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_tables_agree_with_the_ratio_itself() {
        let sides = Sides { high: true, low: true, min_high: 0, min_low: 0 };
        for (law, top) in [(Law::poisson(60), 60.0), (Law::bernoulli(40, 130.0), 130.0)] {
            for level in [0.5, 3.0, 9.0] {
                let reach = Reach::new(&law, level, top, sides);
                for c in 0..=law.cases() {
                    for step in 0..=260 {
                        let m = f64::from(step) / 2.0;
                        let fits = !law.bernoulli
                            || (m >= f64::from(c) && law.total - m >= f64::from(law.cases() - c));
                        if m <= 0.0 || m >= law.total || !fits {
                            continue;
                        }
                        let ratio = law.ratio(c, m);
                        if law.is_high(c, m) && ratio >= level {
                            assert!(m <= reach.high[c as usize] && c >= reach.fewest(m), "{c} {m} {level}");
                        }
                        if law.is_low(c, m) && ratio >= level {
                            assert!(m >= reach.low[c as usize] && c < reach.low_counts(m), "{c} {m} {level}");
                        }
                    }
                }
            }
        }
    }
}
