//! The greatest ratio of a map of counts, exactly and fast.
//!
//! Three ways to the same number: `plain` looks at every window; `living` serves windows that all end on the last
//! interval (sixteen lengths at a time, places added one by one); `spans` serves windows anywhere in time (runs of
//! starts at a time, neighbouring lengths bounded together). The fast ways compare integers with the fewest cases that
//! could reach a level and compute a logarithm only where a window may. A replicate that does not reach the level is
//! looked at again with a lower one, so the level decides the speed, never the result.

use super::law::{Law, Reach, Sides};
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

/// A replicate: place and column of every case in the frame.
pub(crate) type Cases = Vec<(u32, u32)>;

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
    /// Bounds of every window of places, by family, for the two fast ways in time.
    living: OnceLock<Vec<Blocks>>,
    spans: OnceLock<Vec<Vec<Ring>>>,
}

impl Level {
    pub(crate) fn of(&self, outline: u32) -> &Reach {
        &self.reach[self.of[outline as usize]]
    }
}

/// Lanes of one step of `living`.
const LANES: usize = 16;
/// Starts that `spans` looks at together.
const RUN: usize = 64;
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
        Level { value, reach, of, living: OnceLock::new(), spans: OnceLock::new() }
    }

    /// An upper bound of the measure of any window.
    fn greatest(&self) -> f64 {
        let f = self.frame;
        let all: Vec<f64> = (0..=f.columns).map(|t| (0..self.places).map(|p| self.prefix(super::places::index(p))[t]).sum()).collect();
        let longest = if f.whole { f.columns } else { f.longest.min(f.columns) };
        (longest..=f.columns).map(|e| all[e] - all[e - longest]).fold(0.0, f64::max) * (1.0 + 1e-9)
    }

    /// The value of a window if it counts.
    #[inline]
    fn value(&self, c: u32, m: f64, penalty: f64) -> Option<f64> {
        let high = self.sides.high && c >= self.sides.min_high && self.law.is_high(c, m) && self.risky(c, m, self.risk.0, true);
        let low = !high && self.sides.low && c >= self.sides.min_low && self.law.is_low(c, m) && self.risky(c, m, self.risk.1, false);
        (high || low).then(|| self.law.ratio(c, m) * penalty)
    }

    fn risky(&self, c: u32, m: f64, limit: Option<f64>, above: bool) -> bool {
        limit.is_none_or(|limit| {
            let e = self.law.expected(m);
            let (inside, outside) = (f64::from(c) / e, f64::from(self.law.cases() - c) / (f64::from(self.law.cases()) - e));
            if above { inside >= limit * outside } else { inside <= limit * outside }
        })
    }

    /// The greatest value of each replicate; `None` where no window reaches the level.
    pub(crate) fn maxima(&self, replicates: &[Cases], level: &Level) -> Vec<Option<f64>> {
        let f = self.frame;
        if self.law.cases() <= NARROW && f.columns == 1 {
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
        for &(place, column) in cases {
            before[place as usize * n + column as usize + 1] += 1;
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
                    if m <= reach.high[c as usize] || m >= reach.low[c as usize] {
                        if let Some(value) = self.value(c, m, penalty).filter(|v| *v >= level.value) {
                            each(&Found { value, family: index, size: size + 1, from, to, cases: c, measure: m });
                        }
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

    /// One column: places alone, sixteen replicates at a time.
    fn spatial(&self, replicates: &[Cases], level: &Level) -> Vec<Option<f64>> {
        let mut best = vec![None; replicates.len()];
        let tables: Vec<Vec<[i16; LANES]>> = replicates
            .chunks(LANES)
            .map(|group| {
                let mut table = vec![[0i16; LANES]; self.places];
                for (lane, cases) in group.iter().enumerate() {
                    for &(place, _) in cases {
                        table[place as usize][lane] += 1;
                    }
                }
                table
            })
            .collect();
        let make = |family: &Family| self.blocks(family, level.of(family.outline), 1, 1, LANES);
        let kept = level.living.get_or_init(|| self.families.iter().map(make).collect());
        for (family, bounds) in self.families.iter().zip(kept) {
            for (table, best) in tables.iter().zip(best.chunks_mut(LANES)) {
                self.ascend(&family.order, bounds, 0, table, |block| {
                    if let Some(best) = best.get_mut(block.lane)
                        && let Some(value) = self.replay(family, block, table, 0..1, level)
                    {
                        *best = greater(*best, value);
                    }
                });
            }
        }
        best
    }

    /// Adds the places of a family in every lane and tells which blocks of steps may hold a window that counts. Cases only
    /// grow along a block, so the last step against the least bound decides.
    #[inline]
    fn ascend(&self, order: &[u32], bounds: &Blocks, chunk: usize, table: &[[i16; LANES]], mut hit: impl FnMut(Block)) {
        let mut counts = [0i16; LANES];
        let n = bounds.ends.len();
        let (few, many) = (&bounds.few[chunk * n..(chunk + 1) * n], if self.sides.low { &bounds.many[chunk * n..(chunk + 1) * n] } else { &[][..] });
        let mut from = 0;
        for (block, &end) in bounds.ends.iter().enumerate() {
            let before = counts;
            for &place in &order[from..end] {
                let row = &table[place as usize];
                for k in 0..LANES {
                    counts[k] = counts[k].wrapping_add(row[k]);
                }
            }
            let mut any = [0i16; LANES];
            for k in 0..LANES {
                any[k] = -i16::from(counts[k] >= few[block][k]);
            }
            if self.sides.low {
                let least = if end == from + 1 { &counts } else { &before };
                for k in 0..LANES {
                    any[k] |= -i16::from(least[k] < many[block][k]);
                }
            }
            if any.iter().fold(0, |a, h| a | h) != 0 {
                for lane in (0..LANES).filter(|k| any[*k] != 0) {
                    hit(Block { from, end, lane, cases: before[lane], measure: bounds.start[chunk * n + block][lane] });
                }
            }
            from = end;
        }
    }

    /// Looks at the windows of one block and lane.
    #[expect(clippy::cast_sign_loss, reason = "a count")]
    fn replay(&self, family: &Family, block: Block, table: &[[i16; LANES]], columns: std::ops::Range<usize>, level: &Level) -> Option<f64> {
        let reach = level.of(family.outline);
        let penalty = self.outlines[family.outline as usize].penalty;
        let measure = |place: u32| {
            let before = self.prefix(place);
            before[columns.end] - before[columns.start]
        };
        let (mut c, mut m, mut best) = (block.cases, block.measure, None);
        for j in block.from..block.end {
            c = c.wrapping_add(table[family.order[j] as usize][block.lane]);
            m += measure(family.order[j]);
            if family.whole[j]
                && (m <= reach.high[c as usize] || m >= reach.low[c as usize])
                && let Some(value) = self.value(c as u32, m, penalty).filter(|v| *v >= level.value)
            {
                best = greater(best, value);
            }
        }
        best
    }

    /// Windows that end on the last column.
    #[expect(clippy::cast_sign_loss, reason = "a count")]
    fn living(&self, replicates: &[Cases], level: &Level) -> Vec<Option<f64>> {
        let f = self.frame;
        let width = f.longest.min(f.columns);
        let chunks = width.div_ceil(LANES);
        let last = f.columns - 1;
        let mut best = vec![None; replicates.len()];
        // counts by replicate, chunk of lengths and place: lane k of chunk q holds the cases of the last 16q + k + 1 columns
        let rows: Vec<Vec<[i16; LANES]>> = replicates.iter().map(|cases| self.suffixes(cases, width, chunks, last)).collect();
        let size: usize = self.families.iter().map(|family| family.order.len()* chunks * LANES * 4).sum();
        let make = |family: &Family| self.blocks(family, level.of(family.outline), width, chunks, 1);
        let kept = (size <= KEEP).then(|| level.living.get_or_init(|| self.families.iter().map(make).collect()));
        for (index, family) in self.families.iter().enumerate() {
            let made;
            let bounds = if let Some(kept) = kept {
                &kept[index]
            } else {
                made = make(family);
                &made
            };
            for (rows, best) in rows.iter().zip(&mut best) {
                for q in 0..chunks {
                    let table = &rows[q * self.places..(q + 1) * self.places];
                    self.ascend(&family.order, bounds, q, table, |block| {
                        let columns = last - (q * LANES + block.lane)..f.columns;
                        if let Some(value) = self.replay(family, block, table, columns, level) {
                            *best = greater(*best, value);
                        }
                    });
                }
            }
        }
        best
    }

    /// The bounds of `living` and `spatial` for a family, by block of steps; `copies` of each length side by side.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "bounds are cut to 16 bits on purpose"
    )]
    fn blocks(&self, family: &Family, reach: &Reach, width: usize, chunks: usize, copies: usize) -> Blocks {
        let (f, len) = (self.frame, family.order.len());
        let last = f.columns - 1;
        // the more places and the fewer cases, the more steps can be bounded together: about half a standard deviation
        let mut ends = Vec::new();
        let (mut expected, mut at) = (0.0, 0);
        while at < len {
            let before = at;
            at = (at + ((0.6 * at as f64 / f64::max(expected, 1.0).sqrt()) as usize).clamp(1, 16)).min(len);
            ends.push(at);
            let added = family.order[before..at].iter().map(|p| self.prefix(*p)).map(|p| p[f.columns] - p[f.columns - width]).sum();
            expected += self.law.expected(added);
        }
        let n = ends.len();
        let mut start = vec![[0.0; LANES]; chunks * n];
        let mut few = vec![[i16::MAX; LANES]; chunks * n];
        let mut many = if self.sides.low { vec![[0; LANES]; chunks * n] } else { Vec::new() };
        let mut sum = vec![0.0; width];
        let mut block = 0;
        for (j, (&place, &whole)) in family.order.iter().zip(&family.whole).enumerate() {
            if j == ends[block] {
                block += 1;
                for (w, sum) in sum.iter().enumerate() {
                    for copy in 0..copies {
                        start[(w / LANES) * n + block][w % LANES + copy] = *sum;
                    }
                }
            }
            let before = self.prefix(place);
            for (w, sum) in sum.iter_mut().enumerate() {
                *sum += before[f.columns] - before[last - w];
                if whole && w + 1 >= f.shortest {
                    for copy in 0..copies {
                        let (at, lane) = ((w / LANES) * n + block, w % LANES + copy);
                        if self.sides.high {
                            few[at][lane] = few[at][lane].min(reach.fewest(*sum).min(i16::MAX as u32) as i16);
                        }
                        if self.sides.low {
                            many[at][lane] = many[at][lane].max(reach.low_counts(*sum).min(i16::MAX as u32) as i16);
                        }
                    }
                }
            }
        }
        Blocks { ends, few, many, start }
    }

    fn suffixes(&self, cases: &Cases, width: usize, chunks: usize, last: usize) -> Vec<[i16; LANES]> {
        let mut rows = vec![[0i16; LANES]; chunks * self.places];
        for &(place, column) in cases {
            let age = last - column as usize;
            if age < width {
                rows[(age / LANES) * self.places + place as usize][age % LANES] += 1;
            }
        }
        for place in 0..self.places {
            let mut sum = 0;
            for q in 0..chunks {
                for lane in &mut rows[q * self.places + place] {
                    sum = i16::wrapping_add(sum, *lane);
                    *lane = sum;
                }
            }
        }
        rows
    }
}

/// The greater of what is known and a new value.
pub(crate) fn greater(known: Option<f64>, value: f64) -> Option<f64> {
    Some(known.map_or(value, |k| k.max(value)))
}

/// Bounds of `living` and `spatial` for one family.
struct Blocks {
    /// Step after the last of each block.
    ends: Vec<usize>,
    /// Least of the fewest cases over the steps of a block, by chunk and block.
    few: Vec<[i16; LANES]>,
    /// Greatest of the counts that are low enough.
    many: Vec<[i16; LANES]>,
    /// Measure before a block.
    start: Vec<[f64; LANES]>,
}

/// A block of steps in one lane that may hold a window that counts.
#[derive(Clone, Copy)]
struct Block {
    from: usize,
    end: usize,
    lane: usize,
    /// Cases before the block.
    cases: i16,
    /// Measure before the block.
    measure: f64,
}

/// One window of places, ready for `spans`: lengths `[l1, l2]` are bounded together, and for every start there stands the
/// fewest cases of the longest window that let any of them reach the level (and one more than the most cases of the
/// shortest that let a low one).
struct Ring {
    size: usize,
    groups: Vec<(usize, usize)>,
    few: Vec<i16>,
    many: Vec<i16>,
}

impl Engine<'_> {
    /// Windows anywhere in time.
    fn spans(&self, replicates: &[Cases], level: &Level) -> Vec<Option<f64>> {
        let f = self.frame;
        let row = (f.columns + 1).next_multiple_of(RUN);
        let padded = row + f.longest + RUN;
        let mut best = vec![None; replicates.len()];
        let before: Vec<Vec<i16>> = replicates.iter().map(|cases| self.prefixes(cases, padded)).collect();
        let mut counts = vec![0i16; padded];
        let rings: usize = self.families.iter().map(|family| family.order.len()).sum();
        // about a dozen groups of lengths
        let kept = (rings * row * 24 <= KEEP).then(|| level.spans.get_or_init(|| self.families.iter().map(|x| self.rings(x, level.of(x.outline), row)).collect()));
        for (index, family) in self.families.iter().enumerate() {
            let made;
            let rings: &[Ring] = if let Some(kept) = kept {
                &kept[index]
            } else {
                made = self.rings(family, level.of(family.outline), row);
                &made
            };
            for (before, best) in before.iter().zip(&mut best) {
                counts.fill(0);
                let mut rings = rings.iter().peekable();
                for (size, &place) in family.order.iter().enumerate() {
                    for (sum, c) in counts.iter_mut().zip(&before[place as usize * padded..(place as usize + 1) * padded]) {
                        *sum = sum.wrapping_add(*c);
                    }
                    if let Some(ring) = rings.next_if(|r| r.size == size + 1) {
                        let mut look = |from: usize, to: usize| self.one(&counts, family, ring.size, from, to, level, best);
                        for (g, &(l1, l2)) in ring.groups.iter().enumerate() {
                            let few = &ring.few[g * row..(g + 1) * row];
                            let many = if self.sides.low { &ring.many[g * row..(g + 1) * row] } else { &[][..] };
                            for start in (f.end_from.saturating_sub(l2)..(f.columns + 1).saturating_sub(l1)).step_by(RUN) {
                                let start = start.min(row - RUN);
                                let (c0, c1, c2) = (&counts[start..start + RUN], &counts[start + l1..start + l1 + RUN], &counts[start + l2..start + l2 + RUN]);
                                let hit = self.sides.high && reached(c2, c0, &few[start..start + RUN]) || self.sides.low && undercut(c1, c0, &many[start..start + RUN]);
                                if hit {
                                    for from in start..(start + RUN).min(f.columns + 1 - l1) {
                                        let (most, least) = (counts[from + l2].wrapping_sub(counts[from]), counts[from + l1].wrapping_sub(counts[from]));
                                        if (self.sides.high && most >= few[from]) || (self.sides.low && least < many[from]) {
                                            for to in (from + l1).max(f.end_from)..=(from + l2).min(f.columns) {
                                                look(from, to);
                                            }
                                        }
                                    }
                                }
                            }
                        }
                        if f.whole && f.columns > f.longest {
                            look(0, f.columns);
                        }
                    }
                }
            }
        }
        best
    }

    /// Looks at one window.
    #[expect(clippy::too_many_arguments, reason = "the inner loop's state")]
    #[expect(clippy::cast_sign_loss, reason = "a count")]
    fn one(&self, counts: &[i16], family: &Family, size: usize, from: usize, to: usize, level: &Level, best: &mut Option<f64>) {
        let c = counts[to].wrapping_sub(counts[from]) as u32;
        let reach = level.of(family.outline);
        if reach.high[c as usize] < 0.0 && !self.sides.low {
            return;
        }
        let m: f64 = family.order[..size].iter().map(|p| self.prefix(*p)).map(|p| p[to] - p[from]).sum();
        if (m <= reach.high[c as usize] || m >= reach.low[c as usize])
            && let Some(value) = self.value(c, m, self.outlines[family.outline as usize].penalty).filter(|v| *v >= level.value)
        {
            *best = greater(*best, value);
        }
    }

    fn prefixes(&self, cases: &Cases, padded: usize) -> Vec<i16> {
        let mut before = vec![0i16; self.places * padded];
        for &(place, column) in cases {
            before[place as usize * padded + column as usize + 1] += 1;
        }
        for row in before.chunks_mut(padded) {
            let mut sum = 0;
            for c in row {
                sum = i16::wrapping_add(sum, *c);
                *c = sum;
            }
        }
        before
    }

    /// The bounds of `spans` for a family.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "bounds are cut to 16 bits on purpose"
    )]
    fn rings(&self, family: &Family, reach: &Reach, row: usize) -> Vec<Ring> {
        let f = self.frame;
        let cut = |n: u32| n.min(i16::MAX as u32) as i16;
        let mut rings = Vec::new();
        let mut sum = vec![0.0; f.columns + 1];
        for (j, (&place, &whole)) in family.order.iter().zip(&family.whole).enumerate() {
            for (sum, m) in sum.iter_mut().zip(self.prefix(place)) {
                *sum += m;
            }
            if !whole {
                continue;
            }
            let density = self.law.expected(sum[f.columns]) / f.columns as f64;
            let mut ring = Ring { size: j + 1, groups: Vec::new(), few: Vec::new(), many: Vec::new() };
            let mut l1 = f.shortest;
            while l1 <= f.longest.min(f.columns) {
                let together = (1.2 * (l1 as f64 / density.max(1e-9)).sqrt()) as usize;
                let l2 = (l1 + together.clamp(1, 64) - 1).min(f.longest).min(f.columns);
                ring.groups.push((l1, l2));
                let base = ring.few.len().max(ring.many.len());
                let valid = f.end_from.saturating_sub(l2)..=f.columns - l1;
                if self.sides.high {
                    ring.few.resize(base + row, i16::MAX);
                    for t in valid.clone() {
                        ring.few[base + t] = cut(reach.fewest((sum[t + l1] - sum[t]) * (1.0 - 1e-9)));
                    }
                } else {
                    ring.few.resize(base + row, i16::MAX);
                }
                if self.sides.low {
                    ring.many.resize(base + row, 0);
                    for t in valid {
                        ring.many[base + t] = cut(reach.low_counts((sum[(t + l2).min(f.columns)] - sum[t]) * (1.0 + 1e-9)));
                    }
                }
                l1 = l2 + 1;
            }
            rings.push(ring);
        }
        rings
    }
}

/// Whether any start of a run has as many cases as it needs.
#[inline]
fn reached(c2: &[i16], c0: &[i16], few: &[i16]) -> bool {
    let mut hit = [0i16; RUN];
    let (c2, c0, few) = (&c2[..RUN], &c0[..RUN], &few[..RUN]);
    for k in 0..RUN {
        hit[k] = -i16::from(c2[k].wrapping_sub(c0[k]) >= few[k]);
    }
    hit.iter().fold(0, |a, h| a | h) != 0
}

/// Whether any start of a run has few enough cases.
#[inline]
fn undercut(c1: &[i16], c0: &[i16], many: &[i16]) -> bool {
    let mut hit = [0i16; RUN];
    let (c1, c0, many) = (&c1[..RUN], &c0[..RUN], &many[..RUN]);
    for k in 0..RUN {
        hit[k] = -i16::from(c1[k].wrapping_sub(c0[k]) < many[k]);
    }
    hit.iter().fold(0, |a, h| a | h) != 0
}
