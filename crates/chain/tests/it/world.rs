//! A small vocabulary for telling histories.

use chain::{Bounds, How, Index, ItemId, Kind, Names, NodeKind, Phase, PlaceId, Qty, Step, Trace};
use std::collections::BTreeSet;

/// Tells a history step by step; events are numbered from 1.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) names: Names,
    pub(crate) steps: Vec<Step>,
}

pub(crate) fn kg(value: i64) -> Option<Qty> {
    Some(Qty::kg(value))
}

impl World {
    pub(crate) fn item(&mut self, name: &str) -> ItemId {
        self.names.item(name)
    }

    pub(crate) fn place(&mut self, name: &str) -> PlaceId {
        self.names.place(name)
    }

    pub(crate) fn say(&mut self, time: i64, kind: Kind) -> u64 {
        let event = self.steps.len() as u64 + 1;
        self.steps.push(Step { event, time, record: time, kind });
        event
    }

    pub(crate) fn appear(&mut self, time: i64, item: &str, place: &str, quantity: Option<Qty>) -> u64 {
        let (item, place) = (self.item(item), self.place(place));
        self.say(time, Kind::Appear { place, items: vec![(item, quantity)] })
    }

    pub(crate) fn half(
        &mut self,
        phase: Phase,
        time: i64,
        item: &str,
        (from, to): (&str, &str),
        quantity: Option<Qty>,
    ) -> u64 {
        let items = vec![(self.item(item), quantity)];
        let mut known = |name: &str| (name != "?").then(|| self.names.place(name));
        let (from, to) = (known(from), known(to));
        self.say(time, Kind::Move { from, to, items, phase, document: None })
    }

    pub(crate) fn ship(&mut self, time: i64, item: &str, route: (&str, &str), quantity: Option<Qty>) -> u64 {
        self.half(Phase::Shipped, time, item, route, quantity)
    }

    pub(crate) fn receive(
        &mut self,
        time: i64,
        item: &str,
        route: (&str, &str),
        quantity: Option<Qty>,
    ) -> u64 {
        self.half(Phase::Received, time, item, route, quantity)
    }

    /// Ships at `time` and receives one unit of time later.
    pub(crate) fn carry(&mut self, time: i64, item: &str, route: (&str, &str), quantity: Option<Qty>) {
        self.ship(time, item, route, quantity);
        self.receive(time + 1, item, route, quantity);
    }

    pub(crate) fn make(
        &mut self,
        time: i64,
        place: &str,
        inputs: &[&str],
        outputs: &[&str],
        join: Option<&str>,
    ) -> u64 {
        let place = self.place(place);
        let id = join.map(|j| self.names.join(j));
        let mut items = |list: &[&str]| list.iter().map(|n| (self.names.item(n), None)).collect();
        let (inputs, outputs) = (items(inputs), items(outputs));
        self.say(time, Kind::Transform { place, inputs, outputs, id })
    }

    pub(crate) fn leave(
        &mut self,
        time: i64,
        item: &str,
        place: &str,
        how: How,
        quantity: Option<Qty>,
    ) -> u64 {
        let (item, place) = (self.item(item), self.place(place));
        self.say(time, Kind::Leave { place, items: vec![(item, quantity)], how })
    }

    pub(crate) fn withdraw(&mut self, time: i64, event: u64) {
        self.say(time, Kind::Withdraw { event });
    }

    pub(crate) fn pack(
        &mut self,
        time: i64,
        place: &str,
        parent: &str,
        children: &[(&str, Option<Qty>)],
    ) -> u64 {
        let (place, parent) = (self.place(place), self.item(parent));
        let children = children.iter().map(|&(c, q)| (self.names.item(c), q)).collect();
        self.say(time, Kind::Pack { place, parent, children })
    }

    pub(crate) fn unpack(
        &mut self,
        time: i64,
        place: &str,
        parent: &str,
        children: &[(&str, Option<Qty>)],
    ) -> u64 {
        let (place, parent) = (self.place(place), self.item(parent));
        let children = children.iter().map(|&(c, q)| (self.names.item(c), q)).collect();
        self.say(time, Kind::Unpack { place, parent, children })
    }

    pub(crate) fn index(&self) -> Index {
        Index::build(self.names.clone(), &self.steps)
    }
}

/// Queries by name, with answers by name.
pub(crate) trait Ask {
    fn forward(&self, item: &str, place: &str, at: Option<i64>) -> BTreeSet<String>;
    fn back(&self, item: &str, place: &str, at: Option<i64>) -> BTreeSet<String>;
    fn lots(&self, trace: &Trace) -> BTreeSet<String>;
    fn item_id(&self, item: &str) -> ItemId;
    fn place_id(&self, place: &str) -> PlaceId;
}

impl Ask for Index {
    fn forward(&self, item: &str, place: &str, at: Option<i64>) -> BTreeSet<String> {
        let place = Some(self.place_id(place));
        self.lots(&self.trace_forward(self.item_id(item), place, at, Bounds::default()))
    }

    fn back(&self, item: &str, place: &str, at: Option<i64>) -> BTreeSet<String> {
        let place = Some(self.place_id(place));
        self.lots(&self.trace_back(self.item_id(item), place, at, Bounds::default()))
    }

    fn lots(&self, trace: &Trace) -> BTreeSet<String> {
        let lot = |kind: &NodeKind| match kind {
            NodeKind::Lot(key) => {
                Some(format!("{}@{}", self.names().item_key(key.item), self.names().place_key(key.place)))
            }
            NodeKind::Process { .. } => None,
        };
        trace.nodes.iter().filter_map(|node| lot(&node.kind)).collect()
    }

    fn item_id(&self, item: &str) -> ItemId {
        self.names().find_item(item).expect(item)
    }

    fn place_id(&self, place: &str) -> PlaceId {
        self.names().find_place(place).expect(place)
    }
}

pub(crate) fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}
