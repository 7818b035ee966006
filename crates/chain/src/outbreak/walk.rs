//! A random walk of the goods through a network: where matter that leaves a station is eaten in the end.
//!
//! Reference: Horn & Friedrich, *Locating the source of large-scale outbreaks of foodborne disease*, J. R. Soc. Interface 16 (2019):
//! an absorbing Markov chain on the food supply network; here its states are deliveries, so that time and lots count.

use crate::score::Network;
use crate::score::links::{Links, small};
use crate::score::pass::Condensed;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

/// Of what a station receives and could send on, this part is taken to be eaten there.
const EATEN_ON_THE_WAY: f64 = 0.1;
/// Rounds on a circle of deliveries; each passes on at most nine tenths.
const ROUNDS: usize = 400;

/// Where a case or a negative finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    Station(u32),
    Delivery(u32),
}

/// The walk of one network.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    pub(super) links: Links,
    pub(super) station: HashMap<String, u32>,
    pub(super) delivery: HashMap<String, u32>,
    pub(super) ids: Vec<String>,
    /// Probability of each link, in the order of `links.next`.
    probability: Vec<f64>,
    /// Deliveries each station sent, with their part of all it sent.
    pub(super) sent: Vec<Vec<(u32, f64)>>,
    /// Deliveries each station received.
    pub(super) received: Vec<Vec<u32>>,
    /// Stations that received and sent and recorded nothing of what went into what.
    pub(super) unrecorded: Vec<bool>,
    /// Nodes so that links lead to earlier parts.
    parts: Vec<Vec<u32>>,
    /// Links the other way round: node before, number of the link.
    back: Vec<Vec<(u32, u32)>>,
}

impl Walk {
    pub(super) fn new(network: &Network) -> Self {
        let by_id: HashMap<&str, usize> =
            network.deliveries.iter().enumerate().map(|(n, d)| (d.id.as_str(), n)).collect();
        let merged = |id: &'_ String| network.settings.station_of(id).to_owned();
        let recorded: BTreeSet<String> = network
            .relations
            .iter()
            .filter(|(_, b)| by_id.contains_key(b.as_str()))
            .filter_map(|(a, _)| by_id.get(a.as_str()).map(|&n| merged(&network.deliveries[n].to)))
            .collect();
        let receives: BTreeSet<String> = network.deliveries.iter().map(|d| merged(&d.to)).collect();
        let sends: BTreeSet<String> = network.deliveries.iter().map(|d| merged(&d.from)).collect();
        // where nothing is recorded, everything received may be in everything sent later
        let mut assumed = network.clone();
        let settings = &mut assumed.settings;
        settings.enforce_temporal_order = true;
        let without: BTreeSet<String> =
            receives.intersection(&sends).filter(|s| !recorded.contains(*s)).cloned().collect();
        settings.cross_contamination_stations.extend(without.iter().cloned());
        let (links, _) = Links::build(&assumed);
        let count = links.deliveries();
        let amounts = amounts(network);
        let nodes = links.next.nodes();
        let mut weight = amounts.clone();
        weight.resize(nodes, 0.0);
        for joint in (count..nodes).rev() {
            weight[joint] = links.next.of(small(joint)).iter().map(|&n| weight[n as usize]).sum();
        }
        let mut probability = Vec::new();
        for node in 0..small(nodes) {
            let next = links.next.of(node);
            let all: f64 = next.iter().map(|&n| weight[n as usize]).sum();
            probability.extend(next.iter().map(|&n| if all > 0.0 { weight[n as usize] / all } else { 0.0 }));
        }
        let mut sent: Vec<Vec<(u32, f64)>> = vec![Vec::new(); links.names.len()];
        let mut received = vec![Vec::new(); links.names.len()];
        for (d, &amount) in amounts.iter().enumerate() {
            let (from, to) = (links.from[d] as usize, links.to[d] as usize);
            if !links.killed_station[from] {
                sent[from].push((small(d), amount));
            }
            if !links.killed_delivery[d] {
                received[to].push(small(d));
            }
        }
        for all in &mut sent {
            let sum: f64 = all.iter().map(|(_, w)| w).sum();
            all.iter_mut().for_each(|(_, w)| *w /= sum);
        }
        let condensed = Condensed::new(&links.next);
        let mut parts = vec![Vec::new(); condensed.parts()];
        for (node, part) in condensed.part.iter().enumerate() {
            parts[*part as usize].push(small(node));
        }
        let mut back = vec![Vec::new(); nodes];
        for node in 0..small(nodes) {
            let begin = links.next.begin(node);
            for (k, &n) in links.next.of(node).iter().enumerate() {
                back[n as usize].push((node, small(begin + k)));
            }
        }
        let station: HashMap<String, u32> =
            links.names.iter().enumerate().map(|(n, name)| (name.clone(), small(n))).collect();
        let unrecorded = links.names.iter().map(|name| without.contains(name)).collect();
        Self {
            station,
            delivery: by_id.into_iter().map(|(id, n)| (id.to_owned(), small(n))).collect(),
            ids: network.deliveries.iter().map(|d| d.id.clone()).collect(),
            probability,
            sent,
            received,
            unrecorded,
            parts,
            back,
            links,
        }
    }

    pub(super) fn stations(&self) -> usize {
        self.links.names.len()
    }

    /// The part eaten at the recipient of a delivery.
    fn eaten(&self, d: u32) -> f64 {
        if self.links.killed_delivery[d as usize] {
            0.0
        } else if self.links.next.of(d).is_empty() {
            1.0
        } else {
            EATEN_ON_THE_WAY
        }
    }

    /// The part of what a station makes or taints that is eaten right there.
    fn eaten_at(&self, station: u32) -> f64 {
        if self.sent[station as usize].is_empty() { 1.0 } else { EATEN_ON_THE_WAY }
    }

    /// Part passed on from a node to the next ones.
    fn passed(&self, node: u32) -> f64 {
        if (node as usize) < self.links.deliveries() { 1.0 - self.eaten(node) } else { 1.0 }
    }

    /// For each node the weight that a walk from there comes to, given what each place is worth.
    pub(super) fn arrive(&self, worth: &HashMap<Place, f64>) -> Vec<f64> {
        let nodes = self.links.next.nodes();
        let count = self.links.deliveries();
        let mut at_station = vec![0.0; self.stations()];
        let mut own = vec![0.0; count];
        for (place, w) in worth {
            match *place {
                Place::Station(s) => at_station[s as usize] = *w,
                Place::Delivery(d) => own[d as usize] = *w,
            }
        }
        let mut value = vec![0.0; nodes];
        let evaluate = |node: u32, value: &[f64]| {
            let begin = self.links.next.begin(node);
            let next = self.links.next.of(node).iter().enumerate();
            let onward: f64 = next.map(|(k, &n)| self.probability[begin + k] * value[n as usize]).sum();
            let mut sum = self.passed(node) * onward;
            if let Some(own) = own.get(node as usize) {
                sum += self.eaten(node) * at_station[self.links.to[node as usize] as usize];
                // to pass through the delivery is what was observed, whatever becomes of it
                sum = sum.max(*own);
            }
            sum
        };
        for part in &self.parts {
            let rounds = if part.len() == 1 { 1 } else { ROUNDS };
            for _ in 0..rounds {
                let mut moved = 0.0f64;
                for &node in part {
                    let new = evaluate(node, &value);
                    moved = moved.max((new - value[node as usize]).abs());
                    value[node as usize] = new;
                }
                if moved < 1e-14 {
                    break;
                }
            }
        }
        value
    }

    /// The same for a walk that begins at a station.
    pub(super) fn chance_from(&self, station: u32, value: &[f64], here: f64) -> f64 {
        let eaten = self.eaten_at(station);
        let sent: f64 = self.sent[station as usize].iter().map(|(d, p)| p * value[*d as usize]).sum();
        eaten * here + (1.0 - eaten) * sent
    }

    /// How often a walk from a station passes through each node.
    pub(super) fn visits(&self, station: u32) -> Vec<f64> {
        let mut value = vec![0.0; self.links.next.nodes()];
        let start = 1.0 - self.eaten_at(station);
        let mut begun = vec![0.0; value.len()];
        for (d, p) in &self.sent[station as usize] {
            begun[*d as usize] = start * p;
        }
        for part in self.parts.iter().rev() {
            let rounds = if part.len() == 1 { 1 } else { ROUNDS };
            for _ in 0..rounds {
                let mut moved = 0.0f64;
                for &node in part {
                    let into: f64 = self.back[node as usize]
                        .iter()
                        .map(|&(b, link)| {
                            value[b as usize] * self.passed(b) * self.probability[link as usize]
                        })
                        .sum();
                    let new = begun[node as usize] + into;
                    moved = moved.max((new - value[node as usize]).abs());
                    value[node as usize] = new;
                }
                if moved < 1e-14 {
                    break;
                }
            }
        }
        value
    }

    /// Effective distance from every node to a place, and the next node on the way: each hop costs 1 − ln(probability).
    ///
    /// Reference: Brockmann & Helbing 2013; Manitz et al., PLoS Currents Outbreaks 2014.
    pub(super) fn distances(&self, place: Place) -> (Vec<f64>, Vec<u32>) {
        let nodes = self.links.next.nodes();
        let count = self.links.deliveries();
        let mut cost = vec![f64::INFINITY; nodes];
        let mut next = vec![u32::MAX; nodes];
        let mut heap: BinaryHeap<Step> = BinaryHeap::new();
        let offer = |node: u32,
                     at: f64,
                     then: u32,
                     cost: &mut [f64],
                     next: &mut [u32],
                     heap: &mut BinaryHeap<Step>| {
            if at < cost[node as usize] {
                cost[node as usize] = at;
                next[node as usize] = then;
                heap.push(Step { cost: at, node });
            }
        };
        match place {
            Place::Delivery(d) => offer(d, 0.0, u32::MAX, &mut cost, &mut next, &mut heap),
            Place::Station(s) => {
                for &d in &self.received[s as usize] {
                    offer(d, -self.eaten(d).ln(), u32::MAX, &mut cost, &mut next, &mut heap);
                }
            }
        }
        while let Some(Step { cost: at, node }) = heap.pop() {
            if at > cost[node as usize] {
                continue;
            }
            // a hop ends at a delivery; joints are only a way of writing many links
            let hop = if (node as usize) < count { 1.0 } else { 0.0 };
            for &(before, link) in &self.back[node as usize] {
                let p = self.probability[link as usize] * self.passed(before);
                if p > 0.0 {
                    offer(before, at + hop - p.ln(), node, &mut cost, &mut next, &mut heap);
                }
            }
        }
        (cost, next)
    }

    /// Effective distance from a station and the first delivery on the way.
    pub(super) fn distance(&self, station: u32, cost: &[f64], place: Place) -> (f64, Option<u32>) {
        let here =
            if place == Place::Station(station) { -self.eaten_at(station).ln() } else { f64::INFINITY };
        let passed = 1.0 - self.eaten_at(station);
        let mut best = (here, None);
        for (d, p) in &self.sent[station as usize] {
            let at = cost[*d as usize] + 1.0 - (p * passed).ln();
            if at < best.0 {
                best = (at, Some(*d));
            }
        }
        best
    }
}

/// A node at the edge of the search, the nearest first.
struct Step {
    cost: f64,
    node: u32,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Step {}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Step {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.cost.total_cmp(&self.cost).then(other.node.cmp(&self.node))
    }
}

/// Amounts of the deliveries; a missing one is taken as the median of those given.
fn amounts(network: &Network) -> Vec<f64> {
    let given = |a: Option<f64>| a.filter(|a| a.is_finite() && *a > 0.0);
    let mut known: Vec<f64> = network.deliveries.iter().filter_map(|d| given(d.amount_kg)).collect();
    known.sort_by(f64::total_cmp);
    let median = known.get(known.len() / 2).copied().unwrap_or(1.0);
    network.deliveries.iter().map(|d| given(d.amount_kg).unwrap_or(median)).collect()
}
