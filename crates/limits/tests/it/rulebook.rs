//! The embedded rule files.

use limits::{FILES, LoadError, Rules};

#[test]
fn every_printed_term_of_every_file_is_in_the_tree() {
    let rules = Rules::load(&FILES).unwrap();
    let rows: Vec<(&str, usize)> = rules.editions().iter().map(|e| (e.id.as_str(), e.rules.len())).collect();
    assert!(rows.contains(&("gb2762-2025", 201)), "{rows:?}");
    assert!(rows.contains(&("gb2763-2026", 3315)), "{rows:?}");
    assert!(rules.foods().len() > 4000);
}

#[test]
fn a_term_outside_the_tree_stops_the_load_and_is_named() {
    let broken: Vec<(&str, String)> =
        FILES.iter().map(|(n, t)| (*n, t.replace("蔓越莓|醋栗,,0.2", "蔓越霉|醋栗,,0.2"))).collect();
    let files: Vec<(&str, &str)> = broken.iter().map(|(n, t)| (*n, t.as_str())).collect();
    match Rules::load(&files) {
        Err(LoadError::Term { term, .. }) => assert_eq!(term, "蔓越霉"),
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn the_hash_changes_with_any_file() {
    let mut files = FILES;
    files[0].1 = "from_tree,from,to_tree,to\n";
    assert_ne!(Rules::load(&files).unwrap().hash(), Rules::builtin().hash());
}

#[test]
fn two_commodities_joined_as_synonyms_stop_the_load_and_are_named() {
    let broken: Vec<(&str, String)> =
        FILES.iter().map(|(n, t)| (*n, t.replace("莲子/干莲子", "核桃仁/杏仁/莲子/干莲子"))).collect();
    let files: Vec<(&str, &str)> = broken.iter().map(|(n, t)| (*n, t.as_str())).collect();
    match Rules::load(&files) {
        Err(LoadError::Field { field: "names", value, .. }) => assert!(value.contains("杏仁"), "{value}"),
        other => panic!("{:?}", other.map(|_| ())),
    }
}
