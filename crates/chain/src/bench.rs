//! Measures the index on a synthetic network: build, size, opening, late steps and the questions of a recall, every
//! answer with its checksum so that others can be compared.

use crate::facts::{Facts, NONE};
use crate::graph::{Graph, Sealed};
use crate::order::Order;
use crate::plain::Plain;
use crate::synthetic::network;
use crate::{Index, ItemId, Kind, Names, Step};
use questions::{Answer, Ask, Asker, Class, classes, differs, question};
use serde::Serialize;
use std::io;
use std::time::Instant;

mod questions;

/// Timed passes over the questions of a class, after one that is not timed.
const PASSES: usize = 3;
/// Days the network covers, of which one is kept back as the delta.
const DAYS: usize = 730;
/// Largest network whose answers are compared with the plain simulation and with an index built anew.
const CHECKED: u64 = 2_000_000;

/// What to measure.
#[derive(Debug, Clone, Copy)]
pub struct BenchOptions {
    /// Links of the network.
    pub links: u64,
    /// Seed of the network.
    pub seed: u64,
    /// Only what walks and sums read, built in this many passes over the network: for networks whose evidence does not
    /// fit this machine. No delta, no evidence, no segment.
    pub skeleton: Option<u32>,
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct BenchReport {
    /// Links asked for.
    pub links_wanted: u64,
    /// Seed of the network.
    pub seed: u64,
    /// Whether only what walks and sums read was built.
    pub skeleton: bool,
    /// Nodes: an item at a place from a time.
    pub nodes: usize,
    /// Links between nodes and transformations, repeats once.
    pub links: usize,
    /// Seconds to generate the steps once: part of `build_seconds` as often as there were passes.
    pub generate_seconds: f64,
    /// Seconds to take in the steps and derive the graph, generating them included.
    pub build_seconds: f64,
    /// Processor seconds of the build.
    pub build_cpu_seconds: f64,
    /// Links for each processor second of the build.
    pub links_per_cpu_second: f64,
    /// Bytes of the two ways and the places, for each link.
    pub kernel_bytes_per_link: f64,
    /// Bytes of the quantities beside them, for each link.
    pub sums_bytes_per_link: f64,
    /// The file: absent for a skeleton.
    pub segment: Option<SegmentReport>,
    /// The delta: absent for a skeleton.
    pub delta: Option<DeltaReport>,
    /// Times by class of question.
    pub queries: Vec<QueryReport>,
    /// Answers compared with the plain simulation, and those that differed.
    pub checked: Option<Checked>,
}

/// What the file takes.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct SegmentReport {
    /// Bytes.
    pub bytes: u64,
    /// Bytes for each link, evidence, times and quantities included, names apart.
    pub bytes_per_link: f64,
    /// Seconds to write it and to flush it to the disk.
    pub write_seconds: f64,
    /// Milliseconds to open it.
    pub open_ms: f64,
    /// Seconds to read all of it and compare the checksums.
    pub verify_seconds: f64,
}

/// What the delta takes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct DeltaReport {
    /// Steps applied on top of the sealed part.
    pub steps: usize,
    /// Microseconds for a batch of 100 of them, visible in answers when done.
    pub batch: Times,
}

/// Answers that were compared.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Checked {
    /// Answers compared with a simulation that knows no split of stocks, only times.
    pub plain: usize,
    /// Answers with the delta on top compared with an index built of everything at once.
    pub rebuilt: usize,
    /// Those that differed: none, or every figure is void.
    pub wrong: usize,
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

/// One class of questions.
#[derive(Debug, Clone, Serialize)]
pub struct QueryReport {
    /// `Q1` origins of a lot, `Q2` places a lot reached, `Q2 grouped` the same with quantities by region as JSON, `Q3`
    /// 50 stations for 20 cases, `Q4` one hop.
    pub query: &'static str,
    /// `small`, `median` or `hub` answers, or `any`.
    pub stratum: &'static str,
    /// Whether the delta was on top.
    pub delta: bool,
    /// Median number of rows in the answers.
    pub rows: usize,
    /// Median number of nodes and transformations reached.
    pub reached: usize,
    /// Sum of a hash of every row of every answer.
    pub checksum: u64,
    /// Mean processor time of a question, microseconds.
    pub cpu: f64,
    /// Times in microseconds.
    pub times: Times,
}

/// One question, for others to answer.
#[derive(Debug, Clone, Serialize)]
pub struct Question {
    /// As in [`QueryReport`].
    pub query: &'static str,
    /// As in [`QueryReport`].
    pub stratum: &'static str,
    /// Slots to start from; one list for each case.
    pub starts: Vec<Vec<u32>>,
    /// Rows of the answer.
    pub rows: usize,
    /// Their checksum.
    pub checksum: u64,
}

/// The network as arrays, for others: nodes and transformations are slots, and plain reachability is the time rule.
#[derive(Debug, Clone, Default)]
pub struct Exported {
    /// Item and place of each slot; `u32::MAX` both for a transformation.
    pub slots: Vec<[u32; 2]>,
    /// Links from slot to slot, sorted.
    pub links: Vec<[u32; 2]>,
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

#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn ratio(a: usize, b: usize) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

/// Builds only what walks and sums read.
fn skeleton(links: u64, seed: u64, parts: u32) -> Index {
    let mut inputs: Vec<(u32, u32)> = Vec::new();
    let mut outputs: Vec<(u32, u32)> = Vec::new();
    let (mut processes, mut items) = (0, 0);
    let mut see = |item: ItemId| {
        items = items.max(item.0 + 1);
        item.0
    };
    for step in network(links, seed) {
        match &step.kind {
            Kind::Transform { inputs: from, outputs: to, .. } => {
                inputs.extend(from.iter().map(|(item, _)| (see(*item), processes)));
                outputs.extend(to.iter().map(|(item, _)| (see(*item), processes)));
                processes += 1;
            }
            Kind::Appear { items, .. } => items.iter().for_each(|(item, _)| {
                see(*item);
            }),
            _ => {}
        }
    }
    let order =
        Order::of(items as usize, processes as usize, inputs.iter().copied(), outputs.iter().copied());
    drop((inputs, outputs));
    let ranks = order.ranks.clone();
    let sealed = Sealed::skeleton(ranks, parts, |wanted| Facts::sieve(network(links, seed), &order, &wanted));
    let mut index = Index::new();
    index.graph = Graph::new(sealed);
    index
}

/// Builds the network of [`network`] and measures. `seal` writes the index to a file, opens it again and says what
/// that took; it is not called for a skeleton. `clock` tells the processor seconds this thread has used. Takes some
/// seconds for a million links.
///
/// # Errors
/// Those of `seal`.
pub fn measure(
    options: BenchOptions,
    clock: &dyn Fn() -> f64,
    seal: impl FnOnce(Index) -> io::Result<(Index, SegmentReport)>,
) -> io::Result<(BenchReport, Vec<Question>, Exported)> {
    let BenchOptions { links: wanted, seed, skeleton: parts } = options;
    let start = Instant::now();
    let steps = network(wanted, seed).count();
    let sealed = if parts.is_some() { steps } else { steps - steps / DAYS };
    let generate_seconds = start.elapsed().as_secs_f64();
    let (start, busy) = (Instant::now(), clock());
    let built = match parts {
        Some(parts) => skeleton(wanted, seed, parts),
        None => Index::build(Names::default(), network(wanted, seed).take(sealed)),
    };
    let (build_seconds, build_cpu_seconds) = (start.elapsed().as_secs_f64(), clock() - busy);
    let (mut index, segment) = match parts {
        Some(_) => (built, None),
        None => seal(built).map(|(index, report)| (index, Some(report)))?,
    };
    let kernel = &index.graph.sealed.kernel;
    let links = kernel.links();
    let kernel_bytes_per_link = ratio(kernel.bytes(), links);
    let sums_bytes_per_link = ratio(index.graph.sealed.held.bytes(), links);
    let segment = segment
        .map(|s| SegmentReport { bytes_per_link: ratio(usize::try_from(s.bytes).unwrap_or(0), links), ..s });
    let regions = network(wanted, seed).regions();
    let classes = classes(&index, seed);
    let mut queries = Vec::new();
    let mut questions = Vec::new();
    let mut checked = Checked::default();
    let plain = (wanted <= CHECKED).then(|| Plain::of(network(wanted, seed).take(sealed)));
    for class in &classes {
        let asker = Asker { index: &index, regions: &regions, clock };
        let (report, answers) = ask_all(&asker, class, false);
        for (ask, answer) in class.asks.iter().zip(&answers) {
            questions.extend(question(&index, class, ask, *answer));
            if let Some(wrong) = plain.as_ref().and_then(|plain| differs(plain, ask, *answer)) {
                checked.plain += 1;
                checked.wrong += usize::from(wrong);
            }
        }
        queries.push(report);
    }
    drop(plain);
    let exported = export(&index);
    let nodes = index.graph.sealed.nodes.len();
    let mut delta = None;
    if parts.is_none() {
        delta = Some(late(&mut index, network(wanted, seed).skip(sealed)));
        let rebuilt = (wanted <= CHECKED).then(|| Index::build(Names::default(), network(wanted, seed)));
        for class in &classes {
            let (report, answers) = ask_all(&Asker { index: &index, regions: &regions, clock }, class, true);
            queries.push(report);
            let Some(index) = &rebuilt else { continue };
            let anew = Asker { index, regions: &regions, clock };
            for (ask, answer) in class.asks.iter().zip(answers) {
                // a hop's rows are numbers of this build
                let same = anew.ask(ask);
                let same =
                    if matches!(ask, Ask::Hop(..)) { same.rows == answer.rows } else { same == answer };
                checked.rebuilt += 1;
                checked.wrong += usize::from(!same);
            }
        }
    }
    let report = BenchReport {
        links_wanted: wanted,
        seed,
        skeleton: parts.is_some(),
        nodes,
        links,
        generate_seconds,
        build_seconds,
        build_cpu_seconds,
        links_per_cpu_second: ratio(links, 1) / build_cpu_seconds,
        kernel_bytes_per_link,
        sums_bytes_per_link,
        segment,
        delta,
        queries,
        checked: (checked.plain > 0).then_some(checked),
    };
    Ok((report, questions, exported))
}

/// Applies the steps kept back, in batches as captures come.
fn late(index: &mut Index, steps: impl Iterator<Item = Step>) -> DeltaReport {
    let steps: Vec<Step> = steps.collect();
    let batches = steps.chunks(100).map(|batch| {
        let start = Instant::now();
        index.apply_all(batch);
        micros(start)
    });
    let batch = times(batches.collect());
    DeltaReport { steps: steps.len(), batch }
}

fn ask_all(asker: &Asker<'_>, class: &Class, delta: bool) -> (QueryReport, Vec<Answer>) {
    let answers: Vec<Answer> = class.asks.iter().map(|ask| asker.ask(ask)).collect();
    let mut taken = Vec::new();
    let busy = (asker.clock)();
    for _ in 0..PASSES {
        for ask in &class.asks {
            let start = Instant::now();
            std::hint::black_box(asker.ask(ask));
            taken.push(micros(start));
        }
    }
    let busy = (asker.clock)() - busy;
    let middle = |of: &dyn Fn(&Answer) -> usize| {
        let mut sizes: Vec<usize> = answers.iter().map(of).collect();
        sizes.sort_unstable();
        sizes.get(sizes.len() / 2).copied().unwrap_or(0)
    };
    let report = QueryReport {
        query: class.query,
        stratum: class.stratum,
        delta,
        rows: middle(&|a| a.rows),
        reached: middle(&|a| a.reached),
        checksum: answers.iter().fold(0, |sum, a| sum.wrapping_add(a.checksum)),
        cpu: busy * 1e6 / ratio(taken.len().max(1), 1),
        times: times(taken),
    };
    (report, answers)
}

fn export(index: &Index) -> Exported {
    let sealed = &index.graph.sealed;
    let nodes = sealed.nodes.len();
    let kernel = &sealed.kernel;
    let mut out = Exported::default();
    let ways = kernel.out.slices();
    for slot in 0..kernel.slots() {
        let at = slot as usize;
        out.slots.push(if at < nodes { [sealed.nodes[at].item, kernel.places[at]] } else { [NONE; 2] });
        ways.each(slot, |to| out.links.push([slot, to]));
    }
    out
}
