//! Sources beyond reachability: the likelihood of every case over all paths, negative evidence, effective distance, and the firm
//! whose records would tell most.
//!
//! Model. Matter tainted at a station walks at random through the network, deliveries weighted by amount, until it is eaten. A
//! case at a place is as likely as a walk ends there; one case in [`STRAY`] has nothing to do with it. Cases are found where people look:
//! surely at the places with evidence, elsewhere with probability [`SEEN`]; so a checked place without cases speaks against the sources
//! that would have reached it. Every station that sent something, and every place with cases, is equally likely beforehand.

use super::walk::{Place, Walk};
use crate::score::links::small;
use crate::score::{Evidence, Network};
use base::Text;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Part of the cases that have another cause.
pub const STRAY: f64 = 0.05;
/// Chance that a case is found where nobody looked especially.
pub const SEEN: f64 = 0.3;
/// Chance that a sample of tainted goods is found positive.
pub const SENSITIVITY: f64 = 0.9;
/// Sources looked at when the next firm is chosen.
const LEADING: usize = 40;

/// Likelihoods of one kind of source.
#[derive(Debug, Clone)]
struct Likely {
    /// Sum of the logarithms over the evidence.
    log: Vec<f64>,
    /// How much of a walk ends at places that were looked at.
    looked: Vec<f64>,
}

impl Likely {
    fn new(count: usize) -> Self {
        Self { log: vec![0.0; count], looked: vec![0.0; count] }
    }
}

/// Sender and name of a lot, its deliveries with their part.
type LotStart = (u32, String, Vec<(u32, f64)>);

/// Ranks sources and takes evidence as it arrives.
#[derive(Debug, Clone)]
pub struct Locator {
    walk: Walk,
    stations: Likely,
    lots: Likely,
    /// The lots.
    lot_of: Vec<LotStart>,
    /// Evidence by place: for, and how surely it was looked at.
    places: BTreeMap<Place, (f64, f64)>,
    cases: f64,
    looked: f64,
    /// Chance of a stray case at one place.
    anywhere: f64,
}

/// How well a case is explained by a source.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// Station or delivery with the case.
    pub case: String,
    /// Chance that tainted matter of the source ends there.
    pub probability: f64,
    /// Effective distance.
    pub distance: f64,
    /// The most likely way: ids of deliveries.
    pub path: Vec<String>,
}

/// A possible source.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Suspect {
    /// Station.
    pub id: String,
    /// Probability, given the model and the evidence.
    pub posterior: f64,
    /// Mean effective distance to the cases and its deviation in one number (smaller is nearer): √(mean² + deviation²).
    pub effective_distance: Option<f64>,
    /// Cases that can be reached from it, by weight.
    pub reached: f64,
    /// Why, case by case, for the leading suspects.
    pub reasons: Vec<Reason>,
}

/// A possible source lot.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SuspectLot {
    /// Sender.
    pub station: String,
    /// Lot; the delivery where it has none.
    pub lot: String,
    /// Probability among lots, given that one lot is the source.
    pub posterior: f64,
}

/// A firm whose records are missing and what they are expected to tell.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NextFirm {
    /// Station.
    pub id: String,
    /// Expected fall of the uncertainty about the source, in bits.
    pub bits: f64,
    /// Part of the suspected flow to the cases that goes through it.
    pub flow: f64,
    /// In words.
    pub text: Text,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ranking {
    /// Stations, most likely first.
    pub stations: Vec<Suspect>,
    /// Lots, most likely first.
    pub lots: Vec<SuspectLot>,
    /// Uncertainty about the source, in bits.
    pub entropy: f64,
    /// Whose records to fetch next.
    pub next: Vec<NextFirm>,
    /// Leading suspects whose purchases are not known at all: they may only have passed it on.
    pub ends: Vec<String>,
}

impl Locator {
    /// Prepares a network and takes the evidence in its settings.
    #[must_use]
    pub fn new(network: &Network) -> Self {
        let walk = Walk::new(network);
        let mut lots: BTreeMap<(u32, String), Vec<u32>> = BTreeMap::new();
        for (d, delivery) in network.deliveries.iter().enumerate() {
            let lot = delivery.lot.clone().unwrap_or_else(|| delivery.id.clone());
            lots.entry((walk.links.from[d], lot)).or_default().push(small(d));
        }
        let lot_of: Vec<LotStart> = lots
            .into_iter()
            .map(|((station, lot), members)| {
                let part = |d: u32| {
                    walk.sent[station as usize].iter().find(|(s, _)| *s == d).map_or(0.0, |(_, p)| *p)
                };
                let parts: Vec<f64> = members.iter().map(|&d| part(d)).collect();
                let sum: f64 = parts.iter().sum();
                let weigh = |p: f64| if sum > 0.0 { p / sum } else { 0.0 };
                (station, lot, members.into_iter().zip(parts.into_iter().map(weigh)).collect())
            })
            .collect();
        let eaters = walk.received.iter().filter(|r| !r.is_empty()).count().max(1);
        #[expect(clippy::cast_precision_loss, reason = "a count of stations")]
        let anywhere = 1.0 / eaters as f64;
        let mut locator = Self {
            stations: Likely::new(walk.stations()),
            lots: Likely::new(lot_of.len()),
            lot_of,
            walk,
            places: BTreeMap::new(),
            cases: 0.0,
            looked: 0.0,
            anywhere,
        };
        let settings = &network.settings;
        for (id, w) in &settings.station_weights {
            locator.observe(&Evidence::Station(id.clone(), *w));
        }
        for (id, w) in &settings.delivery_weights {
            locator.observe(&Evidence::Delivery(id.clone(), *w));
        }
        locator
    }

    /// Adds a piece of evidence: a positive weight is so many cases (at a station) or so many positive samples (of a delivery); a negative one
    /// says that the place was looked at, as surely as the weight, and nothing was found. Evidence at unknown places is ignored; returns
    /// whether it was used.
    pub fn observe(&mut self, evidence: &Evidence) -> bool {
        let (place, weight) = match evidence {
            Evidence::Station(id, w) => (self.walk.station.get(id).map(|&s| Place::Station(s)), *w),
            Evidence::Delivery(id, w) => (self.walk.delivery.get(id).map(|&d| Place::Delivery(d)), *w),
        };
        let Some(place) = place else { return false };
        let column = self.walk.arrive(&HashMap::from([(place, 1.0)]));
        let (before, sure_before) = self.places.get(&place).copied().unwrap_or((0.0, 0.0));
        let sure = if weight > 0.0 { 1.0 } else { (-weight).min(1.0) }.max(sure_before);
        self.places.insert(place, (before + weight.max(0.0), sure));
        let is_station = matches!(place, Place::Station(_));
        let more = if is_station { sure - sure_before } else { 0.0 };
        if is_station {
            self.cases += weight.max(0.0);
            self.looked += more * self.anywhere;
        }
        let here = |s: u32| if place == Place::Station(s) { 1.0 } else { 0.0 };
        let count = self.walk.stations();
        let of_stations =
            (0..count).map(|s| self.walk.chance_from(small(s), &column, here(small(s)))).collect();
        let of_lots = self
            .lot_of
            .iter()
            .map(|(_, _, parts)| parts.iter().map(|(d, p)| p * column[*d as usize]).sum::<f64>())
            .collect();
        let anywhere = self.anywhere;
        let add = |likely: &mut Likely, chances: Vec<f64>| {
            for (n, p) in chances.into_iter().enumerate() {
                let chance = (1.0 - STRAY) * p + STRAY * anywhere;
                likely.looked[n] += more * p;
                if weight > 0.0 {
                    likely.log[n] += weight * chance.ln();
                } else if !is_station {
                    likely.log[n] += sure * (1.0 - SENSITIVITY * p.min(1.0)).ln();
                }
            }
        };
        add(&mut self.stations, of_stations);
        add(&mut self.lots, of_lots);
        true
    }

    fn posterior(&self, likely: &Likely, possible: impl Fn(usize) -> bool) -> Vec<f64> {
        let log: Vec<f64> = (0..likely.log.len())
            .map(|n| {
                if !possible(n) {
                    return f64::NEG_INFINITY;
                }
                let looked = (1.0 - STRAY) * likely.looked[n] + STRAY * self.looked;
                likely.log[n] - self.cases * (SEEN + (1.0 - SEEN) * looked.min(1.0)).ln()
            })
            .collect();
        let largest = log.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> =
            log.iter().map(|l| if l.is_finite() { (l - largest).exp() } else { 0.0 }).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|w| if sum > 0.0 { w / sum } else { 0.0 }).collect()
    }

    /// Probability of each station, in the order of [`Self::station_names`].
    #[must_use]
    pub fn station_posterior(&self) -> Vec<f64> {
        let case = |s: usize| self.places.get(&Place::Station(small(s))).is_some_and(|(w, _)| *w > 0.0);
        self.posterior(&self.stations, |s| !self.walk.sent[s].is_empty() || case(s))
    }

    /// Names of the stations.
    #[must_use]
    pub fn station_names(&self) -> &[String] {
        &self.walk.links.names
    }

    /// Effective distance of each station to the cases: √(mean² + deviation²), and the weight of the cases it reaches. A case that
    /// cannot be reached counts as twice the longest distance there is.
    #[must_use]
    pub fn effective_distances(&self) -> Vec<(f64, f64)> {
        let cases: Vec<(Place, f64)> = self.cases();
        let mut all: Vec<Vec<f64>> = Vec::with_capacity(cases.len());
        for (place, _) in &cases {
            let (cost, _) = self.walk.distances(*place);
            all.push(
                (0..self.walk.stations()).map(|s| self.walk.distance(small(s), &cost, *place).0).collect(),
            );
        }
        let longest = all.iter().flatten().copied().filter(|d| d.is_finite()).fold(1.0, f64::max);
        (0..self.walk.stations())
            .map(|s| {
                let (mut squares, mut weights, mut reached) = (0.0, 0.0, 0.0);
                for (of_case, (_, w)) in all.iter().zip(&cases) {
                    let found = of_case[s].is_finite();
                    let d = if found { of_case[s] } else { 2.0 * longest };
                    reached += if found { *w } else { 0.0 };
                    squares += w * d * d;
                    weights += w;
                }
                if weights <= 0.0 {
                    return (f64::INFINITY, 0.0);
                }
                // mean² + variance is the mean of the squares
                ((squares / weights).sqrt(), reached)
            })
            .collect()
    }

    fn cases(&self) -> Vec<(Place, f64)> {
        self.places.iter().filter(|(_, (w, _))| *w > 0.0).map(|(p, (w, _))| (*p, *w)).collect()
    }

    fn name(&self, place: Place) -> String {
        match place {
            Place::Station(s) => self.walk.links.names[s as usize].clone(),
            Place::Delivery(d) => self.walk.ids[d as usize].clone(),
        }
    }

    /// Ranks the sources; `top` of them with reasons.
    #[must_use]
    pub fn ranking(&self, top: usize) -> Ranking {
        let posterior = self.station_posterior();
        let mut order: Vec<usize> = (0..posterior.len()).filter(|&s| posterior[s] > 0.0).collect();
        order.sort_by(|&a, &b| {
            posterior[b]
                .total_cmp(&posterior[a])
                .then_with(|| self.walk.links.names[a].cmp(&self.walk.links.names[b]))
        });
        let distances = self.effective_distances();
        let mut reasons: Vec<Vec<Reason>> = vec![Vec::new(); order.len().min(top)];
        for (place, _) in self.cases() {
            let (cost, next) = self.walk.distances(place);
            let column = self.walk.arrive(&HashMap::from([(place, 1.0)]));
            for (list, &s) in reasons.iter_mut().zip(&order) {
                let (distance, first) = self.walk.distance(small(s), &cost, place);
                if !distance.is_finite() {
                    continue;
                }
                let here = if place == Place::Station(small(s)) { 1.0 } else { 0.0 };
                let mut path = Vec::new();
                let mut at = first;
                while let Some(node) = at {
                    path.extend(self.walk.ids.get(node as usize).cloned());
                    at = Some(next[node as usize]).filter(|n| *n != u32::MAX);
                }
                list.push(Reason {
                    case: self.name(place),
                    probability: self.walk.chance_from(small(s), &column, here),
                    distance,
                    path,
                });
            }
        }
        let of_lots = self.posterior(&self.lots, |_| true);
        let mut lots: Vec<SuspectLot> = self
            .lot_of
            .iter()
            .zip(of_lots)
            .map(|((station, lot, _), posterior)| SuspectLot {
                station: self.walk.links.names[*station as usize].clone(),
                lot: lot.clone(),
                posterior,
            })
            .collect();
        lots.sort_by(|a, b| b.posterior.total_cmp(&a.posterior).then_with(|| a.lot.cmp(&b.lot)));
        lots.truncate(top);
        let mut reasons = reasons.into_iter();
        let stations: Vec<Suspect> = order
            .iter()
            .map(|&s| Suspect {
                id: self.walk.links.names[s].clone(),
                posterior: posterior[s],
                effective_distance: Some(distances[s].0).filter(|d| d.is_finite()),
                reached: distances[s].1,
                reasons: reasons.next().unwrap_or_default(),
            })
            .collect();
        let ends = order.iter().take(top).filter(|&&s| self.walk.received[s].is_empty());
        Ranking {
            ends: ends.map(|&s| self.walk.links.names[s].clone()).collect(),
            entropy: entropy(posterior.iter().copied()),
            next: self.next_firms(top),
            stations,
            lots,
        }
    }

    /// The firms without records, by what their records are expected to tell about the source: the answer would be from which
    /// delivery the tainted goods came that the firm sent on, and each answer leaves another set of sources.
    #[must_use]
    pub fn next_firms(&self, most: usize) -> Vec<NextFirm> {
        let posterior = self.station_posterior();
        let mut leading: Vec<usize> = (0..posterior.len()).filter(|&s| posterior[s] > 1e-6).collect();
        leading.sort_by(|&a, &b| posterior[b].total_cmp(&posterior[a]).then(a.cmp(&b)));
        leading.truncate(LEADING);
        let whole: f64 = leading.iter().map(|&s| posterior[s]).sum();
        let firms: Vec<usize> = (0..posterior.len())
            .filter(|&f| self.walk.unrecorded[f] && !self.walk.received[f].is_empty())
            .collect();
        let cases = self.cases();
        let weight: f64 = cases.iter().map(|(_, w)| w).sum();
        if whole <= 0.0 || firms.is_empty() || weight <= 0.0 {
            return Vec::new();
        }
        // through[firm][delivery received][source]: chance that a case of this source came in with that delivery
        let mut through: Vec<Vec<Vec<f64>>> =
            firms.iter().map(|&f| vec![vec![0.0; leading.len()]; self.walk.received[f].len()]).collect();
        let columns: Vec<Vec<f64>> =
            cases.iter().map(|(place, _)| self.walk.arrive(&HashMap::from([(*place, 1.0)]))).collect();
        for (k, &s) in leading.iter().enumerate() {
            let visits = self.walk.visits(small(s));
            for ((place, w), column) in cases.iter().zip(&columns) {
                let here = if *place == Place::Station(small(s)) { 1.0 } else { 0.0 };
                let chance = self.walk.chance_from(small(s), column, here);
                if chance <= 0.0 {
                    continue;
                }
                for (f, firm) in firms.iter().enumerate() {
                    for (i, &d) in self.walk.received[*firm].iter().enumerate() {
                        let part = visits[d as usize] * column[d as usize] / chance;
                        through[f][i][k] += part.min(1.0) * w / weight;
                    }
                }
            }
        }
        let prior: Vec<f64> = leading.iter().map(|&s| posterior[s] / whole).collect();
        let now = entropy(prior.iter().copied());
        let mut next: Vec<NextFirm> = Vec::new();
        for (f, &firm) in firms.iter().enumerate() {
            let (mut after, mut flow) = (0.0, 0.0);
            let mut elsewhere = prior.clone();
            for of_delivery in &through[f] {
                let joint: Vec<f64> = of_delivery.iter().zip(&prior).map(|(t, p)| t * p).collect();
                let sum: f64 = joint.iter().sum();
                for (rest, j) in elsewhere.iter_mut().zip(&joint) {
                    *rest = (*rest - j).max(0.0);
                }
                if sum > 0.0 {
                    flow += sum;
                    after += sum * entropy(joint.iter().map(|j| j / sum));
                }
            }
            let rest: f64 = elsewhere.iter().sum();
            if rest > 0.0 {
                after += rest * entropy(elsewhere.iter().map(|e| e / rest));
            }
            let bits = now - after;
            if bits > 1e-9 {
                let id = self.walk.links.names[firm].clone();
                let percent = (flow.min(1.0) * 100.0).round();
                let count = self.walk.received[firm].len();
                let text = Text::new(
                    format!(
                        "{id}：收到 {count} 批、投料去向无记录；约 {percent}% 的可疑流向经过此处，取得记录预计减少不确定性 {bits:.2} 比特"
                    ),
                    format!(
                        "{id}: {count} deliveries came in and nothing says what they went into; about {percent} % of the suspected flow passes here, its records are expected to remove {bits:.2} bits of uncertainty"
                    ),
                );
                next.push(NextFirm { id, bits, flow: flow.min(1.0), text });
            }
        }
        next.sort_by(|a, b| b.bits.total_cmp(&a.bits).then_with(|| a.id.cmp(&b.id)));
        next.truncate(most);
        next
    }
}

/// Uncertainty of a distribution in bits.
fn entropy(parts: impl Iterator<Item = f64>) -> f64 {
    -parts.filter(|p| *p > 0.0).map(|p| p * p.log2()).sum::<f64>()
}
