//! One reverse pass over the condensed network carries 128 pieces of evidence at a time to everything upstream.

use super::links::{Adjacency, Links, small};
use std::collections::BTreeMap;

/// Pieces of evidence carried at once, one bit each.
type Word = u128;

/// A station or a delivery, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Station(u32),
    Delivery(u32),
}

/// Weight for and against.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    pub(super) positive: f64,
    pub(super) negative: f64,
}

/// Parts of a network in which everything reaches everything, numbered so that links lead to lower numbers.
#[derive(Debug, Clone)]
pub(crate) struct Condensed {
    /// Part of each node.
    pub(crate) part: Vec<u32>,
    /// Links between parts.
    next: Adjacency,
}

impl Condensed {
    /// Tarjan's strongly connected components, without recursion.
    pub(crate) fn new(next: &Adjacency) -> Self {
        const NEW: u32 = u32::MAX;
        const DONE: u32 = u32::MAX - 1;
        let nodes = next.nodes();
        // index and lowest index reached; once that is known, DONE and the part: one look at memory tells all
        let mut state = vec![[NEW, 0u32]; nodes];
        let (mut parts, mut counter) = (0u32, 0u32);
        let mut open: Vec<u32> = Vec::new();
        let mut walk: Vec<(u32, u32)> = Vec::new();
        for root in 0..small(nodes) {
            if state[root as usize][0] != NEW {
                continue;
            }
            walk.push((root, 0));
            while let Some((node, child)) = walk.last_mut() {
                let (v, at) = (*node as usize, *child as usize);
                if at == 0 {
                    state[v] = [counter, counter];
                    counter += 1;
                    open.push(*node);
                }
                *child += 1;
                if let Some(&w) = next.of(*node).get(at) {
                    match state[w as usize][0] {
                        NEW => walk.push((w, 0)),
                        DONE => {}
                        index => state[v][1] = state[v][1].min(index),
                    }
                    continue;
                }
                let [index, low] = state[v];
                if low == index {
                    while let Some(w) = open.pop() {
                        state[w as usize] = [DONE, parts];
                        if w as usize == v {
                            break;
                        }
                    }
                    parts += 1;
                }
                walk.pop();
                if let Some((parent, _)) = walk.last() {
                    // a part that is complete was left behind
                    let parent = &mut state[*parent as usize][1];
                    *parent = low.min(*parent);
                }
            }
        }
        let part: Vec<u32> = state.into_iter().map(|[_, part]| part).collect();
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for (node, &from) in (0..).zip(&part) {
            let to = next.of(node).iter().map(|&to| part[to as usize]);
            pairs.extend(to.filter(|&to| to != from).map(|to| (from, to)));
        }
        let next = Adjacency::new(parts as usize, pairs.iter().copied());
        Self { part, next }
    }

    /// What each part reaches, itself included, of the bits set on parts.
    fn spread(&self, bits: &mut [Word]) {
        for part in 0..small(bits.len()) {
            let word =
                self.next.of(part).iter().fold(bits[part as usize], |word, &n| word | bits[n as usize]);
            bits[part as usize] = word;
        }
    }

    pub(crate) const fn parts(&self) -> usize {
        self.next.nodes()
    }
}

/// Sums of the weights whose bits are set, a byte at a time.
struct Weights(Vec<[Sum; 256]>);

impl Weights {
    fn new(seeds: &[(Element, f64)]) -> Self {
        let bytes = seeds.chunks(8).map(|eight| {
            let mut table = [Sum::default(); 256];
            for byte in 1..256usize {
                let bit = byte.trailing_zeros() as usize;
                let mut sum = table[byte & (byte - 1)];
                let weight = eight.get(bit).map_or(0.0, |s| s.1);
                if weight > 0.0 {
                    sum.positive += weight;
                } else {
                    sum.negative += weight;
                }
                table[byte] = sum;
            }
            table
        });
        Self(bytes.collect())
    }

    fn add(&self, sum: &mut Sum, word: Word) {
        if word == 0 {
            return;
        }
        for (table, byte) in self.0.iter().zip(word.to_le_bytes()) {
            let part = table[usize::from(byte)];
            sum.positive += part.positive;
            sum.negative += part.negative;
        }
    }
}

/// The evidence downstream of every element so far.
#[derive(Debug, Clone)]
pub(super) struct Explained {
    pub(super) stations: Vec<Sum>,
    pub(super) deliveries: Vec<Sum>,
    pub(super) lots: Vec<Sum>,
}

impl Explained {
    pub(super) fn new(links: &Links, lots: usize) -> Self {
        let none = Sum::default();
        Self {
            stations: vec![none; links.names.len()],
            deliveries: vec![none; links.deliveries()],
            lots: vec![none; lots],
        }
    }

    /// Adds evidence.
    pub(super) fn add(
        &mut self,
        links: &Links,
        condensed: &Condensed,
        lot_of: &[u32],
        seeds: &[(Element, f64)],
    ) {
        for seeds in seeds.chunks(Word::BITS as usize) {
            self.add_word(links, condensed, lot_of, seeds);
        }
    }

    fn add_word(&mut self, links: &Links, condensed: &Condensed, lot_of: &[u32], seeds: &[(Element, f64)]) {
        let count = links.deliveries();
        let mut at_station = vec![Word::default(); links.names.len()];
        let mut at_delivery: BTreeMap<u32, Word> = BTreeMap::new();
        for (n, (element, _)) in seeds.iter().enumerate() {
            match *element {
                Element::Station(s) => at_station[s as usize] |= 1 << n,
                Element::Delivery(d) => *at_delivery.entry(d).or_default() |= 1 << n,
            }
        }
        // what is reached through a delivery includes its recipient, killed or not; only where the walk begins
        // does a killed delivery not arrive
        let mut bits = vec![Word::default(); condensed.parts()];
        for d in 0..count {
            bits[condensed.part[d] as usize] |= at_station[links.to[d] as usize];
        }
        for (&d, &word) in &at_delivery {
            bits[condensed.part[d as usize] as usize] |= word;
        }
        condensed.spread(&mut bits);
        let word = |node: u32| bits[condensed.part[node as usize] as usize];
        let marked = |d: u32| at_delivery.get(&d).copied().unwrap_or_default();
        let weights = Weights::new(seeds);
        let mut reached = at_station.clone();
        let mut of_lot = vec![Word::default(); self.lots.len()];
        for d in 0..count {
            let killed = links.killed_delivery[d];
            let own = if killed { marked(small(d)) } else { word(small(d)) };
            weights.add(&mut self.deliveries[d], own);
            let sender = links.from[d] as usize;
            if !links.killed_station[sender] {
                reached[sender] |= own;
            }
            let recipient = if killed { 0 } else { at_station[links.to[d] as usize] };
            let onward = links.next.of(small(d)).iter().fold(recipient, |all, &n| all | word(n));
            of_lot[lot_of[d] as usize] |= onward;
        }
        self.stations.iter_mut().zip(reached).for_each(|(sum, word)| weights.add(sum, word));
        self.lots.iter_mut().zip(of_lot).for_each(|(sum, word)| weights.add(sum, word));
    }
}
