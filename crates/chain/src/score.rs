//! Outbreak scores over stations and deliveries, as FoodChain-Lab defines them: how much of the weighted
//! evidence each place, delivery and lot could explain.
//!
//! Exact on cycles and linear in memory: strongly connected deliveries are one part, cross contamination is a chain
//! of joints sorted by date, and 128 pieces of evidence are carried against the flow of goods in one pass.
//!
//! Reference: Weiser et al., FoodChain-Lab, *PLoS ONE* 11(3), 2016; the desktop program's published test tables.

pub(crate) mod date;
pub(crate) mod dictionary;
pub(crate) mod links;
mod marks;
mod measure;
pub(crate) mod pass;

use date::Span;
use dictionary::Dictionary;
use links::{Links, small};
use marks::Marks;
pub use measure::{ScoreBench, bench, generate};
use pass::{Condensed, Element, Explained, Sum};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// A traced network with its evidence: the layout of FoodChain-Lab cases (unknown fields are ignored).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Station {
    /// Identifier.
    pub id: String,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A delivery. Dates are `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; a missing one takes the other's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Identifier.
    pub id: String,
    /// Sender.
    pub from: String,
    /// Recipient.
    pub to: String,
    /// Lot of the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Departure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_out: Option<String>,
    /// Arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_in: Option<String>,
    /// What was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// How much, in kilograms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_kg: Option<f64>,
}

/// Evidence and switches of a case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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

impl Settings {
    /// The station one is merged into in the end, itself when it is not merged.
    pub(crate) fn station_of<'a>(&'a self, id: &'a str) -> &'a str {
        let mut at = id;
        // a ring of merges has no end; the readers of files refuse it
        for _ in 0..self.merged_stations.len() {
            match self.merged_stations.get(at) {
                Some(next) if next != at => at = next,
                _ => break,
            }
        }
        at
    }

    /// A station that merges lead back to.
    pub(crate) fn ring_of_merges(&self) -> Option<&str> {
        let merged = |id: &String| self.merged_stations.get(id).filter(|next| *next != id);
        self.merged_stations.keys().map(String::as_str).find(|start| {
            let mut at = self.merged_stations.get(*start).filter(|next| next != start);
            for _ in 0..self.merged_stations.len() {
                match at {
                    Some(next) if next == start => return true,
                    Some(next) => at = merged(next),
                    None => return false,
                }
            }
            false
        })
    }
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

impl Delivery {
    pub(crate) fn arrival(&self) -> Span {
        Span::of(self.date_in.as_deref().or(self.date_out.as_deref()))
    }

    pub(crate) fn departure(&self) -> Span {
        Span::of(self.date_out.as_deref().or(self.date_in.as_deref()))
    }
}

/// A piece of evidence that arrives later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Evidence {
    /// At a station (merged ones under the name they are merged into): weight, negative against.
    Station(String, f64),
    /// At a delivery.
    Delivery(String, f64),
}

/// A network ready to be scored: links built and condensed once, evidence added as it comes.
#[derive(Debug, Clone)]
pub struct Engine {
    links: Links,
    condensed: Condensed,
    ids: Labels,
    lot_of: Vec<u32>,
    explained: Explained,
    /// Sums of weights for and against, whether or not the element they are at is part of the network.
    totals: (f64, f64),
    marks: (Vec<u32>, Vec<u32>),
}

impl Engine {
    /// Builds the links of a network and scores the evidence in its settings.
    #[must_use]
    pub fn new(network: &Network) -> Self {
        let (links, numbers) = Links::build(network);
        let settings = &network.settings;
        let marks = (
            settings.observed_stations.iter().filter_map(|s| numbers.station.get(s)).collect(),
            (settings.observed_deliveries.iter()).filter_map(|d| numbers.delivery.get(d)).collect(),
        );
        let written = numbers.written;
        drop((numbers.station, numbers.delivery));
        let (lot_of, lots) = lots(network, written);
        let condensed = Condensed::new(&links.next);
        let explained = Explained::new(&links, lots);
        let mut engine = Self {
            links,
            condensed,
            ids: Labels::of(network.deliveries.iter().map(|d| d.id.as_str())),
            lot_of,
            explained,
            totals: (0.0, 0.0),
            marks,
        };
        let stations = settings.station_weights.iter().map(|(id, w)| Evidence::Station(id.clone(), *w));
        let deliveries = settings.delivery_weights.iter().map(|(id, w)| Evidence::Delivery(id.clone(), *w));
        engine.observe(&stations.chain(deliveries).collect::<Vec<_>>());
        engine
    }

    /// Adds evidence: one pass for each 128 pieces, whatever was there before. Evidence at an element that is not part of
    /// the network lowers every score, because nothing explains it.
    pub fn observe(&mut self, evidence: &[Evidence]) {
        let mut seeds = Vec::with_capacity(evidence.len());
        let (mut stations, mut deliveries) = (HashMap::new(), HashMap::new());
        for piece in evidence {
            match piece {
                Evidence::Station(id, _) => stations.insert(id.as_str(), None),
                Evidence::Delivery(id, _) => deliveries.insert(id.as_str(), None),
            };
        }
        // one look at each name is cheaper than keeping an index of a million for a few
        let find = |wanted: &mut HashMap<&str, Option<u32>>, names: &mut dyn Iterator<Item = &str>| {
            if wanted.is_empty() {
                return;
            }
            for (n, name) in names.enumerate() {
                if let Some(slot) = wanted.get_mut(name) {
                    *slot = Some(small(n));
                }
            }
        };
        find(&mut stations, &mut self.links.names.iter().map(String::as_str));
        find(&mut deliveries, &mut self.ids.iter());
        for piece in evidence {
            let (element, weight) = match piece {
                Evidence::Station(id, w) => {
                    (stations.get(id.as_str()).copied().flatten().map(Element::Station), *w)
                }
                Evidence::Delivery(id, w) => {
                    (deliveries.get(id.as_str()).copied().flatten().map(Element::Delivery), *w)
                }
            };
            if weight > 0.0 {
                self.totals.0 += weight;
            } else {
                self.totals.1 -= weight;
            }
            seeds.extend(element.map(|e| (e, weight)));
        }
        self.explained.add(&self.links, &self.condensed, &self.lot_of, &seeds);
    }

    /// The scores of the evidence so far.
    #[must_use]
    pub fn scores(&self) -> Scores {
        let mut stations: Vec<Score> = self.explained.stations.iter().map(|s| self.score(*s)).collect();
        let mut deliveries: Vec<Score> = self.explained.deliveries.iter().map(|s| self.score(*s)).collect();
        let lots: Vec<f64> = self.explained.lots.iter().map(|s| self.score(*s).score).collect();
        let largest = stations.iter().chain(&deliveries).map(|s| s.score.abs()).fold(0.0, f64::max);
        for score in stations.iter_mut().chain(&mut deliveries).filter(|_| largest > 0.0) {
            score.normalized_score = score.score / largest;
        }
        let mut best = vec![None::<f64>; stations.len()];
        for (d, &lot) in self.lot_of.iter().enumerate() {
            let (best, lot) = (&mut best[self.links.from[d] as usize], lots[lot as usize]);
            *best = Some(best.map_or(lot, |b| b.max(lot)));
        }
        let marks = Marks::of(&self.links, &self.marks.0, &self.marks.1);
        Scores {
            stations: (self.links.names.iter().enumerate())
                .map(|(s, id)| StationScore {
                    id: id.clone(),
                    score: stations[s],
                    max_lot_score: best[s].unwrap_or(0.0),
                    forward: marks.stations[s].0,
                    backward: marks.stations[s].1,
                })
                .collect(),
            deliveries: (self.ids.iter().enumerate())
                .map(|(d, id)| DeliveryScore {
                    id: id.to_owned(),
                    score: deliveries[d],
                    lot_score: lots[self.lot_of[d] as usize],
                    forward: marks.deliveries[d].0,
                    backward: marks.deliveries[d].1,
                })
                .collect(),
        }
    }

    fn score(&self, sum: Sum) -> Score {
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let (positive, negative) = self.totals;
        Score {
            score: share(sum.positive + sum.negative, positive.max(negative)),
            normalized_score: 0.0,
            positive_score: share(sum.positive, positive),
            negative_score: share(sum.negative.abs(), negative),
        }
    }
}

/// Names in one piece of memory.
#[derive(Debug, Clone, Default)]
struct Labels {
    text: String,
    ends: Vec<usize>,
}

impl Labels {
    fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut labels = Self::default();
        for name in names {
            labels.text.push_str(name);
            labels.ends.push(labels.text.len());
        }
        labels
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        self.ends.iter().scan(0, |at, &end| Some(&self.text[std::mem::replace(at, end)..end]))
    }
}

/// Lot of each delivery and the number of lots; a delivery without a lot is a lot of its own. A lot is known by the
/// station that names it, as it is written, merged or not: `senders` by number.
fn lots(network: &Network, senders: Vec<u32>) -> (Vec<u32>, usize) {
    let named = network.deliveries.iter().zip(&senders);
    let named = named.filter_map(|(d, &sender)| Some((sender, d.lot.as_deref()?)));
    let mut count = 0;
    let fresh = |_: &str| {
        count += 1;
        small(count - 1)
    };
    let mut numbers = Vec::with_capacity(senders.len());
    let mut lots = Dictionary::with_capacity(network.deliveries.len() / 2);
    lots.number_all(named, fresh, |number| numbers.push(number));
    let mut numbers = numbers.into_iter();
    let mut lot_of = senders;
    for (lot, delivery) in lot_of.iter_mut().zip(&network.deliveries) {
        let named = delivery.lot.as_ref().and_then(|_| numbers.next());
        *lot = named.unwrap_or_else(|| {
            count += 1;
            small(count - 1)
        });
    }
    (lot_of, count)
}

/// Scores every station, delivery and lot of a network.
#[must_use]
pub fn score(network: &Network) -> Scores {
    Engine::new(network).scores()
}
