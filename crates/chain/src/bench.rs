//! Measures the index on a synthetic network: build, memory, and the times of trace and scope by size of answer.

use crate::derive::PROCESS;
use crate::synthetic::{Random, network};
use crate::trace::{Start, Way};
use crate::{Bounds, Index, Names, ScopeOptions, Step};
use serde::Serialize;
use std::time::Instant;

/// Queries asked of each kind.
const QUERIES: usize = 300;
/// Most steps kept out of the bulk load and applied one by one afterwards; at most a tenth of them.
const LIVE: usize = 10_000;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct BenchReport {
    /// Links asked for.
    pub links_wanted: u64,
    /// Seed of the network.
    pub seed: u64,
    /// Steps taken.
    pub steps: usize,
    /// Items with records.
    pub items: usize,
    /// Nodes of the index.
    pub nodes: usize,
    /// Links of the index, beginnings and ends of records included.
    pub links: usize,
    /// Seconds to generate the steps alone: part of `build_seconds`.
    pub generate_seconds: f64,
    /// Seconds to take in the steps and derive the graph, generating them included.
    pub build_seconds: f64,
    /// Approximate bytes held by the index.
    pub memory_bytes: usize,
    /// Bytes for each link.
    pub bytes_per_link: f64,
    /// Seconds to write a snapshot.
    pub snapshot_write_seconds: f64,
    /// Seconds to open it.
    pub snapshot_open_seconds: f64,
    /// Bytes of the snapshot.
    pub snapshot_bytes: usize,
    /// Microseconds for one late step, visible in answers when done.
    pub apply: Times,
    /// Queries by kind and size of answer.
    pub queries: Vec<QueryReport>,
}

/// Times of one operation in microseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Times {
    /// How many were measured.
    pub count: usize,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Longest.
    pub max: f64,
}

/// One kind of query within one range of answer sizes.
#[derive(Debug, Clone, Serialize)]
pub struct QueryReport {
    /// `back`: trace back of an end lot. `reach`: nodes reached forward, nothing described. `scope`: the full
    /// recall scope with quantities.
    pub query: &'static str,
    /// Largest answer of this range, in nodes.
    pub nodes_up_to: usize,
    /// Mean number of nodes in the answers.
    pub mean_nodes: usize,
    /// Mean number of links walked.
    pub mean_links: usize,
    /// Times.
    pub times: Times,
}

fn times(mut micros: Vec<f64>) -> Times {
    micros.sort_by(f64::total_cmp);
    let at =
        |percent: usize| micros.get(micros.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0.0);
    Times { count: micros.len(), p50: at(50), p95: at(95), max: at(100) }
}

fn micros(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}

/// Builds the network of [`network`] and measures. Takes seconds at a million links.
#[must_use]
pub fn bench(links: u64, seed: u64) -> BenchReport {
    let start = Instant::now();
    let steps = network(links, seed).count();
    let generate_seconds = start.elapsed().as_secs_f64();
    let sealed = steps - LIVE.min(steps / 10);
    let start = Instant::now();
    let mut index = Index::build(Names::default(), network(links, seed).take(sealed));
    let build_seconds = start.elapsed().as_secs_f64();
    let live: Vec<Step> = network(links, seed).skip(sealed).collect();
    let start = Instant::now();
    let snapshot = index.to_bytes();
    let snapshot_write_seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let opened = Index::from_bytes(&snapshot);
    let snapshot_open_seconds = start.elapsed().as_secs_f64();
    let snapshot_bytes = snapshot.len();
    drop((opened, snapshot));
    let stats = index.stats();
    let apply = live.iter().map(|step| {
        let start = Instant::now();
        index.apply(step);
        micros(start)
    });
    let apply = times(apply.collect());
    let queries = queries(&index, seed);
    BenchReport {
        links_wanted: links,
        seed,
        steps,
        items: stats.items,
        nodes: stats.nodes,
        links: stats.links,
        generate_seconds,
        build_seconds,
        memory_bytes: stats.bytes,
        bytes_per_link: ratio(stats.bytes, stats.links),
        snapshot_write_seconds,
        snapshot_open_seconds,
        snapshot_bytes,
        apply,
        queries,
    }
}

fn ratio(a: usize, b: usize) -> f64 {
    let whole = |n: usize| f64::from(u32::try_from(n >> 10).unwrap_or(u32::MAX));
    if b < 1024 { 0.0 } else { whole(a) / whole(b) }
}

struct Measured {
    nodes: usize,
    links: usize,
    micros: f64,
}

fn queries(index: &Index, seed: u64) -> Vec<QueryReport> {
    let bounds = Bounds { max_nodes: 5_000_000, max_depth: 10_000 };
    let options = ScopeOptions { bounds, ..ScopeOptions::default() };
    let mut random = Random::new(seed ^ 0x5151);
    let count = crate::derive::index(index.graph.sealed.nodes.len());
    // an outbreak begins where people eat: start from a node taken evenly, and ask forward from one of its
    // origins, so that lots that reach many are asked about as often as they matter
    let mut lots = Vec::new();
    while lots.len() < QUERIES && count > 0 {
        let end = random.below(count);
        let found = index.walk(&[Start { node: end, at: None }], Way::Back, bounds);
        let origins: Vec<u32> = found.nodes.iter().map(|n| n.0).filter(|n| n & PROCESS == 0).collect();
        let last = u32::try_from(origins.len()).unwrap_or(1);
        lots.push((end, index.key(origins[random.below(last) as usize]).item));
    }
    let (mut back, mut reach, mut scope) = (Vec::new(), Vec::new(), Vec::new());
    for (end, origin) in lots {
        let end = index.key(end);
        let start = Instant::now();
        let trace = index.trace_back(end.item, Some(end.place), None, bounds);
        back.push(Measured { micros: micros(start), nodes: trace.nodes.len(), links: trace.links.len() });
        let nodes = index.graph.nodes_of(origin.0);
        let place = index.key(nodes.start).place;
        let starts: Vec<Start> = nodes.map(|node| Start { node, at: None }).collect();
        let start = Instant::now();
        let found = index.walk(&starts, Way::Forward, bounds);
        reach.push(Measured { micros: micros(start), nodes: found.nodes.len(), links: found.links.len() });
        let start = Instant::now();
        let answer = index.scope(origin, place, None, &options);
        let (nodes, links) = (answer.downstream.nodes.len(), answer.downstream.links.len());
        scope.push(Measured { micros: micros(start), nodes, links });
    }
    [("back", back), ("reach", reach), ("scope", scope)]
        .into_iter()
        .flat_map(|(query, measured)| by_size(query, measured))
        .collect()
}

fn by_size(query: &'static str, measured: Vec<Measured>) -> Vec<QueryReport> {
    let mut out = Vec::new();
    let mut above = 0;
    for nodes_up_to in [100, 1_000, 10_000, 100_000, usize::MAX] {
        let some: Vec<&Measured> =
            measured.iter().filter(|m| m.nodes > above && m.nodes <= nodes_up_to).collect();
        above = nodes_up_to;
        if let count @ 1.. = some.len() {
            out.push(QueryReport {
                query,
                nodes_up_to,
                mean_nodes: some.iter().map(|m| m.nodes).sum::<usize>() / count,
                mean_links: some.iter().map(|m| m.links).sum::<usize>() / count,
                times: times(some.iter().map(|m| m.micros).collect()),
            });
        }
    }
    out
}
