//! Measures the index on a synthetic network: build, size, opening, late steps and the questions of a recall, every
//! answer with its checksum so that others can be compared.

use crate::facts::NONE;
use crate::plain::Plain;
use crate::synthetic::network;
use crate::{Index, Names, Step};
use questions::{Answer, Ask, Asker, Class, classes, compare, question};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

mod questions;

/// Timed passes over the questions of a class, after one that is not timed.
const PASSES: usize = 3;
/// Days the network covers, of which one is kept back as the delta.
const DAYS: usize = 730;
/// Largest network of which every answer is compared with the plain simulation, and with an index built anew.
const ALL_CHECKED: u64 = 2_000_000;
/// Questions of each class that are compared in a larger one.
const SAMPLE_CHECKED: usize = 4;

/// Lots of the national brand at most, and of how many links there is one.
const MOST_LOTS: u32 = 20_000;
const LINKS_A_LOT: u64 = 50;

/// What to measure.
#[derive(Debug, Clone, Copy)]
pub struct BenchOptions {
    /// Links of the network.
    pub links: u64,
    /// Seed of the network.
    pub seed: u64,
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct BenchReport {
    /// Links asked for.
    pub links_wanted: u64,
    /// Seed of the network.
    pub seed: u64,
    /// Nodes: an item at a place from a time.
    pub nodes: usize,
    /// Links between nodes and transformations, repeats once.
    pub links: usize,
    /// Processor seconds to generate the steps: taken off those of the build.
    pub generate_cpu_seconds: f64,
    /// Seconds to take in the steps and derive the graph, generating them included.
    pub build_seconds: f64,
    /// Processor seconds of the build alone.
    pub build_cpu_seconds: f64,
    /// Links for each processor second of the build.
    pub links_per_cpu_second: f64,
    /// Bytes of the two ways and the places, for each link.
    pub kernel_bytes_per_link: f64,
    /// Bytes of the quantities beside them, for each link.
    pub sums_bytes_per_link: f64,
    /// Bytes of each part of the file, for each link.
    pub parts_bytes_per_link: BTreeMap<&'static str, f64>,
    /// The file.
    pub segment: SegmentReport,
    /// The delta.
    pub delta: DeltaReport,
    /// Times by class of question.
    pub queries: Vec<QueryReport>,
    /// Answers compared with the plain simulation, and those that differed.
    pub checked: Checked,
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
    /// 99th percentile.
    pub p99: f64,
    /// Longest.
    pub max: f64,
}

/// One class of questions.
#[derive(Debug, Clone, Serialize)]
pub struct QueryReport {
    /// `Q1` origins of a lot, `Q2` places a lot reached, `Q2 grouped` the same with quantities by region as JSON, `Q3`
    /// 50 stations for 20 cases, `Q4` one hop.
    pub query: &'static str,
    /// `small`, `median`, `hub` (among the largest hundredth) or `largest` answers, the raw lot of the national `brand`, or
    /// `any`.
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
    Times { count: micros.len(), p50: at(50), p95: at(95), p99: at(99), max: at(100) }
}

fn micros(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn ratio(a: usize, b: usize) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

fn parts(index: &Index, links: usize) -> BTreeMap<&'static str, f64> {
    let (graph, facts) = (&index.graph.sealed, &index.facts.sealed);
    let parts = [
        ("kernel", graph.kernel.bytes()),
        ("sums", graph.held.bytes()),
        ("nodes", graph.nodes.bytes()),
        ("items", graph.ranks.bytes() + graph.starts.bytes() + facts.starts.bytes()),
        ("links", graph.links.bytes() + graph.link_starts.bytes() + graph.into.bytes()),
        ("nodes at places", graph.place_nodes.bytes()),
        ("lines", facts.lines.bytes() + graph.derived.bytes()),
        ("steps", facts.events.bytes()),
        ("transformations", facts.processes.bytes()),
    ];
    parts.into_iter().map(|(part, bytes)| (part, ratio(bytes, links))).collect()
}

/// Builds the network of [`network`] and measures. `seal` writes the index to a file, opens it again and says what
/// that took. `clock` tells the processor seconds this thread has used. Takes some seconds for a million links.
///
/// # Errors
/// Those of `seal`.
pub fn measure(
    options: BenchOptions,
    clock: &dyn Fn() -> f64,
    seal: impl FnOnce(Index) -> io::Result<(Index, SegmentReport)>,
) -> io::Result<(BenchReport, Vec<Question>, Exported)> {
    let BenchOptions { links: wanted, seed } = options;
    let busy = clock();
    let lots = u32::try_from(wanted / LINKS_A_LOT).unwrap_or(u32::MAX).min(MOST_LOTS);
    let network = || network(wanted, seed).with_brand(lots);
    let steps = network().count();
    let sealed = steps - steps / DAYS;
    let generate_cpu_seconds = clock() - busy;
    let (start, busy) = (Instant::now(), clock());
    let built = Index::build(Names::default(), network().take(sealed));
    let build_seconds = start.elapsed().as_secs_f64();
    let build_cpu_seconds = clock() - busy - generate_cpu_seconds;
    let (mut index, segment) = seal(built)?;
    let kernel = &index.graph.sealed.kernel;
    let links = kernel.links();
    let kernel_bytes_per_link = ratio(kernel.bytes(), links);
    let sums_bytes_per_link = ratio(index.graph.sealed.held.bytes(), links);
    let parts_bytes_per_link = parts(&index, links);
    let bytes_per_link = ratio(usize::try_from(segment.bytes).unwrap_or(0), links);
    let regions = network().regions();
    let classes = classes(&index, seed, &network().brand());
    let mut queries = Vec::new();
    let mut questions = Vec::new();
    let mut answered = Vec::new();
    let sample = if wanted <= ALL_CHECKED { usize::MAX } else { SAMPLE_CHECKED };
    for class in &classes {
        let asker = Asker { index: &index, regions: &regions, clock };
        let (report, answers) = ask_all(&asker, class, false);
        let pairs = class.asks.iter().zip(&answers);
        questions.extend(pairs.clone().filter_map(|(ask, answer)| question(&index, class, ask, *answer)));
        answered.extend(pairs.map(|(ask, answer)| (ask.clone(), *answer)).take(sample));
        queries.push(report);
    }
    let exported = export(&index);
    let nodes = index.graph.sealed.nodes.len();
    let delta = late(&mut index, network().skip(sealed));
    let mut live = Vec::new();
    let mut checked = Checked::default();
    let rebuilt = (wanted <= ALL_CHECKED).then(|| Index::build(Names::default(), network()));
    for class in &classes {
        let (report, answers) = ask_all(&Asker { index: &index, regions: &regions, clock }, class, true);
        queries.push(report);
        live.extend(class.asks.iter().cloned().zip(answers.iter().copied()).take(sample));
        let Some(index) = &rebuilt else { continue };
        let anew = Asker { index, regions: &regions, clock };
        for (ask, answer) in class.asks.iter().zip(answers) {
            // a hop's rows are numbers of this build
            let same = anew.ask(ask);
            let same = if matches!(ask, Ask::Hop(..)) { same.rows == answer.rows } else { same == answer };
            checked.rebuilt += 1;
            checked.wrong += usize::from(!same);
        }
    }
    drop((index, rebuilt));
    for (steps, answered) in [(sealed, &answered), (steps, &live)] {
        let (compared, wrong) = compare(&Plain::of(network().take(steps)), answered);
        checked.plain += compared;
        checked.wrong += wrong;
    }
    let report = BenchReport {
        links_wanted: wanted,
        seed,
        nodes,
        links,
        generate_cpu_seconds,
        build_seconds,
        build_cpu_seconds,
        links_per_cpu_second: ratio(links, 1) / build_cpu_seconds,
        kernel_bytes_per_link,
        sums_bytes_per_link,
        parts_bytes_per_link,
        segment: SegmentReport { bytes_per_link, ..segment },
        delta,
        queries,
        checked,
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
        out.slots.push(if at < nodes { [sealed.node(at).item, kernel.places[at]] } else { [NONE; 2] });
        ways.each(slot, |to| out.links.push([slot, to]));
    }
    out
}
