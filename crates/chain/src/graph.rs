//! The graph: sealed adjacency arrays, and over them the parts of the items that changed since.

use crate::column::Column;
use crate::derive::{DERIVED, Deriver, Link, Node, PROCESS, Part, index};
use crate::facts::{Facts, Line, NONE};
use crate::held::{Growing, Held};
use crate::kernel::Kernel;
use crate::order::Groups;
use crate::trace::ByNode;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Sealed arrays, items in the order of their rank. Links are sorted by origin: nodes first, then transformations,
/// then links from nowhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sealed {
    /// What walks read, places included.
    pub(crate) kernel: Kernel,
    /// What each node held, for sums over many.
    pub(crate) held: Held,
    /// What an answer shows of each node.
    pub(crate) nodes: Column<Node>,
    /// Rank of each item.
    pub(crate) ranks: Column<u32>,
    /// Start of the nodes of each rank.
    pub(crate) starts: Column<u32>,
    pub(crate) links: Column<Link>,
    /// Start of the links out of each node, then of each transformation.
    pub(crate) out_starts: Column<u32>,
    /// Start of the links into each node, then into each transformation.
    pub(crate) in_starts: Column<u32>,
    /// Link numbers sorted by target.
    pub(crate) into: Column<u32>,
    pub(crate) place_starts: Column<u32>,
    /// Node numbers sorted by place.
    pub(crate) place_nodes: Column<u32>,
    pub(crate) derived: Column<Line>,
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
    processes: ByNode<(Vec<u32>, Vec<u32>)>,
    places: HashMap<u32, Vec<u32>>,
}

/// The sealed graph with the fresh parts over it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    pub(crate) sealed: Sealed,
    fresh: Fresh,
    fresh_derived: Vec<Line>,
}

/// Nodes and links as they are derived, before they are sealed.
#[derive(Debug, Default)]
pub(crate) struct Loose {
    places: Vec<u32>,
    nodes: Vec<Node>,
    starts: Vec<u32>,
    links: Vec<Link>,
    made: Vec<Link>,
    from_nowhere: Vec<Link>,
    derived: Vec<Line>,
    held: Growing,
}

impl Loose {
    /// Derives one item after the others.
    pub(crate) fn derive(&mut self, facts: &mut Facts, deriver: &mut Deriver, item: u32, part: &mut Part) {
        let first = index(self.places.len());
        self.starts.push(first);
        deriver.derive(facts, &mut self.derived, item, first, part);
        self.held.add(part, first, facts, &self.derived);
        for node in &part.nodes {
            self.places.push(node.place);
            self.nodes.push(*node);
        }
        for &link in &part.links {
            match link.from {
                NONE => self.from_nowhere.push(link),
                from if from & PROCESS != 0 => self.made.push(link),
                _ => self.links.push(link),
            }
        }
    }
}

/// The items in the order of their ranks.
fn by_rank(ranks: &[u32]) -> Vec<u32> {
    let count = ranks.iter().filter(|&&rank| rank != NONE).map(|&rank| rank as usize + 1).max().unwrap_or(0);
    let mut items = vec![NONE; count];
    for (item, &rank) in (0..).zip(ranks) {
        if rank != NONE {
            items[rank as usize] = item;
        }
    }
    items
}

impl Sealed {
    /// Derives every item.
    pub(crate) fn build(facts: &mut Facts) -> Self {
        let mut loose = Loose::default();
        let (mut deriver, mut part) = (Deriver::default(), Part::default());
        for item in by_rank(&facts.sealed.ranks) {
            loose.derive(facts, &mut deriver, item, &mut part);
        }
        Self::close(loose, facts)
    }

    /// Only what walks and sums read: no evidence, no links to describe. `sieve` fills the facts with the lines of
    /// the items of some ranks, `parts` times, so that a network larger than memory's share can be measured.
    pub(crate) fn skeleton(
        ranks: Vec<u32>,
        parts: u32,
        mut sieve: impl FnMut(std::ops::Range<u32>) -> Facts,
    ) -> Self {
        let items = by_rank(&ranks);
        let mut loose = Loose::default();
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        let (mut deriver, mut part) = (Deriver::default(), Part::default());
        let (mut processes, count) = (0, index(items.len()));
        for n in 0..parts {
            let share = |n: u32| (count.div_ceil(parts) * n).min(count);
            let range = share(n)..share(n + 1);
            let mut facts = sieve(range.clone());
            processes = facts.processes();
            for &item in &items[range.start as usize..range.end as usize] {
                loose.derive(&mut facts, &mut deriver, item, &mut part);
                let real = |l: &&Link| l.from != NONE && l.to != NONE;
                for list in [&mut loose.links, &mut loose.made, &mut loose.from_nowhere] {
                    pairs.extend(list.iter().filter(real).map(|l| (l.from, l.to)));
                    list.clear();
                }
                loose.derived.clear();
            }
        }
        loose.starts.push(index(loose.places.len()));
        let kernel = Kernel::of(loose.places, processes, pairs.iter().copied());
        Self {
            kernel,
            held: loose.held.close(),
            nodes: loose.nodes.into(),
            ranks: ranks.into(),
            starts: loose.starts.into(),
            ..Self::default()
        }
    }

    fn close(mut loose: Loose, facts: &Facts) -> Self {
        loose.starts.push(index(loose.places.len()));
        loose.made.sort_by_key(|link| link.from);
        let mut links = loose.links;
        links.append(&mut loose.made);
        links.append(&mut loose.from_nowhere);
        let nodes = loose.places.len();
        let place_count = loose.places.iter().filter(|&&p| p != NONE).max().map_or(0, |&p| p as usize + 1);
        let at_places = (0..).zip(&loose.places).filter(|&(_, &p)| p != NONE).map(|(n, &p)| (p, n));
        let at_places = Groups::of(place_count, at_places);
        let real = links.iter().filter(|l| l.from != NONE && l.to != NONE).map(|l| (l.from, l.to));
        let kernel = Kernel::of(loose.places, facts.processes(), real);
        let slots = kernel.slots() as usize;
        let slot = |end: u32| {
            if end & PROCESS == 0 { end } else { index(nodes) + (end & !PROCESS) }
        };
        let out = (0..).zip(&links).filter(|(_, l)| l.from != NONE).map(|(n, l)| (slot(l.from), n));
        let into = (0..).zip(&links).filter(|(_, l)| l.to != NONE).map(|(n, l)| (slot(l.to), n));
        let out_starts = Groups::of(slots, out).starts;
        let into = Groups::of(slots, into);
        Self {
            kernel,
            held: loose.held.close(),
            nodes: loose.nodes.into(),
            ranks: facts.sealed.ranks.clone(),
            starts: loose.starts.into(),
            links: links.into(),
            out_starts: out_starts.into(),
            in_starts: into.starts.into(),
            into: into.values.into(),
            place_starts: at_places.starts.into(),
            place_nodes: at_places.values.into(),
            derived: loose.derived.into(),
        }
    }

    /// More than the largest number of a place.
    pub(crate) fn place_count(&self) -> usize {
        self.place_starts.len()
    }

    /// The nodes of an item.
    pub(crate) fn nodes_of(&self, item: u32) -> Range<u32> {
        let rank = self.ranks.get(item as usize).map_or(NONE, |&rank| rank);
        if rank == NONE { 0..0 } else { range(&self.starts, rank as usize) }
    }

    /// The links out of a slot.
    pub(crate) fn outward(&self, slot: usize) -> Range<u32> {
        range(&self.out_starts, slot)
    }

    /// The numbers of the links into a slot.
    pub(crate) fn inward(&self, slot: usize) -> &[u32] {
        let range = range(&self.in_starts, slot);
        &self.into[range.start as usize..range.end as usize]
    }

    fn owned_bytes(&self) -> usize {
        let words = [
            &self.starts,
            &self.out_starts,
            &self.in_starts,
            &self.into,
            &self.place_starts,
            &self.place_nodes,
        ];
        words.iter().map(|column| column.owned_bytes()).sum::<usize>()
            + self.kernel.owned_bytes()
            + self.held.owned_bytes()
            + self.nodes.owned_bytes()
            + self.links.owned_bytes()
            + self.derived.owned_bytes()
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

    /// Place of a node.
    pub(crate) fn place(&self, id: u32) -> u32 {
        let (at, sealed) = (id as usize, self.sealed.nodes.len());
        if at < sealed { self.sealed.kernel.places[at] } else { self.fresh.nodes[at - sealed].place }
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
            return facts.line(number);
        }
        let at = (number & !DERIVED) as usize;
        let sealed = self.sealed.derived.len();
        if at < sealed { self.sealed.derived.get(at) } else { self.fresh_derived.get(at - sealed) }
    }

    pub(crate) fn nodes_of(&self, item: u32) -> Range<u32> {
        match self.fresh.items.get(&item) {
            Some(range) => range.clone(),
            None => self.sealed.nodes_of(item),
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
        if out { Links::Run(self.sealed.outward(slot)) } else { Links::List(self.sealed.inward(slot).iter()) }
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

    /// How many nodes there are now: those of items derived anew replace their sealed ones.
    pub(crate) fn live_nodes(&self) -> usize {
        let changed = self.fresh.items.iter();
        changed.fold(self.sealed.nodes.len(), |nodes, (&item, now)| {
            nodes - self.sealed.nodes_of(item).len() + now.len()
        })
    }

    /// How many nodes were derived since sealing, stale ones included.
    pub(crate) fn fresh_nodes(&self) -> u32 {
        index(self.fresh.nodes.len())
    }

    /// Whether the links of a transformation are not the sealed ones.
    #[inline]
    pub(crate) fn process_changed(&self, process: u32) -> bool {
        self.fresh.processes.contains_key(&process)
    }

    /// Bytes held in memory of our own: not those that are mapped.
    pub(crate) fn bytes(&self) -> usize {
        let fresh = &self.fresh;
        self.sealed.owned_bytes()
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
