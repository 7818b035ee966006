//! The graph: sealed adjacency arrays, and over them the parts of the items that changed since.

use crate::derive::{DERIVED, Deriver, Link, Node, PROCESS, Part, index};
use crate::facts::{Facts, Line, NONE};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Sealed arrays. Links are sorted by origin: nodes first, then transformations, then links from nowhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sealed {
    pub(crate) nodes: Vec<Node>,
    /// Start of each item's nodes.
    pub(crate) item_starts: Vec<u32>,
    pub(crate) links: Vec<Link>,
    /// Start of the links out of each node, then of each transformation.
    pub(crate) out_starts: Vec<u32>,
    /// Start of the links into each node, then into each transformation.
    pub(crate) in_starts: Vec<u32>,
    /// Link numbers sorted by target.
    pub(crate) into: Vec<u32>,
    pub(crate) place_starts: Vec<u32>,
    /// Node numbers sorted by place.
    pub(crate) place_nodes: Vec<u32>,
    pub(crate) derived: Vec<Line>,
}

/// Parts derived after sealing.
#[derive(Debug, Clone, Default)]
struct Fresh {
    nodes: Vec<Node>,
    out: Vec<Range<u32>>,
    into: Vec<Range<u32>>,
    out_links: Vec<u32>,
    into_links: Vec<u32>,
    links: Vec<Link>,
    items: HashMap<u32, Range<u32>>,
    processes: HashMap<u32, (Vec<u32>, Vec<u32>)>,
    places: HashMap<u32, Vec<u32>>,
}

/// The sealed graph with the fresh parts over it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    pub(crate) sealed: Sealed,
    fresh: Fresh,
    fresh_derived: Vec<Line>,
}

fn starts_of(counts: &mut [u32]) {
    for at in 1..counts.len() {
        counts[at] += counts[at - 1];
    }
}

impl Sealed {
    /// Derives every item.
    pub(crate) fn build(facts: &mut Facts) -> Self {
        let mut graph = Self::default();
        let (mut deriver, mut part) = (Deriver::default(), Part::default());
        let (mut made, mut from_nowhere) = (Vec::new(), Vec::new());
        graph.item_starts.push(0);
        for item in 0..facts.items() {
            let first = index(graph.nodes.len());
            deriver.derive(facts, &mut graph.derived, item, first, &mut part);
            graph.nodes.extend_from_slice(&part.nodes);
            for &link in &part.links {
                match link.from {
                    NONE => from_nowhere.push(link),
                    from if from & PROCESS != 0 => made.push(link),
                    _ => graph.links.push(link),
                }
            }
            graph.item_starts.push(index(graph.nodes.len()));
        }
        made.sort_by_key(|link| link.from);
        graph.links.append(&mut made);
        graph.links.append(&mut from_nowhere);
        graph.links.shrink_to_fit();
        graph.nodes.shrink_to_fit();
        graph.derived.shrink_to_fit();
        graph.adjacency(facts.processes.len());
        graph.by_place();
        graph
    }

    fn slot(&self, end: u32) -> Option<usize> {
        match end {
            NONE => None,
            process if process & PROCESS != 0 => Some(self.nodes.len() + (process & !PROCESS) as usize),
            node => Some(node as usize),
        }
    }

    fn adjacency(&mut self, processes: usize) {
        let slots = self.nodes.len() + processes;
        let (mut out, mut into) = (vec![0u32; slots + 1], vec![0u32; slots + 1]);
        for link in &self.links {
            if let Some(slot) = self.slot(link.from) {
                out[slot + 1] += 1;
            }
            if let Some(slot) = self.slot(link.to) {
                into[slot + 1] += 1;
            }
        }
        starts_of(&mut out);
        starts_of(&mut into);
        let mut next = into.clone();
        let mut order = vec![0u32; into[slots] as usize];
        for (at, link) in self.links.iter().enumerate() {
            if let Some(slot) = self.slot(link.to) {
                order[next[slot] as usize] = index(at);
                next[slot] += 1;
            }
        }
        (self.out_starts, self.in_starts, self.into) = (out, into, order);
    }

    fn by_place(&mut self) {
        let known = |node: &Node| (node.place != NONE).then_some(node.place as usize);
        let places = self.nodes.iter().filter_map(known).max().map_or(0, |p| p + 1);
        let mut starts = vec![0u32; places + 1];
        for place in self.nodes.iter().filter_map(known) {
            starts[place + 1] += 1;
        }
        starts_of(&mut starts);
        let mut next = starts.clone();
        let mut order = vec![0u32; starts[places] as usize];
        for (at, node) in self.nodes.iter().enumerate() {
            if let Some(place) = known(node) {
                order[next[place] as usize] = index(at);
                next[place] += 1;
            }
        }
        (self.place_starts, self.place_nodes) = (starts, order);
    }

    fn bytes(&self) -> usize {
        let words = [
            &self.item_starts,
            &self.out_starts,
            &self.in_starts,
            &self.into,
            &self.place_starts,
            &self.place_nodes,
        ];
        words.iter().map(|v| v.capacity() * 4).sum::<usize>()
            + self.nodes.capacity() * size_of::<Node>()
            + self.links.capacity() * size_of::<Link>()
            + self.derived.capacity() * size_of::<Line>()
    }
}

fn range(starts: &[u32], at: usize) -> Range<u32> {
    match (starts.get(at), starts.get(at + 1)) {
        (Some(&from), Some(&to)) => from..to,
        _ => 0..0,
    }
}

/// Link numbers of a node in one direction.
pub(crate) enum Links<'a> {
    Run(Range<u32>),
    List(std::slice::Iter<'a, u32>),
}

impl Iterator for Links<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Run(range) => range.next(),
            Self::List(list) => list.next().copied(),
        }
    }
}

impl Graph {
    pub(crate) fn new(sealed: Sealed) -> Self {
        Self { sealed, ..Self::default() }
    }

    pub(crate) fn node(&self, id: u32) -> Node {
        let sealed = self.sealed.nodes.len();
        let at = id as usize;
        if at < sealed { self.sealed.nodes[at] } else { self.fresh.nodes[at - sealed] }
    }

    pub(crate) fn link(&self, id: u32) -> Link {
        let sealed = self.sealed.links.len();
        let at = id as usize;
        if at < sealed { self.sealed.links[at] } else { self.fresh.links[at - sealed] }
    }

    /// The line with this number, recorded or derived; none for [`NONE`].
    pub(crate) fn line<'a>(&'a self, facts: &'a Facts, number: u32) -> Option<&'a Line> {
        if number == NONE {
            return None;
        }
        if number & DERIVED == 0 {
            return facts.lines.get(number as usize);
        }
        let at = (number & !DERIVED) as usize;
        let sealed = self.sealed.derived.len();
        if at < sealed { self.sealed.derived.get(at) } else { self.fresh_derived.get(at - sealed) }
    }

    pub(crate) fn nodes_of(&self, item: u32) -> Range<u32> {
        match self.fresh.items.get(&item) {
            Some(range) => range.clone(),
            None => range(&self.sealed.item_starts, item as usize),
        }
    }

    pub(crate) fn outward(&self, id: u32) -> Links<'_> {
        self.links_at(id, true)
    }

    pub(crate) fn inward(&self, id: u32) -> Links<'_> {
        self.links_at(id, false)
    }

    fn links_at(&self, id: u32, out: bool) -> Links<'_> {
        let sealed = self.sealed.nodes.len();
        let slot = if id & PROCESS != 0 {
            let process = id & !PROCESS;
            if let Some((made, used)) = self.fresh.processes.get(&process) {
                return Links::List(if out { made.iter() } else { used.iter() });
            }
            sealed + process as usize
        } else if (id as usize) < sealed {
            id as usize
        } else {
            let at = id as usize - sealed;
            let fresh = &self.fresh;
            let (ranges, list) =
                if out { (&fresh.out, &fresh.out_links) } else { (&fresh.into, &fresh.into_links) };
            let range = &ranges[at];
            return Links::List(list[range.start as usize..range.end as usize].iter());
        };
        if out {
            Links::Run(range(&self.sealed.out_starts, slot))
        } else {
            let range = range(&self.sealed.in_starts, slot);
            Links::List(self.sealed.into[range.start as usize..range.end as usize].iter())
        }
    }

    /// The nodes at a place that count now.
    pub(crate) fn nodes_at(&self, place: u32) -> Vec<u32> {
        let range = range(&self.sealed.place_starts, place as usize);
        let sealed = self.sealed.place_nodes[range.start as usize..range.end as usize].iter();
        let fresh = self.fresh.places.get(&place).map_or(&[][..], Vec::as_slice).iter();
        let current = |id: &u32| self.nodes_of(self.node(*id).item).contains(id);
        sealed.chain(fresh).copied().filter(current).collect()
    }

    /// Derives these items again over the sealed graph.
    pub(crate) fn refresh(&mut self, facts: &mut Facts, items: &HashSet<u32>) {
        let (mut deriver, mut part) = (Deriver::default(), Part::default());
        let mut order: Vec<u32> = items.iter().copied().collect();
        order.sort_unstable();
        for item in order {
            self.detach(item);
            let first = index(self.sealed.nodes.len() + self.fresh.nodes.len());
            let mut derived = Derived { sealed: self.sealed.derived.len(), fresh: &mut self.fresh_derived };
            derived.derive(&mut deriver, facts, item, first, &mut part);
            self.attach(item, first, &part);
        }
    }

    /// Takes the links of an item off the transformations they lead to and from.
    fn detach(&mut self, item: u32) {
        let mut touched = HashSet::new();
        for node in self.nodes_of(item) {
            for link in self.outward(node).chain(self.inward(node)) {
                let link = self.link(link);
                touched.extend([link.from, link.to].into_iter().filter(|&e| e != NONE && e & PROCESS != 0));
            }
        }
        for process in touched {
            let foreign = |link: &u32| {
                let link = self.link(*link);
                let end = if link.from == process { link.to } else { link.from };
                self.node(end).item != item
            };
            let made: Vec<u32> = self.outward(process).filter(foreign).collect();
            let used: Vec<u32> = self.inward(process).filter(foreign).collect();
            self.fresh.processes.insert(process & !PROCESS, (made, used));
        }
    }

    fn attach(&mut self, item: u32, first: u32, part: &Part) {
        let count = part.nodes.len();
        let base = self.sealed.links.len() + self.fresh.links.len();
        let (mut out, mut into) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for (at, link) in part.links.iter().enumerate() {
            let number = index(base + at);
            for (end, lists, leaving) in [(link.from, &mut out, true), (link.to, &mut into, false)] {
                if end == NONE {
                    continue;
                }
                if end & PROCESS == 0 {
                    lists[(end - first) as usize].push(number);
                    continue;
                }
                if !self.fresh.processes.contains_key(&(end & !PROCESS)) {
                    let kept = (self.outward(end).collect(), self.inward(end).collect());
                    self.fresh.processes.insert(end & !PROCESS, kept);
                }
                if let Some((made, used)) = self.fresh.processes.get_mut(&(end & !PROCESS)) {
                    if leaving { made.push(number) } else { used.push(number) }
                }
            }
        }
        self.fresh.links.extend_from_slice(&part.links);
        for (at, node) in part.nodes.iter().enumerate() {
            if node.place != NONE {
                self.fresh.places.entry(node.place).or_default().push(first + index(at));
            }
        }
        self.fresh.nodes.extend_from_slice(&part.nodes);
        let fresh = &mut self.fresh;
        for (lists, ranges, flat) in
            [(out, &mut fresh.out, &mut fresh.out_links), (into, &mut fresh.into, &mut fresh.into_links)]
        {
            for list in lists {
                let start = index(flat.len());
                flat.extend(list);
                ranges.push(start..index(flat.len()));
            }
        }
        fresh.items.insert(item, first..first + index(count));
    }

    /// How many links were derived since sealing, stale ones included.
    pub(crate) fn fresh_links(&self) -> usize {
        self.fresh.links.len()
    }

    /// Approximate bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let fresh = &self.fresh;
        self.sealed.bytes()
            + fresh.nodes.capacity() * (size_of::<Node>() + 16)
            + fresh.links.capacity() * (size_of::<Link>() + 8)
            + self.fresh_derived.capacity() * size_of::<Line>()
    }
}

/// Derived lines of fresh parts are numbered after the sealed ones.
struct Derived<'a> {
    sealed: usize,
    fresh: &'a mut Vec<Line>,
}

impl Derived<'_> {
    fn derive(&mut self, deriver: &mut Deriver, facts: &mut Facts, item: u32, first: u32, part: &mut Part) {
        let before = self.fresh.len();
        let mut lines = Vec::new();
        deriver.derive(facts, &mut lines, item, first, part);
        let shift = index(self.sealed + before);
        let moved = |line: &mut u32| {
            if *line != NONE && *line & DERIVED != 0 {
                *line += shift;
            }
        };
        for link in &mut part.links {
            moved(&mut link.left);
            moved(&mut link.came);
        }
        self.fresh.append(&mut lines);
    }
}
