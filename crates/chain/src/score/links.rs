//! The links between deliveries after cross and kill contamination, in memory linear in the input: cross
//! contamination of many received with many sent deliveries is a chain of joints sorted by date, not their product.

use super::Network;
use super::date::Span;
use super::dictionary::Dictionary;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Numbers fit in 32 bits: a network of four thousand million deliveries would not fit in memory as names.
pub(crate) fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Neighbours of each node in one array.
#[derive(Debug, Clone, Default)]
pub(crate) struct Adjacency {
    start: Vec<u32>,
    list: Vec<u32>,
}

impl Adjacency {
    /// From pairs of nodes below `nodes`; the order of pairs with one first node is kept.
    pub(crate) fn new(nodes: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut start = vec![0u32; nodes + 1];
        for (a, _) in pairs.clone() {
            start[a as usize + 1] += 1;
        }
        for n in 0..nodes {
            start[n + 1] += start[n];
        }
        let mut at = start.clone();
        let mut list = vec![0; start[nodes] as usize];
        for (a, b) in pairs {
            let slot = &mut at[a as usize];
            list[*slot as usize] = b;
            *slot += 1;
        }
        Self { start, list }
    }

    /// The neighbours of a node.
    pub(crate) fn of(&self, node: u32) -> &[u32] {
        &self.list[self.start[node as usize] as usize..self.start[node as usize + 1] as usize]
    }

    /// Number of the first link of a node.
    pub(crate) fn begin(&self, node: u32) -> usize {
        self.start[node as usize] as usize
    }

    /// Number of nodes.
    pub(crate) const fn nodes(&self) -> usize {
        self.start.len() - 1
    }

    /// Every pair the other way round.
    pub(crate) fn reversed(&self) -> Self {
        let pairs = (0..small(self.nodes())).flat_map(|a| self.of(a).iter().map(move |&b| (b, a)));
        Self::new(self.nodes(), pairs)
    }
}

/// A network by numbers: deliveries first, joints of cross contamination behind them.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    /// Names of the stations, merged ones under the name they are merged into.
    pub(crate) names: Vec<String>,
    /// Sender of each delivery.
    pub(crate) from: Vec<u32>,
    /// Recipient of each delivery.
    pub(crate) to: Vec<u32>,
    /// Next nodes of deliveries and joints.
    pub(crate) next: Adjacency,
    /// Kill contamination, by station.
    pub(crate) killed_station: Vec<bool>,
    /// Kill contamination, by delivery.
    pub(crate) killed_delivery: Vec<bool>,
}

/// Numbers of the names of a network.
pub(crate) struct Numbers<'a> {
    pub(crate) station: Dictionary<'a>,
    pub(crate) delivery: Dictionary<'a>,
}

impl Links {
    /// Number of deliveries.
    pub(crate) fn deliveries(&self) -> usize {
        self.from.len()
    }

    /// Builds the links of a network in the order of the reference: given relations, cross contamination of
    /// stations, of deliveries, kill of stations, of deliveries.
    pub(crate) fn build(network: &Network) -> (Self, Numbers<'_>) {
        let settings = &network.settings;
        let mut names: Vec<&str> = Vec::new();
        let mut station = Dictionary::with_capacity(network.stations.len());
        let ends = network.deliveries.iter().flat_map(|d| [&d.from, &d.to]);
        let mut numbers = Vec::with_capacity(2 * network.deliveries.len());
        for id in network.stations.iter().map(|s| &s.id).chain(ends) {
            let id = settings.merged_stations.get(id).unwrap_or(id);
            let number = station.number(0, id, small(names.len()));
            if number as usize == names.len() {
                names.push(id);
            }
            numbers.push(number);
        }
        let ends = &numbers[network.stations.len()..];
        let from: Vec<u32> = ends.iter().step_by(2).copied().collect();
        let to: Vec<u32> = ends.iter().skip(1).step_by(2).copied().collect();
        drop(numbers);
        let mut delivery = Dictionary::with_capacity(network.deliveries.len());
        for (n, given) in network.deliveries.iter().enumerate() {
            // of two with one name the later counts
            delivery.set(&given.id, small(n));
        }
        let mark = |ids: &[String], names: &Dictionary<'_>, count: usize| {
            let mut marks = vec![false; count];
            ids.iter().filter_map(|id| names.get(id)).for_each(|n| marks[n as usize] = true);
            marks
        };
        let killed_station = mark(&settings.kill_contamination_stations, &station, names.len());
        let killed_delivery =
            mark(&settings.kill_contamination_deliveries, &delivery, network.deliveries.len());
        let mut joiner = Joiner {
            enforce: settings.enforce_temporal_order,
            arrival: network.deliveries.iter().map(super::Delivery::arrival).collect(),
            departure: network.deliveries.iter().map(super::Delivery::departure).collect(),
            nodes: small(network.deliveries.len()),
            pairs: Vec::with_capacity(network.relations.len()),
        };
        for (earlier, later) in &network.relations {
            if let (Some(a), Some(b)) = (delivery.get(earlier), delivery.get(later)) {
                joiner.pairs.push((a, b));
            }
        }
        let given = joiner.pairs.len();
        joiner.stations(&settings.cross_contamination_stations, &station, &from, &to, &killed_station);
        let marked: BTreeSet<u32> =
            settings.cross_contamination_deliveries.iter().filter_map(|id| delivery.get(id)).collect();
        joiner.deliveries(&marked, given, &to, &killed_station);
        let count = small(network.deliveries.len());
        let real = |n: u32| n < count;
        joiner.pairs.retain(|&(a, b)| {
            let ended = real(a) && (killed_delivery[a as usize] || killed_station[to[a as usize] as usize]);
            // a delivery related to itself leads nowhere new, though cross contamination may take it up
            a != b && !ended && !(real(b) && killed_station[from[b as usize] as usize])
        });
        let next = Adjacency::new(joiner.nodes as usize, joiner.pairs.iter().copied());
        let names = names.into_iter().map(str::to_owned).collect();
        (Self { names, from, to, next, killed_station, killed_delivery }, Numbers { station, delivery })
    }
}

/// Adds the links of cross contamination.
struct Joiner {
    enforce: bool,
    arrival: Vec<Span>,
    departure: Vec<Span>,
    /// Deliveries and joints so far.
    nodes: u32,
    pairs: Vec<(u32, u32)>,
}

impl Joiner {
    fn timely(&self, a: u32, b: u32) -> bool {
        !self.enforce || self.arrival[a as usize].not_after(self.departure[b as usize])
    }

    /// Every received delivery of a marked station may be in every sent one. A killed station passes nothing on.
    fn stations(
        &mut self,
        ids: &[String],
        station: &Dictionary<'_>,
        from: &[u32],
        to: &[u32],
        killed: &[bool],
    ) {
        let marked: BTreeSet<u32> = ids.iter().filter_map(|id| station.get(id)).collect();
        let open: HashSet<u32> = marked.into_iter().filter(|&s| !killed[s as usize]).collect();
        if open.is_empty() {
            return;
        }
        let mut received: HashMap<u32, (Vec<u32>, Vec<u32>)> = HashMap::new();
        for d in 0..small(from.len()) {
            if open.contains(&to[d as usize]) {
                received.entry(to[d as usize]).or_default().0.push(d);
            }
            if open.contains(&from[d as usize]) {
                received.entry(from[d as usize]).or_default().1.push(d);
            }
        }
        let mut places: Vec<_> = received.into_iter().collect();
        places.sort_unstable_by_key(|(s, _)| *s);
        for (_, (received, sent)) in places {
            self.join(&received, sent);
        }
    }

    /// Marked deliveries of one recipient share their next deliveries.
    fn deliveries(&mut self, marked: &BTreeSet<u32>, given: usize, to: &[u32], killed: &[bool]) {
        if marked.len() < 2 {
            return;
        }
        let mut groups: HashMap<u32, Vec<u32>> = HashMap::new();
        for &d in marked {
            groups.entry(to[d as usize]).or_default().push(d);
        }
        let mut sent: HashMap<u32, BTreeSet<u32>> = HashMap::new();
        for &(a, b) in self.pairs[..given].iter().filter(|(a, _)| marked.contains(a)) {
            sent.entry(to[a as usize]).or_default().insert(b);
        }
        let mut groups: Vec<_> = groups.into_iter().filter(|(_, group)| group.len() > 1).collect();
        groups.sort_unstable_by_key(|(s, _)| *s);
        for (recipient, group) in groups {
            // what cross contamination of the recipient itself adds is linked to all of the group already
            if let Some(sent) = sent.remove(&recipient).filter(|_| !killed[recipient as usize]) {
                self.join(&group, sent.into_iter().collect());
            }
        }
    }

    /// Links each of `received` to each of `sent` that is not itself and can have left later.
    fn join(&mut self, received: &[u32], mut sent: Vec<u32>) {
        if received.len() * sent.len() <= received.len() + 2 * sent.len() {
            for &a in received {
                let timely: Vec<u32> =
                    sent.iter().copied().filter(|&b| a != b && self.timely(a, b)).collect();
                self.pairs.extend(timely.into_iter().map(|b| (a, b)));
            }
            return;
        }
        let itself: HashSet<u32> = sent.iter().copied().collect();
        sent.sort_by_key(|&b| self.departure[b as usize].latest);
        let first = self.nodes;
        self.nodes += small(sent.len());
        for (n, &b) in (first..).zip(&sent) {
            self.pairs.push((n, b));
            if n + 1 < self.nodes {
                self.pairs.push((n, n + 1));
            }
        }
        for &a in received {
            if itself.contains(&a) {
                // on the chain it would seem to follow itself
                let timely: Vec<u32> =
                    sent.iter().copied().filter(|&b| a != b && self.timely(a, b)).collect();
                self.pairs.extend(timely.into_iter().map(|b| (a, b)));
                continue;
            }
            let earliest = self.arrival[a as usize].earliest;
            let skip = if self.enforce {
                sent.partition_point(|&b| self.departure[b as usize].latest < earliest)
            } else {
                0
            };
            if skip < sent.len() {
                self.pairs.push((a, first + small(skip)));
            }
        }
    }
}
