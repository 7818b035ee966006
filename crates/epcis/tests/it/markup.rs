//! XML as senders write it: encodings, what is no XML, and events of version 1.x that 2.0 has another name for.

use epcis::{Limits, Target, WriteOptions, convert, hash_report, validate_report, xml};

const EVENT: &str = "<ObjectEvent><eventTime>2026-05-01T08:00:00Z</eventTime><eventTimeZoneOffset>+08:00\
    </eventTimeZoneOffset><epcList><epc>urn:epc:id:sgtin:6901234.012345.1</epc></epcList><action>ADD</action>\
    <bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep><ex:food>食品😀</ex:food></ObjectEvent>";

fn document(encoding: &str, event: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"{encoding}\"?><epcis:EPCISDocument xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\" \
         xmlns:ex=\"https://example.com/ns/\" schemaVersion=\"2.0\" creationDate=\"2026-05-01T08:00:00Z\"><EPCISBody>\
         <EventList>{event}</EventList></EPCISBody></epcis:EPCISDocument>"
    )
}

fn utf16(text: &str, mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    mark.then_some(0xfeff).into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
}

#[test]
fn a_document_in_utf16_means_what_it_means_in_utf8() {
    let plain = document("UTF-8", EVENT);
    let hash = hash_report(plain.as_bytes()).unwrap();
    for (encoding, mark, order) in [
        ("UTF-16", true, u16::to_le_bytes as fn(u16) -> [u8; 2]),
        ("UTF-16", true, u16::to_be_bytes),
        ("utf-16le", false, u16::to_le_bytes),
        ("UTF-16BE", false, u16::to_be_bytes),
    ] {
        let bytes = utf16(&document(encoding, EVENT), mark, order);
        let report = validate_report(&bytes, "x.xml");
        assert!(report.valid && report.events == 1, "{encoding}: {:?}", report.problems);
        assert_eq!(hash_report(&bytes).unwrap(), hash, "{encoding}");
        assert!(xml::read_document(&bytes, Limits::default()).is_ok());
        // a place in the text is told in characters, not bytes
        let wrong = utf16(&document(encoding, &EVENT.replace("ADD", "add")), mark, order);
        let place = |bytes: &[u8]| validate_report(bytes, "x.xml").problems[0].position;
        let expected =
            place(document(encoding, &EVENT.replace("ADD", "add")).replace(encoding, "UTF-8").as_bytes());
        assert_eq!(place(&wrong).map(|p| p.line), expected.map(|p| p.line), "{encoding}");
    }
}

#[test]
fn an_encoding_that_is_not_the_texts_own_is_named() {
    for (bytes, says) in [
        (document("Big5", EVENT).into_bytes(), "Big5"),
        (document("UTF-16", EVENT).into_bytes(), "UTF-16"),
        (utf16(&document("UTF-8", EVENT), true, u16::to_le_bytes), "UTF-8"),
    ] {
        let report = validate_report(&bytes, "x.xml");
        assert!(!report.valid);
        let message = report.problems[0].message().en;
        assert!(message.contains(&format!("encoded in {says}")), "{message}");
    }
    // saved anew as UTF-8, with the first line left as it was
    let report = validate_report(document("GBK", EVENT).as_bytes(), "x.xml");
    let message = report.problems.first().map(|p| p.message().en.to_string()).unwrap_or_default();
    assert!(!report.valid && message.contains("UTF-8, though it says GBK"), "{message}");
}

#[test]
fn a_document_in_gbk_means_what_it_means_in_utf8() {
    let hash = hash_report(document("UTF-8", EVENT).as_bytes()).unwrap();
    for encoding in ["GBK", "gb2312", "GB18030", "gbk"] {
        let text = document(encoding, EVENT);
        let (bytes, ..) = encoding_rs::GB18030.encode(&text);
        let report = validate_report(&bytes, "x.xml");
        assert!(report.valid && report.events == 1, "{encoding}: {:?}", report.problems);
        assert_eq!(hash_report(&bytes).unwrap(), hash, "{encoding}");
        assert!(xml::read_document(&bytes, Limits::default()).is_ok(), "{encoding}");
    }
}

#[test]
fn what_xml_1_0_does_not_allow_is_refused() {
    for (event, says) in [
        (EVENT.replace("食品", "\u{1}"), "U+0001"),
        (EVENT.replace("食品", "&#x1f;"), "U+001F"),
        (EVENT.replace("<ex:food>", "<ex:food b=\"\u{8}\">"), "U+0008"),
        (EVENT.replace("<ex:food>", "<ex:food b=\"<\">"), "&lt;"),
    ] {
        let report = validate_report(document("UTF-8", &event).as_bytes(), "x.xml");
        assert!(!report.valid, "{event}");
        let message = report.problems[0].message().en;
        assert!(message.contains(says), "{message}");
    }
    for event in [
        EVENT.replace("食品", "a&#9;b\r\n&#x7f;&lt;"),
        EVENT.replace("<ex:food>", "<ex:food b=\"&lt;&#10;\">"),
    ] {
        assert!(validate_report(document("UTF-8", &event).as_bytes(), "x.xml").valid, "{event}");
    }
}

#[test]
fn a_quantity_event_of_version_1_becomes_an_object_event_and_nothing_else() {
    let text = document(
        "UTF-8",
        "<QuantityEvent><eventTime>2026-05-01T08:00:00Z</eventTime><eventTimeZoneOffset>+08:00</eventTimeZoneOffset>\
         <epcClass>urn:epc:idpat:sgtin:6901234.012345.*</epcClass><quantity>10</quantity>\
         <bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep><ex:a>1</ex:a></QuantityEvent>",
    )
    .replace("xsd:2", "xsd:1")
    .replace("\"2.0\"", "\"1.2\"");
    let json = convert(text.as_bytes(), Target::Json, &WriteOptions::default()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        value["epcisBody"]["eventList"][0],
        serde_json::json!({
            "type": "ObjectEvent", "action": "OBSERVE",
            "quantityList": [{"epcClass": "urn:epc:idpat:sgtin:6901234.012345.*", "quantity": 10}],
            "eventTime": "2026-05-01T08:00:00Z", "eventTimeZoneOffset": "+08:00", "bizStep": "shipping", "ex:a": "1",
        })
    );
    assert!(validate_report(json.as_bytes(), "x.json").valid);
}

#[test]
fn a_mistyped_term_is_put_right_in_the_form_it_was_typed_in() {
    for typed in ["urn:epcglobal:cbv:bizstep:", "https://ref.gs1.org/cbv/BizStep-", "cbv:BizStep-", ""] {
        let event = EVENT.replace("urn:epcglobal:cbv:bizstep:commissioning", &format!("{typed}comissioning"));
        let report = validate_report(document("UTF-8", &event).as_bytes(), "x.xml");
        let Some(problem) = report.problems.first() else { continue };
        let message = problem.message().en;
        assert!(message.contains(&format!("Did you mean \"{typed}commissioning\"?")), "{message}");
    }
    let json = r#"{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","type":"ObjectEvent",
        "eventTime":"2026-09-02T08:00:00Z","eventTimeZoneOffset":"+08:00","action":"ADD","epcList":["urn:a:b"],
        "bizStep":"urn:epcglobal:cbv:bizstep:comissioning"}"#;
    let message = validate_report(json.as_bytes(), "x.json").problems[0].message().en;
    assert!(message.contains("Did you mean \"commissioning\"?"), "JSON has bare words: {message}");
}
