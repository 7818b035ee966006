//! The event hash against the published vectors.

use crate::files::testdata;
use epcis::{hash_report, ident};
use serde_json::Value;

fn vectors() -> Vec<Value> {
    serde_json::from_slice(&std::fs::read(testdata("hash/vectors.json")).unwrap()).unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

#[test]
fn every_published_vector_is_reproduced() {
    let mut events = 0;
    for vector in vectors().iter().filter(|v| v.get("expected").is_some()) {
        let name = vector["input"].as_str().unwrap();
        let bytes = std::fs::read(testdata("hash").join(name)).unwrap();
        assert_eq!(epcis::prehash_report(&bytes).unwrap(), texts(&vector["prehash"]), "{name}");
        assert_eq!(hash_report(&bytes).unwrap(), texts(&vector["expected"]), "{name}");
        events += texts(&vector["expected"]).len();
    }
    assert_eq!(events, 53);
}

#[test]
fn spellings_of_one_event_share_one_hash() {
    for vector in vectors().iter().filter(|v| v.get("all_events_share_one_hash").is_some()) {
        let name = vector["input"].as_str().unwrap();
        let hashes = hash_report(&std::fs::read(testdata("hash").join(name)).unwrap()).unwrap();
        assert_eq!(hashes.len() as u64, vector["events"].as_u64().unwrap(), "{name}");
        assert!(hashes.iter().all(|hash| hash == vector["expected_each"].as_str().unwrap()), "{name}");
    }
}

#[test]
fn identifiers_take_the_canonical_form_of_the_vectors() {
    let list: Vec<Value> =
        serde_json::from_slice(&std::fs::read(testdata("hash/digital-link-vectors.json")).unwrap()).unwrap();
    for vector in list {
        let want = vector["constrained_canonical_digital_link"].as_str();
        assert_eq!(ident::canonical(vector["uri"].as_str().unwrap()).as_deref(), want, "{vector}");
    }
}

#[test]
fn official_documents_of_one_event_share_one_hash_unless_the_zone_differs() {
    let Some(folder) = crate::files::shared("examples/xml/WithEventHashID") else { return };
    let hashes = |name: &str| hash_report(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    let base = hashes("event_with_identical_hash_id_1.xml");
    assert_eq!(hashes("event_with_identical_hash_id_3.xml"), base, "another order of the EPCs");
    // eventTimeZoneOffset takes part in the hash (CBV 2.0, position 3 of the canonical order), so -05:00 is not -06:00
    assert_ne!(hashes("event_with_identical_hash_id_2.xml"), base);
}
