//! Properties that hold for every input.

use crate::files::{files, testdata};
use epcis::ident::{canonical, instance, item, place_key, to_urn};
use epcis::{Limits, Target, WriteOptions, convert, hash_report, is_xml, json, parse, read, validate_report};
use proptest::prelude::*;
use serde_json::{Map, Value};
use std::sync::LazyLock;

static DOCUMENTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folders = ["hash", "invalid", "gdst", "pairs", "fsma204"];
    let found = folders.iter().flat_map(|folder| files(&testdata(folder), &[".json", ".jsonld", ".xml"]));
    found.filter(|f| !f.to_string_lossy().contains("vectors")).map(|f| std::fs::read(f).unwrap()).collect()
});

/// The same JSON with the members of every object in another order.
fn shuffled(value: &Value, seed: usize) -> Value {
    match value {
        Value::Object(members) => {
            let mut list: Vec<_> = members.iter().collect();
            if list.len() > 1 {
                let by = seed % list.len();
                list.rotate_left(by);
            }
            list.reverse();
            Value::Object(
                list.into_iter().map(|(k, v)| (k.clone(), shuffled(v, seed / 2 + 1))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| shuffled(item, seed)).collect()),
        other => other.clone(),
    }
}

fn ai_text(longest: usize) -> impl Strategy<Value = String> {
    let set: Vec<char> =
        (' '..='~').filter(|c| c.is_ascii_alphanumeric() || "!\"%&'()*+,-./:;<=>?_".contains(*c)).collect();
    prop::collection::vec(prop::sample::select(set), 1..=longest)
        .prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = validate_report(&bytes, "x");
        let _ = hash_report(&bytes);
        let _ = read(&[b"<a>", &*bytes].concat(), Limits::default());
        let _ = validate_report(&[b"<a>", &*bytes].concat(), "x");
    }

    #[test]
    fn no_mutation_of_a_document_makes_a_reader_panic(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..12),
    ) {
        let mut bytes = which.get(DOCUMENTS.as_slice()).clone();
        for (at, byte, how) in edits {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                _ => bytes.insert(at, byte),
            }
            if bytes.is_empty() { break; }
        }
        let whole = read(&bytes, Limits::default());
        prop_assert_eq!(validate_report(&bytes, "x").valid, whole.errors == 0);
        let _ = hash_report(&bytes);
        let other = if is_xml(&bytes) { Target::Json } else { Target::Xml };
        if let Ok(text) = convert(&bytes, other, &WriteOptions::default()) {
            prop_assert_eq!(hash_report(text.as_bytes()), hash_report(&bytes), "{}", text);
        }
    }

    #[test]
    fn the_hash_minds_neither_order_of_members_nor_space(which in any::<prop::sample::Index>(), seed in 0usize..1000) {
        let json: Vec<_> = DOCUMENTS.iter().filter_map(|d| serde_json::from_slice::<Value>(d).ok()).collect();
        let value = which.get(&json);
        let plain = hash_report(value.to_string().as_bytes()).unwrap();
        let other = serde_json::to_string_pretty(&shuffled(value, seed)).unwrap();
        prop_assert_eq!(hash_report(other.as_bytes()).unwrap(), plain);
    }

    #[test]
    fn the_hash_minds_no_zone_of_the_event_time(us in 0i64..4_000_000_000_000_000, east in -14i64..=14) {
        let hash = |time: &str| hash_report(format!(r#"{{"@context":[],"type":"ObjectEvent","eventTime":"{time}",
            "eventTimeZoneOffset":"+08:00","epcList":["urn:a:b"],"action":"OBSERVE"}}"#).as_bytes()).unwrap();
        let at = base::Instant(us / 1000 * 1000);
        let local = at.plus_seconds(east * 3600).rfc3339();
        let sign = if east < 0 { '-' } else { '+' };
        let local = format!("{}{sign}{:02}:00", local.trim_end_matches('Z'), east.abs());
        prop_assert_eq!(hash(&local), hash(&at.rfc3339()));
    }

    #[test]
    fn lot_and_serial_survive_link_to_urn_and_back(
        digits in "[0-9]{13}", prefix in 6usize..=12, lot in ai_text(20), serial in ai_text(20),
    ) {
        let gtin = format!("{digits}{}", base::gs1::check_digit(&digits).unwrap());
        for link in [item(&gtin, &lot).unwrap(), instance(&gtin, &serial).unwrap()] {
            prop_assert_eq!(canonical(&link), Some(link.clone()), "canonical is stable");
            let urn = to_urn(&link, prefix).unwrap();
            prop_assert_eq!(canonical(&urn), Some(link));
        }
    }

    #[test]
    fn every_key_survives_urn_to_link_and_back(digits in "[0-9]{20}", prefix in 6usize..=12, serial in "[A-Za-z0-9-]{1,12}") {
        let (head, tail) = digits.split_at(prefix);
        let part = |count: usize| &tail[..count - prefix];
        for urn in [
            format!("urn:epc:id:sgtin:{head}.{}.{serial}", part(13)),
            format!("urn:epc:id:sscc:{head}.{}", part(17)),
            format!("urn:epc:id:sgln:{head}.{}.{serial}", part(12)),
            format!("urn:epc:id:grai:{head}.{}.{serial}", part(12)),
            format!("urn:epc:id:giai:{head}.{serial}"),
            format!("urn:epc:id:gsrn:{head}.{}", part(17)),
            format!("urn:epc:id:gsrnp:{head}.{}", part(17)),
            format!("urn:epc:id:gdti:{head}.{}.{serial}", part(12)),
            format!("urn:epc:id:sgcn:{head}.{}.{}", part(12), &digits[..8]),
            format!("urn:epc:id:cpi:{head}.{}.{}", serial.to_uppercase(), &digits[..6]),
            format!("urn:epc:id:ginc:{head}.{serial}"),
            format!("urn:epc:id:gsin:{head}.{}", part(16)),
            format!("urn:epc:id:itip:{head}.{}.01.02.{serial}", part(13)),
            format!("urn:epc:id:upui:{head}.{}.{serial}", part(13)),
            format!("urn:epc:id:pgln:{head}.{}", part(12)),
            format!("urn:epc:class:lgtin:{head}.{}.{serial}", part(13)),
            format!("urn:epc:idpat:sgtin:{head}.{}.*", part(13)),
            format!("urn:epc:idpat:grai:{head}.{}.*", part(12)),
            format!("urn:epc:idpat:gdti:{head}.{}.*", part(12)),
            format!("urn:epc:idpat:itip:{head}.{}.01.02.*", part(13)),
        ] {
            let link = canonical(&urn);
            prop_assert!(link.is_some(), "{}", urn);
            prop_assert_eq!(to_urn(&link.unwrap(), prefix), Some(urn));
        }
    }

    #[test]
    fn text_of_a_tree_reads_back_as_the_same_tree(which in any::<prop::sample::Index>()) {
        let document: &Vec<u8> = which.get(DOCUMENTS.as_slice());
        if let Ok(node) = parse(document, &Limits::default()) {
            prop_assert_eq!(parse(node.to_json().as_bytes(), &Limits::default()), Ok(node));
        }
    }
}

#[test]
fn limits_and_broken_text_are_named() {
    let event = r#"{"@context":[],"type":"ObjectEvent","eventTime":"2026-09-02T08:00:00+08:00",
        "eventTimeZoneOffset":"+08:00","epcList":["urn:a:b"],"action":"OBSERVE""#;
    let nested =
        |levels: usize| format!("{event},\"urn:x:y\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
    json::read_event(nested(60).as_bytes(), Limits::default()).unwrap();
    for (text, pointer, says) in [
        (nested(100_000), None, "too deep"),
        (format!("{event},\"action\":\"ADD\"}}"), Some("/action"), "given twice"),
        (format!("{event}}} x"), Some(""), "after the end"),
        (event.to_owned(), Some(""), "ends too early"),
        (format!("{event},\"foo:x\":1}}"), Some("/foo:x"), "prefix"),
        (format!("{event},\"colour\":1}}"), Some("/colour"), "no field"),
        ("[]".to_owned(), Some(""), "an object"),
        ("{}".to_owned(), Some("/type"), "missing"),
    ] {
        let problems = json::read_event(text.as_bytes(), Limits::default()).unwrap_err();
        let first = problems.errors().next().unwrap();
        assert!(first.detail.en.contains(says), "{says}: {problems}");
        assert!(pointer.is_none_or(|p| p == first.pointer), "{problems}");
    }
    let mut latin = format!("{event}}}").into_bytes();
    latin.insert(3, 0xe9);
    assert!(json::read_event(&latin, Limits::default()).unwrap_err().to_string().contains("UTF-8"));
    let short = Limits { bytes: 10, ..Limits::default() };
    let problems = json::read_event(format!("{event}}}").as_bytes(), short).unwrap_err();
    assert_eq!(problems.0[0].kind.uri(), "epcisException:CaptureLimitExceededException");
}

#[test]
fn places_and_items_have_one_key_each() {
    for spelling in [
        "urn:epc:id:sgln:6901234.50000.0",
        "https://id.gs1.org/414/6901234500004",
        "http://trace.example.cn/x/gln/6901234500004?y=1",
    ] {
        assert_eq!(place_key(spelling), "https://id.gs1.org/414/6901234500004");
    }
    assert_eq!(place_key("geo:36.06,103.83"), "geo:36.06,103.83");
    assert!(item("6901234500017", "A").is_err_and(|e| e.text().zh.contains("校验位")));
    assert!(item("69012345", "").is_err());
}
