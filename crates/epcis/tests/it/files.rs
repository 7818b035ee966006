//! Where the test files lie.

use std::path::{Path, PathBuf};

/// `testdata/` of this crate.
pub(crate) fn testdata(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(part)
}

/// A folder of the shared data beside the workspace, when present.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/epcis").join(part);
    if !path.exists() {
        println!("absent: shared/data/epcis/{part}; its part of this test is left out");
        return None;
    }
    Some(path)
}

/// Every file below `folder` whose name ends in one of `endings`, sorted.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}
