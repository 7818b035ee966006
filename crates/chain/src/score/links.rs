//! The links between deliveries after cross and kill contamination, in memory linear in the input: cross
//! contamination of many received with many sent deliveries is a chain of joints sorted by date, not their product.

use super::date::Span;
use super::dictionary::Dictionary;
use super::{Delivery, Network, Settings};
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
    /// Sender of each delivery as it is written, merged or not.
    pub(crate) written: Vec<u32>,
}

/// The stations of a network: their names, merged ones under the name they are merged into, and the ends of deliveries.
struct Stations<'a> {
    names: Vec<&'a str>,
    numbers: Dictionary<'a>,
    from: Vec<u32>,
    to: Vec<u32>,
    written: Vec<u32>,
}

/// Numbers names in the order of their first sight.
fn number<'a>(
    names: impl Iterator<Item = &'a str>,
    expected: usize,
) -> (Dictionary<'a>, Vec<&'a str>, Vec<u32>) {
    let mut dictionary = Dictionary::with_capacity(expected);
    let (mut first, mut numbers) = (Vec::with_capacity(expected), Vec::with_capacity(names.size_hint().0));
    let fresh = |name| {
        first.push(name);
        small(first.len() - 1)
    };
    dictionary.number_all(names.map(|name| (0, name)), fresh, |number| numbers.push(number));
    (dictionary, first, numbers)
}

impl<'a> Stations<'a> {
    fn of(network: &'a Network) -> Self {
        let listed = network.stations.len();
        // by position: millions of names go through here, and an iterator of iterators is dear
        let name = |at: usize| match at.checked_sub(listed) {
            None => network.stations[at].id.as_str(),
            Some(end) if end.is_multiple_of(2) => network.deliveries[end / 2].from.as_str(),
            Some(end) => network.deliveries[end / 2].to.as_str(),
        };
        let all = (0..listed + 2 * network.deliveries.len()).map(name);
        let (numbers, names, ends) = number(all, listed);
        let ends = &ends[listed..];
        let written: Vec<u32> = ends.iter().step_by(2).copied().collect();
        let to: Vec<u32> = ends.iter().skip(1).step_by(2).copied().collect();
        let settings = &network.settings;
        if settings.merged_stations.is_empty() {
            return Self { names, numbers, from: written.clone(), to, written };
        }
        let into = names.iter().map(|name| settings.station_of(name));
        let (numbers, names, merged) = number(into, names.len());
        let merge = |ends: &[u32]| ends.iter().map(|&n| merged[n as usize]).collect();
        Self { names, numbers, from: merge(&written), to: merge(&to), written }
    }
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
        let count = network.deliveries.len();
        let Stations { names, numbers: station, from, to, written } = Stations::of(network);
        let mut delivery = Dictionary::with_capacity(count);
        // of two with one name the later counts
        delivery.set_all(network.deliveries.iter().map(|d| d.id.as_str()));
        let mark = |ids: &[String], names: &Dictionary<'_>, count: usize| {
            let mut marks = vec![false; count];
            ids.iter().filter_map(|id| names.get(id)).for_each(|n| marks[n as usize] = true);
            marks
        };
        let killed_station = mark(&settings.kill_contamination_stations, &station, names.len());
        let killed_delivery = mark(&settings.kill_contamination_deliveries, &delivery, count);
        let mut joiner = Joiner {
            settings,
            given: &network.deliveries,
            nodes: small(count),
            pairs: Vec::with_capacity(network.relations.len()),
        };
        let end = |at: usize| {
            let (earlier, later) = &network.relations[at / 2];
            if at.is_multiple_of(2) { earlier.as_str() } else { later.as_str() }
        };
        let ends = (0..2 * network.relations.len()).map(end);
        let mut earlier = None;
        delivery.get_all(ends, |end| match earlier.take() {
            None => earlier = Some(end),
            Some(earlier) => joiner.pairs.extend(earlier.zip(end)),
        });
        let given = joiner.pairs.len();
        joiner.stations(&station, &from, &to, &killed_station);
        let marked: BTreeSet<u32> =
            settings.cross_contamination_deliveries.iter().filter_map(|id| delivery.get(id)).collect();
        joiner.deliveries(&marked, given, &to, &killed_station);
        let real = |n: u32| (n as usize) < count;
        joiner.pairs.retain(|&(a, b)| {
            let ended = real(a) && (killed_delivery[a as usize] || killed_station[to[a as usize] as usize]);
            // a delivery related to itself leads nowhere new, though cross contamination may take it up
            a != b && !ended && !(real(b) && killed_station[from[b as usize] as usize])
        });
        let next = Adjacency::new(joiner.nodes as usize, joiner.pairs.iter().copied());
        let names = names.into_iter().map(str::to_owned).collect();
        (
            Self { names, from, to, next, killed_station, killed_delivery },
            Numbers { station, delivery, written },
        )
    }
}

/// Adds the links of cross contamination.
struct Joiner<'a> {
    settings: &'a Settings,
    given: &'a [Delivery],
    /// Deliveries and joints so far.
    nodes: u32,
    pairs: Vec<(u32, u32)>,
}

impl Joiner<'_> {
    /// Every received delivery of a marked station may be in every sent one. A killed station passes nothing on.
    fn stations(&mut self, station: &Dictionary<'_>, from: &[u32], to: &[u32], killed: &[bool]) {
        let marked = self.settings.cross_contamination_stations.iter().filter_map(|id| station.get(id));
        let open: BTreeSet<u32> = marked.filter(|&s| !killed[s as usize]).collect();
        if open.is_empty() {
            return;
        }
        let mut place = vec![u32::MAX; killed.len()];
        open.iter().zip(0..).for_each(|(&s, n)| place[s as usize] = n);
        let mut joined = vec![(Vec::new(), Vec::new()); open.len()];
        for (d, (&from, &to)) in (0..).zip(from.iter().zip(to)) {
            if let Some((received, _)) = joined.get_mut(place[to as usize] as usize) {
                received.push(d);
            }
            if let Some((_, sent)) = joined.get_mut(place[from as usize] as usize) {
                sent.push(d);
            }
        }
        for (received, sent) in joined {
            self.join(&received, &sent);
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
                self.join(&group, &sent.into_iter().collect::<Vec<_>>());
            }
        }
    }

    /// Links each of `received` to each of `sent` that is not itself and can have left later.
    fn join(&mut self, received: &[u32], sent: &[u32]) {
        let timed = self.settings.enforce_temporal_order;
        let span =
            |d: u32, of: fn(&Delivery) -> Span| if timed { of(&self.given[d as usize]) } else { Span::ANY };
        let mut sent: Vec<(i64, u32)> =
            sent.iter().map(|&b| (span(b, Delivery::departure).latest, b)).collect();
        let received = received.iter().map(|&a| (span(a, Delivery::arrival).earliest, a));
        let each = |pairs: &mut Vec<(u32, u32)>, sent: &[(i64, u32)], (earliest, a): (i64, u32)| {
            let timely = sent.iter().filter(|&&(latest, b)| a != b && earliest <= latest);
            pairs.extend(timely.map(|&(_, b)| (a, b)));
        };
        if received.len() * sent.len() <= received.len() + 2 * sent.len() {
            received.for_each(|a| each(&mut self.pairs, &sent, a));
            return;
        }
        let itself: HashSet<u32> = sent.iter().map(|(_, b)| *b).collect();
        sent.sort_by_key(|(latest, _)| *latest);
        let first = self.nodes;
        self.nodes += small(sent.len());
        for (n, &(_, b)) in (first..).zip(&sent) {
            self.pairs.push((n, b));
            if n + 1 < self.nodes {
                self.pairs.push((n, n + 1));
            }
        }
        for (earliest, a) in received {
            if itself.contains(&a) {
                // on the chain it would seem to follow itself
                each(&mut self.pairs, &sent, (earliest, a));
                continue;
            }
            let skip = sent.partition_point(|(latest, _)| *latest < earliest);
            if skip < sent.len() {
                self.pairs.push((a, first + small(skip)));
            }
        }
    }
}
