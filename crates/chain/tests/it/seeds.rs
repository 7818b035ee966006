//! The seeds of the fuzz targets, and what fuzzing found, through the very checks the targets run.

use std::path::Path;

#[path = "../../../../fuzz/checks/case_files.rs"]
mod case_files;
#[path = "../../../../fuzz/checks/segment.rs"]
mod segment;

/// Gives a check every seed of a target.
fn each(target: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let mut seeds = 0;
    for file in std::fs::read_dir(folder).expect("the folder of the seeds").flatten() {
        check(&std::fs::read(file.path()).expect("a seed"));
        seeds += 1;
    }
    assert!(seeds > 0, "{target}");
}

#[test]
fn what_was_found_in_case_files_stays_fixed() {
    each("case_files", case_files::check);
}

#[test]
fn what_was_found_in_segments_stays_fixed() {
    each("segment", segment::check);
}
