//! Places without time, thirty-two replicates at a time.
//!
//! A pass over the places of a family adds the cases of each in every lane and keeps by how many the cases exceeded what the
//! window needs for the level, at most, over a few steps. A lane is looked at where that is as much as its own greatest
//! ratio so far asks for: after the first families almost nowhere.

use super::{Cases, Engine, Level, greater};
use crate::scan::law::BANDS;
use crate::scan::places::Family;

/// Replicates of one pass.
const LANES: usize = 32;
/// Most steps looked at together.
const STEPS: usize = 16;

/// A count, or how far one is from what is needed, in every lane.
type Row = [i16; LANES];

/// The windows of one family.
pub(super) struct Steps {
    /// The fewest cases of a high window that reach the level; more than there can be where no window ends.
    few: Vec<i16>,
    /// The most cases of a low one; -1 where there is none. Empty unless low windows are sought.
    most: Vec<i16>,
    blocks: Vec<Block>,
}

/// Steps looked at together: one band of the measure.
struct Block {
    from: usize,
    end: usize,
    band: usize,
    /// Measure before the first.
    start: f64,
}

/// What each lane needs beyond the level, by table and band.
struct Needs {
    high: Vec<[Row; BANDS]>,
    low: Vec<[Row; BANDS]>,
    rung: [usize; LANES],
}

impl Engine<'_> {
    /// The greatest value of each replicate of a frame of one column.
    pub(super) fn spatial(&self, replicates: &[Cases], level: &Level) -> Vec<Option<f64>> {
        let mut best = vec![None; replicates.len()];
        let steps = level
            .spatial
            .get_or_init(|| self.families.iter().map(|family| self.steps(family, level)).collect());
        for (group, best) in replicates.chunks(LANES).zip(best.chunks_mut(LANES)) {
            let mut rows = vec![[0; LANES]; self.places];
            for (lane, cases) in group.iter().enumerate() {
                for &(place, _, count) in cases {
                    rows[place as usize][lane] += super::small(count);
                }
            }
            let mut needs = self.needs(level, group.len());
            for (family, steps) in self.families.iter().zip(steps) {
                if self.sides.low {
                    self.pass::<true>(family, steps, &rows, level, &mut needs, best);
                } else {
                    self.pass::<false>(family, steps, &rows, level, &mut needs, best);
                }
            }
        }
        best
    }

    #[expect(clippy::cast_possible_truncation, reason = "bounds are cut to 16 bits on purpose")]
    fn steps(&self, family: &Family, level: &Level) -> Steps {
        let reach = level.of(family.outline);
        let cut = |n: u32| n.min(i16::MAX as u32) as i16;
        let n = family.order.len();
        let mut steps =
            Steps { few: Vec::with_capacity(n), most: Vec::new(), blocks: Vec::with_capacity(n / 8 + 8) };
        let (mut sum, mut band) = (0.0, 0);
        for (j, (&place, &whole)) in family.order.iter().zip(&family.whole).enumerate() {
            let before = sum;
            sum += self.prefix(place)[1];
            steps.few.push(if whole && self.sides.high { cut(reach.fewest(sum)) } else { i16::MAX });
            if self.sides.low {
                steps.most.push(if whole { cut(reach.low_counts(sum)) - 1 } else { -1 });
            }
            band = reach.band(sum, band);
            match steps.blocks.last_mut() {
                Some(block) if block.band == band && j - block.from < STEPS => block.end = j + 1,
                _ => steps.blocks.push(Block { from: j, end: j + 1, band, start: before }),
            }
        }
        steps
    }

    /// The needs of so many lanes at the level itself; the other lanes need what cannot be.
    fn needs(&self, level: &Level, lanes: usize) -> Needs {
        let none = vec![[[i16::MAX; LANES]; BANDS]; level.reach.len()];
        let mut needs = Needs { high: none.clone(), low: none, rung: [0; LANES] };
        for lane in 0..lanes {
            self.climb_to(level, &mut needs, lane, 0);
        }
        needs
    }

    /// From now on the lane asks for windows that reach that rung.
    fn climb_to(&self, level: &Level, needs: &mut Needs, lane: usize, rung: usize) {
        needs.rung[lane] = rung;
        let tables = self.rung(level, rung).iter().zip(&mut needs.high).zip(&mut needs.low);
        for ((need, high), low) in tables {
            for band in 0..BANDS {
                high[band][lane] = need.high[band];
                low[band][lane] = need.low[band];
            }
        }
    }

    /// All windows of a family. `LOW`: low ones are sought too.
    fn pass<const LOW: bool>(
        &self,
        family: &Family,
        steps: &Steps,
        rows: &[Row],
        level: &Level,
        needs: &mut Needs,
        best: &mut [Option<f64>],
    ) {
        let table = level.of[family.outline as usize];
        let mut counts = [0; LANES];
        for block in &steps.blocks {
            let span = block.from..block.end;
            let most = if LOW { &steps.most[span.clone()] } else { &[] };
            let before = counts;
            let (above, below) =
                extremes::<LOW>(&family.order[span.clone()], &steps.few[span], most, rows, &mut counts);
            let (high, low) = (&needs.high[table][block.band], &needs.low[table][block.band]);
            let mut hit = [0_i16; LANES];
            for k in 0..LANES {
                hit[k] = -i16::from(above[k] >= high[k]);
                if LOW {
                    hit[k] |= -i16::from(below[k] >= low[k]);
                }
            }
            if hit.iter().fold(0, |a, h| a | h) == 0 {
                continue;
            }
            for (lane, best) in best.iter_mut().enumerate().filter(|(lane, _)| hit[*lane] != 0) {
                let asked = (needs.high[table][block.band][lane], needs.low[table][block.band][lane]);
                if let Some(value) =
                    self.look::<LOW>(family, steps, block, rows, (lane, before[lane]), asked, level)
                {
                    *best = greater(*best, value);
                    let rung = level.rung(value);
                    if rung > needs.rung[lane] {
                        self.climb_to(level, needs, lane, rung);
                    }
                }
            }
        }
    }

    /// The greatest value of a block in one lane, of the windows that have what is asked for.
    #[expect(clippy::too_many_arguments, reason = "the inner loop's state")]
    #[expect(clippy::cast_sign_loss, reason = "a count")]
    fn look<const LOW: bool>(
        &self,
        family: &Family,
        steps: &Steps,
        block: &Block,
        rows: &[Row],
        (lane, before): (usize, i16),
        (high, low): (i16, i16),
        level: &Level,
    ) -> Option<f64> {
        let penalty = self.outlines[family.outline as usize].penalty;
        let (mut c, mut m) = (before, block.start);
        let mut best = None;
        for j in block.from..block.end {
            let place = family.order[j];
            c += rows[place as usize][lane];
            m += self.prefix(place)[1];
            if (c - steps.few[j] >= high || LOW && steps.most[j] - c >= low)
                && let Some(value) = self.value(c as u32, m, penalty).filter(|v| *v >= level.value)
            {
                best = greater(best, value);
            }
        }
        best
    }
}

/// Adds the places in every lane; by how many the cases exceeded the fewest, and were below the most, at the most. On its own, so that
/// the lanes stay in registers.
#[inline(never)]
fn extremes<const LOW: bool>(
    order: &[u32],
    few: &[i16],
    most: &[i16],
    rows: &[Row],
    counts: &mut Row,
) -> (Row, Row) {
    let (mut above, mut below) = ([i16::MIN; LANES], [i16::MIN; LANES]);
    let mut sum = *counts;
    for (j, (&place, &few)) in order.iter().zip(few).enumerate() {
        let row = &rows[place as usize];
        for k in 0..LANES {
            sum[k] = sum[k].wrapping_add(row[k]);
            above[k] = above[k].max(sum[k].wrapping_sub(few));
        }
        if LOW {
            let most = most[j];
            for k in 0..LANES {
                below[k] = below[k].max(most.wrapping_sub(sum[k]));
            }
        }
    }
    *counts = sum;
    (above, below)
}
