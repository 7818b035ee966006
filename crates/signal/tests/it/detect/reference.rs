//! Every run of the shared manifest against the reference's files.

use signal::detect::Mode;
use signal::detect::frame::Frame;
use signal::detect::manifest::{Entry, Manifest};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Folder of the reference files; `None`, after a word, when they are not here.
#[expect(clippy::print_stdout, reason = "the absence of test data is said, not hidden")]
fn shared() -> Option<PathBuf> {
    let folder = PathBuf::from(format!("{}/../../../shared/data/surveillance", env!("CARGO_MANIFEST_DIR")));
    if folder.join("manifest.csv").exists() {
        return Some(folder);
    }
    println!("the shared surveillance references are absent: only the committed ones are tested");
    None
}

/// Largest relative deviation of a column; absolute below one.
fn deviation(found: &str, expected: &str) -> f64 {
    if found == expected {
        return 0.0;
    }
    match (found.parse::<f64>(), expected.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() / b.abs().max(1.0),
        _ => f64::INFINITY,
    }
}

fn compare(entry: &Entry, found: &Frame, expected: &Frame) -> Vec<(f64, String)> {
    let mut out = Vec::new();
    if found.columns() != expected.columns() || found.len() != expected.len() {
        out.push((f64::INFINITY, format!("{}: shape {:?} {}", entry.file, found.columns(), found.len())));
        return out;
    }
    for column in expected.columns() {
        if column == "mu0_quantile" && entry.written.contains("thresholdMethod=delta") {
            continue;
        }
        let (a, b) = (found.texts(column).expect("there"), expected.texts(column).expect("there"));
        for (i, (a, b)) in a.iter().zip(&b).enumerate() {
            let d = deviation(a, b);
            if d > 0.0 {
                out.push((d, format!("{} row {} {column}: {a} for {b}", entry.file, i + 1)));
            }
        }
    }
    out
}

#[test]
fn every_run_of_the_manifest_is_reproduced() {
    let Some(folder) = shared() else { return };
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).map_err(|e| format!("{path}: {e}"));
    let manifest = Manifest::parse(&read("manifest.csv").expect("a manifest")).expect("a manifest");
    let only = std::env::var("SIGNAL_ONLY").unwrap_or_default();
    let mut worst: BTreeMap<&str, (usize, f64, String)> = BTreeMap::new();
    let mut off = Vec::new();
    for entry in manifest.runs.iter().filter(|e| e.file.contains(&only)) {
        let table = match manifest.compute(entry, Mode::Compatible, &read) {
            Ok(table) => table,
            Err(reason) => {
                off.push(format!("{}: {reason}", entry.file));
                continue;
            }
        };
        let found = Frame::parse(&table.csv()).expect("a table");
        let expected = Frame::parse(&read(&entry.file).expect("a file")).expect("a table");
        let state = worst.entry(entry.method.as_str()).or_default();
        state.0 += 1;
        let mut columns = std::collections::BTreeSet::new();
        for (d, what) in compare(entry, &found, &expected) {
            if d > 1e-9 && !columns.insert(what.rsplit(' ').nth(3).map(str::to_owned)) {
                continue;
            }
            if d > state.1 {
                (state.1, state.2) = (d, what.clone());
            }
            if d > 1e-9 {
                off.push(format!("{d:.1e} {what}"));
            }
        }
    }
    for (method, (runs, d, at)) in &worst {
        println!("{method}: {runs} runs, largest deviation {d:.1e} {at}");
    }
    assert!(off.is_empty(), "{} deviations\n{}", off.len(), off[..off.len().min(60)].join("\n"));
}
