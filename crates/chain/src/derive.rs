//! From the lines of one item to its part of the graph: where it was, from when, and what led in and out.
//!
//! The stock of an item at a place is cut each time goods arrive after others have left. Inside one stretch
//! every arrival is not later than any departure, and each stretch leads to the next; so plain reachability is
//! the time rule: a link out counts only if it is not earlier than the link in.

use crate::facts::{Facts, NONE};
use crate::line::{Line, Said};
use crate::pack::inherited;
use crate::packed::{down, up};
use crate::pair::{Half, Pairing};

/// Marks a node number as a transformation.
pub(crate) const PROCESS: u32 = 1 << 31;
/// Marks a line number as derived: inherited from a parent, or a part of a recorded line.
pub(crate) const DERIVED: u32 = 1 << 31;

/// One stretch of one item at one place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) since: i64,
    pub(crate) until: i64,
    pub(crate) item: u32,
    pub(crate) place: u32,
}

impl Node {
    /// Its item, since, and how much longer until.
    pub(crate) fn row(&self) -> [u64; 3] {
        [up(self.item), unsigned(self.since), self.until.wrapping_sub(self.since).cast_unsigned()]
    }

    /// Back from [`Self::row`].
    pub(crate) fn of_row([item, since, longer]: [u64; 3], place: u32) -> Self {
        let since = (since ^ 1 << 63).cast_signed();
        Self { since, until: since.wrapping_add(longer.cast_signed()), item: down(item), place }
    }
}

/// A link between nodes; [`NONE`] on a side where the records begin or end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// The line that says it left, [`NONE`] when nobody said so.
    pub(crate) left: u32,
    /// The line that says it arrived.
    pub(crate) came: u32,
}

impl Link {
    /// Numbers its derived lines after others.
    pub(crate) fn shift_derived(&mut self, by: u32) {
        for line in [&mut self.left, &mut self.came] {
            if *line != NONE && *line & DERIVED != 0 {
                *line += by;
            }
        }
    }
}

/// The part of the graph one item makes; node numbers count from `first`.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) nodes: Vec<Node>,
    pub(crate) links: Vec<Link>,
}

/// Goods on their way in or out: ordered by place, time and turn, then by link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Flow {
    /// Place, time and turn, from the highest bit on.
    key: u128,
    link: u32,
}

/// Comes in.
const IN: u8 = 0;
/// Was seen.
const SEEN: u8 = 1;
/// Goes out: at the same instant, what arrives can leave.
const OUT: u8 = 2;

/// Turns the order of signed numbers into that of unsigned ones.
const fn unsigned(time: i64) -> u64 {
    time.cast_unsigned() ^ 1 << 63
}

impl Flow {
    fn new(place: u32, time: i64, turn: u8, link: u32) -> Self {
        let key = u128::from(place) << 66 | u128::from(unsigned(time)) << 2 | u128::from(turn);
        Self { key, link }
    }

    fn place(&self) -> u32 {
        u32::try_from(self.key >> 66).unwrap_or(NONE)
    }

    fn time(&self) -> i64 {
        let time = u64::try_from(self.key >> 2 & u128::from(u64::MAX)).unwrap_or_default();
        (time ^ 1 << 63).cast_signed()
    }

    fn is(&self, turn: u8) -> bool {
        self.key & 3 == u128::from(turn)
    }
}

/// Working space, reused from item to item.
#[derive(Debug, Default)]
pub(crate) struct Deriver {
    lines: Vec<(u32, Line)>,
    /// The lines on their way into order, and their times, kinds and positions.
    unsorted: Vec<(u32, Line)>,
    order: Vec<u128>,
    shipped: Vec<Half>,
    received: Vec<Half>,
    pairing: Pairing,
    flows: Vec<Flow>,
}

impl Deriver {
    /// Derives one item from its own lines. Inherited and partial lines are appended to `derived`.
    pub(crate) fn derive(
        &mut self,
        facts: &mut Facts,
        derived: &mut Vec<Line>,
        (item, own): (u32, impl Iterator<Item = (u32, Line)>),
        first: u32,
        part: &mut Part,
    ) {
        part.nodes.clear();
        part.links.clear();
        self.gather(facts, derived, item, own);
        self.flows.clear();
        self.single_lines(part);
        self.movements(facts, derived, part);
        self.stretches(item, first, part);
    }

    fn gather(
        &mut self,
        facts: &mut Facts,
        derived: &mut Vec<Line>,
        item: u32,
        own: impl Iterator<Item = (u32, Line)>,
    ) {
        self.lines.clear();
        self.lines.extend(own);
        let packed = self.lines.iter().any(|(_, line)| line.said() == Said::Packed);
        if packed {
            for (mut line, quantity) in inherited(facts, item) {
                facts.measure(&mut line, quantity);
                self.lines.push((DERIVED | index(derived.len()), line));
                derived.push(line);
            }
        }
        self.sort(facts);
    }

    /// Orders the lines by time and kind, and those that have both alike by what else they say.
    fn sort(&mut self, facts: &Facts) {
        let Self { lines, unsorted, order, .. } = self;
        let key = |line: &Line| (line.time, line.said());
        if !lines.is_sorted_by_key(|(_, line)| key(line)) {
            // numbers are sorted, and each line is moved once
            order.clear();
            order.extend((0..).zip(lines.iter()).map(|(at, (_, line)): (u32, _)| {
                u128::from(unsigned(line.time)) << 64 | u128::from(line.said() as u8) << 32 | u128::from(at)
            }));
            order.sort_unstable();
            std::mem::swap(lines, unsorted);
            lines.clear();
            let position = |key: u128| usize::try_from(key & u128::from(u32::MAX)).unwrap_or_default();
            lines.extend(order.iter().map(|&key| unsorted[position(key)]));
        }
        // the record id is looked up for ties alone
        let rest = |line: &Line| (facts.event_id(line), line.place, line.other, line.mantissa, line.scale);
        for alike in lines.chunk_by_mut(|(_, a), (_, b)| key(a) == key(b)).filter(|alike| alike.len() > 1) {
            alike.sort_by_key(|(_, line)| rest(line));
        }
    }

    fn flow(&mut self, part: &mut Part, place: u32, time: i64, turn: u8, link: Link) {
        self.flows.push(Flow::new(place, time, turn, index(part.links.len())));
        part.links.push(link);
    }

    fn single_lines(&mut self, part: &mut Part) {
        self.shipped.clear();
        self.received.clear();
        let none = Link { from: NONE, to: NONE, left: NONE, came: NONE };
        for number in 0..self.lines.len() {
            let (at, line) = self.lines[number];
            let half = Half {
                line: index(number),
                time: line.time,
                from: line.place,
                to: line.other,
                document: line.document,
                quantity: None,
            };
            let (place, time) = (line.place, line.time);
            match line.said() {
                Said::Shipped => self.shipped.push(half),
                Said::Received => self.received.push(Half { from: line.other, to: line.place, ..half }),
                Said::Appear => self.flow(part, place, time, IN, Link { came: at, ..none }),
                Said::Output => {
                    self.flow(part, place, time, IN, Link { from: PROCESS | line.other, came: at, ..none });
                }
                Said::Observe | Said::Packed | Said::Unpacked | Said::Emptied => {
                    self.flow(part, place, time, SEEN, Link { came: at, ..none });
                }
                Said::Holds => {}
                Said::Input => {
                    self.flow(part, place, time, OUT, Link { to: PROCESS | line.other, left: at, ..none });
                }
                Said::Sold | Said::Destroyed | Said::Consumed | Said::Lost => {
                    self.flow(part, place, time, OUT, Link { left: at, ..none });
                }
            }
        }
    }

    fn movements(&mut self, facts: &mut Facts, derived: &mut Vec<Line>, part: &mut Part) {
        if self.shipped.is_empty() && self.received.is_empty() {
            return;
        }
        let (mut shipped, mut received) =
            (std::mem::take(&mut self.shipped), std::mem::take(&mut self.received));
        for half in shipped.iter_mut().chain(received.iter_mut()) {
            half.quantity = facts.quantity(&self.lines[half.line as usize].1);
        }
        let mut pairing = std::mem::take(&mut self.pairing);
        for pair in pairing.pair(&shipped, &received) {
            let (ship, receipt) = (pair.shipped.map(|s| shipped[s]), pair.received.map(|r| received[r]));
            let mut line_of = |half: Half| {
                let (at, line) = self.lines[half.line as usize];
                let Some(quantity) = pair.part else { return at };
                let mut line = line;
                facts.measure(&mut line, Some(quantity));
                derived.push(line);
                DERIVED | index(derived.len() - 1)
            };
            let link = Link {
                from: NONE,
                to: NONE,
                left: ship.map_or(NONE, &mut line_of),
                came: receipt.map_or(NONE, &mut line_of),
            };
            let known = |place: u32| (place != NONE).then_some(place);
            let from = ship.and_then(|s| known(s.from)).or(receipt.and_then(|r| known(r.from)));
            let to = receipt.and_then(|r| known(r.to)).or(ship.and_then(|s| known(s.to)));
            let number = index(part.links.len());
            part.links.push(link);
            let times = (ship.map(|s| s.time), receipt.map(|r| r.time));
            if let (Some(place), Some(time)) = (from, times.0.or(times.1)) {
                self.flows.push(Flow::new(place, time, OUT, number));
            }
            if let (Some(place), Some(time)) = (to, times.1.or(times.0)) {
                self.flows.push(Flow::new(place, time, IN, number));
            }
        }
        shipped.clear();
        received.clear();
        (self.shipped, self.received, self.pairing) = (shipped, received, pairing);
    }

    fn stretches(&mut self, item: u32, first: u32, part: &mut Part) {
        if !self.flows.is_sorted() {
            self.flows.sort_unstable();
        }
        let mut last = None;
        let mut left = false;
        for flow in &self.flows {
            let (place, time) = (flow.place(), flow.time());
            let same_place = last == Some(place);
            if !same_place || (left && flow.is(IN)) {
                let number = first + index(part.nodes.len());
                if same_place {
                    part.links.push(Link { from: number - 1, to: number, left: NONE, came: NONE });
                }
                part.nodes.push(Node { since: time, until: time, item, place });
                left = false;
            }
            left |= flow.is(OUT);
            last = Some(place);
            let here = first + index(part.nodes.len()) - 1;
            if let Some(node) = part.nodes.last_mut() {
                node.until = time;
            }
            let link = &mut part.links[flow.link as usize];
            if flow.is(OUT) {
                link.from = here;
            } else {
                link.to = here;
            }
        }
        part.links.retain(|l| l.from != NONE || l.to != NONE);
        if !part.links.is_sorted_by_key(|l| l.from) {
            part.links.sort_by_key(|l| l.from);
        }
    }
}

/// A position as a 32-bit number; the index holds fewer than 2³¹ lines, nodes and links.
pub(crate) fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(NONE)
}
