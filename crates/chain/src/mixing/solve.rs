//! Solves a mixing problem part by part: batches that do not depend on each other in a circle once, rework loops until they stand.

use super::{
    Interval, Loop, LotShare, MAX_SOURCES, Mass, Mixed, Mixing, MixingError, ProcessShare, Share, mean,
};
use crate::score::links::{Adjacency, small};
use crate::score::pass::Condensed;
use base::{Decimal, Text};
use std::collections::HashMap;

/// Rounds of one loop; each shrinks the error by the part that is not reworked.
const ROUNDS: usize = 20_000;
/// A loop stands when no bound moves by more.
const STILL: f64 = 1e-13;

struct Batch {
    inputs: Vec<(usize, Interval)>,
    outputs: Vec<(usize, Interval)>,
    residue: Option<Residue>,
}

/// What is left on the equipment from the batch before.
struct Residue {
    quantity: Interval,
    /// The batch before; none for the first.
    before: Option<usize>,
    /// Share before the first batch.
    initial: Interval,
    /// What time and cleaning leave of the contamination.
    left: Interval,
}

/// A problem in numbers.
pub(super) struct Problem<'a> {
    input: &'a Mixing,
    lots: Vec<String>,
    kilograms: Vec<Interval>,
    given: Vec<Option<Interval>>,
    batches: Vec<Batch>,
    made_by: Vec<Vec<(usize, Interval)>>,
    last_on: Vec<(String, Option<usize>, Interval)>,
    notes: Vec<Text>,
}

struct Checks(Vec<(String, Text)>);

impl Checks {
    fn add(&mut self, at: String, zh: impl Into<String>, en: impl Into<String>) {
        self.0.push((at, Text::new(zh, en)));
    }

    fn share(&mut self, at: &str, share: Share) -> Interval {
        let interval = share.interval();
        let fits = interval.lo >= 0.0 && interval.hi <= 1.0 && interval.lo <= interval.hi;
        if !fits {
            self.add(
                at.to_owned(),
                "比例应在 0 与 1 之间，且 lo ≤ hi",
                "a share lies between 0 and 1, lo ≤ hi",
            );
        }
        if fits { interval } else { Interval::ANY_SHARE }
    }

    fn mass(&mut self, at: &str, mass: &Mass, density: Option<Decimal>) -> Interval {
        match mass.bounds(density) {
            Ok((least, most)) => Interval::around(least, most),
            Err(e) => {
                self.0.push((at.to_owned(), e.0));
                Interval::ZERO
            }
        }
    }
}

impl<'a> Problem<'a> {
    pub(super) fn new(input: &'a Mixing) -> Result<Self, MixingError> {
        let mut checks = Checks(Vec::new());
        let mut lots: Vec<String> = Vec::new();
        let mut number: HashMap<&str, usize> = HashMap::new();
        let (mut kilograms, mut given, mut density) = (Vec::new(), Vec::new(), Vec::new());
        for (n, lot) in input.lots.iter().enumerate() {
            if number.insert(&lot.id, lots.len()).is_some() {
                checks.add(
                    format!("/lots/{n}/id"),
                    format!("批次 {} 重复", lot.id),
                    format!("lot {} is given twice; join the two", lot.id),
                );
            }
            lots.push(lot.id.clone());
            kilograms.push(checks.mass(&format!("/lots/{n}/quantity"), &lot.quantity, lot.density));
            given.push(lot.share.map(|s| checks.share(&format!("/lots/{n}/share"), s)));
            density.push(lot.density);
        }
        for part in input.processes.iter().flat_map(|p| p.inputs.iter().chain(&p.outputs)) {
            number.entry(&part.lot).or_insert_with(|| {
                lots.push(part.lot.clone());
                kilograms.push(Interval { lo: 0.0, hi: f64::INFINITY });
                given.push(None);
                density.push(None);
                lots.len() - 1
            });
        }
        let mut batches = Vec::with_capacity(input.processes.len());
        let mut made_by = vec![Vec::new(); lots.len()];
        for (n, process) in input.processes.iter().enumerate() {
            let mut side = |name: &str, parts: &[super::Part]| -> Vec<(usize, Interval)> {
                let one = |(k, part): (usize, &super::Part)| {
                    let lot = number[part.lot.as_str()];
                    let at = format!("/processes/{n}/{name}/{k}/quantity");
                    (lot, checks.mass(&at, &part.quantity, density[lot]))
                };
                parts.iter().enumerate().map(one).collect()
            };
            let (inputs, outputs) = (side("inputs", &process.inputs), side("outputs", &process.outputs));
            for (lot, quantity) in &outputs {
                made_by[*lot].push((n, *quantity));
            }
            batches.push(Batch { inputs, outputs, residue: None });
        }
        let mut problem =
            Self { input, lots, kilograms, given, batches, made_by, last_on: Vec::new(), notes: Vec::new() };
        problem.narrow(&mut checks);
        problem.equip(&mut checks);
        if checks.0.is_empty() { Ok(problem) } else { Err(MixingError(checks.0)) }
    }

    /// Bounds missing quantities by what is known around them: no more of a lot is taken than there was, and what a batch
    /// takes is what it makes and loses, where the loss is known.
    fn narrow(&mut self, checks: &mut Checks) {
        // a lot that only one batch makes is as much as that batch made
        for lot in 0..self.lots.len() {
            if !self.made_by[lot].is_empty() && self.given[lot].is_none() {
                let none = Interval::ZERO;
                let made = self.made_by[lot].iter().fold(none, |sum, (_, q)| sum.plus(*q));
                self.kilograms[lot] = self.kilograms[lot].within(made);
            }
        }
        let mut taken = vec![Interval::ZERO; self.lots.len()];
        for (lot, q) in self.batches.iter().flat_map(|b| &b.inputs) {
            taken[*lot] = taken[*lot].plus(*q);
        }
        let mut missing = 0usize;
        for (n, process) in self.input.processes.iter().enumerate() {
            let loss = process.loss.map(|l| checks.share(&format!("/processes/{n}/loss"), l));
            let batch = &mut self.batches[n];
            let total = loss.filter(|l| l.hi < 1.0 && !batch.outputs.is_empty()).map(|loss| {
                let made = batch.outputs.iter().fold(Interval::ZERO, |sum, (_, q)| sum.plus(*q));
                let kept = Interval { lo: (1.0 - loss.hi).next_down(), hi: (1.0 - loss.lo).next_up() };
                Interval { lo: (made.lo / kept.hi).next_down().max(0.0), hi: (made.hi / kept.lo).next_up() }
            });
            let before: Vec<Interval> = batch.inputs.iter().map(|(_, q)| *q).collect();
            for (k, (lot, q)) in batch.inputs.iter_mut().enumerate() {
                missing += usize::from(self.input.processes[n].inputs[k].quantity.is_missing());
                let others = Interval { lo: (taken[*lot].lo - q.lo).max(0.0), hi: f64::INFINITY };
                let left = self.kilograms[*lot].minus(others);
                *q = q.within(Interval { lo: 0.0, hi: left.hi });
                if let Some(total) = total {
                    let rest = before.iter().enumerate().filter(|(j, _)| *j != k);
                    let rest = rest.fold(Interval::ZERO, |sum, (_, q)| sum.plus(*q));
                    *q = q.within(total.minus(rest));
                }
            }
        }
        if missing > 0 {
            self.notes.push(Text::new(
                format!("{missing} 处投入数量缺失，以区间计算；补齐后区间收窄"),
                format!("{missing} quantities taken are missing and were bounded; the intervals narrow when they are given"),
            ));
        }
    }

    /// Puts the batches of each piece of equipment in the order of time.
    fn equip(&mut self, checks: &mut Checks) {
        let number: HashMap<&str, usize> =
            self.input.equipment.iter().enumerate().map(|(n, e)| (e.id.as_str(), n)).collect();
        let mut runs: Vec<Vec<usize>> = vec![Vec::new(); self.input.equipment.len()];
        for (n, process) in self.input.processes.iter().enumerate() {
            let Some(name) = &process.equipment else { continue };
            match number.get(name.as_str()) {
                None => checks.add(
                    format!("/processes/{n}/equipment"),
                    format!("设备 {name} 未列出，请在 equipment 中给出残留量"),
                    format!("equipment {name} is not listed; give its residue under equipment"),
                ),
                Some(_) if process.at.is_none() => checks.add(
                    format!("/processes/{n}/at"),
                    format!("工序 {} 使用共用设备，请给出时间 at", process.id),
                    format!("process {} uses shared equipment; give its time (at)", process.id),
                ),
                Some(&e) => runs[e].push(n),
            }
        }
        for (e, equipment) in self.input.equipment.iter().enumerate() {
            let quantity = checks.mass(&format!("/equipment/{e}/residue"), &equipment.residue, None);
            let initial =
                equipment.share.map_or(Interval::ZERO, |s| checks.share(&format!("/equipment/{e}/share"), s));
            if equipment.half_life_hours.is_some_and(|h| !(h > 0.0 && h.is_finite())) {
                checks.add(
                    format!("/equipment/{e}/halfLifeHours"),
                    "半衰期应大于零",
                    "a half-life is more than zero hours",
                );
            }
            runs[e].sort_by_key(|&n| (self.input.processes[n].at.map(|t| t.0), n));
            let mut before: Option<usize> = None;
            for &n in &runs[e] {
                let span =
                    before.and_then(|b| Some((self.input.processes[b].at?.0, self.input.processes[n].at?.0)));
                let mut left = Interval::exactly(1.0);
                if let (Some((from, to)), Some(half)) = (span, equipment.half_life_hours) {
                    #[expect(clippy::cast_precision_loss, reason = "microseconds of a few years are exact")]
                    let hours = (to - from).max(0) as f64 / 3_600_000_000.0;
                    let kept = (-hours / half).exp2();
                    // the library's power is right to the last place but one
                    left = Interval {
                        lo: kept.next_down().next_down().max(0.0),
                        hi: kept.next_up().next_up().min(1.0),
                    };
                }
                for (k, cleaning) in self.input.cleanings.iter().enumerate() {
                    let until = self.input.processes[n].at.map_or(i64::MAX, |t| t.0);
                    let since = span.map_or(i64::MIN, |s| s.0);
                    if cleaning.equipment == equipment.id
                        && cleaning.at.is_some_and(|t| (since..=until).contains(&t.0))
                    {
                        let removes = checks.share(&format!("/cleanings/{k}/removes"), cleaning.removes);
                        let kept = Interval { lo: 1.0 - removes.hi, hi: 1.0 - removes.lo };
                        left = left.times(Interval { lo: kept.lo.next_down().max(0.0), hi: kept.hi });
                    }
                }
                left.hi = left.hi.min(1.0);
                self.batches[n].residue = Some(Residue { quantity, before, initial, left });
                before = Some(n);
            }
            self.last_on.push((equipment.id.clone(), before, initial));
        }
    }

    /// Which batches wait for which: links lead from a batch to those that use what it makes or leaves.
    fn order(&self) -> (Condensed, Vec<Vec<usize>>) {
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for (n, batch) in self.batches.iter().enumerate() {
            for (lot, _) in &batch.inputs {
                if self.given[*lot].is_none() {
                    pairs.extend(self.made_by[*lot].iter().map(|(p, _)| (small(*p), small(n))));
                }
            }
            let before = batch.residue.as_ref().and_then(|r| r.before);
            pairs.extend(before.map(|b| (small(b), small(n))));
        }
        let condensed = Condensed::new(&Adjacency::new(self.batches.len(), pairs.iter().copied()));
        let mut parts = vec![Vec::new(); condensed.parts()];
        for (n, part) in condensed.part.iter().enumerate() {
            parts[*part as usize].push(n);
        }
        parts.reverse();
        (condensed, parts)
    }

    fn lot_share(&self, lot: usize, batches: &[Interval], given: &[Option<Interval>]) -> Interval {
        if let Some(share) = given[lot] {
            return share;
        }
        let parts: Vec<(Interval, Interval)> =
            self.made_by[lot].iter().map(|(b, q)| (*q, batches[*b])).collect();
        let hull = || {
            let lo = parts.iter().map(|(_, s)| s.lo).fold(f64::INFINITY, f64::min);
            let hi = parts.iter().map(|(_, s)| s.hi).fold(0.0, f64::max);
            if parts.is_empty() { Interval::ZERO } else { Interval { lo, hi } }
        };
        mean(&parts).unwrap_or_else(hull)
    }

    fn batch_share(
        &self,
        n: usize,
        batches: &[Interval],
        given: &[Option<Interval>],
        initial: bool,
    ) -> Interval {
        let batch = &self.batches[n];
        let mut parts: Vec<(Interval, Interval)> =
            batch.inputs.iter().map(|(lot, q)| (*q, self.lot_share(*lot, batches, given))).collect();
        if let Some(residue) = &batch.residue {
            let first = if initial { residue.initial } else { Interval::ZERO };
            let share = residue.before.map_or(first, |b| batches[b]);
            parts.push((residue.quantity, share.times(residue.left)));
        }
        let mean = mean(&parts).unwrap_or(Interval::ZERO);
        Interval { lo: mean.lo.min(1.0), hi: mean.hi.min(1.0) }
    }

    /// Shares of the batches for given shares of lots, with what was found of loops.
    fn run(
        &self,
        (condensed, parts): &(Condensed, Vec<Vec<usize>>),
        given: &[Option<Interval>],
        initial: bool,
    ) -> (Vec<Interval>, Vec<Loop>) {
        let mut shares = vec![Interval::ANY_SHARE; self.batches.len()];
        let mut loops = Vec::new();
        for part in parts {
            let itself = |n: usize| {
                let inputs = self.batches[n].inputs.iter().filter(|(l, _)| given[*l].is_none());
                inputs.flat_map(|(l, _)| &self.made_by[*l]).any(|(b, _)| *b == n)
            };
            if part.len() == 1 && !itself(part[0]) {
                shares[part[0]] = self.batch_share(part[0], &shares, given, initial);
                continue;
            }
            debug_assert!(part.iter().all(|n| condensed.part[*n] == condensed.part[part[0]]));
            let (mut rounds, mut moved) = (0, f64::INFINITY);
            let mut shrink: f64 = 0.0;
            while rounds < ROUNDS && moved > STILL {
                rounds += 1;
                let last = moved;
                moved = 0.0;
                for &n in part {
                    let next = self.batch_share(n, &shares, given, initial);
                    let old = shares[n];
                    let next = Interval { lo: next.lo.max(old.lo), hi: next.hi.min(old.hi) };
                    moved = f64::max(moved, (next.lo - old.lo).max(old.hi - next.hi));
                    shares[n] = next;
                }
                if last.is_finite() && last > 0.0 {
                    shrink = moved / last;
                }
            }
            // what is left of a geometric series
            let bound = if moved <= 0.0 { 0.0 } else { moved * shrink / (1.0 - shrink.min(0.999_999)) };
            let processes = part.iter().map(|&n| self.input.processes[n].id.clone()).collect();
            loops.push(Loop { processes, rounds, bound });
        }
        (shares, loops)
    }

    pub(super) fn solve(self) -> Mixed {
        let order = self.order();
        let (shares, loops) = self.run(&order, &self.given, true);
        let sources: Vec<usize> =
            (0..self.lots.len()).filter(|&l| self.given[l].is_some_and(|s| s.hi > 0.0)).collect();
        let mut from: Vec<Vec<(String, Interval)>> = vec![Vec::new(); self.lots.len()];
        for &source in sources.iter().take(MAX_SOURCES).filter(|_| sources.len() > 1) {
            let alone: Vec<Option<Interval>> = (self.given.iter().enumerate())
                .map(|(l, g)| g.map(|g| if l == source { g } else { Interval::ZERO }))
                .collect();
            let (shares, _) = self.run(&order, &alone, false);
            for (lot, list) in from.iter_mut().enumerate() {
                let share = self.lot_share(lot, &shares, &alone);
                if share.hi > 0.0 {
                    list.push((self.lots[source].clone(), share));
                }
            }
        }
        let mut lots: Vec<LotShare> = (0..self.lots.len())
            .map(|lot| {
                let share = self.lot_share(lot, &shares, &self.given);
                let kilograms = self.kilograms[lot];
                let from = std::mem::take(&mut from[lot]);
                LotShare {
                    id: self.lots[lot].clone(),
                    share,
                    kilograms,
                    contaminated: kilograms.times(share),
                    from,
                }
            })
            .collect();
        lots.sort_by(|a, b| {
            b.share.hi.total_cmp(&a.share.hi).then(b.share.lo.total_cmp(&a.share.lo)).then(a.id.cmp(&b.id))
        });
        let processes = (self.input.processes.iter().enumerate())
            .map(|(n, p)| {
                let residue = self.batches[n].residue.as_ref().map_or(Interval::ZERO, |r| r.quantity);
                let mixed = self.batches[n].inputs.iter().fold(residue, |sum, (_, q)| sum.plus(*q));
                ProcessShare { id: p.id.clone(), share: shares[n], mixed }
            })
            .collect();
        let equipment = self
            .last_on
            .iter()
            .map(|(id, last, initial)| (id.clone(), last.map_or(*initial, |n| shares[n])))
            .collect();
        Mixed { lots, processes, equipment, loops, notes: self.notes }
    }
}
