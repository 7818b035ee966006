//! The facts: every step as flat lines, one for each item it names; sealed ones sorted by item, then a small tail.

use crate::column::Column;
use crate::order::{Groups, Order};
use crate::{How, ItemId, Items, JoinId, Kind, Phase, PlaceId, Qty, Step, Unit};
use base::Decimal;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

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

    /// From the byte a sealed line holds; a byte of no meaning is a mere sighting.
    pub(crate) fn of(byte: u8) -> Self {
        Self::ALL.get(usize::from(byte)).copied().unwrap_or(Self::Observe)
    }

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
#[derive(Debug, Clone, Copy, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Line {
    pub(crate) time: i64,
    pub(crate) mantissa: i64,
    /// Number of the step, see [`Facts::event_id`].
    pub(crate) event: u32,
    pub(crate) item: u32,
    pub(crate) place: u32,
    /// The other place, the process, or the other item of a packing.
    pub(crate) other: u32,
    pub(crate) document: u32,
    pub(crate) unit: u8,
    pub(crate) scale: u8,
    said: u8,
    spare: u8,
}

impl Line {
    /// What it says.
    pub(crate) fn said(&self) -> Said {
        Said::of(self.said)
    }

    /// The same said of another item.
    pub(crate) fn of_item(self, item: u32) -> Self {
        Self { item, ..self }
    }
}

/// One applied step, for recognising it again.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub(crate) struct Seen {
    pub(crate) id: u64,
    pub(crate) print: u64,
}

/// What was sealed: sorted, and mapped once it was written.
#[derive(Debug, Clone, Default)]
pub(crate) struct SealedFacts {
    /// Sorted.
    pub(crate) events: Column<Seen>,
    /// Sorted by rank of their item.
    pub(crate) lines: Column<Line>,
    /// Rank of each item in the order of the sealed arrays; [`NONE`] for those without lines.
    pub(crate) ranks: Column<u32>,
    /// Start of the lines of each rank; one more than there are.
    pub(crate) starts: Column<u32>,
    /// Join id of each transformation, [`NONE`] for single events.
    pub(crate) processes: Column<u32>,
    /// Join id and transformation, sorted.
    pub(crate) joined: Column<[u32; 2]>,
}

/// All lines, the steps they come from, and the transformations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) sealed: SealedFacts,
    /// Steps after the sealed ones, in order of arrival.
    events: Vec<Seen>,
    fresh_events: HashMap<Seen, u32>,
    /// Record ids of withdrawn events.
    pub(crate) withdrawn: HashSet<u64>,
    /// Lines after the sealed ones, in order of arrival.
    lines: Vec<Line>,
    tail: HashMap<u32, Vec<u32>>,
    processes: Vec<u32>,
    joined: HashMap<u32, u32>,
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
    /// Facts that were sealed before.
    pub(crate) fn opened(
        sealed: SealedFacts,
        withdrawn: &[u64],
        units: Vec<Unit>,
        wide: Vec<Decimal>,
    ) -> Self {
        Self { sealed, withdrawn: withdrawn.iter().copied().collect(), units, wide, ..Self::default() }
    }

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
            said: said as u8,
            spare: 0,
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

    /// How many transformations there are.
    pub(crate) fn processes(&self) -> usize {
        self.sealed.processes.len() + self.processes.len()
    }

    fn process(&mut self, join: Option<JoinId>) -> u32 {
        let next = Self::number(self.processes());
        let Some(join) = join else {
            self.processes.push(NONE);
            return next;
        };
        let sealed = &self.sealed.joined;
        if let Ok(at) = sealed.binary_search_by_key(&join.0, |pair| pair[0]) {
            return sealed[at][1];
        }
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
        let event = Self::number(self.steps());
        self.events.push(Seen { id: step.event, print: print_of(step) });
        self.push(step, event);
    }

    /// The lines of the items of some ranks, without the steps they come from: for measuring only.
    pub(crate) fn sieve(
        steps: impl Iterator<Item = Step>,
        order: &Order,
        wanted: &std::ops::Range<u32>,
    ) -> Self {
        let mut facts = Self { events: vec![Seen { id: 0, print: 0 }], ..Self::default() };
        let in_range = |item: u32| wanted.contains(&order.ranks[item as usize]);
        for step in steps {
            if let Kind::Move { items, .. } | Kind::Appear { items, .. } | Kind::Leave { items, .. } =
                &step.kind
                && !items.iter().any(|(item, _)| in_range(item.0))
            {
                continue;
            }
            let first = facts.lines.len();
            facts.push(&step, 0);
            let mut kept = first;
            for at in first..facts.lines.len() {
                if in_range(facts.lines[at].item) {
                    facts.lines.swap(kept, at);
                    kept += 1;
                }
            }
            facts.lines.truncate(kept);
        }
        facts.sort_by(order);
        facts
    }

    /// Takes steps after sealing. Returns the items they touch, none when they change nothing.
    pub(crate) fn add<'a>(&mut self, steps: impl Iterator<Item = &'a Step>) -> Vec<u32> {
        let mut items = Vec::new();
        let mut taken_back: Vec<u64> = Vec::new();
        for step in steps {
            if let Kind::Withdraw { event } = step.kind {
                if self.withdrawn.insert(event) {
                    taken_back.push(event);
                }
            } else {
                self.add_one(step, &mut items);
            }
        }
        self.items_of_events(&taken_back, &mut items);
        items
    }

    fn add_one(&mut self, step: &Step, items: &mut Vec<u32>) {
        let seen = Seen { id: step.event, print: print_of(step) };
        if self.withdrawn.contains(&seen.id)
            || self.fresh_events.contains_key(&seen)
            || self.sealed.events.binary_search(&seen).is_ok()
        {
            return;
        }
        let event = Self::number(self.steps());
        self.events.push(seen);
        self.fresh_events.insert(seen, event);
        let first = self.lines.len();
        self.push(step, event);
        let sealed = self.sealed.lines.len();
        for at in first..self.lines.len() {
            let item = self.lines[at].item;
            self.tail.entry(item).or_default().push(Self::number(sealed + at));
            items.push(item);
        }
    }

    /// The items of withdrawn events: one pass over the lines for all of them.
    fn items_of_events(&self, ids: &[u64], items: &mut Vec<u32>) {
        let mut numbers: HashSet<u32> = HashSet::new();
        for &id in ids {
            let events = &self.sealed.events;
            let first = events.partition_point(|seen| seen.id < id);
            let same = events[first..].iter().take_while(|seen| seen.id == id).count();
            numbers.extend(Self::number(first)..Self::number(first + same));
        }
        let fresh: HashSet<u64> = ids.iter().copied().collect();
        let sealed = self.sealed.events.len();
        numbers.extend(
            (0..)
                .zip(&self.events)
                .filter(|(_, s)| fresh.contains(&s.id))
                .map(|(n, _)| Self::number(sealed) + n),
        );
        let (Some(&low), Some(&high)) = (numbers.iter().min(), numbers.iter().max()) else { return };
        let hit = |line: &&Line| (low..=high).contains(&line.event) && numbers.contains(&line.event);
        items.extend(self.sealed.lines.iter().chain(&self.lines).filter(hit).map(|line| line.item));
    }

    /// How many steps were taken.
    pub(crate) fn steps(&self) -> usize {
        self.sealed.events.len() + self.events.len()
    }

    /// Whether a line still counts.
    pub(crate) fn counts(&self, line: &Line) -> bool {
        self.withdrawn.is_empty() || !self.withdrawn.contains(&self.event_id(line))
    }

    /// Record id of the event a line comes from.
    pub(crate) fn event_id(&self, line: &Line) -> u64 {
        let (at, sealed) = (line.event as usize, self.sealed.events.len());
        if at < sealed { self.sealed.events[at].id } else { self.events[at - sealed].id }
    }

    /// The line with this number.
    pub(crate) fn line(&self, number: u32) -> Option<&Line> {
        let (at, sealed) = (number as usize, self.sealed.lines.len());
        if at < sealed { self.sealed.lines.get(at) } else { self.lines.get(at - sealed) }
    }

    /// All lines of an item that count, with their numbers.
    pub(crate) fn lines_of(&self, item: u32) -> impl Iterator<Item = (u32, &Line)> {
        let first = self.sealed_lines(item);
        let sealed = (first.start..).zip(&self.sealed.lines[first.start as usize..first.end as usize]);
        let tail = self.tail.get(&item).map_or(&[][..], Vec::as_slice).iter().copied();
        let tail = tail.filter_map(|at| Some((at, self.line(at)?)));
        sealed.chain(tail).filter(|(_, line)| self.counts(line))
    }

    fn sealed_lines(&self, item: u32) -> std::ops::Range<u32> {
        let rank = self.sealed.ranks.get(item as usize).map_or(NONE, |&r| r) as usize;
        match (self.sealed.starts.get(rank), self.sealed.starts.get(rank.wrapping_add(1))) {
            (Some(&from), Some(&to)) => from..to,
            _ => 0..0,
        }
    }

    /// Lines that arrived since the last sealing.
    pub(crate) fn tail_len(&self) -> usize {
        self.lines.len()
    }

    /// Drops repeats and withdrawn lines, chooses the order of the items and sorts what is left by it.
    pub(crate) fn seal(&mut self) {
        let mut lines = std::mem::take(&mut self.sealed.lines).to_vec();
        lines.append(&mut self.lines);
        let events = self.sort_events(&mut lines);
        let withdrawn = &self.withdrawn;
        lines.retain(|line| {
            line.event != NONE
                && (withdrawn.is_empty() || !withdrawn.contains(&events[line.event as usize].id))
        });
        let items = lines.iter().map(|line| line.item as usize + 1).max().unwrap_or(0);
        let says = |said: Said| {
            let said = said as u8;
            lines.iter().filter(move |line| line.said == said).map(|line| (line.item, line.other))
        };
        let order = Order::of(items, self.processes(), says(Said::Input), says(Said::Output));
        let (sorted, starts) = by_rank(&lines, &order);
        let mut processes = vec![NONE; self.processes()];
        for (&join, &number) in self.sealed.processes.iter().chain(&self.processes).zip(&order.processes) {
            processes[number as usize] = join;
        }
        let mut joined: Vec<[u32; 2]> =
            (0..).zip(&processes).filter(|&(_, &join)| join != NONE).map(|(p, &join)| [join, p]).collect();
        joined.sort_unstable();
        self.sealed = SealedFacts {
            events: events.into(),
            lines: sorted.into(),
            ranks: order.ranks.into(),
            starts: starts.into(),
            processes: processes.into(),
            joined: joined.into(),
        };
        self.clear_tail();
    }

    /// Seals the lines alone.
    fn sort_by(&mut self, order: &Order) {
        let (lines, starts) = by_rank(&std::mem::take(&mut self.lines), order);
        self.sealed.lines = lines.into();
        self.sealed.starts = starts.into();
        self.sealed.ranks = order.ranks.clone().into();
    }

    fn clear_tail(&mut self) {
        self.events = Vec::new();
        self.fresh_events = HashMap::new();
        self.lines = Vec::new();
        self.tail = HashMap::new();
        self.processes = Vec::new();
        self.joined = HashMap::new();
    }

    /// The steps sorted by record id for look-up; lines of repeats get no event.
    fn sort_events(&self, lines: &mut [Line]) -> Vec<Seen> {
        let mut events = self.sealed.events.to_vec();
        events.extend_from_slice(&self.events);
        if events.is_sorted_by(|a, b| a < b) {
            return events;
        }
        let mut order: Vec<u32> = (0..Self::number(events.len())).collect();
        order.sort_by_key(|&at| (events[at as usize], at));
        let mut number = vec![NONE; events.len()];
        let mut sorted: Vec<Seen> = Vec::with_capacity(order.len());
        for &at in &order {
            let seen = events[at as usize];
            if sorted.last() != Some(&seen) {
                number[at as usize] = Self::number(sorted.len());
                sorted.push(seen);
            }
        }
        for line in lines {
            line.event = number[line.event as usize];
        }
        sorted
    }

    /// Bytes held in memory of our own: not those that are mapped.
    pub(crate) fn bytes(&self) -> usize {
        let sealed = &self.sealed;
        sealed.events.owned_bytes()
            + sealed.lines.owned_bytes()
            + sealed.ranks.owned_bytes()
            + sealed.starts.owned_bytes()
            + sealed.processes.owned_bytes()
            + sealed.joined.owned_bytes()
            + self.lines.capacity() * (size_of::<Line>() + 16)
            + self.events.capacity() * (size_of::<Seen>() + 32)
            + self.processes.capacity() * 4
            + self.joined.capacity() * 9
            + self.wide.capacity() * 16
    }
}

/// The lines in the order of the ranks, transformations renumbered; and where each rank begins.
fn by_rank(lines: &[Line], order: &Order) -> (Vec<Line>, Vec<u32>) {
    let rank = |line: &Line| order.ranks[line.item as usize];
    let pairs = (0..).zip(lines).map(|(at, line)| (rank(line), at));
    let places = Groups::of(order.ranks.len(), pairs);
    let moved = |at: &u32| {
        let mut line = lines[*at as usize];
        if matches!(line.said(), Said::Input | Said::Output) {
            line.other = order.processes[line.other as usize];
        }
        line
    };
    (places.values.iter().map(moved).collect(), places.starts)
}
