//! Documents of every kind, made up: they survive the other syntax.

use crate::conversions::loss;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Text with what XML finds hard: markup, space at the ends, line ends, control characters, other scripts.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9 ]{0,12}",
        2 => "[ <>&\"'\\]?!a\\n\\t\\r食安\\u{1}\\u{fffe}:-]{0,10}",
        1 => Just("example:x".to_owned()),
        1 => Just("?>]]><!--".to_owned()),
    ]
}

fn uri() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("urn:epc:id:sgtin:0614141.107346.2017".to_owned()),
        Just("urn:epc:class:lgtin:4012345.012345.998877".to_owned()),
        "https://id\\.gs1\\.org/01/0401234501234[0-9]/10/[A-Z0-9]{1,6}",
        "urn:x:[a-z0-9]{1,8}",
        "https://example\\.com/[a-z]{1,6}\\?a=1&b=2",
    ]
}

fn number() -> impl Strategy<Value = Value> {
    "(0|-?[1-9][0-9]{0,5})(\\.[0-9]{1,4})?".prop_map(|text| serde_json::from_str(&text).unwrap())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => "example:[a-z]{1,3}",
        2 => "other:[A-Za-z_][a-z0-9.-]{0,3}",
        1 => "https://ns\\.example\\.org/[a-z]{1,3}",
        1 => "cbvmda:(lotNumber|netWeight)",
        1 => "example:[0-9 @$]{1,3}",
        1 => Just("example:extension".to_owned()),
        1 => Just("unknown:field".to_owned()),
    ]
}

fn inner_name() -> impl Strategy<Value = String> {
    prop_oneof![4 => name(), 1 => "[a-z]{1,4}", 1 => Just("@type".to_owned()), 1 => Just("extension".to_owned()),
        1 => Just("#text".to_owned())]
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => any_text().prop_map(Value::from),
        1 => number(),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((inner_name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn extensions() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((name(), tree()), 0..4).prop_map(|members| members.into_iter().collect())
}

fn quantities() -> impl Strategy<Value = Value> {
    let one =
        (uri(), prop::option::of(number()), prop::option::of("[A-Z]{3}")).prop_map(|(class, amount, uom)| {
            let mut out = json!({ "epcClass": class });
            if let Some(amount) = amount {
                out["quantity"] = amount;
            }
            if let Some(uom) = uom {
                out["uom"] = uom.into();
            }
            out
        });
    prop::collection::vec(one, 0..3).prop_map(Value::from)
}

fn texts() -> impl Strategy<Value = Value> {
    prop::collection::vec(uri(), 0..3).prop_map(Value::from)
}

fn links(name: &'static str) -> impl Strategy<Value = Value> {
    let kind = prop_oneof![Just("owning_party".to_owned()), Just("po".to_owned()), uri()];
    prop::collection::vec((kind, uri()), 0..3)
        .prop_map(move |list| list.into_iter().map(|(kind, id)| json!({ "type": kind, name: id })).collect())
}

fn sensors() -> impl Strategy<Value = Value> {
    let report =
        (extensions(), any::<bool>(), number(), any_text()).prop_map(|(mut out, truth, value, text)| {
            out.insert("type".into(), "Temperature".into());
            out.insert("value".into(), value);
            out.insert("booleanValue".into(), truth.into());
            out.insert("stringValue".into(), text.into());
            out.insert("component".into(), "x".into());
            out.insert("uom".into(), "CEL".into());
            Value::Object(out)
        });
    let element = (prop::collection::vec(report, 0..3), prop::option::of(extensions()), extensions())
        .prop_map(|(reports, metadata, mut out)| {
            if let Some(mut metadata) = metadata {
                metadata.insert("time".into(), "2026-09-02T00:00:00Z".into());
                out.insert("sensorMetadata".into(), Value::Object(metadata));
            }
            out.insert("sensorReport".into(), reports.into());
            Value::Object(out)
        });
    prop::collection::vec(element, 0..3).prop_map(Value::from)
}

/// Fields with values, some of them where the standard does not have them.
fn field() -> impl Strategy<Value = (String, Value)> {
    fn named<S: Strategy<Value = Value> + 'static>(
        name: &'static str,
        value: S,
    ) -> BoxedStrategy<(String, Value)> {
        value.prop_map(move |value| (name.to_owned(), value)).boxed()
    }
    let place = || {
        (uri(), extensions()).prop_map(|(id, mut out)| {
            out.insert("id".into(), id.into());
            Value::Object(out)
        })
    };
    let word = || {
        prop_oneof![
            Just(Value::from("shipping")),
            Just(Value::from("in_transit")),
            uri().prop_map(Value::from)
        ]
    };
    let words = || prop::collection::vec(Just("completeness_verified"), 0..2).prop_map(Value::from);
    let declared = (extensions(), texts()).prop_map(|(mut out, ids)| {
        out.insert("declarationTime".into(), "2026-09-02T00:00:00Z".into());
        out.insert("reason".into(), "incorrect_data".into());
        out.insert("correctiveEventIDs".into(), ids);
        Value::Object(out)
    });
    prop_oneof![
        named("eventID", uri().prop_map(Value::from)),
        named("recordTime", Just(Value::from("2026-09-02T00:00:00Z"))),
        named("action", Just(Value::from("ADD"))),
        named("epcList", texts()),
        named("childEPCs", texts()),
        named("inputEPCList", texts()),
        named("outputEPCList", texts()),
        named("quantityList", quantities()),
        named("childQuantityList", quantities()),
        named("outputQuantityList", quantities()),
        named("bizStep", word()),
        named("disposition", word()),
        named("readPoint", place()),
        named("bizLocation", place()),
        named("bizTransactionList", links("bizTransaction")),
        named("sourceList", links("source")),
        named("destinationList", links("destination")),
        named("sensorElementList", sensors()),
        named("ilmd", extensions().prop_map(Value::Object)),
        named(
            "persistentDisposition",
            (words(), words()).prop_map(|(set, unset)| json!({ "set": set, "unset": unset }))
        ),
        named("certificationInfo", prop_oneof![uri().prop_map(Value::from), texts()]),
        named("errorDeclaration", declared),
        named("parentID", uri().prop_map(Value::from)),
        named("transformationID", uri().prop_map(Value::from)),
        named("@context", Just(json!({ "other": "https://elsewhere.example.org/", "own": "urn:own:" }))),
        (name(), tree()),
    ]
}

fn event() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![
        Just("ObjectEvent"),
        Just("AggregationEvent"),
        Just("TransactionEvent"),
        Just("TransformationEvent"),
        Just("AssociationEvent"),
        Just("example:ThingEvent"),
        Just("https://example.org/events/Made"),
    ];
    (kind, prop::collection::vec(field(), 0..8)).prop_map(|(kind, fields)| {
        let mut out: Map<String, Value> = fields.into_iter().collect();
        out.insert("type".into(), kind.into());
        out.insert("eventTime".into(), "2026-09-02T08:00:00.000+08:00".into());
        out.insert("eventTimeZoneOffset".into(), "+08:00".into());
        Value::Object(out)
    })
}

fn header() -> impl Strategy<Value = Value> {
    let value = prop_oneof![any_text().prop_map(Value::from), number(), extensions().prop_map(Value::Object)];
    let element =
        (uri(), prop::collection::vec((uri(), value), 0..3), texts()).prop_map(|(id, list, children)| {
            let attributes: Vec<Value> =
                list.into_iter().map(|(id, value)| json!({ "id": id, "attribute": value })).collect();
            json!({ "id": id, "attributes": attributes, "children": children })
        });
    let table = (uri(), prop::collection::vec(element, 0..3))
        .prop_map(|(kind, list)| json!({ "type": kind, "vocabularyElementList": list }));
    (prop::collection::vec(table, 0..3), extensions()).prop_map(|(list, mut out)| {
        out.insert("epcisMasterData".into(), json!({ "vocabularyList": list }));
        Value::Object(out)
    })
}

fn document() -> impl Strategy<Value = Value> {
    let context = prop_oneof![
        Just(json!(["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
            { "example": "https://ns.example.com/epcis/", "other": "urn:other:" }])),
        Just(json!(["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
            { "other": "http://other.example.com" }, { "example": "http://ns.example.com/epcis" }])),
        Just(json!(["https://elsewhere.example.com/context.jsonld"])),
    ];
    (context, prop::collection::vec(event(), 0..3), prop::option::of(header()), extensions(), 0..4u8)
        .prop_map(|(context, events, header, mut out, shape)| {
            if let (0, Some(event)) = (shape, events.first()) {
                let mut event = event.clone();
                event["@context"] = context;
                return event;
            }
            out.insert("@context".into(), context);
            if shape == 1 {
                out.insert("type".into(), "EPCISQueryDocument".into());
                out.insert(
                    "epcisBody".into(),
                    json!({ "queryResults": { "queryName": "SimpleEventQuery",
                    "resultsBody": { "eventList": events } } }),
                );
                return Value::Object(out);
            }
            out.insert("type".into(), "EPCISDocument".into());
            out.insert("schemaVersion".into(), "2.0".into());
            out.insert("creationDate".into(), "2026-09-02T00:00:00Z".into());
            out.insert("epcisBody".into(), json!({ "eventList": events }));
            if let Some(header) = header {
                out.insert("epcisHeader".into(), header);
            }
            if shape == 2 {
                out.insert("sender".into(), "urn:epc:id:sgln:0353579.00001.0".into());
                out.insert("id".into(), "urn:document:1".into());
            }
            Value::Object(out)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_document_survives_the_other_syntax(document in document()) {
        let text = document.to_string();
        if let Err(loss) = loss(text.as_bytes()) {
            return Err(TestCaseError::fail(format!("{text}\n{loss}")));
        }
        // and what came out as XML survives JSON
        let xml = epcis::convert(text.as_bytes(), epcis::Target::Xml, &epcis::WriteOptions::default()).unwrap();
        if let Err(loss) = loss(xml.as_bytes()) {
            return Err(TestCaseError::fail(format!("{xml}\n{loss}")));
        }
    }
}
