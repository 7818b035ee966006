//! Runs of manifests against the files of the R package surveillance: a committed one of a synthetic series, and the large
//! shared one where it is present.

use signal::detect::Mode;
use signal::detect::frame::Frame;
use signal::detect::manifest::{Entry, Manifest};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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

/// Relative deviation; absolute below one.
fn deviation(found: &str, expected: &str) -> f64 {
    if found == expected {
        return 0.0;
    }
    match (found.parse::<f64>(), expected.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() / b.abs().max(1.0),
        _ => f64::INFINITY,
    }
}

/// The deviations of the columns the reference has.
fn compare(entry: &Entry, found: &Frame, expected: &Frame) -> Vec<(f64, String)> {
    if found.len() != expected.len() {
        return vec![(f64::INFINITY, format!("{}: {} rows for {}", entry.file, found.len(), expected.len()))];
    }
    let mut out = Vec::new();
    for column in expected.columns() {
        // without meaning in the reference
        if column == "mu0_quantile" && entry.written.contains("thresholdMethod=delta") {
            continue;
        }
        let Ok(a) = found.texts(column) else {
            out.push((f64::INFINITY, format!("{}: no column {column}", entry.file)));
            continue;
        };
        let b = expected.texts(column).expect("its own column");
        let worst = a.iter().zip(&b).enumerate().map(|(i, (a, b))| (deviation(a, b), i, a, b));
        if let Some((d, i, a, b)) = worst.max_by(|x, y| x.0.total_cmp(&y.0)) {
            out.push((d, format!("{} row {} {column}: {a} for {b}", entry.file, i + 1)));
        }
    }
    out
}

#[expect(clippy::print_stdout, reason = "the largest deviations are part of the report")]
fn check(folder: &Path, tolerance: f64, unsaid: &[&str]) {
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).map_err(|e| format!("{path}: {e}"));
    let mut manifest = Manifest::parse(&read("manifest.csv").expect("a manifest")).expect("a manifest");
    for setting in unsaid {
        manifest.set(setting).expect("a setting");
    }
    let mut worst: BTreeMap<&str, (usize, f64, String)> = BTreeMap::new();
    let mut off = Vec::new();
    for entry in &manifest.runs {
        let table = match manifest.compute(entry, Mode::Compatible, &read) {
            Ok(table) => table,
            Err(reason) => {
                off.push(format!("{}: {reason}", entry.file));
                continue;
            }
        };
        let found = Frame::parse("found", &table.csv()).expect("a table");
        let expected = Frame::parse("expected", &read(&entry.file).expect("a file")).expect("a table");
        let state = worst.entry(entry.method.as_str()).or_default();
        state.0 += 1;
        for (d, what) in compare(entry, &found, &expected) {
            if d > state.1 {
                (state.1, state.2) = (d, what.clone());
            }
            if d > tolerance {
                off.push(format!("{d:.1e} {what}"));
            }
        }
    }
    for (method, (runs, d, at)) in &worst {
        println!("{method}: {runs} runs, largest deviation {d:.1e} {at}");
    }
    assert!(off.is_empty(), "{} deviations\n{}", off.len(), off.join("\n"));
}

#[test]
fn the_committed_runs_are_reproduced() {
    // the reference's search for the likelihood's maximum of hhh4 ends at 1e-8
    check(&PathBuf::from(format!("{}/testdata/detect", env!("CARGO_MANIFEST_DIR"))), 1e-7, &[]);
}

#[test]
fn every_run_of_the_shared_manifest_is_reproduced() {
    if let Some(folder) = shared() {
        // made from the cases since then, which the manifest does not say: found by trying every beginning
        check(&folder, 1e-9, &["nowcast.from=2010-01-04"]);
    }
}
