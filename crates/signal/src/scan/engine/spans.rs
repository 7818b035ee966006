//! Windows anywhere in time, runs of starts at a time.

use super::{Cases, Engine, KEEP, Level, greater};
use crate::scan::law::Reach;
use crate::scan::places::Family;

/// Starts looked at together.
const RUN: usize = 64;

/// One window of places, ready for `spans`: lengths `[l1, l2]` are bounded together, and for every start there stands the
/// fewest cases of the longest window that let any of them reach the level (and one more than the most cases of the
/// shortest that let a low one).
pub(super) struct Ring {
    size: usize,
    groups: Vec<(usize, usize)>,
    few: Vec<i16>,
    many: Vec<i16>,
}

impl Engine<'_> {
    /// Windows anywhere in time.
    pub(super) fn spans(&self, replicates: &[Cases], level: &Level) -> Vec<Option<f64>> {
        let f = self.frame;
        let row = (f.columns + 1).next_multiple_of(RUN);
        let padded = row + f.longest + RUN;
        let mut best = vec![None; replicates.len()];
        let before: Vec<Vec<i16>> = replicates.iter().map(|cases| self.prefixes(cases, padded)).collect();
        let mut counts = vec![0i16; padded];
        let rings: usize = self.families.iter().map(|family| family.order.len()).sum();
        // about a dozen groups of lengths
        let kept = (rings * row * 24 <= KEEP).then(|| {
            level.spans.get_or_init(|| {
                self.families.iter().map(|x| self.rings(x, level.of(x.outline), row)).collect()
            })
        });
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
                    for (sum, c) in
                        counts.iter_mut().zip(&before[place as usize * padded..(place as usize + 1) * padded])
                    {
                        *sum = sum.wrapping_add(*c);
                    }
                    if let Some(ring) = rings.next_if(|r| r.size == size + 1) {
                        let mut look = |from: usize, to: usize| {
                            self.one(&counts, family, ring.size, from, to, level, best)
                        };
                        for (g, &(l1, l2)) in ring.groups.iter().enumerate() {
                            let few = &ring.few[g * row..(g + 1) * row];
                            let many =
                                if self.sides.low { &ring.many[g * row..(g + 1) * row] } else { &[][..] };
                            for start in (f.end_from.saturating_sub(l2)..(f.columns + 1).saturating_sub(l1))
                                .step_by(RUN)
                            {
                                let start = start.min(row - RUN);
                                let (c0, c1, c2) = (
                                    &counts[start..start + RUN],
                                    &counts[start + l1..start + l1 + RUN],
                                    &counts[start + l2..start + l2 + RUN],
                                );
                                let hit = self.sides.high && reached(c2, c0, &few[start..start + RUN])
                                    || self.sides.low && undercut(c1, c0, &many[start..start + RUN]);
                                if hit {
                                    for from in start..(start + RUN).min(f.columns + 1 - l1) {
                                        let (most, least) = (
                                            counts[from + l2].wrapping_sub(counts[from]),
                                            counts[from + l1].wrapping_sub(counts[from]),
                                        );
                                        if (self.sides.high && most >= few[from])
                                            || (self.sides.low && least < many[from])
                                        {
                                            for to in (from + l1).max(f.end_from)..=(from + l2).min(f.columns)
                                            {
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
    fn one(
        &self,
        counts: &[i16],
        family: &Family,
        size: usize,
        from: usize,
        to: usize,
        level: &Level,
        best: &mut Option<f64>,
    ) {
        let c = counts[to].wrapping_sub(counts[from]) as u32;
        let reach = level.of(family.outline);
        if reach.high[c as usize] < 0.0 && !self.sides.low {
            return;
        }
        let m: f64 = family.order[..size].iter().map(|p| self.prefix(*p)).map(|p| p[to] - p[from]).sum();
        if (m <= reach.high[c as usize] || m >= reach.low[c as usize])
            && let Some(value) =
                self.value(c, m, self.outlines[family.outline as usize].penalty).filter(|v| *v >= level.value)
        {
            *best = greater(*best, value);
        }
    }

    fn prefixes(&self, cases: &Cases, padded: usize) -> Vec<i16> {
        let mut before = vec![0i16; self.places * padded];
        for &(place, column, count) in cases {
            before[place as usize * padded + column as usize + 1] += super::small(count);
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
                        ring.many[base + t] =
                            cut(reach.low_counts((sum[(t + l2).min(f.columns)] - sum[t]) * (1.0 + 1e-9)));
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
