//! Outbreak scores over stations and deliveries, as FoodChain-Lab defines them: how much of the weighted
//! evidence each place, delivery and lot could explain. Exact on cycles: 64 pieces of evidence are carried
//! against the flow of goods at a time, in one word for each delivery, until nothing changes.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A traced network with its evidence: the layout of FoodChain-Lab cases (unknown fields are ignored).
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Network {
    /// Evidence and switches.
    #[serde(default)]
    pub settings: Settings,
    /// Firms, and cases as consumers.
    pub stations: Vec<Station>,
    /// One product lot moved from one station to one other.
    pub deliveries: Vec<Delivery>,
    /// Pairs (earlier, later): content of the first went into the second.
    #[serde(default)]
    pub relations: Vec<(String, String)>,
}

/// A station.
#[derive(Debug, Clone, Deserialize)]
pub struct Station {
    /// Identifier.
    pub id: String,
}

/// A delivery. Dates are `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; a missing one takes the other's.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Identifier.
    pub id: String,
    /// Sender.
    pub from: String,
    /// Recipient.
    pub to: String,
    /// Lot of the sender.
    #[serde(default)]
    pub lot: Option<String>,
    /// Departure.
    #[serde(default)]
    pub date_out: Option<String>,
    /// Arrival.
    #[serde(default)]
    pub date_in: Option<String>,
}

/// Evidence and switches of a case.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Links made by cross contamination must be possible by date.
    pub enforce_temporal_order: bool,
    /// Evidence on stations; negative speaks against.
    pub station_weights: BTreeMap<String, f64>,
    /// Evidence on deliveries.
    pub delivery_weights: BTreeMap<String, f64>,
    /// Stations where everything received may be in everything sent.
    pub cross_contamination_stations: Vec<String>,
    /// Deliveries that may have mixed at their common recipient.
    pub cross_contamination_deliveries: Vec<String>,
    /// Stations after which nothing is contaminated.
    pub kill_contamination_stations: Vec<String>,
    /// Deliveries after which nothing is contaminated.
    pub kill_contamination_deliveries: Vec<String>,
    /// Seeds of the forward and backward marks.
    pub observed_stations: Vec<String>,
    /// Seeds of the forward and backward marks.
    pub observed_deliveries: Vec<String>,
    /// Member station → the station it is merged into.
    pub merged_stations: BTreeMap<String, String>,
}

/// Scores of a station, delivery or lot.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// Share of the weight that can be explained.
    pub score: f64,
    /// Relative to the largest score of the network.
    pub normalized_score: f64,
    /// Counting evidence for only.
    pub positive_score: f64,
    /// Counting evidence against only.
    pub negative_score: f64,
}

/// A scored station.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StationScore {
    /// Identifier.
    pub id: String,
    /// Its scores.
    #[serde(flatten)]
    pub score: Score,
    /// Best score of its lots.
    pub max_lot_score: f64,
    /// On the way of the goods from an observed element.
    pub forward: bool,
    /// On the way of the goods to an observed element.
    pub backward: bool,
}

/// A scored delivery.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryScore {
    /// Identifier.
    pub id: String,
    /// Its scores.
    #[serde(flatten)]
    pub score: Score,
    /// Score of its lot.
    pub lot_score: f64,
    /// On the way of the goods from an observed element.
    pub forward: bool,
    /// On the way of the goods to an observed element.
    pub backward: bool,
}

/// Scores of a whole network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// In the order of the input; merged stations under the station they are merged into.
    pub stations: Vec<StationScore>,
    /// In the order of the input.
    pub deliveries: Vec<DeliveryScore>,
}

/// The links between deliveries after cross and kill contamination.
struct Links {
    from: Vec<usize>,
    to: Vec<usize>,
    next: Vec<BTreeSet<usize>>,
    /// The recipient still counts the delivery as received.
    arrives: Vec<bool>,
    /// The sender still counts the delivery as sent.
    leaves: Vec<bool>,
}

/// `Some(false)` only when the dates rule it out: compared part by part, a missing part leaves it possible.
fn possible(arrival: Option<&str>, departure: Option<&str>) -> bool {
    let (Some(arrival), Some(departure)) = (arrival, departure) else { return true };
    for (a, b) in arrival.split('-').zip(departure.split('-')) {
        let (Ok(a), Ok(b)) = (a.trim().parse::<u32>(), b.trim().parse::<u32>()) else { return true };
        if a != b {
            return a < b;
        }
    }
    true
}

impl Delivery {
    fn arrival(&self) -> Option<&str> {
        self.date_in.as_deref().or(self.date_out.as_deref())
    }

    fn departure(&self) -> Option<&str> {
        self.date_out.as_deref().or(self.date_in.as_deref())
    }
}

/// Scores every station, delivery and lot of a network.
#[must_use]
pub fn score(network: &Network) -> Scores {
    let settings = &network.settings;
    let merged = |id: &str| settings.merged_stations.get(id).cloned().unwrap_or_else(|| id.to_owned());
    let mut names: Vec<String> = Vec::new();
    let mut station: HashMap<String, usize> = HashMap::new();
    let ends = network.deliveries.iter().flat_map(|d| [&d.from, &d.to]);
    for id in network.stations.iter().map(|s| &s.id).chain(ends) {
        let id = merged(id);
        if !station.contains_key(&id) {
            station.insert(id.clone(), names.len());
            names.push(id);
        }
    }
    let delivery: HashMap<&str, usize> =
        network.deliveries.iter().enumerate().map(|(n, d)| (d.id.as_str(), n)).collect();
    let at = |id: &str| station.get(&merged(id)).copied();
    let links = link(network, &at, &delivery);

    let mut seeds: Vec<(Element, f64)> = Vec::new();
    let station_seed = |(id, w): (&String, &f64)| station.get(id).map(|&s| (Element::Station(s), *w));
    seeds.extend(settings.station_weights.iter().filter_map(station_seed));
    let delivery_seed =
        |(id, w): (&String, &f64)| delivery.get(id.as_str()).map(|&d| (Element::Delivery(d), *w));
    seeds.extend(settings.delivery_weights.iter().filter_map(delivery_seed));

    let (by_station, by_delivery, by_lot, lot_of) = explained(network, &links, names.len(), &seeds);
    let marks = Marks::of(settings, &links, names.len(), &at, &delivery);
    let sum =
        |positive: bool| seeds.iter().map(|s| s.1).filter(|w| (*w > 0.0) == positive).sum::<f64>().abs();
    let totals = (sum(true), sum(false));
    let mut stations: Vec<Score> = by_station.iter().map(|s| s.score(totals)).collect();
    let mut deliveries: Vec<Score> = by_delivery.iter().map(|s| s.score(totals)).collect();
    let lots: Vec<f64> = by_lot.iter().map(|s| s.score(totals).score).collect();
    let largest = stations.iter().chain(&deliveries).map(|s| s.score.abs()).fold(0.0, f64::max);
    for score in stations.iter_mut().chain(&mut deliveries).filter(|_| largest > 0.0) {
        score.normalized_score = score.score / largest;
    }
    let mut best = vec![None::<f64>; names.len()];
    for (d, &lot) in lot_of.iter().enumerate() {
        let best = &mut best[links.from[d]];
        *best = Some(best.map_or(lots[lot], |b| b.max(lots[lot])));
    }
    Scores {
        stations: names
            .into_iter()
            .enumerate()
            .map(|(s, id)| StationScore {
                id,
                score: stations[s],
                max_lot_score: best[s].unwrap_or(0.0),
                forward: marks.stations[s].0,
                backward: marks.stations[s].1,
            })
            .collect(),
        deliveries: (network.deliveries.iter().enumerate())
            .map(|(d, delivery)| DeliveryScore {
                id: delivery.id.clone(),
                score: deliveries[d],
                lot_score: lots[lot_of[d]],
                forward: marks.deliveries[d].0,
                backward: marks.deliveries[d].1,
            })
            .collect(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    Station(usize),
    Delivery(usize),
}

/// Weight for and against.
#[derive(Clone, Copy, Default)]
struct Evidence {
    positive: f64,
    negative: f64,
}

impl Evidence {
    fn add(&mut self, mut bits: u64, seeds: &[(Element, f64)]) {
        while bits != 0 {
            let weight = seeds[bits.trailing_zeros() as usize].1;
            if weight > 0.0 {
                self.positive += weight;
            } else {
                self.negative += weight;
            }
            bits &= bits - 1;
        }
    }

    fn score(self, (positive, negative): (f64, f64)) -> Score {
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        Score {
            score: share(self.positive + self.negative, positive.max(negative)),
            normalized_score: 0.0,
            positive_score: share(self.positive, positive),
            negative_score: share(self.negative.abs(), negative),
        }
    }
}

fn link(network: &Network, at: &impl Fn(&str) -> Option<usize>, delivery: &HashMap<&str, usize>) -> Links {
    let (settings, deliveries) = (&network.settings, &network.deliveries);
    let count = deliveries.len();
    let mut links = Links {
        from: deliveries.iter().map(|d| at(&d.from).unwrap_or(0)).collect(),
        to: deliveries.iter().map(|d| at(&d.to).unwrap_or(0)).collect(),
        next: vec![BTreeSet::new(); count],
        arrives: vec![true; count],
        leaves: vec![true; count],
    };
    for (earlier, later) in &network.relations {
        if let (Some(&a), Some(&b)) = (delivery.get(earlier.as_str()), delivery.get(later.as_str())) {
            links.next[a].insert(b);
        }
    }
    let timely = |a: usize, b: usize| {
        !settings.enforce_temporal_order || possible(deliveries[a].arrival(), deliveries[b].departure())
    };
    for station in settings.cross_contamination_stations.iter().filter_map(|id| at(id)) {
        let sent: Vec<usize> = (0..count).filter(|&d| links.from[d] == station).collect();
        for received in (0..count).filter(|&d| links.to[d] == station) {
            links.next[received]
                .extend(sent.iter().copied().filter(|&d| d != received && timely(received, d)));
        }
    }
    let marked: Vec<usize> = settings
        .cross_contamination_deliveries
        .iter()
        .filter_map(|id| delivery.get(id.as_str()).copied())
        .collect();
    for (n, &a) in marked.iter().enumerate() {
        for &b in &marked[n + 1..] {
            if a != b && links.to[a] == links.to[b] {
                let (of_a, of_b) = (links.next[a].clone(), links.next[b].clone());
                links.next[a].extend(of_b.into_iter().filter(|&d| d != a && timely(a, d)));
                links.next[b].extend(of_a.into_iter().filter(|&d| d != b && timely(b, d)));
            }
        }
    }
    for station in settings.kill_contamination_stations.iter().filter_map(|id| at(id)) {
        let sent: BTreeSet<usize> = (0..count).filter(|&d| links.from[d] == station).collect();
        for d in 0..count {
            if links.to[d] == station {
                links.next[d].clear();
            } else {
                links.next[d].retain(|n| !sent.contains(n));
            }
        }
        sent.into_iter().for_each(|d| links.leaves[d] = false);
    }
    for id in &settings.kill_contamination_deliveries {
        if let Some(&d) = delivery.get(id.as_str()) {
            links.next[d].clear();
            links.arrives[d] = false;
        }
    }
    links
}

type Explained = (Vec<Evidence>, Vec<Evidence>, Vec<Evidence>, Vec<usize>);

/// The evidence downstream of each station, delivery and lot, 64 pieces at a time.
fn explained(network: &Network, links: &Links, stations: usize, seeds: &[(Element, f64)]) -> Explained {
    let count = links.next.len();
    let mut lots: HashMap<(usize, &str), usize> = HashMap::new();
    let mut lot_of = Vec::with_capacity(count);
    for (d, delivery) in network.deliveries.iter().enumerate() {
        // a delivery without a lot is a lot of its own
        let name = delivery.lot.as_deref().map_or((usize::MAX, delivery.id.as_str()), |l| (links.from[d], l));
        let fresh = lots.len();
        lot_of.push(*lots.entry(name).or_insert(fresh));
    }
    let mut by_station = vec![Evidence::default(); stations];
    let mut by_delivery = vec![Evidence::default(); count];
    let mut by_lot = vec![Evidence::default(); lots.len()];
    let mut previous: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (d, next) in links.next.iter().enumerate() {
        next.iter().for_each(|&n| previous[n].push(d));
    }
    for seeds in seeds.chunks(64) {
        let mut station_bits = vec![0u64; stations];
        let mut bits = vec![0u64; count];
        for (n, (element, _)) in seeds.iter().enumerate() {
            match *element {
                Element::Station(s) => station_bits[s] |= 1 << n,
                Element::Delivery(d) => bits[d] |= 1 << n,
            }
        }
        let recipient = |d: usize| if links.arrives[d] { station_bits[links.to[d]] } else { 0 };
        let mut open: Vec<usize> = Vec::new();
        for (d, word) in bits.iter_mut().enumerate() {
            *word |= recipient(d);
            if *word != 0 {
                open.push(d);
            }
        }
        while let Some(d) = open.pop() {
            let word = bits[d];
            for &p in &previous[d] {
                if bits[p] | word != bits[p] {
                    bits[p] |= word;
                    open.push(p);
                }
            }
        }
        let mut reached = station_bits.clone();
        let mut lot_bits = vec![0u64; lots.len()];
        for d in 0..count {
            by_delivery[d].add(bits[d], seeds);
            if links.leaves[d] {
                reached[links.from[d]] |= bits[d];
            }
            let onward = links.next[d].iter().fold(recipient(d), |word, &n| word | bits[n]);
            lot_bits[lot_of[d]] |= onward;
        }
        by_station.iter_mut().zip(reached).for_each(|(sum, word)| sum.add(word, seeds));
        by_lot.iter_mut().zip(lot_bits).for_each(|(sum, word)| sum.add(word, seeds));
    }
    (by_station, by_delivery, by_lot, lot_of)
}

/// Forward and backward marks from the observed elements.
struct Marks {
    stations: Vec<(bool, bool)>,
    deliveries: Vec<(bool, bool)>,
}

impl Marks {
    fn of(
        settings: &Settings,
        links: &Links,
        stations: usize,
        at: &impl Fn(&str) -> Option<usize>,
        delivery: &HashMap<&str, usize>,
    ) -> Self {
        let count = links.next.len();
        let mut marks =
            Self { stations: vec![(false, false); stations], deliveries: vec![(false, false); count] };
        let observed: Vec<usize> = settings.observed_stations.iter().filter_map(|id| at(id)).collect();
        let seeds: Vec<usize> =
            settings.observed_deliveries.iter().filter_map(|id| delivery.get(id.as_str()).copied()).collect();
        let sent = (0..count).filter(|&d| links.leaves[d] && observed.contains(&links.from[d]));
        for d in closure(sent.chain(seeds.iter().copied()), &links.next) {
            marks.deliveries[d].0 |= !seeds.contains(&d) || links.next.iter().any(|n| n.contains(&d));
            marks.stations[links.to[d]].0 |= links.arrives[d];
        }
        let mut previous = vec![BTreeSet::new(); count];
        for (d, next) in links.next.iter().enumerate() {
            next.iter().for_each(|&n| _ = previous[n].insert(d));
        }
        let received = (0..count).filter(|&d| links.arrives[d] && observed.contains(&links.to[d]));
        for d in closure(received.chain(seeds.iter().copied()), &previous) {
            marks.deliveries[d].1 |= !seeds.contains(&d) || !links.next[d].is_empty();
            marks.stations[links.from[d]].1 |= links.leaves[d];
        }
        marks
    }
}

fn closure(from: impl Iterator<Item = usize>, next: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut seen = vec![false; next.len()];
    let mut out: Vec<usize> = from.filter(|&d| !std::mem::replace(&mut seen[d], true)).collect();
    let mut at = 0;
    while let Some(&d) = out.get(at) {
        at += 1;
        out.extend(next[d].iter().copied().filter(|&n| !std::mem::replace(&mut seen[n], true)));
    }
    out
}
