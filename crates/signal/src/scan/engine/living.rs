//! Windows that end on the last column, sixteen lengths (or replicates) at a time.

use super::{Cases, Engine, KEEP, Level, greater};
use crate::scan::law::Reach;
use crate::scan::places::Family;

/// Lanes of one step.
const LANES: usize = 16;

/// Bounds of `living` and `spatial` for one family.
pub(super) struct Blocks {
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

impl Engine<'_> {
    /// One column: places alone, sixteen replicates at a time.
    pub(super) fn spatial(&self, replicates: &[Cases], level: &Level) -> Vec<Option<f64>> {
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
    fn ascend(
        &self,
        order: &[u32],
        bounds: &Blocks,
        chunk: usize,
        table: &[[i16; LANES]],
        mut hit: impl FnMut(Block),
    ) {
        let mut counts = [0i16; LANES];
        let n = bounds.ends.len();
        let (few, many) = (
            &bounds.few[chunk * n..(chunk + 1) * n],
            if self.sides.low { &bounds.many[chunk * n..(chunk + 1) * n] } else { &[][..] },
        );
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
                    hit(Block {
                        from,
                        end,
                        lane,
                        cases: before[lane],
                        measure: bounds.start[chunk * n + block][lane],
                    });
                }
            }
            from = end;
        }
    }

    /// Looks at the windows of one block and lane.
    #[expect(clippy::cast_sign_loss, reason = "a count")]
    fn replay(
        &self,
        family: &Family,
        block: Block,
        table: &[[i16; LANES]],
        columns: std::ops::Range<usize>,
        level: &Level,
    ) -> Option<f64> {
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
    pub(super) fn living(&self, replicates: &[Cases], level: &Level) -> Vec<Option<f64>> {
        let f = self.frame;
        let width = f.longest.min(f.columns);
        let chunks = width.div_ceil(LANES);
        let last = f.columns - 1;
        let mut best = vec![None; replicates.len()];
        // counts by replicate, chunk of lengths and place: lane k of chunk q holds the cases of the last 16q + k + 1 columns
        let rows: Vec<Vec<[i16; LANES]>> =
            replicates.iter().map(|cases| self.suffixes(cases, width, chunks, last)).collect();
        let size: usize = self.families.iter().map(|family| family.order.len() * chunks * LANES * 4).sum();
        let make = |family: &Family| self.blocks(family, level.of(family.outline), width, chunks, 1);
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
            let added = family.order[before..at]
                .iter()
                .map(|p| self.prefix(*p))
                .map(|p| p[f.columns] - p[f.columns - width])
                .sum();
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
                            many[at][lane] =
                                many[at][lane].max(reach.low_counts(*sum).min(i16::MAX as u32) as i16);
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
