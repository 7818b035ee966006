//! Forward and backward marks: what lies on the way of the goods from and to the observed elements.

use super::links::{Adjacency, Links, small};

/// Marks of stations and deliveries: forward, backward.
pub(super) struct Marks {
    pub(super) stations: Vec<(bool, bool)>,
    pub(super) deliveries: Vec<(bool, bool)>,
}

/// Which observed delivery led to a node: it does not mark itself, another one marks it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Led {
    No,
    By(u32),
    ByMany,
}

impl Led {
    const fn beyond(self, node: u32) -> bool {
        match self {
            Self::No => false,
            Self::By(seed) => seed != node,
            Self::ByMany => true,
        }
    }
}

/// Where a walk begins: at deliveries of observed stations, which are marked too, and at observed deliveries.
struct Walk<'a> {
    next: &'a Adjacency,
    led: Vec<Led>,
    open: Vec<u32>,
}

impl Walk<'_> {
    fn step(&mut self, node: u32, by: Led) {
        for &n in self.next.of(node) {
            let slot = &mut self.led[n as usize];
            *slot = match (*slot, by) {
                (Led::No, by) => by,
                (Led::By(a), Led::By(b)) if a == b => continue,
                (Led::ByMany, _) => continue,
                _ => Led::ByMany,
            };
            self.open.push(n);
        }
    }

    fn run(next: &Adjacency, begins: &[bool], seeds: &[u32]) -> Vec<Led> {
        let mut walk = Walk { next, led: vec![Led::No; next.nodes()], open: Vec::new() };
        seeds.iter().for_each(|&seed| walk.step(seed, Led::By(seed)));
        for (d, _) in begins.iter().enumerate().filter(|(_, b)| **b) {
            walk.step(small(d), Led::ByMany);
        }
        while let Some(node) = walk.open.pop() {
            walk.step(node, walk.led[node as usize]);
        }
        walk.led
    }
}

impl Marks {
    pub(super) fn of(links: &Links, stations: &[u32], deliveries: &[u32]) -> Self {
        let count = links.deliveries();
        let none = vec![(false, false); links.names.len()];
        let mut marks = Self { stations: none, deliveries: vec![(false, false); count] };
        if stations.is_empty() && deliveries.is_empty() {
            return marks;
        }
        let mut observed = vec![false; links.names.len()];
        stations.iter().for_each(|&s| observed[s as usize] = true);
        let mut seed = vec![false; count];
        deliveries.iter().for_each(|&d| seed[d as usize] = true);
        let arrives = |d: usize| !links.killed_delivery[d];
        let leaves = |d: usize| !links.killed_station[links.from[d] as usize];
        let sent: Vec<bool> = (0..count).map(|d| observed[links.from[d] as usize] && leaves(d)).collect();
        let received: Vec<bool> = (0..count).map(|d| observed[links.to[d] as usize] && arrives(d)).collect();
        let forward = Walk::run(&links.next, &sent, deliveries);
        let backward = Walk::run(&links.next.reversed(), &received, deliveries);
        for d in 0..count {
            let led = forward[d].beyond(small(d));
            marks.deliveries[d].0 = sent[d] || led;
            marks.stations[links.to[d] as usize].0 |= led || ((sent[d] || seed[d]) && arrives(d));
            let led = backward[d].beyond(small(d));
            marks.deliveries[d].1 = received[d] || led;
            marks.stations[links.from[d] as usize].1 |= led || ((received[d] || seed[d]) && leaves(d));
        }
        marks
    }
}
