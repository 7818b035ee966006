//! Simulated outbreaks: a supply network over sixty days, a source with a bad spell, cases among the eaters, and records as
//! poor as they are in life. What is known to the investigator is made by rules the ranking does not share: a fixed spell of tainted
//! lots instead of a random walk, dry and wrong amounts, firms without records, stray cases.

use crate::score::links::small;
use crate::score::{Delivery, Network, Settings, Station};
use crate::synthetic::Random;

/// Firms by tier: farms, processors, wholesalers, distributors, shops and canteens.
const TIERS: [usize; 5] = [60, 20, 12, 16, 120];
/// Days simulated.
const DAYS: usize = 60;
/// Days a source is bad.
const SPELL: usize = 10;
/// Of firms that mix, this part (in percent) records what went into what.
const RECORDING: u32 = 70;
/// Of deliveries, this part (in percent) has a recorded amount.
const WEIGHED: u32 = 70;
/// Of cases, this part (in percent) has another cause.
const STRAY: u32 = 5;

/// An outbreak and what is known of it.
#[derive(Debug, Clone)]
pub struct Outbreak {
    /// The network as recorded, without evidence. Firms that record nothing are cross contaminated, as an investigator would set them.
    pub network: Network,
    /// Who it was.
    pub source: String,
    /// Stations with cases in the order they became known.
    pub cases: Vec<String>,
    /// Eating places that were checked and had no case and no tainted goods.
    pub clean: Vec<String>,
    /// Stations that can be a source: all that sent anything.
    pub candidates: Vec<String>,
}

struct Lot {
    delivery: usize,
    day: usize,
    left: f64,
    tainted: f64,
}

struct Sim {
    random: Random,
}

impl Sim {
    fn below(&mut self, n: usize) -> usize {
        self.random.below(small(n.max(1))) as usize
    }

    fn percent(&mut self, n: u32) -> bool {
        self.random.below(100) < n
    }

    fn even(&mut self) -> f64 {
        f64::from(self.random.below(1 << 24)) / f64::from(1u32 << 24)
    }

    /// About lognormal with median 1.
    fn spread(&mut self, sigma: f64) -> f64 {
        let normal: f64 = (0..12).map(|_| self.even()).sum::<f64>() - 6.0;
        (sigma * normal).exp()
    }

    /// One of the first few more often: hubs.
    fn hub(&mut self, n: usize) -> usize {
        let bound = self.below(n) + 1;
        self.below(bound)
    }
}

/// Makes an outbreak; the same seed gives the same one.
#[must_use]
pub fn simulate(seed: u64, cases: usize) -> Outbreak {
    let mut attempt = 0;
    loop {
        let mut sim = Sim { random: Random::new(seed.wrapping_mul(0x9E37_79B9).wrapping_add(attempt)) };
        if let Some(found) = attempt_one(&mut sim, cases) {
            return found;
        }
        attempt += 1;
    }
}

/// `None` when fewer than five eating places were reached: that is no outbreak to investigate.
fn attempt_one(sim: &mut Sim, cases: usize) -> Option<Outbreak> {
    let starts: Vec<usize> = (0..=TIERS.len()).map(|t| TIERS[..t].iter().sum()).collect();
    let count = starts[TIERS.len()];
    let name = |s: usize| {
        let tier = starts.iter().rposition(|&at| at <= s).unwrap_or(0);
        format!("{}{}", ["farm", "plant", "wholesale", "depot", "shop"][tier.min(4)], s - starts[tier.min(4)])
    };
    let source_tier = [0, 0, 0, 0, 0, 1, 1, 1, 1, 2][sim.below(10)];
    let source = starts[source_tier] + sim.below(TIERS[source_tier]);
    let spell = sim.below(DAYS - SPELL - 20);
    // each firm has its customers, the same ones again and again
    let customers: Vec<Vec<usize>> = (0..starts[4])
        .map(|s| {
            let tier = starts.iter().rposition(|&at| at <= s).unwrap_or(0);
            let next = tier + 1;
            let many = if next == 4 { 10 + sim.below(12) } else { 1 + sim.below(3) };
            (0..many)
                .map(|_| {
                    let to = if next == 4 { sim.below(TIERS[4]) } else { sim.hub(TIERS[next]) };
                    starts[next] + to
                })
                .collect()
        })
        .collect();
    let recording: Vec<bool> = (0..count).map(|_| sim.percent(RECORDING)).collect();
    let mut stock: Vec<Vec<Lot>> = (0..count).map(|_| Vec::new()).collect();
    let mut network = Network::default();
    let mut eaten = vec![0.0f64; count];
    for day in 0..DAYS {
        for station in 0..starts[4] {
            let tier = starts.iter().rposition(|&at| at <= station).unwrap_or(0);
            if !sim.percent([25, 60, 70, 70][tier]) {
                continue;
            }
            // what goes into today's lot: fresh from the field, or some of the oldest in stock
            let mut parts: Vec<usize> = Vec::new();
            let (mut kilograms, mut tainted) = (0.0, 0.0);
            if tier == 0 {
                kilograms = 500.0 * sim.spread(0.8);
            } else {
                stock[station].retain(|lot| lot.left > 1.0 && lot.day + 20 > day);
                let many = (1 + sim.below(if tier == 1 { 4 } else { 2 })).min(stock[station].len());
                for lot in &mut stock[station][..many] {
                    let part = if tier == 1 { 0.6 } else { 0.9 };
                    let take = lot.left * part;
                    lot.left -= take;
                    kilograms += take;
                    tainted += take * lot.tainted;
                    parts.push(lot.delivery);
                }
            }
            if kilograms <= 0.0 {
                continue;
            }
            let bad = station == source && (spell..spell + SPELL).contains(&day);
            let share = if bad { 1.0 } else { tainted / kilograms };
            let to = &customers[station];
            let many = 1 + sim.below(to.len().min(6));
            for k in 0..many {
                let to = to[sim.below(to.len())];
                #[expect(clippy::cast_precision_loss, reason = "a handful of customers")]
                let part = kilograms / many as f64;
                let number = network.deliveries.len();
                let known = sim.percent(WEIGHED).then(|| part * sim.spread(0.3));
                let date = |d: usize| format!("2026-{:02}-{:02}", 1 + d / 30, 1 + d % 30);
                network.deliveries.push(Delivery {
                    id: format!("d{number}"),
                    from: name(station),
                    to: name(to),
                    lot: Some(format!("{}-{day}", name(station))),
                    date_out: Some(date(day)),
                    date_in: Some(date(day + 1)),
                    product: None,
                    amount_kg: known,
                });
                if recording[station] {
                    network.relations.extend(parts.iter().map(|p| (format!("d{p}"), format!("d{number}"))));
                }
                if to >= starts[4] {
                    eaten[to] += part * share;
                } else {
                    stock[to].push(Lot {
                        delivery: number,
                        day: day + 1 + k % 2,
                        left: part,
                        tainted: share,
                    });
                }
            }
        }
    }
    let used: std::collections::BTreeSet<&str> = network.deliveries.iter().map(|d| d.from.as_str()).collect();
    let candidates: Vec<String> = used.into_iter().map(str::to_owned).collect();
    // how many eat there and see a doctor differs from place to place
    let draw: Vec<f64> = (0..count).map(|s| eaten[s] * sim.spread(0.5)).collect();
    if draw.iter().filter(|d| **d > 0.0).count() < 5 {
        return None;
    }
    let all: f64 = draw.iter().sum();
    let found: Vec<String> = (0..cases)
        .map(|_| {
            if sim.percent(STRAY) {
                return name(starts[4] + sim.below(TIERS[4]));
            }
            let mut at = sim.even() * all;
            let place = draw.iter().position(|d| {
                at -= d;
                at < 0.0
            });
            name(place.unwrap_or(starts[4]))
        })
        .collect();
    let reached = |s: usize| eaten[s] > 0.0 || found.contains(&name(s));
    let mut clean: Vec<String> = Vec::new();
    for _ in 0..40 {
        let s = starts[4] + sim.below(TIERS[4]);
        if !reached(s) && !clean.contains(&name(s)) && clean.len() < 10 {
            clean.push(name(s));
        }
    }
    let mixes = |s: &usize| !recording[*s] && *s >= starts[1] && *s < starts[4];
    network.stations = (0..count).map(|s| Station { id: name(s), name: None }).collect();
    network.settings = Settings {
        enforce_temporal_order: true,
        cross_contamination_stations: (0..count).filter(mixes).map(&name).collect(),
        ..Settings::default()
    };
    Some(Outbreak { network, source: name(source), cases: found, clean, candidates })
}
