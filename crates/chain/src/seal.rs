//! Sealing: repeats and withdrawn lines dropped, an order of the items chosen, all lines brought into it, in bounded
//! memory: the lines pass from one packed list into parts by order and from each part, sorted, into another.

use crate::derive::index;
use crate::facts::{Facts, NONE, SealedFacts};
use crate::line::{Line, Lines, Packer, Said};
use crate::order::Order;
use crate::packed::{Packed, Packing, down, small};
use crate::stream::{Coded, Space, Stream};
use std::collections::HashSet;

/// Lines sorted at once, about: they lie in the processor's own memory while they are.
const AT_ONCE: usize = 1 << 15;
/// Most shelves the lines are parted into.
const SHELVES: usize = 1 << 11;

/// New numbers of the steps.
struct Steps {
    /// Those sealed before.
    sealed: usize,
    /// Where among those each new one comes, sorted.
    before: Vec<u32>,
    /// Of the new ones; empty when they simply follow, [`NONE`] for a repeat.
    fresh: Vec<u32>,
}

impl Steps {
    fn number(&self, event: u32) -> u32 {
        match (event as usize).checked_sub(self.sealed) {
            Some(at) => self.fresh.get(at).map_or(event, |&number| number),
            None => event + index(self.before.partition_point(|&at| at <= event)),
        }
    }
}

/// Goes over the lines of the source: those sealed before with their items, then those that came since.
fn each_line(facts: &Facts, items: &[u32], mut each: impl FnMut(Coded)) {
    let sealed = &facts.sealed;
    let mut ends = sealed.starts.rows().skip(1).map(|[end]| end);
    let (mut rank, mut end) = (0, ends.next().unwrap_or(0));
    for (at, line) in (0u64..).zip(sealed.lines.rows()) {
        while at >= end {
            rank += 1;
            end = ends.next().unwrap_or(u64::MAX);
        }
        each(Coded::of(&line.of_item(items[rank])));
    }
    facts.lines.iter().for_each(|line| each(Coded::of(line)));
}

impl Facts {
    /// Drops repeats and withdrawn lines, chooses the order of the items and sorts what is left by it.
    pub(crate) fn seal(&mut self) {
        let bulk = std::mem::take(&mut self.bulk);
        let (loaded, mut space) = (bulk.lines, bulk.space);
        let (events, steps) = self.number_steps(bulk.events.close(), (&loaded, &space), bulk.mixed);
        let gone: HashSet<u32> = self.withdrawn_numbers(&events);
        // the new number of the step, when it counts
        let counts = |line: &Coded| {
            let event = steps.number(line.event());
            (event != NONE && !gone.contains(&event)).then_some(event)
        };
        let known = by_rank(&self.sealed.ranks);
        let (mut sizes, mut inputs, mut outputs) = (Vec::new(), Vec::new(), Vec::new());
        let mut look = |line: Coded| {
            if counts(&line).is_some() {
                let item = line.item() as usize;
                if item >= sizes.len() {
                    sizes.resize(item + 1, 0u32);
                }
                sizes[item] += 1;
                match line.said() {
                    Said::Input => inputs.push((line.item(), line.line().other)),
                    Said::Output => outputs.push((line.item(), line.line().other)),
                    _ => {}
                }
            }
        };
        each_line(self, &known, &mut look);
        loaded.each(&space, look);
        let processes = self.processes();
        let order = Order::of(sizes.len(), processes, inputs.iter().copied(), outputs.iter().copied());
        drop((inputs, outputs));
        let mut shelves = Shelves::new(&order, &sizes);
        drop(sizes);
        let mut put = |space: &mut Space, line: Coded| {
            if let Some(event) = counts(&line) {
                shelves.put(space, &line, event, &order);
            }
        };
        each_line(self, &known, |line| put(&mut space, line));
        self.sealed.lines = Default::default();
        self.lines = Vec::new();
        drop(known);
        loaded.drain(&mut space, put);
        let (lines, starts) = shelves.close(space, &order);
        let mut joins = vec![NONE; processes];
        let old = self.sealed.processes.rows().map(|[join]| down(join));
        for (join, &number) in old.chain(self.processes.iter().copied()).zip(&order.processes) {
            joins[number as usize] = join;
        }
        let mut joined: Vec<[u32; 2]> =
            (0..).zip(&joins).filter(|&(_, &join)| join != NONE).map(|(p, &join)| [join, p]).collect();
        joined.sort_unstable();
        self.sealed = SealedFacts {
            events,
            lines,
            ranks: small(order.ranks),
            starts: small(starts),
            processes: small(joins),
            joined: joined.into(),
        };
        self.clear_tail();
    }

    /// The steps sorted by record id for look-up, and the new numbers of all.
    fn number_steps(
        &mut self,
        loaded: Packed<2>,
        (lines, space): (&Stream, &Space),
        mixed: bool,
    ) -> (Packed<2>, Steps) {
        let old = std::mem::take(&mut self.sealed.events);
        let sealed = old.len();
        let in_order = Steps { sealed, before: Vec::new(), fresh: Vec::new() };
        if sealed == 0 && self.events.is_empty() && !mixed {
            return (loaded, in_order);
        }
        // what was applied after sealing holds no repeats; what was loaded may
        let mut prints: Vec<u64> = vec![0; loaded.len()];
        lines.each(space, |line| {
            let line = line.line();
            let print = &mut prints[line.event as usize];
            *print = print.wrapping_add(self.print(&line));
        });
        let print = |at: usize| prints.get(at).map_or(at as u64, |&print| print);
        let late = self.events.iter().map(|&(id, lines)| [id, u64::from(lines)]);
        let fresh: Vec<[u64; 2]> = loaded.rows().chain(late).collect();
        let mut order: Vec<u32> = (0..index(fresh.len())).collect();
        order.sort_by_key(|&at| (fresh[at as usize][0], print(at as usize), at));
        let same = |a: u32, b: u32| {
            fresh[a as usize][0] == fresh[b as usize][0] && print(a as usize) == print(b as usize)
        };
        let mut steps = Steps { fresh: vec![NONE; fresh.len()], ..in_order };
        let mut events = Packing::default();
        let mut rows = old.rows().peekable();
        let mut last = None;
        for at in order {
            let row = fresh[at as usize];
            if last.is_some_and(|last| same(last, at)) {
                continue;
            }
            last = Some(at);
            while let Some(earlier) = rows.next_if(|earlier| earlier[0] <= row[0]) {
                events.push(earlier);
            }
            steps.fresh[at as usize] = index(events.len());
            steps.before.push(index(events.len() - steps.before.len()));
            events.push(row);
        }
        rows.for_each(|row| events.push(row));
        (events.close(), steps)
    }

    /// Numbers of the withdrawn steps.
    fn withdrawn_numbers(&self, events: &Packed<2>) -> HashSet<u32> {
        let numbers = self.withdrawn.iter().flat_map(|&id| {
            let first = events.partition_point(|at| events.one(at, 0) < id);
            (first..events.len()).take_while(move |&at| events.one(at, 0) == id)
        });
        numbers.map(index).collect()
    }
}

/// The items in the order of their ranks.
pub(crate) fn by_rank(ranks: &Packed<1>) -> Vec<u32> {
    let known =
        || (0..).zip(ranks.rows()).filter_map(|(item, [rank])| Some((item, usize::try_from(rank).ok()?)));
    let known = || known().filter(|&(_, rank)| rank != usize::MAX);
    let mut items = vec![NONE; known().map(|(_, rank)| rank + 1).max().unwrap_or(0)];
    known().for_each(|(item, rank): (u32, usize)| items[rank] = item);
    items
}

/// Lines by order of their items, coarsely.
struct Shelves {
    /// Where the lines of each rank begin.
    starts: Vec<u32>,
    /// A shelf holds the lines of so many ranks, as a power of two.
    ranks: u32,
    shelves: Vec<Stream>,
}

impl Shelves {
    fn new(order: &Order, sizes: &[u32]) -> Self {
        let ranked = order.ranks.iter().filter(|&&rank| rank != NONE).count();
        let mut starts = vec![0u32; ranked + 1];
        for (&rank, &size) in order.ranks.iter().zip(sizes) {
            if rank != NONE {
                starts[rank as usize + 1] = size;
            }
        }
        for rank in 0..ranked {
            starts[rank + 1] += starts[rank];
        }
        let wanted = (starts[ranked] as usize / AT_ONCE).clamp(1, SHELVES);
        let ranks = ranked.div_ceil(wanted).next_power_of_two().ilog2();
        Self { starts, ranks, shelves: vec![Stream::default(); ranked.div_ceil(1 << ranks)] }
    }

    fn put(&mut self, space: &mut Space, line: &Coded, event: u32, order: &Order) {
        let rank = order.ranks[line.item() as usize];
        self.shelves[(rank >> self.ranks) as usize].push(space, &line.with(rank, event));
    }

    /// Every shelf sorted, and where each rank begins.
    fn close(self, mut space: Space, order: &Order) -> (Lines, Vec<u32>) {
        let mut out = Packer::default();
        let (mut at, mut sorted) = (Vec::new(), Vec::new());
        let last = self.starts.len() - 1;
        for (number, shelf) in self.shelves.into_iter().enumerate() {
            let (first, next) = (number << self.ranks, last.min((number + 1) << self.ranks));
            let base = self.starts[first];
            at.clear();
            at.extend(self.starts[first..next].iter().map(|start| start - base));
            sorted.resize((self.starts[next] - base) as usize, Line::new(0, NONE, Said::Observe));
            shelf.drain(&mut space, |_, line| {
                let mut line = line.line();
                let slot = &mut at[line.item as usize - first];
                if line.said().of_process() {
                    line.other = order.processes[line.other as usize];
                }
                sorted[*slot as usize] = line.of_item(NONE);
                *slot += 1;
            });
            sorted.iter().for_each(|line| out.push(line));
        }
        (out.close(), self.starts)
    }
}
