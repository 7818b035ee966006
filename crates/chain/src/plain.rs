//! The time rule said plainly, for checking: stocks with the time something suspect came to them, relaxed until nothing
//! changes. It knows nothing of split stocks, of pairing or of the index.

use crate::{Kind, Phase, Step};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// One way goods went, with the time they left and the time they came.
#[derive(Debug, Clone, Copy)]
struct Edge {
    from: u32,
    to: u32,
    left: i64,
    came: i64,
}

/// Movements and transformations between stocks (an item at a place).
#[derive(Debug, Default)]
pub(crate) struct Plain {
    stocks: HashMap<(u32, u32), u32>,
    keys: Vec<(u32, u32)>,
    edges: Vec<Edge>,
    out: Vec<Vec<u32>>,
    into: Vec<Vec<u32>>,
    items: HashMap<u32, Vec<u32>>,
}

impl Plain {
    /// From steps as the synthetic network tells them: both halves of a movement one after the other.
    pub(crate) fn of(steps: impl Iterator<Item = Step>) -> Self {
        let mut plain = Self::default();
        let mut shipped: Option<(u32, i64)> = None;
        for step in steps {
            match &step.kind {
                Kind::Move { from, to, items, phase, .. } => {
                    let (Some(from), Some(to), Some((item, _))) = (from, to, items.first()) else { continue };
                    match phase {
                        Phase::Shipped => shipped = Some((plain.stock(item.0, from.0), step.time)),
                        Phase::Received => {
                            let to = plain.stock(item.0, to.0);
                            if let Some((from, left)) = shipped.take() {
                                plain.edge(Edge { from, to, left, came: step.time });
                            }
                        }
                    }
                }
                Kind::Transform { place, inputs, outputs, .. } => {
                    for (input, _) in inputs {
                        for (output, _) in outputs {
                            let (from, to) = (plain.stock(input.0, place.0), plain.stock(output.0, place.0));
                            plain.edge(Edge { from, to, left: step.time, came: step.time });
                        }
                    }
                }
                Kind::Appear { place, items } => items.iter().for_each(|(item, _)| {
                    plain.stock(item.0, place.0);
                }),
                _ => {}
            }
        }
        plain
    }

    fn stock(&mut self, item: u32, place: u32) -> u32 {
        let next = crate::derive::index(self.keys.len());
        let number = *self.stocks.entry((item, place)).or_insert(next);
        if number == next {
            self.keys.push((item, place));
            self.out.push(Vec::new());
            self.into.push(Vec::new());
            self.items.entry(item).or_default().push(number);
        }
        number
    }

    fn edge(&mut self, edge: Edge) {
        let number = crate::derive::index(self.edges.len());
        self.out[edge.from as usize].push(number);
        self.into[edge.to as usize].push(number);
        self.edges.push(edge);
    }

    /// Stocks reached, forward from any time or backward from the end of time.
    fn reach(&self, starts: &[u32], forward: bool) -> BTreeSet<u32> {
        let mut best: HashMap<u32, i64> = HashMap::new();
        let mut open: VecDeque<u32> = VecDeque::new();
        for &start in starts {
            best.insert(start, i64::MIN);
            open.push_back(start);
        }
        while let Some(here) = open.pop_front() {
            let time = best[&here];
            for &number in if forward { &self.out[here as usize] } else { &self.into[here as usize] } {
                let edge = self.edges[number as usize];
                // backwards, time is counted backwards
                let (leave, there, arrive) = if forward {
                    (edge.left, edge.to, edge.came)
                } else {
                    (-edge.came, edge.from, -edge.left)
                };
                if leave >= time && best.get(&there).is_none_or(|&known| arrive < known) {
                    best.insert(there, arrive);
                    open.push_back(there);
                }
            }
        }
        best.into_keys().collect()
    }

    fn at(&self, item: u32, place: u32) -> Vec<u32> {
        self.stocks.get(&(item, place)).copied().into_iter().collect()
    }

    /// Items and places of the stocks nothing leads to, behind one stock.
    pub(crate) fn origins(&self, item: u32, place: u32) -> BTreeSet<(u32, u32)> {
        let reached = self.reach(&self.at(item, place), false);
        reached
            .iter()
            .filter(|&&s| self.into[s as usize].is_empty())
            .map(|&s| self.keys[s as usize])
            .collect()
    }

    /// Places an item and what was made from it reached.
    pub(crate) fn places(&self, item: u32) -> BTreeSet<u32> {
        let starts = self.items.get(&item).cloned().unwrap_or_default();
        self.reach(&starts, true).iter().map(|&s| self.keys[s as usize].1).collect()
    }

    /// The places behind most cases, with how many.
    pub(crate) fn stations(&self, cases: &[(u32, u32)], take: usize) -> Vec<(u32, u32)> {
        let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
        for &(item, place) in cases {
            let reached = self.reach(&self.at(item, place), false);
            let places: BTreeSet<u32> = reached.iter().map(|&s| self.keys[s as usize].1).collect();
            places.into_iter().for_each(|place| *counts.entry(place).or_default() += 1);
        }
        let mut ranked: Vec<(u32, u32)> = counts.into_iter().collect();
        ranked.sort_by_key(|&(place, count)| (std::cmp::Reverse(count), place));
        ranked.truncate(take);
        ranked
    }
}
