//! The seeds of the fuzz targets, and what fuzzing found, through the very checks the targets run.

use std::path::Path;

#[path = "../../../../fuzz/checks/identifiers.rs"]
mod identifiers;
#[path = "../../../../fuzz/checks/json.rs"]
mod json;
#[path = "../../../../fuzz/checks/query.rs"]
mod query;
#[path = "../../../../fuzz/checks/xml.rs"]
mod xml;

/// Gives a check every seed of a target.
fn each(target: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let seeds: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(!seeds.is_empty(), "{target}");
    seeds.iter().for_each(|seed| check(&std::fs::read(seed).unwrap()));
}

/// As a target of text takes its input.
fn text(check: impl Fn(&str)) -> impl Fn(&[u8]) {
    move |bytes| std::str::from_utf8(bytes).iter().for_each(|text| check(text))
}

#[test]
fn what_was_found_in_json_stays_fixed() {
    each("json", json::check);
}

#[test]
fn what_was_found_in_xml_stays_fixed() {
    each("xml", xml::check);
}

#[test]
fn what_was_found_in_identifiers_stays_fixed() {
    each("identifiers", text(identifiers::check));
}

#[test]
fn what_was_found_in_queries_stays_fixed() {
    each("query", text(query::check));
}
