//! The graph: sealed adjacency arrays, and over them the parts of the items that changed since.

use crate::column::Column;
use crate::derive::{DERIVED, Deriver, Link, Node, PROCESS, Part, index};
use crate::facts::{Facts, NONE};
use crate::held::{Growing, Held};
use crate::kernel::Kernel;
use crate::line::{Line, Lines, Packer};
use crate::order::Groups;
use crate::packed::{Packed, Packing, down, small, up};
use crate::seal::by_rank;
use crate::trace::{ByNode, Numbers};
use std::ops::Range;

/// Sealed arrays, items in the order of their rank. Links are sorted by origin: nodes first, then transformations,
/// then links from nowhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sealed {
    /// What walks read, places included.
    pub(crate) kernel: Kernel,
    /// What each node held, for sums over many.
    pub(crate) held: Held,
    /// What an answer shows of each node: item, since, and how much longer until.
    pub(crate) nodes: Packed<3>,
    /// Rank of each item.
    pub(crate) ranks: Packed<1>,
    /// Start of the nodes of each rank.
    pub(crate) starts: Packed<1>,
    /// From, to a node, to a transformation, the lines of leaving and of coming.
    pub(crate) links: Packed<5>,
    /// Start of the links out of each node and into it, then of each transformation.
    pub(crate) link_starts: Packed<2>,
    /// Link numbers sorted by target.
    pub(crate) into: Packed<1>,
    pub(crate) place_starts: Column<u32>,
    /// Node numbers sorted by place.
    pub(crate) place_nodes: Packed<1>,
    pub(crate) derived: Lines,
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
    items: ByNode<Range<u32>>,
    processes: ByNode<(Vec<u32>, Vec<u32>)>,
    places: ByNode<Vec<u32>>,
}

/// The sealed graph with the fresh parts over it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    pub(crate) sealed: Sealed,
    fresh: Fresh,
    fresh_derived: Vec<Line>,
    /// Working space: links out of the nodes of one item, and into them.
    out: Vec<(u32, u32)>,
    into: Vec<(u32, u32)>,
}

/// Nodes and links as they are derived, before they are sealed.
#[derive(Debug, Default)]
struct Loose {
    places: Vec<u32>,
    nodes: Packing<3>,
    starts: Packing<1>,
    /// Links out of nodes, in the order of the nodes.
    links: Packing<5>,
    /// Where each link leads.
    to: Vec<u32>,
    /// Where the links out of each node begin.
    out_starts: Vec<u32>,
    made: Vec<Link>,
    from_nowhere: Vec<Link>,
    derived: Vec<Line>,
    packed: Packer,
    packed_count: usize,
    held: Growing,
}

fn link_row(link: &Link) -> [u64; 5] {
    let process = link.to != NONE && link.to & PROCESS != 0;
    let (node, process) = if process { (NONE, link.to & !PROCESS) } else { (link.to, NONE) };
    [link.from, node, process, link.left, link.came].map(up)
}

fn link_of([from, node, process, left, came]: [u64; 5]) -> Link {
    let to = match down(process) {
        NONE => down(node),
        process => PROCESS | process,
    };
    Link { from: down(from), to, left: down(left), came: down(came) }
}

impl Loose {
    /// Derives one item after the others; `own` are its lines, numbered from `at`.
    fn derive(&mut self, facts: &mut Facts, deriver: &mut Deriver, own: &[Line], at: u32, part: &mut Part) {
        let Some(item) = own.first().map(|line| line.item) else { return };
        let first = index(self.places.len());
        self.derived.clear();
        let lines = (at..).zip(own.iter().copied());
        deriver.derive(facts, &mut self.derived, (item, lines), first, part);
        self.held.add(part, first, facts, (own, at), &self.derived);
        // derived lines are numbered over all items
        let before = index(self.packed_count);
        part.links.iter_mut().for_each(|link| link.shift_derived(before));
        self.packed_count += self.derived.len();
        self.derived.iter().for_each(|line| self.packed.push(line));
        for node in &part.nodes {
            self.places.push(node.place);
            self.nodes.push(node.row());
        }
        // sorted by origin: nodes, transformations, nowhere
        let mut links = part.links.iter().peekable();
        for number in (first..).take(part.nodes.len()) {
            self.out_starts.push(index(self.to.len()));
            while let Some(link) = links.next_if(|link| link.from == number) {
                self.put(link);
            }
        }
        for &link in links {
            if link.from == NONE { self.from_nowhere.push(link) } else { self.made.push(link) }
        }
    }

    fn put(&mut self, link: &Link) {
        self.to.push(link.to);
        self.links.push(link_row(link));
    }

    /// Puts the links out of transformations, in their order, and those from nowhere after those out of nodes.
    fn put_rest(&mut self, processes: usize) {
        let (made, from_nowhere) = (std::mem::take(&mut self.made), std::mem::take(&mut self.from_nowhere));
        let order = Groups::of(processes, (0..).zip(&made).map(|(at, link)| (link.from & !PROCESS, at)));
        let before = index(self.to.len());
        self.out_starts.extend(order.starts.iter().map(|start| before + start));
        order.values.iter().for_each(|&at| self.put(&made[at as usize]));
        from_nowhere.iter().for_each(|link| self.put(link));
    }
}

impl Sealed {
    /// Derives every item.
    pub(crate) fn build(facts: &mut Facts) -> Self {
        let mut loose = Loose::default();
        let (mut deriver, mut part) = (Deriver::default(), Part::default());
        let items = by_rank(&facts.sealed.ranks);
        // shared with the facts, so that they can be read while units are added to them
        let (lines, starts) = (facts.sealed.lines.clone(), facts.sealed.starts.clone());
        let (mut lines, mut starts) = (lines.rows(), starts.rows().map(|[start]| down(start)));
        let mut from = starts.next().unwrap_or(0);
        let mut own: Vec<Line> = Vec::new();
        for (item, to) in items.into_iter().zip(starts) {
            loose.starts.push([loose.places.len() as u64]);
            own.clear();
            for line in lines.by_ref().take((to - from) as usize) {
                own.push(line.of_item(item));
            }
            loose.derive(facts, &mut deriver, &own, from, &mut part);
            from = to;
        }
        loose.starts.push([loose.places.len() as u64]);
        Self::close(loose, facts)
    }

    fn close(mut loose: Loose, facts: &Facts) -> Self {
        loose.put_rest(facts.processes());
        let Loose { places, nodes, starts, links, mut to, mut out_starts, packed, held, .. } = loose;
        to.shrink_to_fit();
        out_starts.shrink_to_fit();
        let (held, nodes, links, derived) = (held.close(), nodes.close(), links.close(), packed.close());
        let place_count = places.iter().filter(|&&p| p != NONE).max().map_or(0, |&p| p as usize + 1);
        let at_places = (0..).zip(&places).filter(|&(_, &p)| p != NONE).map(|(n, &p)| (p, n));
        let at_places = Groups::of(place_count, at_places);
        let (place_starts, place_nodes) = (at_places.starts.into(), small(at_places.values));
        // a transformation is a slot after the nodes
        let count = index(places.len());
        for end in to.iter_mut().filter(|end| **end != NONE && **end & PROCESS != 0) {
            *end = count + (*end & !PROCESS);
        }
        let (kernel, into) = Kernel::of(places, &out_starts, to);
        let pairs = out_starts.iter().zip(&into.starts);
        let link_starts = pairs.map(|(&out, &into)| [u64::from(out), u64::from(into)]).collect();
        drop(out_starts);
        Self {
            kernel,
            held,
            nodes,
            ranks: facts.sealed.ranks.clone(),
            starts: starts.close(),
            links,
            link_starts,
            into: small(into.values),
            place_starts,
            place_nodes,
            derived,
        }
    }

    /// More than the largest number of a place.
    pub(crate) fn place_count(&self) -> usize {
        self.place_starts.len()
    }

    /// The nodes of an item.
    pub(crate) fn nodes_of(&self, item: u32) -> Range<u32> {
        match usize::try_from(self.ranks.one(item as usize, 0)) {
            Ok(rank) if rank < self.starts.len() => range(&self.starts, rank, 0),
            _ => 0..0,
        }
    }

    /// A sealed node.
    pub(crate) fn node(&self, at: usize) -> Node {
        Node::of_row(self.nodes.get(at), self.kernel.places[at])
    }

    fn links_at(&self, slot: usize, out: bool) -> Links<'_> {
        let range = range(&self.link_starts, slot, usize::from(!out));
        if out { Links::Run(range) } else { Links::Into(range, &self.into) }
    }

    fn owned_bytes(&self) -> usize {
        self.kernel.owned_bytes()
            + self.held.owned_bytes()
            + self.nodes.owned_bytes()
            + self.starts.owned_bytes()
            + self.links.owned_bytes()
            + self.link_starts.owned_bytes()
            + self.into.owned_bytes()
            + self.place_starts.owned_bytes()
            + self.place_nodes.owned_bytes()
            + self.derived.owned_bytes()
    }
}

/// From one start to the next.
fn range<const C: usize>(starts: &Packed<C>, at: usize, column: usize) -> Range<u32> {
    if at + 1 >= starts.len() {
        return 0..0;
    }
    down(starts.one(at, column))..down(starts.one(at + 1, column))
}

/// Link numbers of a node in one direction.
pub(crate) enum Links<'a> {
    Run(Range<u32>),
    /// Where they are listed.
    Into(Range<u32>, &'a Packed<1>),
    List(std::slice::Iter<'a, u32>),
}

impl Iterator for Links<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Run(range) => range.next(),
            Self::Into(range, list) => range.next().map(|at| down(list.one(at as usize, 0))),
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
        if at < sealed { self.sealed.node(at) } else { self.fresh.nodes[at - sealed] }
    }

    /// Place of a node.
    pub(crate) fn place(&self, id: u32) -> u32 {
        let (at, sealed) = (id as usize, self.sealed.nodes.len());
        if at < sealed { self.sealed.kernel.places[at] } else { self.fresh.nodes[at - sealed].place }
    }

    pub(crate) fn link(&self, id: u32) -> Link {
        let sealed = self.sealed.links.len();
        let at = id as usize;
        if at < sealed { link_of(self.sealed.links.get(at)) } else { self.fresh.links[at - sealed] }
    }

    /// The line with this number, recorded or derived; none for [`NONE`].
    pub(crate) fn line(&self, facts: &Facts, number: u32) -> Option<Line> {
        if number == NONE {
            return None;
        }
        if number & DERIVED == 0 {
            return facts.line(number);
        }
        let at = (number & !DERIVED) as usize;
        let sealed = self.sealed.derived.len();
        if at < sealed { self.sealed.derived.get(at) } else { self.fresh_derived.get(at - sealed).copied() }
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
        self.sealed.links_at(slot, out)
    }

    /// The nodes at a place that count now.
    pub(crate) fn nodes_at(&self, place: u32) -> Vec<u32> {
        let starts = &self.sealed.place_starts;
        let range = match (starts.get(place as usize), starts.get(place as usize + 1)) {
            (Some(&from), Some(&to)) => from as usize..to as usize,
            _ => 0..0,
        };
        let sealed = self.sealed.place_nodes.rows_from(range.start).take(range.len()).map(|[id]| down(id));
        let fresh = self.fresh.places.get(&place).map_or(&[][..], Vec::as_slice).iter();
        let current = |id: &u32| self.nodes_of(self.node(*id).item).contains(id);
        sealed.chain(fresh.copied()).filter(current).collect()
    }

    /// Derives these items again over the sealed graph.
    pub(crate) fn refresh(&mut self, facts: &mut Facts, items: &Numbers) {
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
        let mut touched = Numbers::default();
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
        // node and link, sorted by node before they are laid down
        let (mut out, mut into) = (std::mem::take(&mut self.out), std::mem::take(&mut self.into));
        for (at, link) in part.links.iter().enumerate() {
            let number = index(base + at);
            for (end, lists, leaving) in [(link.from, &mut out, true), (link.to, &mut into, false)] {
                if end == NONE {
                    continue;
                }
                if end & PROCESS == 0 {
                    lists.push((end - first, number));
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
        for (list, ranges, flat) in [
            (&mut out, &mut fresh.out, &mut fresh.out_links),
            (&mut into, &mut fresh.into, &mut fresh.into_links),
        ] {
            list.sort_unstable();
            let mut rest = list.drain(..).peekable();
            for node in 0..index(count) {
                let start = index(flat.len());
                while let Some((_, number)) = rest.next_if(|(end, _)| *end == node) {
                    flat.push(number);
                }
                ranges.push(start..index(flat.len()));
            }
        }
        fresh.items.insert(item, first..first + index(count));
        (self.out, self.into) = (out, into);
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
        let own: Vec<(u32, Line)> = facts.lines_of(item).collect();
        deriver.derive(facts, &mut lines, (item, own.into_iter()), first, part);
        let shift = index(self.sealed + before);
        part.links.iter_mut().for_each(|link| link.shift_derived(shift));
        self.fresh.append(&mut lines);
    }
}
