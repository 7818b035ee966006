//! Walks along the graph: back to the origins, forward to the ends, one hop, and the path between two nodes.

use crate::derive::{Link, PROCESS};
use crate::facts::NONE;
use crate::pack::contents;
use crate::{
    Bounds, Holding, Hop, Index, ItemId, LinkKind, NodeKey, NodeKind, PlaceId, Trace, TraceLink, TraceNode,
};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Direction of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Back,
    Forward,
}

/// Where a walk starts; with a time, links on the wrong side of it do not count at the start itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub(crate) node: u32,
    pub(crate) at: Option<i64>,
}

/// Spreads consecutive numbers over a hash table.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&b| self.write_u32(u32::from(b)));
    }
    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0 ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 32;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

pub(crate) type ByNode<T> = HashMap<u32, T, BuildHasherDefault<Spread>>;
/// A set of numbers given out by the index itself: nobody outside chooses them.
pub(crate) type Numbers<T = u32> = HashSet<T, BuildHasherDefault<Spread>>;

/// Nodes reached, nearest first, and the links walked.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    pub(crate) nodes: Vec<(u32, u32)>,
    pub(crate) position: ByNode<u32>,
    pub(crate) links: Vec<u32>,
    pub(crate) truncated: bool,
}

impl Index {
    /// Where goods came from: every node that leads to this item, at this place (or any), at this time (or
    /// ever), up to the origins.
    #[must_use]
    pub fn trace_back(&self, item: ItemId, place: Option<PlaceId>, at: Option<i64>, bounds: Bounds) -> Trace {
        self.trace(&self.starts(item, place, at, Way::Back), Way::Back, bounds)
    }

    /// Where goods went: every node this item leads to, from this place (or any), from this time on. A link
    /// out counts only if it is not earlier than the link in. What is packed in the item goes with it.
    #[must_use]
    pub fn trace_forward(
        &self,
        item: ItemId,
        place: Option<PlaceId>,
        at: Option<i64>,
        bounds: Bounds,
    ) -> Trace {
        self.trace(&self.starts(item, place, at, Way::Forward), Way::Forward, bounds)
    }

    /// The nodes one link away from an item at a place, both ways, and what came in and went out.
    #[must_use]
    pub fn one_hop(&self, item: ItemId, place: PlaceId) -> Hop {
        let nodes: Vec<u32> = self.stock_nodes(item, place).collect();
        let starts: Vec<Start> = nodes.iter().map(|&node| Start { node, at: None }).collect();
        let bounds = Bounds { max_depth: 1, ..Bounds::default() };
        let mut reach = self.walk(&starts, Way::Back, bounds);
        let forward = self.walk(&starts, Way::Forward, bounds);
        for &(node, depth) in &forward.nodes {
            reach.reach(node, depth);
        }
        reach.links.extend(forward.links);
        reach.links.sort_unstable();
        reach.links.dedup();
        let mut stock = crate::stock::Stock::default();
        nodes.iter().for_each(|&node| stock.count(self, node));
        let (mut inward, mut outward) = (stock.made().clone(), stock.passed_on.clone());
        inward.add_all(&stock.received);
        outward.add_all(&stock.made_into);
        stock.left.iter().for_each(|(_, amount)| outward.add_all(amount));
        reach.truncated = false;
        Hop { trace: self.describe(&reach, None), inward, outward }
    }

    /// The shortest chain of links from one node to another, with the events that prove it. `None` when the
    /// first does not lead to the second, or not within the bounds.
    #[must_use]
    pub fn path(&self, from: NodeKey, to: NodeKey, bounds: Bounds) -> Option<Trace> {
        let (from, to) = (self.find_node(from)?, self.find_node(to)?);
        let reach = self.walk(&[Start { node: from, at: None }], Way::Forward, bounds);
        reach.position.get(&to)?;
        let mut parent: ByNode<u32> = ByNode::default();
        for &number in &reach.links {
            let link = self.graph.link(number);
            let depth = |id: u32| reach.position.get(&id).map(|&p| reach.nodes[p as usize].1);
            if let (Some(a), Some(b)) = (depth(link.from), depth(link.to))
                && a + 1 == b
            {
                parent.entry(link.to).or_insert(number);
            }
        }
        let mut links = Vec::new();
        let mut here = to;
        while here != from {
            let &number = parent.get(&here)?;
            links.push(number);
            here = self.graph.link(number).from;
        }
        links.reverse();
        let mut path = Reach::default();
        path.reach(from, 0);
        for (depth, &number) in (1..).zip(&links) {
            path.reach(self.graph.link(number).to, depth);
        }
        path.links = links;
        Some(self.describe(&path, None))
    }

    /// Every item with a record at a place, with what should be on hand.
    #[must_use]
    pub fn items_at(&self, place: PlaceId) -> Vec<Holding> {
        self.holdings(self.graph.nodes_at(place.0))
    }

    /// Every place with a record of an item, with what should be on hand.
    #[must_use]
    pub fn places_of(&self, item: ItemId) -> Vec<Holding> {
        self.holdings(self.graph.nodes_of(item.0).collect())
    }

    fn holdings(&self, mut nodes: Vec<u32>) -> Vec<Holding> {
        nodes.sort_unstable();
        let same = |a: &u32, b: &u32| {
            let (a, b) = (self.graph.node(*a), self.graph.node(*b));
            (a.item, a.place) == (b.item, b.place)
        };
        let last = |run: &[u32]| run.last().map_or(0, |&id| self.graph.node(id).until);
        nodes
            .chunk_by(same)
            .map(|run| Holding {
                node: self.key(run[0]),
                until: last(run),
                on_hand: self.balance(run.iter().copied()),
            })
            .collect()
    }

    /// The node with this key: exactly, else the stretch of that stock running at that time.
    pub(crate) fn find_node(&self, key: NodeKey) -> Option<u32> {
        let mut found = None;
        for node in self.stock_nodes(key.item, key.place) {
            if found.is_none() || self.graph.node(node).since <= key.since {
                found = Some(node);
            }
        }
        found
    }

    /// The stretches of an item at a place, in order of time.
    pub(crate) fn stock_nodes(&self, item: ItemId, place: PlaceId) -> impl Iterator<Item = u32> {
        self.graph.nodes_of(item.0).filter(move |&id| self.graph.node(id).place == place.0)
    }

    pub(crate) fn starts(
        &self,
        item: ItemId,
        place: Option<PlaceId>,
        at: Option<i64>,
        way: Way,
    ) -> Vec<Start> {
        let mut starts = self.stock_starts(item, place, at, way);
        if way == Way::Forward {
            for child in contents(&self.facts, item.0, at.unwrap_or(i64::MIN)) {
                let mut inner = self.stock_starts(ItemId(child), None, at, way);
                inner.retain(|s| place.is_none_or(|p| self.graph.node(s.node).place == p.0));
                starts.extend(inner);
            }
        }
        starts
    }

    fn stock_starts(&self, item: ItemId, place: Option<PlaceId>, at: Option<i64>, way: Way) -> Vec<Start> {
        let mut nodes: Vec<u32> = self
            .graph
            .nodes_of(item.0)
            .filter(|&id| place.is_none_or(|p| self.graph.node(id).place == p.0))
            .collect();
        let Some(time) = at else {
            return nodes.into_iter().map(|node| Start { node, at: None }).collect();
        };
        nodes.sort_unstable();
        let same = |a: &u32, b: &u32| self.graph.node(*a).place == self.graph.node(*b).place;
        let mut starts = Vec::new();
        for run in nodes.chunk_by(same) {
            let begun = run.iter().rposition(|&id| self.graph.node(id).since <= time);
            match (begun, way) {
                (Some(k), _) => starts.push(Start { node: run[k], at }),
                (None, Way::Forward) => starts.push(Start { node: run[0], at: None }),
                (None, Way::Back) => {}
            }
        }
        starts
    }

    pub(crate) fn trace(&self, starts: &[Start], way: Way, bounds: Bounds) -> Trace {
        self.describe(&self.walk(starts, way, bounds), Some(way))
    }

    /// Breadth first from the starts.
    pub(crate) fn walk(&self, starts: &[Start], way: Way, bounds: Bounds) -> Reach {
        let mut reach = Reach::default();
        let mut filters: ByNode<i64> = ByNode::default();
        for start in starts {
            if reach.nodes.len() >= bounds.max_nodes {
                reach.truncated = true;
                break;
            }
            reach.reach(start.node, 0);
            if let Some(at) = start.at {
                filters.insert(start.node, at);
            }
        }
        let mut next = 0;
        let mut reopened: Vec<(u32, u32, i64)> = Vec::new();
        loop {
            // a start reached again from before its time is walked once more, for the links left out
            let (here, depth, filter, only_before) = if let Some((here, depth, at)) = reopened.pop() {
                (here, depth, None, Some(at))
            } else if let Some(&(here, depth)) = reach.nodes.get(next) {
                next += 1;
                (here, depth, filters.get(&here).copied(), None)
            } else {
                break;
            };
            let links = match way {
                Way::Back => self.graph.inward(here),
                Way::Forward => self.graph.outward(here),
            };
            for number in links {
                let link = self.graph.link(number);
                let there = if way == Way::Back { link.from } else { link.to };
                if there == NONE
                    || filter.is_some_and(|at| !self.on_side(&link, way, at))
                    || only_before.is_some_and(|at| self.on_side(&link, way, at))
                {
                    continue;
                }
                if depth >= bounds.max_depth {
                    reach.truncated |= !reach.position.contains_key(&there);
                    continue;
                }
                if !reach.position.contains_key(&there) {
                    if reach.nodes.len() >= bounds.max_nodes {
                        reach.truncated = true;
                        continue;
                    }
                    reach.reach(there, depth + 1);
                } else if !filters.is_empty()
                    && let Some(at) = filters.remove(&there)
                {
                    let walked = reach.position.get(&there).is_some_and(|&p| (p as usize) < next);
                    if walked {
                        reopened.push((there, depth + 1, at));
                    }
                }
                reach.links.push(number);
            }
        }
        reach
    }

    /// Whether a link at the start lies on the right side of the time asked about.
    fn on_side(&self, link: &Link, way: Way, at: i64) -> bool {
        match (way, self.link_times(link)) {
            (Way::Back, (left, came)) => came.or(left).is_none_or(|t| t <= at),
            (Way::Forward, (left, came)) => left.or(came).is_none_or(|t| t >= at),
        }
    }

    /// Plain data for what was reached.
    pub(crate) fn describe(&self, reach: &Reach, way: Option<Way>) -> Trace {
        let nodes = reach.nodes.iter().map(|&(id, depth)| self.describe_node(id, depth)).collect();
        let position = |id: u32| reach.position.get(&id).map(|&p| p as usize);
        let mut links: Vec<TraceLink> = Vec::with_capacity(reach.links.len());
        for &number in &reach.links {
            let link = self.graph.link(number);
            let (Some(from), Some(to), Some(kind)) =
                (position(link.from), position(link.to), self.link_kind(&link))
            else {
                continue;
            };
            links.push(self.describe_link(&link, from, to, kind));
        }
        debug_assert!(way.is_none() || links.len() == reach.links.len());
        Trace { nodes, links, truncated: reach.truncated }
    }

    fn describe_link(&self, link: &Link, from: usize, to: usize, kind: LinkKind) -> TraceLink {
        let (left, came) = (self.left(link), self.came(link));
        let mut events: Vec<u64> =
            [left, came].into_iter().flatten().map(|line| self.facts.event_id(&line)).collect();
        events.dedup();
        let document = [left, came].into_iter().flatten().map(|line| line.document).find(|&d| d != NONE);
        TraceLink {
            from,
            to,
            kind,
            depart: left.map(|line| line.time),
            arrive: came.map(|line| line.time),
            sent: self.quantity(left),
            received: self.quantity(came),
            events,
            document: document.map(crate::DocId),
        }
    }

    fn describe_node(&self, id: u32, depth: u32) -> TraceNode {
        let real = |n: u32| n != NONE;
        let origin = !self.graph.inward(id).any(|l| real(self.graph.link(l).from));
        let end = !self.graph.outward(id).any(|l| real(self.graph.link(l).to));
        if id & PROCESS == 0 {
            let until = self.graph.node(id).until;
            return TraceNode { kind: NodeKind::Lot(self.key(id)), until, depth, origin, end };
        }
        let lines = self
            .graph
            .inward(id)
            .filter_map(|l| self.left(&self.graph.link(l)))
            .chain(self.graph.outward(id).filter_map(|l| self.came(&self.graph.link(l))));
        let mut first = (i64::MAX, u64::MAX, PlaceId::UNKNOWN);
        let mut until = i64::MIN;
        for line in lines {
            first = first.min((line.time, self.facts.event_id(&line), PlaceId(line.place)));
            until = until.max(line.time);
        }
        let kind = NodeKind::Process { since: first.0, event: first.1, place: first.2 };
        TraceNode { kind, until, depth, origin, end }
    }
}

impl Reach {
    /// Notes a node unless it was reached before.
    pub(crate) fn reach(&mut self, node: u32, depth: u32) {
        if !self.position.contains_key(&node) {
            self.position.insert(node, crate::derive::index(self.nodes.len()));
            self.nodes.push((node, depth));
        }
    }
}
