//! The greatest ratio of a map of counts, exactly and fast.
//!
//! Four ways to the same number: `plain` looks at every window; `spatial` serves places without time (thirty-two
//! replicates at a time, each with the greatest ratio found so far as its level); `living` serves windows that all end on the last
//! interval (thirty-two lengths at a time, places added one by one); `spans` serves windows anywhere in time (runs of
//! starts at a time, neighbouring lengths bounded together). The fast ways compare integers with the fewest cases that
//! could reach a level and compute a logarithm only where a window may. A replicate that does not reach the level is
//! looked at again with a lower one, so the level decides the speed, never the result.

mod living;
mod spans;
mod spatial;

use living::Blocks;
use spans::Ring;
use spatial::Steps;

use super::law::{Law, Need, Reach, Sides};
use super::places::{Family, Outline};
use std::sync::OnceLock;

/// Which intervals make windows: `[s, e)` of `columns`, `shortest ≤ e - s ≤ longest`, `e ≥ end_from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// First interval of the study that is kept; column 0.
    pub(crate) first: usize,
    pub(crate) columns: usize,
    pub(crate) end_from: usize,
    pub(crate) shortest: usize,
    pub(crate) longest: usize,
    /// The window over all columns counts too, whatever its length.
    pub(crate) whole: bool,
}

impl Frame {
    /// The spans of columns that make windows, first and one past the last.
    pub(crate) fn spans(self) -> Vec<(usize, usize)> {
        let mut all: Vec<(usize, usize)> = (self.end_from.max(self.shortest)..=self.columns)
            .flat_map(|to| (self.shortest..=self.longest.min(to)).map(move |length| (to - length, to)))
            .collect();
        if self.whole && self.columns > self.longest {
            all.push((0, self.columns));
        }
        all
    }
}

/// A replicate: place and column of the cases in the frame, and how many there are of each entry.
pub(crate) type Cases = Vec<(u32, u32, u32)>;

/// A window found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    pub(crate) value: f64,
    pub(crate) family: usize,
    /// Number of places.
    pub(crate) size: usize,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) cases: u32,
    pub(crate) measure: f64,
}

/// Everything that stays the same from replicate to replicate.
pub(crate) struct Engine<'a> {
    pub(crate) law: Law,
    pub(crate) frame: Frame,
    pub(crate) families: &'a [Family],
    pub(crate) outlines: &'a [Outline],
    pub(crate) sides: Sides,
    /// Smallest relative risk of a high window, greatest of a low one.
    pub(crate) risk: (Option<f64>, Option<f64>),
    /// Measure before each column, by place: `place * (columns + 1) + column`.
    pub(crate) before: Vec<f64>,
    pub(crate) places: usize,
}

/// The tables of one level, by outline.
pub(crate) struct Level {
    pub(crate) value: f64,
    reach: Vec<Reach>,
    of: Vec<usize>,
    /// Factor on the ratio, by table.
    penalties: Vec<f64>,
    /// Bounds of every window of places, by family, for the three fast ways.
    living: OnceLock<Vec<Blocks>>,
    spans: OnceLock<Vec<Vec<Ring>>>,
    spatial: OnceLock<Vec<Steps>>,
    /// What windows need beyond this level to reach a higher one, by rung and table.
    rungs: [OnceLock<Vec<Need>>; RUNGS],
}

/// Levels above the level of the tables that are told apart, a fixed step of √(2 × ratio) from one to the next.
const RUNGS: usize = 64;
const RUNG: f64 = 0.08;

impl Level {
    pub(crate) fn of(&self, outline: u32) -> &Reach {
        &self.reach[self.of[outline as usize]]
    }

    /// The value of a rung; the first is the level itself.
    fn rung_value(&self, rung: usize) -> f64 {
        ((2.0 * self.value).sqrt() + RUNG * f64::from(super::places::index(rung))).powi(2) / 2.0
    }

    /// The highest rung that a value reaches.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the number of a rung")]
    fn rung(&self, value: f64) -> usize {
        let steps = ((2.0 * value).sqrt() - (2.0 * self.value).sqrt()) / RUNG;
        let rung = (steps.max(0.0) as usize).min(RUNGS - 1);
        if rung > 0 && self.rung_value(rung) > value { rung - 1 } else { rung }
    }
}

/// Bytes of bounds that are kept rather than made again for every batch.
const KEEP: usize = 400_000_000;
/// Cases that fit the 16-bit lanes.
const NARROW: u32 = 32_000;

impl Engine<'_> {
    /// Measure of a window of places.
    fn prefix(&self, place: u32) -> &[f64] {
        let n = self.frame.columns + 1;
        &self.before[place as usize * n..(place as usize + 1) * n]
    }

    /// Measure of a place over a span of columns.
    pub(crate) fn measure(&self, place: u32, from: usize, to: usize) -> f64 {
        let before = self.prefix(place);
        before[to] - before[from]
    }

    /// The tables for a level.
    pub(crate) fn level(&self, value: f64) -> Level {
        let mut penalties: Vec<f64> = Vec::new();
        let mut of = Vec::new();
        for outline in self.outlines {
            let at = penalties.iter().position(|p| (p - outline.penalty).abs() < 1e-15);
            of.push(at.unwrap_or(penalties.len()));
            if at.is_none() {
                penalties.push(outline.penalty);
            }
        }
        let top = self.greatest();
        let reach = penalties.iter().map(|p| Reach::new(&self.law, value / p, top, self.sides)).collect();
        Level {
            value,
            reach,
            of,
            penalties,
            living: OnceLock::new(),
            spans: OnceLock::new(),
            spatial: OnceLock::new(),
            rungs: [const { OnceLock::new() }; RUNGS],
        }
    }

    /// What windows need beyond the level to reach a rung of it, by table.
    fn rung<'l>(&self, level: &'l Level, rung: usize) -> &'l [Need] {
        level.rungs[rung].get_or_init(|| {
            let (value, top) = (level.rung_value(rung), self.greatest());
            let higher = |p: &f64| Reach::new(&self.law, value / p, top, self.sides);
            level.reach.iter().zip(&level.penalties).map(|(low, p)| low.need(&higher(p))).collect()
        })
    }

    /// An upper bound of the measure of any window.
    fn greatest(&self) -> f64 {
        let f = self.frame;
        let all: Vec<f64> = (0..=f.columns)
            .map(|t| (0..self.places).map(|p| self.prefix(super::places::index(p))[t]).sum())
            .collect();
        let longest = if f.whole { f.columns } else { f.longest.min(f.columns) };
        (longest..=f.columns).map(|e| all[e] - all[e - longest]).fold(0.0, f64::max) * (1.0 + 1e-9)
    }

    /// The value of a window if it counts.
    #[inline]
    pub(crate) fn value(&self, c: u32, m: f64, penalty: f64) -> Option<f64> {
        let high = self.sides.high
            && c >= self.sides.min_high
            && self.law.is_high(c, m)
            && self.risky(c, m, self.risk.0, true);
        let low = !high
            && self.sides.low
            && c >= self.sides.min_low
            && self.law.is_low(c, m)
            && self.risky(c, m, self.risk.1, false);
        (high || low).then(|| self.law.ratio(c, m) * penalty)
    }

    fn risky(&self, c: u32, m: f64, limit: Option<f64>, above: bool) -> bool {
        limit.is_none_or(|limit| {
            let e = self.law.expected(m);
            let (inside, outside) =
                (f64::from(c) / e, f64::from(self.law.cases() - c) / (f64::from(self.law.cases()) - e));
            if above { inside >= limit * outside } else { inside <= limit * outside }
        })
    }

    /// Whether the search raises the level of each replicate as it goes on.
    pub(crate) fn rises(&self) -> bool {
        self.law.cases() <= NARROW && self.frame.columns == 1
    }

    /// The greatest value of each replicate; `None` where no window reaches the level.
    pub(crate) fn maxima(&self, replicates: &[Cases], level: &Level) -> Vec<Option<f64>> {
        let f = self.frame;
        if self.rises() {
            self.spatial(replicates, level)
        } else if self.law.cases() <= NARROW && f.end_from == f.columns && !f.whole {
            self.living(replicates, level)
        } else if self.law.cases() <= NARROW {
            self.spans(replicates, level)
        } else {
            replicates
                .iter()
                .map(|cases| {
                    let mut best = None;
                    self.plain(cases, level, |found| best = greater(best, found.value));
                    best
                })
                .collect()
        }
    }

    /// Every window that reaches the level.
    pub(crate) fn plain(&self, cases: &Cases, level: &Level, mut each: impl FnMut(&Found)) {
        let f = self.frame;
        let n = f.columns + 1;
        let mut before = vec![0u32; self.places * n];
        for &(place, column, count) in cases {
            before[place as usize * n + column as usize + 1] += count;
        }
        for row in before.chunks_mut(n) {
            for t in 1..n {
                row[t] += row[t - 1];
            }
        }
        let (mut counts, mut measure) = (vec![0u32; n], vec![0.0; n]);
        for (index, family) in self.families.iter().enumerate() {
            let reach = level.of(family.outline);
            let penalty = self.outlines[family.outline as usize].penalty;
            counts.fill(0);
            measure.fill(0.0);
            for (size, (&place, &whole)) in family.order.iter().zip(&family.whole).enumerate() {
                for (sum, c) in counts.iter_mut().zip(&before[place as usize * n..]) {
                    *sum += c;
                }
                for (sum, m) in measure.iter_mut().zip(self.prefix(place)) {
                    *sum += m;
                }
                if !whole {
                    continue;
                }
                let mut look = |from: usize, to: usize| {
                    let (c, m) = (counts[to] - counts[from], measure[to] - measure[from]);
                    if (m <= reach.high[c as usize] || m >= reach.low[c as usize])
                        && let Some(value) = self.value(c, m, penalty).filter(|v| *v >= level.value)
                    {
                        each(&Found { value, family: index, size: size + 1, from, to, cases: c, measure: m });
                    }
                };
                for to in f.end_from.max(f.shortest)..=f.columns {
                    for length in f.shortest..=f.longest.min(to) {
                        look(to - length, to);
                    }
                }
                if f.whole && f.columns > f.longest {
                    look(0, f.columns);
                }
            }
        }
    }
}

/// A count in the lanes, which are entered only when all cases fit.
#[expect(clippy::cast_possible_truncation, reason = "at most NARROW")]
fn small(count: u32) -> i16 {
    count as i16
}

/// The greater of what is known and a new value.
pub(crate) fn greater(known: Option<f64>, value: f64) -> Option<f64> {
    Some(known.map_or(value, |k| k.max(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A small map: places on a line, cases and measures at random; the fast ways against the plain one.
    fn check(frame: Frame, places: usize, cases: &Cases, measure: &[f64], sides: Sides, bernoulli: bool) {
        let total: f64 = measure.iter().sum();
        let count: u32 = cases.iter().map(|case| case.2).sum();
        let law = if bernoulli { Law::bernoulli(count, total) } else { Law::poisson(count) };
        let scale = if bernoulli { 1.0 } else { f64::from(count) / total };
        let before: Vec<f64> = measure
            .chunks(frame.columns)
            .flat_map(|row| {
                std::iter::once(0.0).chain(row.iter().scan(0.0, |sum, m| {
                    *sum += m * scale;
                    Some(*sum)
                }))
            })
            .collect();
        let families: Vec<Family> = (0..places)
            .map(|c| {
                let mut order: Vec<u32> = (0..super::super::places::index(places)).collect();
                order.sort_by_key(|p| (*p as usize).abs_diff(c));
                order.truncate(places.div_ceil(2));
                let whole = (0..order.len()).map(|k| k % 3 != 1).collect();
                Family { centre: super::super::places::index(c), outline: 0, order, whole }
            })
            .collect();
        let outlines = [Outline { shape: 1.0, angle: 0.0, penalty: 1.0 }];
        let engine = Engine {
            law,
            frame,
            families: &families,
            outlines: &outlines,
            sides,
            risk: (None, None),
            before,
            places,
        };
        let mut best = None;
        engine.plain(cases, &engine.level(1e-9), |found| best = greater(best, found.value));
        for share in [1e-9, 0.3, 0.9, 1.1] {
            let level = engine.level(best.unwrap_or(1.0) * share);
            let fast = engine.maxima(std::slice::from_ref(cases), &level)[0];
            let wanted = best.filter(|b| *b >= level.value);
            assert!(
                match (fast, wanted) {
                    (Some(a), Some(b)) => (a - b).abs() < 1e-9 * b.max(1.0),
                    (a, b) => a.is_none() && b.is_none(),
                },
                "{fast:?} {wanted:?} {frame:?} {share}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_fast_ways_find_what_every_window_shows(
            places in 2_usize..14,
            columns in 1_usize..40,
            longest in 1_usize..25,
            kind in 0_usize..3,
            low in any::<bool>(),
            bernoulli in any::<bool>(),
            heavy in prop_oneof![Just(1_u32), Just(90)],
            seed in any::<u64>(),
        ) {
            let mut stream = stats::random::Stream::new(seed, stats::random::Purpose::of("signal/scan/test"), 0);
            let longest = longest.min(columns);
            let shortest = 1 + stream.index(longest);
            let end_from = match kind { 0 => shortest, 1 => columns, _ => columns - stream.index(columns).min(columns - 1) };
            let frame = Frame { first: 0, columns, end_from: end_from.max(1), shortest, longest, whole: kind == 2 };
            let cells = places * columns;
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let measure: Vec<f64> = (0..cells).map(|_| 1.0 + stream.index(4) as f64).collect();
            let mut cases: Cases = Vec::new();
            for (cell, m) in measure.iter().enumerate() {
                let hot = cell / columns < places / 2 && cell % columns > columns / 2;
                for _ in 0..4 {
                    if f64::from(super::super::places::index(cases.len())) < 1e9 && stream.uniform() < if hot { 0.3 } else { 0.12 } * (m / 4.0) {
                        cases.push((super::super::places::index(cell / columns), super::super::places::index(cell % columns), heavy));
                    }
                }
            }
            // a Bernoulli measure holds its cases
            let mut held = measure.clone();
            for &(p, t, n) in &cases {
                held[p as usize * columns + t as usize] += f64::from(n);
            }
            if cases.len() >= 2 {
                let sides = Sides { high: true, low, min_high: 2, min_low: 0 };
                check(frame, places, &cases, if bernoulli { &held } else { &measure }, sides, bernoulli);
            }
        }
    }
}
