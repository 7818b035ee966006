//! The engine measured alone: `cargo run --release -p chain --example engine -- 1000000`, or `-- scores 1000000 100`; one
//! JSON document. `shian chain bench` and `shian bench scores` print the same with the file mapped instead of read.

use chain::bench::{BenchOptions, SegmentReport, measure};
use std::io::{self, Write};
use std::time::Instant;

/// Processor seconds of this thread; 0 where the system does not say.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// The index written and opened in memory.
fn seal(mut index: chain::Index) -> io::Result<(chain::Index, SegmentReport)> {
    let start = Instant::now();
    let bytes = index.to_bytes();
    let write_seconds = start.elapsed().as_secs_f64();
    drop(index);
    let start = Instant::now();
    let index = chain::Index::from_bytes(&bytes).map_err(io::Error::other)?;
    let verify_seconds = start.elapsed().as_secs_f64();
    let bytes = bytes.len() as u64;
    Ok((index, SegmentReport { bytes, write_seconds, verify_seconds, ..SegmentReport::default() }))
}

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, or: u64| args.get(at).and_then(|n| n.parse().ok()).unwrap_or(or);
    let json = if args.first().is_some_and(|what| what == "scores") {
        let size = |at: usize, or: u64| usize::try_from(number(at, or)).unwrap_or(usize::MAX);
        let report = chain::score::bench(size(1, 1_000_000), size(2, 100), 1, &processor_seconds);
        serde_json::to_string_pretty(&report)
    } else {
        let options = BenchOptions { links: number(0, 1_000_000), seed: 1 };
        let (report, ..) = measure(options, &processor_seconds, seal)?;
        serde_json::to_string_pretty(&report)
    };
    writeln!(io::stdout(), "{}", json.map_err(io::Error::other)?)
}
