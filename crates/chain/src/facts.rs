//! The facts: every step as flat lines, one for each item it names, sorted by item with a small unsorted tail.

use crate::{How, ItemId, Items, JoinId, Kind, Phase, PlaceId, Qty, Step, Unit};
use base::Decimal;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

/// No place, no document, no line.
pub(crate) const NONE: u32 = u32::MAX;
const NO_QUANTITY: u8 = 255;
const WIDE_QUANTITY: u8 = 254;

/// What a line says of its item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Said {
    Appear = 0,
    Output = 1,
    Received = 2,
    Observe = 3,
    /// Put into the parent `other`.
    Packed = 4,
    /// Taken out of the parent `other`.
    Unpacked = 5,
    /// Has the child `other` put into it.
    Holds = 6,
    /// Everything was taken out of it.
    Emptied = 7,
    Shipped = 8,
    Input = 9,
    Sold = 10,
    Destroyed = 11,
    Consumed = 12,
    Lost = 13,
}

impl Said {
    pub(crate) const ALL: [Self; 14] = [
        Self::Appear,
        Self::Output,
        Self::Received,
        Self::Observe,
        Self::Packed,
        Self::Unpacked,
        Self::Holds,
        Self::Emptied,
        Self::Shipped,
        Self::Input,
        Self::Sold,
        Self::Destroyed,
        Self::Consumed,
        Self::Lost,
    ];

    /// How the item left the chain, when this says so.
    pub(crate) fn how(self) -> Option<How> {
        match self {
            Self::Sold => Some(How::Sold),
            Self::Destroyed => Some(How::Destroyed),
            Self::Consumed => Some(How::Consumed),
            Self::Lost => Some(How::Lost),
            _ => None,
        }
    }
}

/// One thing one step says of one item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) time: i64,
    pub(crate) mantissa: i64,
    /// Index into [`Facts::events`].
    pub(crate) event: u32,
    pub(crate) item: u32,
    pub(crate) place: u32,
    /// The other place, the process, or the other item of a packing.
    pub(crate) other: u32,
    pub(crate) document: u32,
    pub(crate) unit: u8,
    pub(crate) scale: u8,
    pub(crate) said: Said,
}

/// One applied step, for recognising it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Seen {
    pub(crate) id: u64,
    pub(crate) print: u64,
}

/// All lines, the steps they come from, and the transformations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) events: Vec<Seen>,
    pub(crate) sealed_events: usize,
    pub(crate) fresh_events: HashMap<Seen, u32>,
    /// Record ids of withdrawn events.
    pub(crate) withdrawn: HashSet<u64>,
    /// Sealed lines sorted by item, then a tail in order of arrival.
    pub(crate) lines: Vec<Line>,
    /// Start of each item's sealed lines; one more than there are items.
    pub(crate) starts: Vec<u32>,
    pub(crate) tail: HashMap<u32, Vec<u32>>,
    /// Join id of each transformation, [`NONE`] for single events.
    pub(crate) processes: Vec<u32>,
    pub(crate) joined: HashMap<u32, u32>,
    pub(crate) units: Vec<Unit>,
    pub(crate) wide: Vec<Decimal>,
}

/// A fixed hash (the same in every run and release), for recognising repeated steps.
struct Print(u64);

impl Hasher for Print {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }
    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(23) ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}

fn print_of(step: &Step) -> u64 {
    let mut hash = Print(0x5348_4941_4E00_0001);
    step.time.hash(&mut hash);
    step.kind.hash(&mut hash);
    hash.finish()
}

fn place_or_none(place: Option<PlaceId>) -> u32 {
    place.map_or(NONE, |p| p.0)
}

impl Facts {
    fn number(len: usize) -> u32 {
        u32::try_from(len).unwrap_or(NONE)
    }

    /// Adds the lines of a step to the tail without looking whether it was seen before.
    fn push(&mut self, step: &Step, event: u32) {
        let base = |item: ItemId, place: u32, other: u32, said: Said| Line {
            time: step.time,
            mantissa: 0,
            event,
            item: item.0,
            place,
            other,
            document: NONE,
            unit: 0,
            scale: NO_QUANTITY,
            said,
        };
        let all = |facts: &mut Self, items: &Items, line: &dyn Fn(ItemId) -> Line| {
            for &(item, quantity) in items {
                let mut line = line(item);
                facts.measure(&mut line, quantity);
                facts.lines.push(line);
            }
        };
        match &step.kind {
            Kind::Appear { place, items } => all(self, items, &|i| base(i, place.0, NONE, Said::Appear)),
            Kind::Observe { place, items } => all(self, items, &|i| base(i, place.0, NONE, Said::Observe)),
            Kind::Move { from, to, items, phase, document } => {
                let (from, to) = (place_or_none(*from), place_or_none(*to));
                let document = document.map_or(NONE, |d| d.0);
                all(self, items, &|i| match phase {
                    Phase::Shipped => Line { document, ..base(i, from, to, Said::Shipped) },
                    Phase::Received => Line { document, ..base(i, to, from, Said::Received) },
                });
            }
            Kind::Transform { place, inputs, outputs, id } => {
                let process = self.process(*id);
                all(self, inputs, &|i| base(i, place.0, process, Said::Input));
                all(self, outputs, &|i| base(i, place.0, process, Said::Output));
            }
            Kind::Pack { place, parent, children } => {
                all(self, children, &|i| base(i, place.0, parent.0, Said::Packed));
                let held = children.iter().map(|&(child, _)| base(*parent, place.0, child.0, Said::Holds));
                self.lines.extend(held);
            }
            Kind::Unpack { place, parent, children } if children.is_empty() => {
                self.lines.push(base(*parent, place.0, NONE, Said::Emptied));
            }
            Kind::Unpack { place, parent, children } => {
                all(self, children, &|i| base(i, place.0, parent.0, Said::Unpacked));
            }
            Kind::Leave { place, items, how } => {
                let said = match how {
                    How::Sold => Said::Sold,
                    How::Destroyed => Said::Destroyed,
                    How::Consumed => Said::Consumed,
                    How::Lost => Said::Lost,
                };
                all(self, items, &|i| base(i, place.0, NONE, said));
            }
            Kind::Withdraw { .. } => {}
        }
    }

    fn process(&mut self, join: Option<JoinId>) -> u32 {
        let next = Self::number(self.processes.len());
        let Some(join) = join else {
            self.processes.push(NONE);
            return next;
        };
        let number = *self.joined.entry(join.0).or_insert(next);
        if number == next {
            self.processes.push(join.0);
        }
        number
    }

    /// Writes a quantity into a line.
    pub(crate) fn measure(&mut self, line: &mut Line, quantity: Option<Qty>) {
        let Some(Qty { value, unit }) = quantity else {
            line.scale = NO_QUANTITY;
            return;
        };
        let unit_at = self.units.iter().position(|&u| u == unit).unwrap_or_else(|| {
            self.units.push(unit);
            self.units.len() - 1
        });
        line.unit = u8::try_from(unit_at).unwrap_or(u8::MAX);
        match (i64::try_from(value.mantissa()), u8::try_from(value.scale())) {
            (Ok(mantissa), Ok(scale)) => {
                line.mantissa = mantissa;
                line.scale = scale;
            }
            _ => {
                line.mantissa = i64::from(Self::number(self.wide.len()));
                line.scale = WIDE_QUANTITY;
                self.wide.push(value);
            }
        }
    }

    /// The quantity of a line.
    pub(crate) fn quantity(&self, line: &Line) -> Option<Qty> {
        let value = match line.scale {
            NO_QUANTITY => return None,
            WIDE_QUANTITY => *self.wide.get(usize::try_from(line.mantissa).ok()?)?,
            scale => Decimal::new(line.mantissa, u32::from(scale)),
        };
        Some(Qty::new(value, *self.units.get(usize::from(line.unit))?))
    }

    /// Takes steps in bulk; [`Self::seal`] must follow.
    pub(crate) fn load(&mut self, step: &Step) {
        if let Kind::Withdraw { event } = step.kind {
            self.withdrawn.insert(event);
            return;
        }
        let event = Self::number(self.events.len());
        self.events.push(Seen { id: step.event, print: print_of(step) });
        self.push(step, event);
    }

    /// Takes one step after sealing. Returns the items it touches, none when it changes nothing.
    pub(crate) fn add(&mut self, step: &Step) -> Vec<u32> {
        if let Kind::Withdraw { event } = step.kind {
            return if self.withdrawn.insert(event) { self.items_of_event(event) } else { Vec::new() };
        }
        let seen = Seen { id: step.event, print: print_of(step) };
        if self.withdrawn.contains(&seen.id)
            || self.fresh_events.contains_key(&seen)
            || self.events[..self.sealed_events].binary_search(&seen).is_ok()
        {
            return Vec::new();
        }
        let event = Self::number(self.events.len());
        self.events.push(seen);
        self.fresh_events.insert(seen, event);
        let first = self.lines.len();
        self.push(step, event);
        let mut items = Vec::new();
        for at in first..self.lines.len() {
            let item = self.lines[at].item;
            self.tail.entry(item).or_default().push(Self::number(at));
            items.push(item);
        }
        items
    }

    fn items_of_event(&self, id: u64) -> Vec<u32> {
        let hit = |line: &&Line| self.events[line.event as usize].id == id;
        self.lines.iter().filter(hit).map(|line| line.item).collect()
    }

    /// Whether a line still counts.
    pub(crate) fn counts(&self, line: &Line) -> bool {
        self.withdrawn.is_empty() || !self.withdrawn.contains(&self.event_id(line))
    }

    /// Record id of the event a line comes from.
    pub(crate) fn event_id(&self, line: &Line) -> u64 {
        self.events[line.event as usize].id
    }

    /// All lines of an item that count, with their numbers.
    pub(crate) fn lines_of(&self, item: u32) -> impl Iterator<Item = (u32, &Line)> {
        let at = item as usize;
        let sealed = match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(&from), Some(&to)) => from..to,
            _ => 0..0,
        };
        let tail = self.tail.get(&item).map_or(&[][..], Vec::as_slice).iter().copied();
        sealed.chain(tail).map(|at| (at, &self.lines[at as usize])).filter(|(_, line)| self.counts(line))
    }

    /// How many items the facts know.
    pub(crate) fn items(&self) -> u32 {
        let sealed = self.starts.len().saturating_sub(1);
        let tail = self.tail.keys().map(|&i| i as usize + 1).max().unwrap_or(0);
        Self::number(sealed.max(tail))
    }

    /// Lines that arrived since the last sealing.
    pub(crate) fn tail_len(&self) -> usize {
        self.lines.len() - self.starts.last().map_or(0, |&n| n as usize)
    }

    /// Drops repeats and withdrawn lines and sorts what is left by item, keeping the order within an item.
    pub(crate) fn seal(&mut self) {
        self.sort_events();
        let withdrawn = std::mem::take(&mut self.withdrawn);
        let events = &self.events;
        self.lines.retain(|line| {
            line.event != NONE
                && (withdrawn.is_empty() || !withdrawn.contains(&events[line.event as usize].id))
        });
        self.withdrawn = withdrawn;
        let items = self.lines.iter().map(|line| line.item as usize + 1).max().unwrap_or(0);
        let mut starts = vec![0u32; items + 1];
        for line in &self.lines {
            starts[line.item as usize + 1] += 1;
        }
        for at in 0..items {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut order = vec![0u32; self.lines.len()];
        for (at, line) in self.lines.iter().enumerate() {
            let slot = &mut next[line.item as usize];
            order[*slot as usize] = Self::number(at);
            *slot += 1;
        }
        self.lines = order.iter().map(|&at| self.lines[at as usize]).collect();
        self.starts = starts;
        self.tail = HashMap::new();
        self.fresh_events = HashMap::new();
        self.units.shrink_to_fit();
        self.processes.shrink_to_fit();
    }

    /// Sorts the steps by record id for look-up; lines of repeats get no event.
    fn sort_events(&mut self) {
        if !self.events.is_sorted_by(|a, b| a < b) {
            let mut order: Vec<u32> = (0..Self::number(self.events.len())).collect();
            order.sort_by_key(|&at| (self.events[at as usize], at));
            let mut number = vec![NONE; self.events.len()];
            let mut sorted: Vec<Seen> = Vec::with_capacity(order.len());
            for &at in &order {
                let seen = self.events[at as usize];
                if sorted.last() != Some(&seen) {
                    number[at as usize] = Self::number(sorted.len());
                    sorted.push(seen);
                }
            }
            for line in &mut self.lines {
                line.event = number[line.event as usize];
            }
            self.events = sorted;
        }
        self.events.shrink_to_fit();
        self.sealed_events = self.events.len();
    }

    /// Approximate bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.lines.capacity() * size_of::<Line>()
            + self.events.capacity() * size_of::<Seen>()
            + self.starts.capacity() * 4
            + self.processes.capacity() * 4
            + self.joined.capacity() * 9
            + self.wide.capacity() * 16
    }
}
