//! Rules the schemas cannot express, and the field matrix, one line each.

use epcis::{Limits, json};

/// Whether an event with these further members is taken (default rules, strict rules).
fn verdicts(kind: &str, more: &str) -> (bool, bool) {
    let text = format!(
        r#"{{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"{kind}",
        "eventTime":"2026-09-02T08:00:00+08:00","eventTimeZoneOffset":"+08:00",{more}}}"#
    );
    let read = |strict| json::read_event(text.as_bytes(), Limits { strict, ..Limits::default() }).is_ok();
    (read(false), read(true))
}

#[test]
fn each_rule_decides_as_stated() {
    const SENSOR: &str = r#""action":"OBSERVE","readPoint":{"id":"urn:a:b"},"sensorElementList":[{"sensorMetadata":{META},
        "sensorReport":[{"type":"Temperature","value":4,"uom":"CEL"MORE}]}]"#;
    let sensor =
        |meta: &str, more: &str| SENSOR.replace("{META}", &format!("{{{meta}}}")).replace("MORE", more);
    for (kind, more, default, strict) in [
        ("AssociationEvent", r#""action":"ADD","childEPCs":["urn:a:b"]"#.to_owned(), false, false),
        ("AssociationEvent", r#""action":"OBSERVE","parentID":"urn:a:p""#.to_owned(), false, false),
        ("AssociationEvent", r#""action":"DELETE","parentID":"urn:a:p""#.to_owned(), true, true),
        ("AggregationEvent", r#""action":"ADD","childEPCs":["urn:a:b"]"#.to_owned(), false, false),
        ("AggregationEvent", r#""action":"OBSERVE","childEPCs":["urn:a:b"]"#.to_owned(), true, true),
        (
            "AggregationEvent",
            r#""action":"OBSERVE","childEPCs":["urn:a:b"],"persistentDisposition":{"set":["recalled"]}"#
                .to_owned(),
            false,
            false,
        ),
        ("ObjectEvent", r#""action":"OBSERVE","epcList":[]"#.to_owned(), true, false),
        (
            "ObjectEvent",
            r#""action":"OBSERVE","epcList":["urn:a:b"],"ilmd":{"cbvmda:lotNumber":"1"}"#.to_owned(),
            false,
            false,
        ),
        (
            "ObjectEvent",
            r#""action":"ADD","epcList":["urn:a:b"],"ilmd":{"cbvmda:lotNumber":"1"}"#.to_owned(),
            true,
            true,
        ),
        (
            "ObjectEvent",
            r#""action":"ADD","quantityList":[{"epcClass":"urn:a:b","quantity":1,"uom":"kg"}]"#.to_owned(),
            false,
            false,
        ),
        (
            "ObjectEvent",
            r#""action":"ADD","epcList":["urn:a:b"],"bizStep":"https://ns.gs1.org/cbv/BizStep-shipping""#
                .to_owned(),
            false,
            false,
        ),
        (
            "ObjectEvent",
            r#""action":"ADD","epcList":["urn:a:b"],"bizStep":"https://example.com/step/drying""#.to_owned(),
            true,
            true,
        ),
        ("TransformationEvent", r#""inputEPCList":["urn:a:b"]"#.to_owned(), false, false),
        (
            "TransformationEvent",
            r#""inputEPCList":["urn:a:b"],"transformationID":"urn:t:1""#.to_owned(),
            true,
            true,
        ),
        ("TransactionEvent", r#""action":"ADD","epcList":["urn:a:b"]"#.to_owned(), false, false),
        ("ObjectEvent", sensor("\"time\":\"2026-09-02T00:00:00Z\"", ""), true, true),
        ("ObjectEvent", sensor("\"time\":\"2026-09-02T00:00:01Z\"", ""), true, false),
        ("ObjectEvent", sensor("\"deviceID\":\"urn:d:1\"", ",\"deviceID\":\"urn:d:1\""), true, false),
        ("https://example.com/MyEvent", r#""anything":1"#.to_owned(), true, true),
        ("MyEvent", r#""anything":1"#.to_owned(), false, false),
    ] {
        assert_eq!(verdicts(kind, &more), (default, strict), "{kind} {more}");
    }
}

#[test]
fn a_gs1_identifier_that_cannot_be_right_is_taken_with_advice_that_says_what_is_wrong() {
    for (uri, says) in [
        ("https://id.gs1.org/01/06901234567890/21/1", "it should be 2"),
        ("https://id.gs1.org/01/06901234567892/21/1/10/A", "the order is"),
        ("https://id.gs1.org/414/6901234567890", "it should be 2"),
        ("https://id.gs1.org/00/1234", "18 digits"),
        ("urn:epc:id:sgtin:6901234.10000.1", "13 digits together"),
        ("urn:epc:id:sgtin:6901234.100000", "13 digits together"),
        ("urn:epc:id:sscc:6901234.1234", "17 digits together"),
        ("urn:epc:class:lgtin:69012.10000000.A", "6 to 12 digits"),
        ("urn:epc:id:giai:69012.A", "6 to 12 digits"),
        ("urn:epc:id:sgtin:6901234.100000.1", ""),
        ("urn:epc:id:adi:W81X9C.3KL984PX1.2WMA52", ""),
        ("urn:epc:idpat:sgtin:6901234.*.*", ""),
        ("https://id.gs1.org/01/06901234567892/10/A?17=261231", ""),
        ("https://id.gs1.org/01/06901234567892/21/1", ""),
        ("https://id.gs1.org/8003/00614141234561ABC", ""),
        ("https://id.gs1.org/voc/anything", ""),
        ("https://example.com/01/06901234567890", ""),
    ] {
        let text = format!(
            r#"{{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","type":"ObjectEvent",
            "eventTime":"2026-09-02T08:00:00Z","eventTimeZoneOffset":"+08:00","action":"ADD","epcList":["{uri}"]}}"#
        );
        let report = epcis::validate_report(text.as_bytes(), "x.json");
        assert!(report.valid, "{uri}");
        let told: Vec<_> = report.problems.iter().map(|p| (&*p.pointer, p.message().en)).collect();
        match (says, &*told) {
            ("", []) => {}
            (says, [("/epcList/0", text)]) if !says.is_empty() => {
                assert!(text.contains(says), "{uri}: {text}")
            }
            _ => panic!("{uri}: {told:?}"),
        }
    }
}

#[test]
fn advice_gives_way_to_errors_when_there_is_no_room_for_both() {
    let event = |id: &str, action: &str| {
        format!(
            r#"{{"type":"ObjectEvent","eventTime":"2026-09-02T08:00:00Z","eventTimeZoneOffset":"+08:00",
            "action":"{action}","epcList":["{id}"]}}"#
        )
    };
    let mut events = vec![event("https://id.gs1.org/01/06901234567890/21/1", "ADD"); 5];
    events.push(event("urn:a:b", "add"));
    let text = format!(
        r#"{{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","type":"EPCISDocument",
        "schemaVersion":"2.0","creationDate":"2026-09-02T08:00:00Z","epcisBody":{{"eventList":[{}]}}}}"#,
        events.join(",")
    );
    let limits = Limits { problems: 3, ..Limits::default() };
    let report = epcis::validate_stream(std::io::Cursor::new(text), "x.json", limits).unwrap();
    let pointers: Vec<_> = report.problems.iter().map(|p| &*p.pointer).collect();
    assert_eq!(
        pointers,
        [
            "/epcisBody/eventList/0/epcList/0",
            "/epcisBody/eventList/1/epcList/0",
            "/epcisBody/eventList/5/action"
        ]
    );
    assert!(!report.valid);
}
