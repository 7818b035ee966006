//! `GS1-EPC-Format`: the spelling of identifiers changes everywhere in an event and nowhere else.

use crate::files::testdata;
use epcis::ident::{EpcFormat, PrefixLengths, canonical};
use epcis::{CbvFormat, Head, Limits, WriteOptions, hash, json, xml};

const EVENT: &str = r#"{"@context":[{"own":"https://own.example.com/"}],"type":"ObjectEvent",
    "eventTime":"2026-09-02T08:00:00+08:00","eventTimeZoneOffset":"+08:00","action":"ADD",
    "bizStep":"commissioning","epcList":["urn:epc:id:sgtin:0614141.107346.2017","urn:other:1"],
    "quantityList":[{"epcClass":"https://id.gs1.org/01/10614141073464/10/A1"}],
    "readPoint":{"id":"urn:epc:id:sgln:0614141.07346.0"},
    "bizTransactionList":[{"bizTransaction":"https://id.gs1.org/253/4012345000054"}],
    "sourceList":[{"type":"owning_party","source":"https://id.gs1.org/417/0614141000005"}],
    "own:note":"urn:epc:id:sgtin:0614141.107346.2017"}"#;

fn written(epc: EpcFormat, prefixes: Option<&PrefixLengths>) -> serde_json::Value {
    let event = json::read_event(EVENT.as_bytes(), Limits::default()).unwrap();
    let options = WriteOptions { epc, prefixes, ..WriteOptions::default() };
    let text = json::write_event(&event, &options);
    let again = json::read_event(text.as_bytes(), Limits::default()).unwrap();
    assert_eq!(hash::event_hash(&again), hash::event_hash(&event), "the spelling is no part of the hash");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_identifier_is_spelled_as_asked_and_free_text_stays() {
    let (urn, link) =
        ("urn:epc:id:sgtin:0614141.107346.2017", "https://id.gs1.org/01/10614141073464/21/2017");
    let links = written(EpcFormat::DigitalLink, None);
    assert_eq!(links["epcList"], serde_json::json!([link, "urn:other:1"]));
    assert_eq!(links["readPoint"]["id"], "https://id.gs1.org/414/0614141073467");
    assert_eq!(links["own:note"], urn);
    let urns = written(EpcFormat::Urn, None);
    assert_eq!(urns["epcList"][0], urn);
    assert_eq!(urns["quantityList"][0]["epcClass"], "urn:epc:class:lgtin:0614141.107346.A1");
    assert_eq!(urns["sourceList"][0]["source"], "urn:epc:id:pgln:0614141.00000");
    // nobody has said how long this company prefix is
    assert_eq!(urns["bizTransactionList"][0]["bizTransaction"], "https://id.gs1.org/253/4012345000054");
    let mut lengths = PrefixLengths::default();
    assert!(lengths.insert("4012", 7) && !lengths.insert("40x", 7) && !lengths.insert("4012", 5));
    let urns = written(EpcFormat::Urn, Some(&lengths));
    assert_eq!(urns["bizTransactionList"][0]["bizTransaction"], "urn:epc:idpat:gdti:4012345.00005.*");
    for format in [EpcFormat::NoPreference, EpcFormat::Never] {
        assert_eq!(written(format, Some(&lengths))["epcList"][0], urn);
        assert_eq!(EpcFormat::parse(format.name()), Some(format));
    }
}

#[test]
fn every_published_urn_comes_back_from_its_link() {
    let list = std::fs::read(testdata("hash/digital-link-vectors.json")).unwrap();
    let list: Vec<serde_json::Value> = serde_json::from_slice(&list).unwrap();
    let mut checked = 0;
    for uri in list.iter().filter_map(|vector| vector["uri"].as_str()) {
        let Some(link) = canonical(uri).filter(|_| uri.starts_with("urn:epc:")) else { continue };
        let mut lengths = PrefixLengths::default();
        lengths.learn(uri);
        let urn = lengths.to_urn(&link).unwrap_or_else(|| panic!("{uri} {link}"));
        assert_eq!(canonical(&urn), Some(link), "{uri} {urn}");
        checked += 1;
    }
    assert_eq!(checked, 19);
}

#[test]
fn words_in_xml_are_urns_or_web_addresses_as_asked() {
    let event = json::read_event(EVENT.as_bytes(), Limits::default()).unwrap();
    let head = Head::query("SimpleEventQuery", None, base::Instant(0));
    for (cbv, step, party) in [
        (CbvFormat::Urn, "urn:epcglobal:cbv:bizstep:commissioning", "urn:epcglobal:cbv:sdt:owning_party"),
        (
            CbvFormat::WebUri,
            "https://ref.gs1.org/cbv/BizStep-commissioning",
            "https://ref.gs1.org/cbv/SDT-owning_party",
        ),
    ] {
        let text = xml::write_document(&head, [&event], &WriteOptions { cbv, ..WriteOptions::default() });
        assert!(text.contains(&format!("<bizStep>{step}</bizStep>")), "{text}");
        assert!(text.contains(&format!("<source type=\"{party}\">")), "{text}");
        let again = xml::read_document(text.as_bytes(), Limits::default()).unwrap();
        assert_eq!(hash::event_hash(&again.events[0]), hash::event_hash(&event));
    }
}

#[test]
fn events_of_several_documents_keep_what_their_prefixes_mean() {
    let one = json::read_event(EVENT.as_bytes(), Limits::default()).unwrap();
    let other = EVENT.replace("https://own.example.com/", "https://other.example.com/");
    let two = json::read_event(other.as_bytes(), Limits::default()).unwrap();
    let three = r#"<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0" xmlns:own="urn:third:"
        creationDate="2026-09-02T08:00:00Z"><EPCISBody><EventList><ObjectEvent>
        <eventTime>2026-09-02T08:00:00+08:00</eventTime><eventTimeZoneOffset>+08:00</eventTimeZoneOffset>
        <epcList><epc>urn:a:b</epc></epcList><action>OBSERVE</action><own:flag>own:x</own:flag>
        </ObjectEvent></EventList></EPCISBody></epcis:EPCISDocument>"#;
    let three = xml::read_document(three.as_bytes(), Limits::default()).unwrap().events.remove(0);
    let events = [one, two, three];
    let hashes: Vec<String> = events.iter().map(hash::event_hash).collect();
    let head = Head::query("SimpleEventQuery", Some("s1"), base::Instant(0));
    let options = WriteOptions::default();
    for text in
        [json::write_document(&head, &events, &options), xml::write_document(&head, &events, &options)]
    {
        let again = epcis::read(text.as_bytes(), Limits::default());
        assert_eq!(again.errors, 0, "{:?}\n{text}", again.problems);
        let again: Vec<String> = again.document.unwrap().events.iter().map(hash::event_hash).collect();
        assert_eq!(again, hashes, "{text}");
    }
    for event in &events {
        let text = json::write_event(event, &options);
        let again = json::read_event(text.as_bytes(), Limits::default()).unwrap();
        assert_eq!(hash::event_hash(&again), hash::event_hash(event), "{text}");
    }
}
