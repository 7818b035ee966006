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
