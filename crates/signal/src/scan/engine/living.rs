//! Windows that end on the last column, thirty-two lengths at a time.
//!
//! The cases of a block of steps are summed in bytes where no block of the replicate can hold more than a byte does, else in
//! sixteen bits; the running counts are of sixteen bits either way.

use super::{Cases, Engine, KEEP, Level, greater};
use crate::scan::law::Reach;
use crate::scan::places::Family;

/// Lanes of one step.
const LANES: usize = 32;
/// Most steps of a block.
const STEPS: usize = 16;

/// Bounds of `living` for one family.
pub(super) struct Blocks {
    /// Step after the last of each block.
    ends: Vec<usize>,
    /// Bounds of a block: whole rows of lanes, one a length.
    lanes: usize,
    /// Least of the fewest cases over the steps of a block, by block and lane.
    few: Vec<i16>,
    /// Greatest of the counts that are low enough.
    many: Vec<i16>,
    /// Lengths of windows.
    width: usize,
    /// Measure before a block, by block and length.
    start: Vec<f64>,
}

/// A block of steps in one lane that may hold a window that counts.
#[derive(Clone, Copy)]
struct Block {
    /// Its place in its family.
    number: usize,
    from: usize,
    end: usize,
    lane: usize,
    /// Cases before the block.
    cases: i16,
}

/// Cases of a place in a lane.
trait Count: Copy {
    const NONE: Self;
    fn plus(self, other: Self) -> Self;
    fn wide(self) -> i16;
}

impl Count for u8 {
    const NONE: Self = 0;
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    fn wide(self) -> i16 {
        i16::from(self)
    }
}

impl Count for i16 {
    const NONE: Self = 0;
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    fn wide(self) -> i16 {
        self
    }
}

/// Cases by place and lane.
enum Table {
    Narrow(Vec<[u8; LANES]>),
    Wide(Vec<[i16; LANES]>),
}

impl Table {
    /// Narrow when the places with the most cases fill no byte together.
    #[expect(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "counts that fit")]
    fn new(wide: Vec<[i16; LANES]>) -> Self {
        let mut peaks: Vec<i16> = wide.iter().map(|row| row.iter().copied().max().unwrap_or(0)).collect();
        peaks.sort_unstable_by(|a, b| b.cmp(a));
        let most: i32 = peaks.iter().take(STEPS).map(|n| i32::from(*n)).sum();
        if most <= i32::from(u8::MAX) {
            Self::Narrow(wide.into_iter().map(|row| row.map(|n| n as u8)).collect())
        } else {
            Self::Wide(wide)
        }
    }

    fn of(&self, place: u32, lane: usize) -> i16 {
        match self {
            Self::Narrow(rows) => rows[place as usize][lane].wide(),
            Self::Wide(rows) => rows[place as usize][lane],
        }
    }
}

impl Engine<'_> {
    /// Adds the places of a family in every lane and tells which blocks of steps may hold a window that counts.
    fn ascend(&self, order: &[u32], bounds: &Blocks, chunk: usize, table: &Table, hit: impl FnMut(Block)) {
        match table {
            Table::Narrow(rows) => self.climb(order, bounds, chunk, rows, hit),
            Table::Wide(rows) => self.climb(order, bounds, chunk, rows, hit),
        }
    }

    /// Cases only grow along a block, so the last step against the least bound decides.
    #[inline]
    fn climb<C: Count>(
        &self,
        order: &[u32],
        bounds: &Blocks,
        chunk: usize,
        table: &[[C; LANES]],
        mut hit: impl FnMut(Block),
    ) {
        let chunks = bounds.lanes / LANES;
        let (few, many) = (bounds.few.as_chunks::<LANES>().0, bounds.many.as_chunks::<LANES>().0);
        let mut counts = [0i16; LANES];
        let mut from = 0;
        for (number, &end) in bounds.ends.iter().enumerate() {
            let mut sum = [C::NONE; LANES];
            for &place in &order[from..end] {
                let row = &table[place as usize];
                for k in 0..LANES {
                    sum[k] = sum[k].plus(row[k]);
                }
            }
            let few = &few[number * chunks + chunk];
            let mut any = 0i16;
            for k in 0..LANES {
                counts[k] = counts[k].wrapping_add(sum[k].wide());
                any |= -i16::from(counts[k] >= few[k]);
            }
            // of a block of one step the count is known, of a longer one the least is that before it
            let before = |k: usize| counts[k].wrapping_sub(sum[k].wide());
            let least = |k: usize| if end == from + 1 { counts[k] } else { before(k) };
            let mut lowest = [0i16; LANES];
            if self.sides.low {
                lowest = many[number * chunks + chunk];
                for (k, lowest) in lowest.iter().enumerate() {
                    any |= -i16::from(least(k) < *lowest);
                }
            }
            if any != 0 {
                for lane in 0..LANES {
                    if counts[lane] >= few[lane] || least(lane) < lowest[lane] {
                        hit(Block { number, from, end, lane, cases: before(lane) });
                    }
                }
            }
            from = end;
        }
    }

    /// Looks at the windows of one block and lane, `length` columns long.
    #[expect(clippy::cast_sign_loss, reason = "a count")]
    fn replay(
        &self,
        family: &Family,
        bounds: &Blocks,
        block: Block,
        table: &Table,
        length: usize,
        level: &Level,
    ) -> Option<f64> {
        let reach = level.of(family.outline);
        let penalty = self.outlines[family.outline as usize].penalty;
        let columns = self.frame.columns;
        let measure = |place: u32| {
            let before = self.prefix(place);
            before[columns] - before[columns - length]
        };
        let mut c = block.cases;
        let mut m = bounds.start[block.number * bounds.width + length - 1];
        let mut best = None;
        for j in block.from..block.end {
            c = c.wrapping_add(table.of(family.order[j], block.lane));
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
    pub(super) fn living(&self, replicates: &[Cases], level: &Level) -> Vec<Option<f64>> {
        let f = self.frame;
        let width = f.longest.min(f.columns);
        let chunks = width.div_ceil(LANES);
        let mut best = vec![None; replicates.len()];
        // by replicate and chunk of lengths: lane k of chunk q holds the cases of the last 32q + k + 1 columns
        let tables: Vec<Vec<Table>> =
            replicates.iter().map(|cases| self.suffixes(cases, width, chunks)).collect();
        // a block holds two steps and more
        let size: usize = self.families.iter().map(|x| x.order.len() * (chunks * LANES + 4 * width)).sum();
        let make = |family: &Family| self.blocks(family, level.of(family.outline), width, chunks * LANES);
        let kept =
            (size <= KEEP).then(|| level.living.get_or_init(|| self.families.iter().map(make).collect()));
        for (index, family) in self.families.iter().enumerate() {
            let made;
            let bounds = if let Some(kept) = kept {
                &kept[index]
            } else {
                made = make(family);
                &made
            };
            for (tables, best) in tables.iter().zip(&mut best) {
                for (q, table) in tables.iter().enumerate() {
                    self.ascend(&family.order, bounds, q, table, |block| {
                        let length = q * LANES + block.lane + 1;
                        if let Some(value) = self.replay(family, bounds, block, table, length, level) {
                            *best = greater(*best, value);
                        }
                    });
                }
            }
        }
        best
    }

    /// The bounds of `living` for a family, by block of steps.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "bounds are cut to 16 bits on purpose"
    )]
    fn blocks(&self, family: &Family, reach: &Reach, width: usize, lanes: usize) -> Blocks {
        let (f, len) = (self.frame, family.order.len());
        // the more places and the fewer cases, the more steps can be bounded together: about half a standard deviation
        let mut ends = Vec::new();
        let (mut expected, mut at) = (0.0, 0);
        while at < len {
            let before = at;
            let together = (0.6 * at as f64 / f64::max(expected, 1.0).sqrt()) as usize;
            at = (at + together.clamp(1, STEPS)).min(len);
            ends.push(at);
            let added = family.order[before..at]
                .iter()
                .map(|p| self.prefix(*p))
                .map(|p| p[f.columns] - p[f.columns - width])
                .sum();
            expected += self.law.expected(added);
        }
        let n = ends.len();
        let mut start = Vec::with_capacity(n * width);
        let mut few = vec![i16::MAX; n * lanes];
        let mut many = if self.sides.low { vec![0; n * lanes] } else { Vec::new() };
        let mut sum = vec![0.0; width];
        let cut = |n: u32| n.min(i16::MAX as u32) as i16;
        let mut from = 0;
        for (block, &end) in ends.iter().enumerate() {
            start.extend_from_slice(&sum);
            for (&place, &whole) in family.order[from..end].iter().zip(&family.whole[from..]) {
                let before = self.prefix(place);
                for (w, sum) in sum.iter_mut().enumerate() {
                    *sum += before[f.columns] - before[f.columns - 1 - w];
                    if whole && w + 1 >= f.shortest {
                        let at = block * lanes + w;
                        if self.sides.high {
                            few[at] = few[at].min(cut(reach.fewest(*sum)));
                        }
                        if self.sides.low {
                            many[at] = many[at].max(cut(reach.low_counts(*sum)));
                        }
                    }
                }
            }
            from = end;
        }
        Blocks { ends, lanes, few, many, width, start }
    }

    fn suffixes(&self, cases: &Cases, width: usize, chunks: usize) -> Vec<Table> {
        let last = self.frame.columns - 1;
        let mut rows = vec![vec![[0i16; LANES]; self.places]; chunks];
        for &(place, column, count) in cases {
            let age = last - column as usize;
            if age < width {
                rows[age / LANES][place as usize][age % LANES] += super::small(count);
            }
        }
        for place in 0..self.places {
            let mut sum = 0;
            for chunk in &mut rows {
                for lane in &mut chunk[place] {
                    sum = i16::wrapping_add(sum, *lane);
                    *lane = sum;
                }
            }
        }
        rows.into_iter().map(Table::new).collect()
    }
}
