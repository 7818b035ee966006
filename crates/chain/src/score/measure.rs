//! Times the scores on a generated network of any size: farms, processors that mix, wholesalers, shops, with heavy-tailed hubs,
//! cross contamination, returns that make cycles, and cases among the shops.

use super::{Delivery, Engine, Network, Settings, Station};
use crate::synthetic::Random;
use serde::Serialize;
use std::time::Instant;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScoreBench {
    /// Deliveries.
    pub deliveries: usize,
    /// Given relations.
    pub relations: usize,
    /// Stations.
    pub stations: usize,
    /// Pieces of evidence.
    pub cases: usize,
    /// Seconds from names to condensed links, evidence scored: all that a file needs once it is parsed.
    pub build_and_score_seconds: f64,
    /// Processor seconds of the same.
    pub build_and_score_cpu_seconds: f64,
    /// Of these, seconds for carrying the evidence.
    pub score_seconds: f64,
    /// Seconds for one more case on top.
    pub one_more_seconds: f64,
    /// Seconds to write out scores for every station, delivery and lot with their names.
    pub list_seconds: f64,
    /// Stations that explain every case.
    pub common_links: usize,
}

/// A network of about `deliveries` deliveries with `cases` case stations; the same seed gives the same network.
#[must_use]
pub fn generate(deliveries: usize, cases: usize, seed: u64) -> Network {
    let mut random = Random::new(seed);
    let mut below = |n: usize| random.below(super::links::small(n.max(1))) as usize;
    // a tenth as many stations as deliveries, in five tiers
    let stations = (deliveries / 10).max(10);
    let tiers = [stations * 3 / 10, stations / 10, stations / 20, stations / 20];
    let mut ends: Vec<usize> =
        tiers.iter().scan(0, |at, n| Some(std::mem::replace(at, *at + n.max(&1)))).collect();
    ends.push(tiers.iter().map(|n| n.max(&1)).sum());
    ends.push(stations.max(ends[4] + cases));
    let stations = (0..ends[5]).map(|n| Station { id: format!("s{n}"), name: None }).collect();
    let mut network = Network { stations, ..Network::default() };
    let mut arrived: Vec<Vec<usize>> = vec![Vec::new(); ends[5]];
    for n in 0..deliveries {
        // most goods move down the tiers; one in a thousand goes back
        let tier = [0, 0, 0, 1, 1, 2, 2, 3, 3, 3][below(10)];
        let back = tier > 0 && below(1000) == 0;
        let hub = |at: usize, size: usize, below: &mut dyn FnMut(usize) -> usize| {
            // the smaller of two draws squared: a few large hubs, many small ones
            let draw = below(size);
            at + draw * below(size) / size.max(1)
        };
        let (a, b) = if back { (tier, tier - 1) } else { (tier, tier + 1) };
        let from = hub(ends[a], ends[a + 1] - ends[a], &mut below);
        let to = if b == 4 {
            ends[4] + below(ends[5] - ends[4])
        } else {
            hub(ends[b], ends[b + 1] - ends[b], &mut below)
        };
        let day = 1 + n * 360 / deliveries.max(1);
        let date = format!("2025-{:02}-{:02}", 1 + (day - 1) / 30, 1 + (day - 1) % 30);
        let recent = arrived[from].len();
        for _ in 0..(1 + below(4)).min(recent) {
            let earlier = arrived[from][recent - 1 - below(recent.min(12))];
            network.relations.push((format!("d{earlier}"), format!("d{n}")));
        }
        arrived[to].push(n);
        network.deliveries.push(Delivery {
            id: format!("d{n}"),
            from: format!("s{from}"),
            to: format!("s{to}"),
            lot: Some(format!("l{}", n / 4)),
            date_out: Some(date),
            ..Delivery::default()
        });
    }
    network.settings = Settings {
        enforce_temporal_order: true,
        station_weights: (0..cases).map(|n| (format!("s{}", ends[4] + n), 1.0)).collect(),
        cross_contamination_stations: (ends[1]..ends[3]).step_by(20).map(|n| format!("s{n}")).collect(),
        ..Settings::default()
    };
    network
}

/// Generates a network and times its scores; `clock` tells the processor seconds this thread has used.
#[must_use]
pub fn bench(deliveries: usize, cases: usize, seed: u64, clock: &dyn Fn() -> f64) -> ScoreBench {
    let mut network = generate(deliveries, cases, seed);
    let (begin, busy) = (Instant::now(), clock());
    let mut engine = Engine::new(&network);
    let (built, busy) = (begin.elapsed(), clock() - busy);
    let weights = std::mem::take(&mut network.settings.station_weights);
    let evidence: Vec<super::Evidence> =
        weights.into_iter().map(|(id, w)| super::Evidence::Station(id, w)).collect();
    let scored = {
        let mut again = Engine::new(&network);
        let begin = Instant::now();
        again.observe(&evidence);
        begin.elapsed()
    };
    let begin = Instant::now();
    let scores = engine.scores();
    let listed = begin.elapsed();
    let begin = Instant::now();
    engine.observe(&evidence[..1.min(evidence.len())]);
    let more = begin.elapsed();
    ScoreBench {
        deliveries,
        relations: network.relations.len(),
        stations: network.stations.len(),
        cases,
        build_and_score_seconds: built.as_secs_f64(),
        build_and_score_cpu_seconds: busy,
        score_seconds: scored.as_secs_f64(),
        one_more_seconds: more.as_secs_f64(),
        list_seconds: listed.as_secs_f64(),
        common_links: scores.stations.iter().filter(|s| s.score.score > 1.0 - 1e-9).count(),
    }
}
