//! The seeds of the fuzz target of spreadsheets, and what fuzzing found, through the very check the target runs.

use std::path::Path;

#[path = "../../../../fuzz/checks/ledger_sheet.rs"]
mod ledger_sheet;

#[test]
fn what_was_found_in_spreadsheets_stays_fixed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/ledger_sheet");
    let seeds: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| ledger_sheet::check(&std::fs::read(seed).unwrap()));
}
