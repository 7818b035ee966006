//! `shian chain bench`: what the trace engine does on a synthetic network, and that network for others to measure.

use crate::cli::ChainBenchArgs;
use crate::commands::Outcome;
use crate::out;
use anyhow::Context as _;
use chain::Index;
use chain::bench::{BenchOptions, Exported, Question, SegmentReport, measure};
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Instant;
use store::map;

/// Builds, measures, prints; refuses when an answer was wrong.
pub(crate) fn run(args: &ChainBenchArgs) -> Outcome {
    let folder = args.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let file = folder.join(format!("shian-chain-bench-{}.index", std::process::id()));
    let options = BenchOptions { links: args.links, seed: args.seed };
    let measured = measure(options, &processor_seconds, |index| seal(index, &file));
    if file.exists() {
        fs::remove_file(&file).with_context(|| format!("{} stays behind", file.display()))?;
    }
    let (report, questions, network) = measured.context("the file of the index")?;
    if let Some(folder) = &args.export {
        export(folder, &questions, &network)
            .with_context(|| format!("{} cannot be written", folder.display()))?;
    }
    let mut whole = serde_json::to_value(&report)?;
    if args.json {
        out::json(&whole);
    } else {
        let queries = whole.as_object_mut().and_then(|report| report.remove("queries")).unwrap_or_default();
        out::json(&json!({ "build": whole }));
        queries.as_array().into_iter().flatten().for_each(|query| out::json(&json!({ "query": query })));
    }
    let wrong = report.checked.wrong;
    if wrong > 0 {
        out::note(&format!("{wrong} answers differ from the plain simulation: every figure is void"));
    }
    Ok(wrong == 0)
}

/// Processor seconds of this thread; 0 where the system does not say.
pub(super) fn processor_seconds() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// Writes the index to a file as the server does, and opens that.
fn seal(mut index: Index, file: &Path) -> io::Result<(Index, SegmentReport)> {
    let start = Instant::now();
    map::publish(file, |out| index.write_segment(0, out))?;
    let write_seconds = start.elapsed().as_secs_f64();
    drop(index);
    let start = Instant::now();
    let mapped = map::map(file)?;
    let (index, _) = Index::open_segment(mapped.clone()).map_err(io::Error::other)?;
    let open_ms = start.elapsed().as_secs_f64() * 1e3;
    let start = Instant::now();
    chain::verify_segment((*mapped).as_ref()).map_err(io::Error::other)?;
    let verify_seconds = start.elapsed().as_secs_f64();
    let bytes = (*mapped).as_ref().len() as u64;
    Ok((index, SegmentReport { bytes, bytes_per_link: 0.0, write_seconds, open_ms, verify_seconds }))
}

fn export(folder: &Path, questions: &[Question], network: &Exported) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    pairs(&folder.join("slots.bin"), &network.slots)?;
    pairs(&folder.join("links.bin"), &network.links)?;
    fs::write(folder.join("questions.json"), serde_json::to_vec(questions)?)
}

fn pairs(file: &Path, pairs: &[[u32; 2]]) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file)?);
    for [a, b] in pairs {
        out.write_all(&a.to_le_bytes())?;
        out.write_all(&b.to_le_bytes())?;
    }
    out.flush()
}
