//! The official examples are captured, the invalid documents refused; skipped aloud when the files are not at hand.

use crate::{firm, worlds};
use std::path::{Path, PathBuf};
use supply::{CaptureOptions, CaptureState, Format};

#[expect(clippy::print_stdout, reason = "says when it proves nothing")]
fn files(folder: &str) -> Vec<PathBuf> {
    fn walk(at: &Path, out: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(at) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "json" || e == "jsonld" || e == "xml") {
                out.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/epcis").join(folder);
    let mut out = Vec::new();
    walk(&root, &mut out);
    out.sort();
    if out.is_empty() {
        println!("absent: data/epcis/{folder}; this test proves nothing without it");
    }
    out
}

#[tokio::test]
async fn official_json_examples_are_captured() {
    for world in worlds().await {
        let who = firm(1);
        for file in files("examples/json") {
            let bytes = std::fs::read(&file).unwrap();
            let options = CaptureOptions::default();
            let outcome =
                world.supply.capture(&world.cx(&who), &who, bytes, Format::Json, &options).await.unwrap();
            // an example may repeat the event id of another example with other content
            let clash = outcome.problems.iter().all(|p| p.kind.status() == 409);
            assert!(clash, "{}: {:?}", file.display(), outcome.problems);
        }
        let rebuilt = supply::TraceIndex::open(&world.store).await.unwrap();
        let size = |i: &chain::Index| (i.stats().items, i.stats().nodes);
        assert_eq!(rebuilt.read(size), world.supply.index.read(size), "{}", world.name);
    }
}

#[tokio::test]
async fn invalid_documents_are_refused() {
    for world in worlds().await {
        let who = firm(1);
        for file in files("invalid/json") {
            let bytes = std::fs::read(&file).unwrap();
            let options = CaptureOptions::default();
            let outcome =
                world.supply.capture(&world.cx(&who), &who, bytes, Format::Detect, &options).await.unwrap();
            assert_eq!(outcome.state, CaptureState::Refused, "{}", file.display());
        }
    }
}
