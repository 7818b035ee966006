//! Walks over the kernel: breadth first, one bit a slot, no allocation for a node, reusable from query to query.

use crate::derive::PROCESS;
use crate::graph::Graph;
use crate::kernel::WaysRef;
use crate::trace::Way;
use std::sync::Mutex;

/// Slots whose neighbours are read at once.
const TOGETHER: usize = 16;

/// A set of small numbers, emptied by the list of what was put in.
#[derive(Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    pub(crate) fn fit(&mut self, count: usize) {
        let words = count.div_ceil(64);
        if self.words.len() < words {
            self.words.resize(words, 0);
        }
    }

    /// Puts a number in; whether it was new.
    #[inline]
    pub(crate) fn put(&mut self, number: u32) -> bool {
        let word = &mut self.words[(number >> 6) as usize];
        let bit = 1 << (number & 63);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    #[inline]
    pub(crate) fn has(&self, number: u32) -> bool {
        self.words.get((number >> 6) as usize).is_some_and(|word| word & (1 << (number & 63)) != 0)
    }

    fn take(&mut self, number: u32) {
        self.words[(number >> 6) as usize] &= !(1 << (number & 63));
    }

    /// Takes numbers out, whole words at a time.
    pub(crate) fn clear(&mut self, put: &[u32]) {
        if put.len() > self.words.len() / 4 {
            self.words.fill(0);
        } else {
            put.iter().for_each(|&number| self.words[(number >> 6) as usize] = 0);
        }
    }
}

/// Working space of a walk.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    seen: Bits,
    /// Slots in the order they were reached: the queue of the walk and its result.
    pub(crate) reached: Vec<u32>,
    /// Where in `reached` each depth ends.
    pub(crate) depths: Vec<u32>,
    pub(crate) places: Bits,
    /// Places put into `places`.
    pub(crate) place_list: Vec<u32>,
    /// A word for each node or place, zero between queries.
    pub(crate) marks: Vec<u64>,
}

impl Scratch {
    /// Ready for a graph: larger if need be, empty.
    fn ready(&mut self, slots: usize) {
        self.seen.clear(&self.reached);
        self.reached.clear();
        self.depths.clear();
        self.places.clear(&self.place_list);
        self.place_list.clear();
        self.seen.fit(slots);
    }

    pub(crate) fn has(&self, slot: u32) -> bool {
        self.seen.has(slot)
    }

    fn put(&mut self, slot: u32) {
        if self.seen.put(slot) {
            self.reached.push(slot);
        }
    }
}

/// Working spaces not in use: one for each query that ran at the same time.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<Scratch>>);

impl Pool {
    /// Lends one for the time of a query.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let lock = || self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut scratch = lock().pop().unwrap_or_default();
        let out = work(&mut scratch);
        lock().push(scratch);
        out
    }
}

impl Clone for Pool {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// The graph as slots: the sealed ones first, then the nodes derived since, then the new transformations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slots<'a> {
    graph: &'a Graph,
    nodes: u32,
    slots: u32,
    fresh: u32,
}

impl<'a> Slots<'a> {
    pub(crate) fn of(graph: &'a Graph) -> Self {
        let kernel = &graph.sealed.kernel;
        Self { graph, nodes: kernel.nodes(), slots: kernel.slots(), fresh: graph.fresh_nodes() }
    }

    /// How many slots there are.
    pub(crate) fn count(&self, processes: usize) -> usize {
        let sealed = (self.slots - self.nodes) as usize;
        (self.slots + self.fresh) as usize + processes.saturating_sub(sealed)
    }

    /// The slot of a node or transformation.
    #[inline]
    pub(crate) fn slot(&self, id: u32) -> u32 {
        let sealed = self.slots - self.nodes;
        if id & PROCESS == 0 {
            if id < self.nodes { id } else { id + sealed }
        } else {
            let process = id & !PROCESS;
            if process < sealed { self.nodes + process } else { self.slots + self.fresh + (process - sealed) }
        }
    }

    /// The node or transformation of a slot.
    #[inline]
    pub(crate) fn id(&self, slot: u32) -> u32 {
        if slot < self.nodes {
            slot
        } else if slot < self.slots {
            PROCESS | (slot - self.nodes)
        } else if slot < self.slots + self.fresh {
            slot - (self.slots - self.nodes)
        } else {
            PROCESS | (slot - self.fresh - self.nodes)
        }
    }

    /// Whether a slot's neighbours are not the sealed ones.
    #[inline]
    fn changed(&self, slot: u32) -> bool {
        slot >= self.slots || (slot >= self.nodes && self.graph.process_changed(slot - self.nodes))
    }

    /// The neighbours of a changed slot.
    fn each_changed(&self, slot: u32, way: Way, mut visit: impl FnMut(u32)) {
        let id = self.id(slot);
        let links = if way == Way::Back { self.graph.inward(id) } else { self.graph.outward(id) };
        for number in links {
            let link = self.graph.link(number);
            let there = if way == Way::Back { link.from } else { link.to };
            if there != crate::facts::NONE {
                visit(self.slot(there));
            }
        }
    }

    /// Whether nothing lies this way.
    pub(crate) fn is_end(&self, slot: u32, way: Way) -> bool {
        if self.fresh > 0 && self.changed(slot) {
            let mut end = true;
            self.each_changed(slot, way, |_| end = false);
            return end;
        }
        self.ways(way).is_end(slot)
    }

    /// The neighbours of a node this way: each once where nothing changed since sealing, else once for every link.
    pub(crate) fn neighbours(&self, slot: u32, way: Way, mut visit: impl FnMut(u32)) {
        if self.fresh > 0 && self.changed(slot) {
            self.each_changed(slot, way, visit);
        } else {
            self.ways(way).each(slot, &mut visit);
        }
    }

    fn ways(&self, way: Way) -> WaysRef<'a> {
        let kernel = &self.graph.sealed.kernel;
        match way {
            Way::Back => kernel.into.slices(),
            Way::Forward => kernel.out.slices(),
        }
    }

    /// Everything the starts lead to, nearest first, into `scratch`. Whether the bounds stopped it.
    pub(crate) fn reach(
        &self,
        processes: usize,
        starts: impl Iterator<Item = u32>,
        way: Way,
        bounds: crate::Bounds,
        scratch: &mut Scratch,
    ) -> bool {
        scratch.ready(self.count(processes));
        starts.for_each(|id| scratch.put(self.slot(id)));
        let ways = self.ways(way);
        let (seen, reached) = (&mut scratch.seen, &mut scratch.reached);
        let live = self.fresh > 0;
        let mut at = 0;
        'walk: loop {
            let end = reached.len();
            scratch.depths.push(crate::derive::index(end));
            if at == end {
                break;
            }
            if scratch.depths.len() > bounds.max_depth as usize {
                return reached[at..end].iter().any(|&slot| {
                    let mut more = false;
                    self.neighbours(slot, way, |next| more |= !seen.has(next));
                    more
                });
            }
            while at < end {
                // what several slots lead to is read before any is followed: memory answers them together
                let batch = (end - at).min(TOGETHER);
                let mut slots = [0; TOGETHER];
                slots[..batch].copy_from_slice(&reached[at..at + batch]);
                at += batch;
                let near = ways.many(&slots);
                for (&here, near) in slots.iter().zip(near).take(batch) {
                    let visit = |next: u32| {
                        if seen.put(next) {
                            reached.push(next);
                        }
                    };
                    if live && self.changed(here) {
                        self.each_changed(here, way, visit);
                    } else {
                        ways.follow(near, visit);
                    }
                    if reached.len() > bounds.max_nodes {
                        break 'walk;
                    }
                }
            }
        }
        let truncated = reached.len() > bounds.max_nodes;
        if truncated {
            reached[bounds.max_nodes..].iter().for_each(|&slot| seen.take(slot));
            reached.truncate(bounds.max_nodes);
        }
        truncated
    }
}
