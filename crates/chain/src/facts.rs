//! The facts: every step as flat lines, one for each item it names; sealed ones sorted by item, then a small tail.

use crate::column::Column;
use crate::line::{Line, Lines, NO_QUANTITY, Said, WIDE_QUANTITY};
use crate::packed::{Packed, Packing, down};
use crate::stream::{Coded, Space, Stream};
use crate::trace::{ByNode, Numbers};
use crate::{How, ItemId, Items, JoinId, Kind, Phase, PlaceId, Qty, Step, Unit};
use base::Decimal;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};

/// No place, no document, no line.
pub(crate) const NONE: u32 = u32::MAX;
/// One applied step, for recognising it again: the record id, and the sum of a hash of every line it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Seen {
    pub(crate) id: u64,
    pub(crate) print: u64,
}

/// What was sealed: sorted, packed, and mapped once it was written.
#[derive(Debug, Clone, Default)]
pub(crate) struct SealedFacts {
    /// Record id of each step and how many lines it made; sorted.
    pub(crate) events: Packed<2>,
    /// Sorted by rank of their item, which they do not name.
    pub(crate) lines: Lines,
    /// Rank of each item in the order of the sealed arrays; [`NONE`] for those without lines.
    pub(crate) ranks: Packed<1>,
    /// Start of the lines of each rank; one more than there are.
    pub(crate) starts: Packed<1>,
    /// Join id of each transformation, [`NONE`] for single events.
    pub(crate) processes: Packed<1>,
    /// Join id and transformation, sorted.
    pub(crate) joined: Column<[u32; 2]>,
}

/// Steps taken in bulk, in order of arrival.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bulk {
    pub(crate) events: Packing<2>,
    pub(crate) lines: Stream,
    pub(crate) space: Space,
    /// Prints of the steps with the last record id; none as long as there is only one.
    same: Vec<u64>,
    last: u64,
    /// Some record id is smaller than one before it: there may be repeats.
    pub(crate) mixed: bool,
}

/// The lines of a step as it was told: those of a transformation name its join id.
type Draft = Vec<(Line, Option<Qty>)>;

/// All lines, the steps they come from, and the transformations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) sealed: SealedFacts,
    pub(crate) bulk: Bulk,
    /// Record ids and numbers of lines of the steps after the sealed ones, in order of arrival.
    pub(crate) events: Vec<(u64, u32)>,
    fresh_events: Numbers<Seen>,
    /// Record ids of withdrawn events.
    pub(crate) withdrawn: HashSet<u64>,
    /// Lines after the sealed ones, in order of arrival.
    pub(crate) lines: Vec<Line>,
    tail: ByNode<Vec<u32>>,
    pub(crate) processes: Vec<u32>,
    joined: ByNode<u32>,
    pub(crate) units: Vec<Unit>,
    pub(crate) wide: Vec<Decimal>,
    /// Lines of the step at hand with their quantities.
    draft: Draft,
    /// Those of the step loaded before.
    before: Draft,
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

fn print_of(line: &Line, join: u32, quantity: Option<Qty>) -> u64 {
    let mut hash = Print(0x5348_4941_4E00_0002);
    line.time.hash(&mut hash);
    hash.write_u32(line.item);
    hash.write_u32(line.place);
    hash.write_u32(join);
    hash.write_u32(line.document);
    hash.write_u8(line.said() as u8);
    if let Some(Qty { value, unit }) = quantity {
        unit.hash(&mut hash);
        // equal numbers, however many zeros end them, are the same
        let (mantissa, scale) = match i64::try_from(value.mantissa()) {
            Ok(mut mantissa) => {
                let mut scale = value.scale();
                while scale > 0 && mantissa % 10 == 0 {
                    (mantissa, scale) = (mantissa / 10, scale - 1);
                }
                (i128::from(mantissa), scale)
            }
            Err(_) => (value.normalize().mantissa(), value.normalize().scale()),
        };
        mantissa.hash(&mut hash);
        hash.write_u32(scale);
    }
    hash.finish()
}

/// The sum of the prints of a step's lines.
fn print_of_all(draft: &Draft) -> u64 {
    let prints = draft.iter().map(|(line, quantity)| print_of(line, line.other, *quantity));
    prints.fold(0, u64::wrapping_add)
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

    pub(crate) fn number(len: usize) -> u32 {
        u32::try_from(len).unwrap_or(NONE)
    }

    /// Writes the lines of a step into the draft; for the items of a transformation `other` is its join id.
    fn draft(&mut self, step: &Step) {
        let mut draft = std::mem::take(&mut self.draft);
        draft.clear();
        let base = |item: ItemId, place: u32, other: u32, said: Said| Line {
            place,
            other,
            ..Line::new(step.time, item.0, said)
        };
        let mut all = |items: &Items, line: &dyn Fn(ItemId) -> Line| {
            draft.extend(items.iter().map(|&(item, quantity)| (line(item), quantity)));
        };
        match &step.kind {
            Kind::Appear { place, items } => all(items, &|i| base(i, place.0, NONE, Said::Appear)),
            Kind::Observe { place, items } => all(items, &|i| base(i, place.0, NONE, Said::Observe)),
            Kind::Move { from, to, items, phase, document } => {
                let (from, to) = (place_or_none(*from), place_or_none(*to));
                let document = document.map_or(NONE, |d| d.0);
                all(items, &|i| match phase {
                    Phase::Shipped => Line { document, ..base(i, from, to, Said::Shipped) },
                    Phase::Received => Line { document, ..base(i, to, from, Said::Received) },
                });
            }
            Kind::Transform { place, inputs, outputs, id } => {
                let join = id.map_or(NONE, |join| join.0);
                all(inputs, &|i| base(i, place.0, join, Said::Input));
                all(outputs, &|i| base(i, place.0, join, Said::Output));
            }
            Kind::Pack { place, parent, children } => {
                all(children, &|i| base(i, place.0, parent.0, Said::Packed));
                let held = children.iter().map(|&(child, _)| base(*parent, place.0, child.0, Said::Holds));
                draft.extend(held.map(|line| (line, None)));
            }
            Kind::Unpack { place, parent, children } if children.is_empty() => {
                draft.push((base(*parent, place.0, NONE, Said::Emptied), None));
            }
            Kind::Unpack { place, parent, children } => {
                all(children, &|i| base(i, place.0, parent.0, Said::Unpacked));
            }
            Kind::Leave { place, items, how } => {
                let said = match how {
                    How::Sold => Said::Sold,
                    How::Destroyed => Said::Destroyed,
                    How::Consumed => Said::Consumed,
                    How::Lost => Said::Lost,
                };
                all(items, &|i| base(i, place.0, NONE, said));
            }
            Kind::Withdraw { .. } => {}
        }
        self.draft = draft;
    }

    /// Hands on the lines of the draft as those of a step.
    fn finish(&mut self, event: u32, mut each: impl FnMut(&mut Self, Line)) {
        let draft = std::mem::take(&mut self.draft);
        let mut process = None;
        for &(mut line, quantity) in &draft {
            line.event = event;
            if line.said().of_process() {
                let join = (line.other != NONE).then_some(JoinId(line.other));
                line.other = *process.get_or_insert_with(|| self.process(join));
            }
            self.measure(&mut line, quantity);
            each(self, line);
        }
        self.draft = draft;
    }

    /// How many transformations there are.
    pub(crate) fn processes(&self) -> usize {
        self.sealed.processes.len() + self.processes.len()
    }

    /// The join id of a transformation.
    fn join(&self, process: u32) -> u32 {
        let (at, sealed) = (process as usize, self.sealed.processes.len());
        if at < sealed { down(self.sealed.processes.one(at, 0)) } else { self.processes[at - sealed] }
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
        self.draft(step);
        let bulk = &mut self.bulk;
        if bulk.events.len() > 0 && step.event == bulk.last {
            // steps are compared only when they have one record id
            if bulk.same.is_empty() {
                bulk.same.push(print_of_all(&self.before));
            }
            let print = print_of_all(&self.draft);
            if bulk.same.contains(&print) {
                return;
            }
            bulk.same.push(print);
        } else {
            bulk.mixed |= step.event < bulk.last;
            bulk.last = step.event;
            bulk.same.clear();
        }
        let event = Self::number(bulk.events.len());
        bulk.events.push([step.event, self.draft.len() as u64]);
        self.finish(event, |facts, line| facts.bulk.lines.push(&mut facts.bulk.space, &Coded::of(&line)));
        std::mem::swap(&mut self.draft, &mut self.before);
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
        if self.withdrawn.contains(&step.event) {
            return;
        }
        self.draft(step);
        let seen = Seen { id: step.event, print: print_of_all(&self.draft) };
        if self.fresh_events.contains(&seen) || self.is_sealed(seen) {
            return;
        }
        let event = Self::number(self.steps());
        self.events.push((seen.id, Self::number(self.draft.len())));
        self.fresh_events.insert(seen);
        let sealed = self.sealed.lines.len();
        self.finish(event, |facts, line| {
            let at = Self::number(sealed + facts.lines.len());
            facts.tail.entry(line.item).or_default().push(at);
            items.push(line.item);
            facts.lines.push(line);
        });
    }

    /// The print of a line that was taken.
    pub(crate) fn print(&self, line: &Line) -> u64 {
        let other = if line.said().of_process() { self.join(line.other) } else { line.other };
        print_of(line, other, self.quantity(line))
    }

    /// Whether the step in the draft was sealed: its lines are looked up, so that no print need be kept.
    fn is_sealed(&self, seen: Seen) -> bool {
        let events = &self.sealed.events;
        let id = |at: usize| events.one(at, 0);
        if events.len() == 0 || id(events.len() - 1) < seen.id {
            return false;
        }
        let mut items: Vec<u32> = self.draft.iter().map(|(line, _)| line.item).collect();
        items.sort_unstable();
        items.dedup();
        let first = events.partition_point(|at| id(at) < seen.id);
        (first..events.len()).take_while(|&at| id(at) == seen.id).any(|at| {
            let said = items.iter().flat_map(|&item| self.sealed_lines_of(item));
            let prints = said.filter(|(_, line)| line.event as usize == at).map(|(_, l)| self.print(&l));
            events.one(at, 1) == self.draft.len() as u64 && prints.fold(0u64, u64::wrapping_add) == seen.print
        })
    }

    /// The items of withdrawn events: one look at the heads of all blocks of lines for all of them.
    fn items_of_events(&self, ids: &[u64], items: &mut Vec<u32>) {
        let mut numbers: HashSet<u32> = HashSet::new();
        let events = &self.sealed.events;
        for &id in ids {
            let first = events.partition_point(|at| events.one(at, 0) < id);
            let same = (first..events.len()).take_while(|&at| events.one(at, 0) == id);
            numbers.extend(same.map(Self::number));
        }
        let fresh: HashSet<u64> = ids.iter().copied().collect();
        let sealed = Self::number(events.len());
        numbers.extend((sealed..).zip(&self.events).filter(|(_, e)| fresh.contains(&e.0)).map(|(n, _)| n));
        let mut ranks: Vec<u64> = Vec::new();
        let starts = &self.sealed.starts;
        let old: Vec<u64> = numbers.iter().filter(|&&n| n < sealed).map(|&n| u64::from(n)).collect();
        for at in self.sealed.lines.of_events(old) {
            let after = starts.partition_point(|rank| starts.one(rank, 0) <= at as u64);
            ranks.extend(after.checked_sub(1).map(|rank| rank as u64));
        }
        ranks.sort_unstable();
        if !ranks.is_empty() {
            let found = (0..).zip(self.sealed.ranks.rows());
            items.extend(found.filter(|(_, [r])| ranks.binary_search(r).is_ok()).map(|(item, _)| item));
        }
        items.extend(self.lines.iter().filter(|l| numbers.contains(&l.event)).map(|l| l.item));
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
        if at < sealed { self.sealed.events.one(at, 0) } else { self.events[at - sealed].0 }
    }

    /// The line with this number; a sealed one does not name its item.
    pub(crate) fn line(&self, number: u32) -> Option<Line> {
        let (at, sealed) = (number as usize, self.sealed.lines.len());
        if at < sealed { self.sealed.lines.get(at) } else { self.lines.get(at - sealed).copied() }
    }

    /// All lines of an item that count, with their numbers.
    pub(crate) fn lines_of(&self, item: u32) -> impl Iterator<Item = (u32, Line)> {
        let tail = self.tail.get(&item).map_or(&[][..], Vec::as_slice).iter().copied();
        let tail = tail.filter_map(|at| Some((at, self.line(at)?)));
        self.sealed_lines_of(item).chain(tail).filter(|(_, line)| self.counts(line))
    }

    fn sealed_lines_of(&self, item: u32) -> impl Iterator<Item = (u32, Line)> {
        let rank = self.sealed.ranks.one(item as usize, 0);
        let at = |rank: u64| {
            let rank = usize::try_from(rank).ok()?;
            Some(down(self.sealed.starts.one(rank, 0))).filter(|&start| start != NONE)
        };
        let range = match (at(rank), at(rank.wrapping_add(1))) {
            (Some(from), Some(to)) => from..to,
            _ => 0..0,
        };
        range.filter_map(move |at| Some((at, self.sealed.lines.get(at as usize)?.of_item(item))))
    }

    /// Lines that arrived since the last sealing.
    pub(crate) fn tail_len(&self) -> usize {
        self.lines.len()
    }

    pub(crate) fn clear_tail(&mut self) {
        self.bulk = Bulk::default();
        self.events = Vec::new();
        self.fresh_events = Numbers::default();
        self.lines = Vec::new();
        self.tail = ByNode::default();
        self.processes = Vec::new();
        self.joined = ByNode::default();
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
            + self.events.capacity() * (size_of::<Seen>() + 24)
            + self.processes.capacity() * 4
            + self.joined.capacity() * 9
            + self.wide.capacity() * 16
    }
}
