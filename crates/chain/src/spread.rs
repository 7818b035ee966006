//! Answers over many nodes from the kernel: the origins of a lot, where lots spread with sums by group of places,
//! and the stations that could explain several cases.

use crate::derive::PROCESS;
use crate::facts::NONE;
use crate::held::{CAME_UNKNOWN, GONE_UNKNOWN, LATER, LOOK};
use crate::reach::{Scratch, Slots};
use crate::stock::Stock;
use crate::trace::Way;
use crate::{Amount, Bounds, Case, Index, ItemId, NodeKey, PlaceId};
use serde::{Deserialize, Serialize};

/// Where goods began.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origins {
    /// The lots nothing leads to, as far as the records go; nearest first.
    pub lots: Vec<NodeKey>,
    /// Nodes and transformations on the way, ends included.
    pub reached: usize,
    /// The bounds stopped the search: there is more.
    pub truncated: bool,
}

/// Sums over the places of one group (a region, or whatever the caller groups by).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SpreadGroup {
    /// Number of the group.
    pub group: u32,
    /// Distinct places.
    pub places: usize,
    /// Distinct items at places.
    pub stocks: usize,
    /// Made, declared or received since the suspect goods came.
    pub came: Amount,
    /// Shipped here without a recorded receipt.
    pub expected: Amount,
    /// What should still be there, all records of these stocks considered.
    pub on_hand: Amount,
}

/// Where lots and everything made from them went.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spread {
    /// Sums by group, in order of their numbers; groups without places are left out.
    pub groups: Vec<SpreadGroup>,
    /// The places, each once, nearest first; an unknown place is not listed.
    pub places: Vec<PlaceId>,
    /// Nodes and transformations reached, the start included.
    pub reached: usize,
    /// The bounds stopped the search: there is more.
    pub truncated: bool,
}

/// A place that could explain several cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// The place.
    pub place: PlaceId,
    /// Indices of the cases something at this place leads to.
    pub cases: Vec<usize>,
}

/// The places that could explain several cases.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stations {
    /// Most cases first, then by number.
    pub ranked: Vec<Station>,
    /// The bounds stopped one of the searches, or there are more than asked for.
    pub truncated: bool,
}

/// Running sums of one group: one pair of numbers for each code of unit and scale.
#[derive(Debug, Clone, Default)]
struct Sums {
    places: usize,
    stocks: usize,
    came: Vec<i128>,
    left: Vec<i128>,
    came_unknown: bool,
    left_unknown: bool,
    looked: Option<Box<[Amount; 3]>>,
}

impl Index {
    /// The origins of an item at a place (or any), at a time (or ever): the farm lots behind a retail lot.
    #[must_use]
    pub fn origins(&self, item: ItemId, place: Option<PlaceId>, at: Option<i64>, bounds: Bounds) -> Origins {
        if at.is_some() {
            let trace = self.trace_back(item, place, at, bounds);
            let origin = |node: &crate::TraceNode| match node.kind {
                crate::NodeKind::Lot(key) if node.origin => Some(key),
                _ => None,
            };
            let lots = trace.nodes.iter().filter_map(origin).collect();
            return Origins { lots, reached: trace.nodes.len(), truncated: trace.truncated };
        }
        let slots = Slots::of(&self.graph);
        let starts = self.graph.nodes_of(item.0);
        let here = |id: &u32| place.is_none_or(|p| self.graph.place(*id) == p.0);
        self.pool.with(|scratch| {
            let count = self.facts.processes();
            let truncated = slots.reach(count, starts.filter(here), Way::Back, bounds, scratch);
            let lots = scratch.reached.iter().filter(|&&slot| slots.is_end(slot, Way::Back));
            let lots = lots.map(|&slot| slots.id(slot)).filter(|id| id & PROCESS == 0);
            Origins { lots: lots.map(|id| self.key(id)).collect(), reached: scratch.reached.len(), truncated }
        })
    }

    /// Where these items and everything made from them went, with sums by group of places. `groups` gives the
    /// group of each place by its number; places beyond its end, and unknown ones, belong to `u32::MAX`.
    #[must_use]
    pub fn spread(&self, items: &[ItemId], groups: &[u32], bounds: Bounds) -> Spread {
        let slots = Slots::of(&self.graph);
        let starts = items.iter().flat_map(|item| self.graph.nodes_of(item.0));
        self.pool.with(|scratch| {
            let count = self.facts.processes();
            let truncated = slots.reach(count, starts, Way::Forward, bounds, scratch);
            let sums = self.sum(&slots, groups, scratch);
            let places = scratch.place_list.iter().map(|&place| PlaceId(place)).collect();
            Spread { groups: sums, places, reached: scratch.reached.len(), truncated }
        })
    }

    /// The places these items and everything made from them went to, and how many nodes and transformations lie on
    /// the way: [`Self::spread`] without sums.
    #[must_use]
    pub fn places_reached(&self, items: &[ItemId], bounds: Bounds) -> Spread {
        let slots = Slots::of(&self.graph);
        let starts = items.iter().flat_map(|item| self.graph.nodes_of(item.0));
        self.pool.with(|scratch| {
            let truncated = slots.reach(self.facts.processes(), starts, Way::Forward, bounds, scratch);
            let sealed: &[u32] = &self.graph.sealed.kernel.places;
            let mut listed = std::mem::take(&mut scratch.places);
            let mut places = Vec::new();
            listed.fit(self.names().places.len().max(self.graph.sealed.place_count()));
            for &slot in &scratch.reached {
                let place = match sealed.get(slot as usize) {
                    Some(&place) => place,
                    None => match slots.id(slot) {
                        id if id & PROCESS == 0 => self.graph.place(id),
                        _ => NONE,
                    },
                };
                if place == NONE {
                    continue;
                }
                listed.fit(place as usize + 1);
                if listed.put(place) {
                    places.push(PlaceId(place));
                    scratch.place_list.push(place);
                }
            }
            scratch.places = listed;
            Spread { groups: Vec::new(), places, reached: scratch.reached.len(), truncated }
        })
    }

    fn sum(&self, slots: &Slots<'_>, groups: &[u32], scratch: &mut Scratch) -> Vec<SpreadGroup> {
        let sealed = &self.graph.sealed;
        let held = &sealed.held;
        let (places, codes): (&[u32], &[[u8; 2]]) = (&sealed.kernel.places, &held.codes);
        let (came, gone): (&[u32], &[u32]) = (&held.came, &held.gone);
        let units = held.units.len();
        let none = || Sums { came: vec![0; units], left: vec![0; units], ..Sums::default() };
        // the first is of no group; the others come as they are met, for to look through all places takes longer than
        // most answers
        let mut sums: Vec<Sums> = vec![none()];
        let reached = std::mem::take(&mut scratch.reached);
        let mut look: Vec<u32> = Vec::new();
        let mut listed = std::mem::take(&mut scratch.places);
        let mut list = std::mem::take(&mut scratch.place_list);
        listed.fit(self.names().places.len().max(groups.len()).max(sealed.place_count()));
        let group_of = |place: u32| match groups.get(place as usize) {
            Some(&group) if place != NONE && group != NONE => group as usize + 1,
            _ => 0,
        };
        let mut note_place = |place: u32, sums: &mut Vec<Sums>| -> usize {
            let group = group_of(place);
            if place == NONE {
                return group;
            }
            if sums.len() <= group {
                sums.resize_with(group + 1, none);
            }
            listed.fit(place as usize + 1);
            if listed.put(place) {
                list.push(place);
                sums[group].places += 1;
            }
            group
        };
        for &slot in &reached {
            let at = slot as usize;
            let Some(&place) = places.get(at) else {
                let id = slots.id(slot);
                if id & PROCESS == 0 {
                    note_place(self.graph.place(id), &mut sums);
                    look.push(id);
                }
                continue;
            };
            let group = note_place(place, &mut sums);
            let [code, flags] = codes[at];
            if code == LOOK {
                look.push(slot);
                continue;
            }
            let sums = &mut sums[group];
            if let Some((came_sum, left)) =
                sums.came.get_mut(usize::from(code)).zip(sums.left.get_mut(usize::from(code)))
            {
                *came_sum += i128::from(came[at]);
                *left += i128::from(came[at]) - i128::from(gone[at]);
            }
            if flags == 0 {
                sums.stocks += 1;
                continue;
            }
            sums.came_unknown |= flags & CAME_UNKNOWN != 0;
            sums.left_unknown |= flags & (CAME_UNKNOWN | GONE_UNKNOWN) != 0;
            if flags & LATER == 0 {
                sums.stocks += 1;
            } else if !scratch.has(slot - 1) {
                sums.stocks += 1;
                look_before(self, sums, slot);
            }
        }
        self.look(look, &group_of, slots, scratch, &mut sums);
        (scratch.reached, scratch.places, scratch.place_list) = (reached, listed, list);
        let close = |(group, sums): (u32, Sums)| self.close(group, sums);
        let mut sums = sums.into_iter();
        let nowhere = sums.next().map(|sums| (NONE, sums));
        let known = (0..).zip(sums).chain(nowhere);
        known.filter(|(_, sums)| sums.stocks > 0).map(close).collect()
    }

    /// Counts from the records the nodes that do not fit the columns.
    fn look(
        &self,
        mut nodes: Vec<u32>,
        group_of: &impl Fn(u32) -> usize,
        slots: &Slots<'_>,
        scratch: &Scratch,
        sums: &mut [Sums],
    ) {
        nodes.sort_unstable();
        let stock = |id: u32| {
            let node = self.graph.node(id);
            (node.item, node.place)
        };
        for run in nodes.chunk_by(|a, b| stock(*a) == stock(*b)) {
            let (item, place) = stock(run[0]);
            let mut count = Stock::default();
            run.iter().for_each(|&id| count.count(self, id));
            let sums = &mut sums[group_of(place)];
            // this stock begins here unless an earlier stretch of it was reached too
            let earlier = (self.graph.nodes_of(item).start..run[0])
                .rev()
                .take_while(|&id| self.graph.place(id) == place);
            let mut before = Vec::new();
            let mut first = true;
            for id in earlier {
                if scratch.has(slots.slot(id)) {
                    first = false;
                    break;
                }
                before.push(id);
            }
            sums.stocks += usize::from(first);
            let [came, expected, left] = &mut **sums.looked.get_or_insert_default();
            came.add_all(count.made());
            came.add_all(&count.received);
            expected.add_all(&count.expected);
            left.add_all(&count.on_hand());
            if first {
                left.add_all(&self.balance(before.into_iter()));
            }
        }
    }

    fn close(&self, group: u32, sums: Sums) -> SpreadGroup {
        let mut out =
            SpreadGroup { group, places: sums.places, stocks: sums.stocks, ..SpreadGroup::default() };
        let amount = |numbers: &[i128], unknown: bool| {
            let mut amount = Amount { quantity_unknown: unknown, ..Amount::default() };
            for (code, &sum) in (0u8..).zip(numbers).filter(|(_, sum)| **sum != 0) {
                amount.add(self.graph.sealed.held.quantity(code, sum));
            }
            amount
        };
        out.came = amount(&sums.came, sums.came_unknown);
        out.on_hand = amount(&sums.left, sums.left_unknown);
        if let Some(looked) = sums.looked {
            let [came, expected, left] = *looked;
            out.came.add_all(&came);
            out.expected = expected;
            out.on_hand.add_all(&left);
        }
        out
    }

    /// The places that could explain most of several cases (at most 64 are looked at in one question): every
    /// case is traced back under the time rule, and a place counts once for each case something at it leads to.
    #[must_use]
    pub fn stations(&self, cases: &[Case], take: usize, bounds: Bounds) -> Stations {
        let slots = Slots::of(&self.graph);
        let known: &[u32] = &self.graph.sealed.kernel.places;
        let mut truncated = cases.len() > 64;
        let count = self.facts.processes();
        self.pool.with(|scratch| {
            let mut marks = std::mem::take(&mut scratch.marks);
            let mut touched: Vec<u32> = Vec::new();
            for (number, case) in (0u32..64).zip(cases) {
                let bit = 1u64 << number;
                let starts = self.starts(case.item, case.place, case.at, Way::Back);
                let mut mark = |place: u32| {
                    let at = place as usize;
                    if place == NONE {
                        return;
                    }
                    if marks.len() <= at {
                        marks.resize(at + 1, 0);
                    }
                    if marks[at] == 0 {
                        touched.push(place);
                    }
                    marks[at] |= bit;
                };
                if starts.iter().any(|start| start.at.is_some()) {
                    let reach = self.walk(&starts, Way::Back, bounds);
                    truncated |= reach.truncated;
                    let nodes = reach.nodes.iter().map(|n| n.0).filter(|id| id & PROCESS == 0);
                    nodes.for_each(|id| mark(self.graph.place(id)));
                    continue;
                }
                let starts = starts.iter().map(|start| start.node);
                truncated |= slots.reach(count, starts, Way::Back, bounds, scratch);
                for &slot in &scratch.reached {
                    match known.get(slot as usize) {
                        Some(&place) => mark(place),
                        None => match slots.id(slot) {
                            id if id & PROCESS == 0 => mark(self.graph.place(id)),
                            _ => {}
                        },
                    }
                }
            }
            let rank = |place: &u32| (std::cmp::Reverse(marks[*place as usize].count_ones()), *place);
            let mut best = touched.clone();
            if best.len() > take {
                truncated = true;
                if take > 0 {
                    best.select_nth_unstable_by_key(take - 1, rank);
                }
                best.truncate(take);
            }
            best.sort_unstable_by_key(rank);
            let explain = |place: u32| {
                let mask = marks[place as usize];
                let cases = (0..cases.len().min(64)).filter(|&case| mask & (1 << case) != 0).collect();
                Station { place: PlaceId(place), cases }
            };
            let ranked = best.into_iter().map(explain).collect();
            touched.iter().for_each(|&place| marks[place as usize] = 0);
            scratch.marks = marks;
            Stations { ranked, truncated }
        })
    }
}

/// Adds what a stock held before the first stretch that was reached.
fn look_before(index: &Index, sums: &mut Sums, slot: u32) {
    let node = index.graph.node(slot);
    let earlier = (index.graph.nodes_of(node.item).start..slot)
        .rev()
        .take_while(|&id| index.graph.place(id) == node.place);
    let [.., left] = &mut **sums.looked.get_or_insert_default();
    left.add_all(&index.balance(earlier));
}
