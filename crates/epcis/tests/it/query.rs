//! Every parameter family of `SimpleEventQuery` on five events, one row each; TCR-53 steps 26, 28, 29.

use epcis::query::{MasterData, MasterDataQuery, MasterDataView as _, NoMasterData, Query};
use epcis::{Context, Event, Limits, ProblemType, Syntax, json, parse};

/// Events A to E: an object event with everything, its error declaration's like, and one of every other type.
const EVENTS: &str = r#"{
"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
  {"ex": "https://example.org/ns/"}, {"b": "https://ref.gs1.org/cbv/BizStep-"}],
"type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-21T00:00:00Z",
"epcisBody": {"eventList": [
 {"type": "ObjectEvent", "eventID": "urn:uuid:a", "eventTime": "2026-09-01T08:00:00+08:00",
  "recordTime": "2026-09-01T01:00:00Z", "eventTimeZoneOffset": "+08:00", "action": "ADD", "bizStep": "commissioning",
  "disposition": "active", "persistentDisposition": {"set": ["completeness_verified"], "unset": ["completeness_inferred"]},
  "epcList": ["urn:epc:id:sgtin:4012345.011111.9876", "https://shop.example/01/04012345111118/21/77"],
  "quantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 200.5, "uom": "KGM"},
                   {"epcClass": "urn:epc:idpat:sgtin:4012345.066666.*", "quantity": 12}],
  "readPoint": {"id": "urn:epc:id:sgln:4012345.00001.0", "ex:door": 3, "ex:box": {"ex:shelf": "top"}},
  "bizLocation": {"id": "https://id.gs1.org/414/4012345000115", "ex:zone": "cold"},
  "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epc:id:gdti:0614141.00001.1618034"},
                         {"type": "ex:route", "bizTransaction": "https://t.example/7"}],
  "sourceList": [{"type": "possessing_party", "source": "urn:epc:id:pgln:4012345.00001"}],
  "destinationList": [{"type": "location", "destination": "urn:epc:id:sgln:0614141.00777.0"}],
  "ilmd": {"ex:harvest": "2026-08-30T00:00:00Z", "ex:field": {"ex:area": 2.5}},
  "ex:temperature": 7.25, "ex:note": ["first", "second"], "ex:trip": {"ex:leg": [{"ex:km": 120}, {"ex:km": "90"}]},
  "ex:checked": true, "ex:typed": {"@type": "xsd:int", "@value": "41"}, "ex:when": "2026-09-01T10:00:00+08:00"},
 {"type": "ObjectEvent", "eventID": "urn:uuid:b", "eventTime": "2026-09-02T00:00:00Z",
  "recordTime": "2026-09-02T01:00:00Z", "eventTimeZoneOffset": "+00:00", "action": "OBSERVE", "bizStep": "b:sensor_reporting",
  "epcList": ["https://id.gs1.org/8004/401234599999"],
  "ex:temperature": "12",
  "errorDeclaration": {"declarationTime": "2026-09-05T00:00:00Z", "reason": "incorrect_data",
    "correctiveEventIDs": ["urn:uuid:z"], "ex:by": "QA", "ex:more": {"ex:level": 4}},
  "sensorElementList": [
   {"sensorMetadata": {"time": "2026-09-01T23:00:00Z", "startTime": "2026-09-01T22:00:00Z",
      "endTime": "2026-09-01T23:30:00Z", "deviceID": "urn:epc:id:giai:4000001.111", "rawData": "https://r.example/1",
      "ex:firmware": 12},
    "sensorReport": [{"type": "Temperature", "value": 9, "uom": "CEL", "minValue": 4, "maxValue": 11, "meanValue": 7.5,
       "sDev": 1.5, "percRank": 50, "percValue": 8, "ex:channel": "one"},
      {"type": "gs1:Pressure", "value": 1013.25, "uom": "A97", "component": "x"}], "ex:batch": 8},
   {"sensorReport": [{"type": "Dimensionless", "deviceID": "https://id.gs1.org/8004/4000001222",
       "dataProcessingMethod": "https://m.example/avg", "bizRules": "https://rules.example/1", "time": "2026-09-01T20:00:00Z",
       "microorganism": "https://micro.example/ecoli", "chemicalSubstance": "https://chem.example/pb",
       "stringValue": "SomeString", "booleanValue": true, "hexBinaryValue": "f0f0", "uriValue": "https://v.example/x"}]}]},
 {"type": "AggregationEvent", "eventID": "urn:uuid:c", "eventTime": "2026-09-03T00:00:00Z",
  "recordTime": "2026-09-03T01:00:00Z", "eventTimeZoneOffset": "+00:00", "action": "DELETE", "bizStep": "https://steps.example/x",
  "parentID": "urn:epc:id:sscc:4047023.0000000123", "childEPCs": ["urn:epc:id:sgtin:4012345.011111.1"],
  "childQuantityList": [{"epcClass": "https://id.gs1.org/01/04012345123456/10/A", "quantity": 3, "uom": "TNE"}],
  "bizLocation": {"id": "https://loc.example/shelf"}},
 {"type": "TransformationEvent", "eventID": "urn:uuid:d", "eventTime": "2026-09-04T00:00:00Z",
  "recordTime": "2026-09-04T01:00:00Z", "eventTimeZoneOffset": "+00:00", "bizStep": "commissioning",
  "inputEPCList": ["urn:epc:id:sgtin:4012345.011111.2"], "outputEPCList": ["urn:epc:id:sgtin:4012345.022222.1"],
  "inputQuantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.IN"}],
  "outputQuantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.OUT", "quantity": 1}],
  "transformationID": "urn:epc:id:gdti:0614141.00002.55", "ex:temperature": 3},
 {"type": "ex:SpecialEvent", "eventID": "urn:uuid:e", "eventTime": "2026-09-05T00:00:00.000000001Z",
  "recordTime": "2026-09-05T01:00:00Z", "eventTimeZoneOffset": "+00:00", "readPoint": {"id": "https://loc.example/door"}}
]}}"#;

fn events() -> Vec<Event> {
    json::read_document(EVENTS.as_bytes(), Limits::default()).unwrap().events
}

fn context() -> Context {
    epcis::query::extensions("ex=https://example.org/ns/, own=https://own.example/").unwrap()
}

fn asked(text: &str) -> Result<Query, epcis::Problems> {
    let pairs = text.split('&').filter(|p| !p.is_empty()).map(|p| p.split_once('=').unwrap_or((p, "")));
    Query::from_pairs(pairs, &context())
}

/// The letters of the events a query finds, in the order of the answer.
fn found(query: &Query, data: &MasterData) -> String {
    let all = events();
    let select = query.select(&all, data).unwrap();
    select.iter().map(|e| e.event_id().unwrap().rsplit(':').next().unwrap()).collect()
}

#[test]
fn each_parameter_selects_what_it_says() {
    for (query, ids) in [
        ("", "abcde"),
        // type and time
        ("eventType=ObjectEvent|AggregationEvent", "abc"),
        ("eventType=ex:SpecialEvent", "e"),
        ("eventType=https://example.org/ns/SpecialEvent", "e"),
        ("eventType=ObjectEvent&eventType=TransformationEvent", "abd"),
        ("GE_eventTime=2026-09-02T08:00:00+08:00", "bcde"),
        ("GE_eventTime=2026-09-02T08:00:00 08:00", "bcde"),
        ("LT_eventTime=2026-09-05T00:00:00Z", "abcd"),
        ("GE_eventTime=2026-09-05T00:00:00.000000001Z", "e"),
        ("GE_recordTime=2026-09-04T01:00:00Z", "de"),
        ("LT_recordTime=2026-09-02T01:00:00Z", "a"),
        // why
        ("EQ_action=ADD|DELETE", "ac"),
        ("EQ_bizStep=commissioning", "ad"),
        ("EQ_bizStep=urn:epcglobal:cbv:bizstep:commissioning", "ad"),
        ("EQ_bizStep=cbv:BizStep-sensor_reporting|https://steps.example/x", "bc"),
        ("EQ_disposition=https://ref.gs1.org/cbv/Disp-active", "a"),
        ("EQ_persistentDisposition_set=completeness_verified", "a"),
        ("EQ_persistentDisposition_set=completeness_inferred", ""),
        ("EQ_persistentDisposition_unset=completeness_inferred", "a"),
        // where
        ("EQ_readPoint=https://id.gs1.org/414/4012345000016", "a"),
        ("EQ_readPoint=https://loc.example/door|urn:epc:id:sgln:4012345.00001.0", "ae"),
        ("EQ_bizLocation=urn:epc:id:sgln:4012345.00011.0", "a"),
        ("EQ_readPoint_ex:door=3", "a"),
        ("GT_readPoint_ex:door=3", ""),
        ("EXISTS_readPoint_ex:door", "a"),
        ("EQ_INNER_readPoint_ex:shelf=top", "a"),
        ("EQ_readPoint_ex:shelf=top", ""),
        ("EQ_bizLocation_ex:zone=cold|warm", "a"),
        ("EQ_transformationID=https://id.gs1.org/253/061414100002055", ""),
        ("EQ_transformationID=urn:epc:id:gdti:0614141.00002.55", "d"),
        // typed lists
        ("EQ_bizTransaction_po=urn:epc:id:gdti:0614141.00001.1618034", "a"),
        ("EQ_bizTransaction_inv=urn:epc:id:gdti:0614141.00001.1618034", ""),
        ("EQ_bizTransaction_ex:route=https://t.example/7", "a"),
        ("EQ_source_possessing_party=https://id.gs1.org/417/4012345000016", "a"),
        ("EQ_destination_location=urn:epc:id:sgln:0614141.00777.0", "a"),
        ("EQ_source_location=urn:epc:id:sgln:0614141.00777.0", ""),
        // what
        ("MATCH_epc=https://id.gs1.org/01/04012345111118/21/9876", "a"),
        ("MATCH_epc=urn:epc:id:sgtin:4012345.011111.1", "c"),
        ("MATCH_epc=urn:epc:idpat:sgtin:4012345.011111.*", "ac"),
        ("MATCH_epc=urn:epc:idpat:sgtin:4012345.*.*", "ac"),
        ("MATCH_epc=urn:epc:idpat:sgtin:4012346.*.*", ""),
        ("MATCH_epc=urn:epc:idpat:giai:4012345.*", "b"),
        ("MATCH_anyEPC=urn:epc:idpat:sgtin:4012345.*.*", "acd"),
        ("MATCH_anyEPC=urn:epc:idpat:sscc:4047023.*", "c"),
        ("MATCH_parentID=https://id.gs1.org/00/040470230000001238", "c"),
        ("MATCH_inputEPC=urn:epc:id:sgtin:4012345.011111.2", "d"),
        ("MATCH_outputEPC=urn:epc:id:sgtin:4012345.011111.2", ""),
        ("MATCH_outputEPC=urn:epc:id:sgtin:4012345.022222.1", "d"),
        ("MATCH_epcClass=urn:epc:class:lgtin:4012345.012345.998877", "a"),
        ("MATCH_epcClass=https://id.gs1.org/01/04012345666663", "a"),
        ("MATCH_epcClass=urn:epc:idpat:sgtin:4012345.012345.*", "ac"),
        ("MATCH_epcClass=urn:epc:class:lgtin:4012345.012345.*", "ac"),
        ("MATCH_anyEPCClass=https://id.gs1.org/01/04012345123456", "acd"),
        ("MATCH_inputEPCClass=urn:epc:class:lgtin:4012345.012345.IN", "d"),
        ("MATCH_outputEPCClass=urn:epc:class:lgtin:4012345.012345.IN", ""),
        ("MATCH_epcClass=urn:epc:id:sgtin:4012345.011111.9876", ""),
        // quantity
        ("EQ_quantity=12", "a"),
        ("EQ_quantity=12|1", "ad"),
        ("GT_quantity=200", "a"),
        ("GE_quantity=3&LT_quantity=4", "c"),
        ("LE_quantity=1.0", "d"),
        ("GE_quantity_KGM=3000", "c"),
        ("EQ_quantity_GRM=200500", "a"),
        ("EQ_quantity_EA=12", "a"),
        ("GT_quantity_LTR=0", ""),
        // identity and error
        ("EQ_eventID=urn:uuid:a|urn:uuid:e", "ae"),
        ("EXISTS_errorDeclaration=true", "b"),
        ("EXISTS_errorDeclaration=false", "abcde"),
        ("GE_errorDeclarationTime=2026-09-05T00:00:00Z", "b"),
        ("LT_errorDeclaration_Time=2026-09-05T00:00:00Z", ""),
        ("EQ_errorReason=urn:epcglobal:cbv:er:incorrect_data", "b"),
        ("EQ_correctiveEventID=urn:uuid:z", "b"),
        // sensors
        ("EXISTS_sensorElementList", "b"),
        ("EQ_type=Temperature", "b"),
        ("EQ_type=gs1:Pressure", "b"),
        ("EQ_type=Speed", ""),
        ("GE_time=2026-09-01T23:00:00Z", "b"),
        ("LT_time=2026-09-01T20:00:01Z", "b"),
        ("LT_time=2026-09-01T20:00:00Z", ""),
        ("GE_startTime=2026-09-01T22:00:00Z&LT_endTime=2026-09-02T00:00:00Z", "b"),
        ("EQ_deviceID=https://id.gs1.org/8004/4000001111", "b"),
        ("EQ_deviceID=urn:epc:id:giai:4000001.222", "b"),
        ("EQ_dataProcessingMethod=https://m.example/avg", "b"),
        ("EQ_rawData=https://r.example/1", "b"),
        ("EQ_bizRules=https://rules.example/1", "b"),
        ("EQ_microorganism=https://micro.example/ecoli", "b"),
        ("EQ_chemicalSubstance=https://chem.example/cd|https://chem.example/pb", "b"),
        ("EQ_stringValue=SomeString", "b"),
        ("EQ_stringValue=somestring", ""),
        ("EQ_booleanValue=true", "b"),
        ("EQ_booleanValue=false", ""),
        ("EQ_hexBinaryValue=F0F0", "b"),
        ("EQ_uriValue=https://v.example/x", "b"),
        ("GE_percRank=50&LT_percRank=51", "b"),
        ("GT_percRank=50", ""),
        ("EQ_value_CEL=9", "b"),
        ("EQ_value_FAH=48.2", "b"),
        ("LE_minValue_KEL=277.15&GE_maxValue_KEL=284.15", "b"),
        ("GT_meanValue_CEL=7.5", ""),
        ("GE_sDev_KEL=1.5&LE_sDev_FAH=2.7", "b"),
        ("EQ_value_ATM=1", "b"),
        ("GE_value_KPA=101&LT_percValue_KEL=282", "b"),
        ("GE_value_KGM=0", ""),
        // extension fields
        ("EQ_ex:temperature=7.25", "a"),
        ("EQ_ex:temperature=7.250|3", "ad"),
        ("GE_ex:temperature=7.25", "ab"),
        ("LT_ex:temperature=7.25", "d"),
        ("EQ_https://example.org/ns/temperature=3", "d"),
        ("EQ_ex:note=second", "a"),
        ("EQ_ex:note=second,first", ""),
        ("EQ_ex:checked=true", "a"),
        ("GT_ex:typed=40", "a"),
        ("EQ_ex:when=2026-09-01T02:00:00Z", "a"),
        ("LE_ex:when=2026-09-01T02:00:00Z", "a"),
        ("EXISTS_ex:temperature", "abd"),
        ("EXISTS_ex:km", ""),
        ("EXISTS_INNER_ex:km", "a"),
        ("EQ_INNER_ex:km=90", "a"),
        ("GT_INNER_ex:km=119", "a"),
        ("GE_ILMD_ex:harvest=2026-08-30T00:00:00Z", "a"),
        ("EXISTS_ILMD_ex:harvest", "a"),
        ("EQ_ILMD_ex:area=2.5", ""),
        ("EQ_INNER_ILMD_ex:area=2.5", "a"),
        ("EXISTS_INNER_ex:area", ""),
        ("EQ_ERROR_DECLARATION_ex:by=QA", "b"),
        ("GT_INNER_ERROR_DECLARATION_ex:level=3", "b"),
        ("EXISTS_ERROR_DECLARATION_ex:level", ""),
        ("EQ_SENSORELEMENT_ex:batch=8", "b"),
        ("LE_SENSORMETADATA_ex:firmware=12", "b"),
        ("EQ_SENSORREPORT_ex:channel=one", "b"),
        ("EXISTS_SENSORREPORT_ex:batch", ""),
        ("EXISTS_own:temperature", ""),
        // several restrict together
        ("EQ_bizStep=commissioning&EQ_action=ADD", "a"),
        ("eventType=ObjectEvent&EQ_bizStep=commissioning&GE_eventTime=2026-09-02T00:00:00Z", ""),
        // order and count
        ("orderBy=eventTime", "edcba"),
        ("orderBy=recordTime&orderDirection=ASC", "abcde"),
        ("orderBy=eventTime&eventCountLimit=2", "ed"),
        ("orderBy=ex:temperature&orderDirection=ASC", "dabce"),
        ("orderBy=ex:temperature", "badce"),
        ("orderBy=https://example.org/ns/temperature&eventCountLimit=1", "b"),
        ("maxEventCount=5", "abcde"),
    ] {
        let parsed = asked(query).unwrap_or_else(|problems| panic!("{query}: {problems}"));
        assert_eq!(found(&parsed, &MasterData::default()), ids, "{query}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_by_name() {
    for (query, pointer) in [
        ("EQ_colour=red", "EQ_colour"),
        ("EQ_bizstep=shipping", "EQ_bizstep"),
        ("GT_eventTime=2026-09-01T00:00:00Z", "GT_eventTime"),
        ("GE_eventTime=yesterday", "GE_eventTime"),
        ("GE_eventTime=2026-09-01T00:00:00", "GE_eventTime"),
        ("GE_eventTime=2026-09-01T00:00:00Z|2026-09-02T00:00:00Z", "GE_eventTime"),
        ("eventType=Event", "eventType"),
        ("EQ_action=ADD,DELETE", "EQ_action"),
        ("EQ_bizStep=shiping", "EQ_bizStep"),
        ("EQ_bizStep=", "EQ_bizStep"),
        ("MATCH_epc=4012345", "MATCH_epc"),
        ("MATCH_thing=urn:a:b", "MATCH_thing"),
        ("orderBy=bizStep", "orderBy"),
        ("EQ_readPoint=warehouse 7", "EQ_readPoint"),
        ("GE_quantity=many", "GE_quantity"),
        ("GE_quantity=1|2", "GE_quantity"),
        ("GE_quantity_kg=1", "GE_quantity_kg"),
        ("EQ_minValue_CEL=1", "EQ_minValue_CEL"),
        ("GE_ex:note=first", "GE_ex:note"),
        ("EQ_nope:field=1", "EQ_nope:field"),
        ("EXISTS_ex:field=perhaps", "EXISTS_ex:field"),
        ("EQ_booleanValue=1", "EQ_booleanValue"),
        ("orderBy=bizStep", "orderBy"),
        ("orderBy=eventTime&orderDirection=UP", "orderDirection"),
        ("eventCountLimit=3", "eventCountLimit"),
        ("orderBy=eventTime&eventCountLimit=0", "eventCountLimit"),
        ("orderBy=eventTime&eventCountLimit=3&maxEventCount=3", "maxEventCount"),
    ] {
        let problems = asked(query).expect_err(query);
        let problem = problems.0.iter().find(|p| p.pointer == pointer);
        let problem = problem.unwrap_or_else(|| panic!("{query}: {problems}"));
        assert_eq!(problem.kind, ProblemType::QueryParameter, "{query}");
        assert!(!problem.remedy.zh.is_empty() && !problem.remedy.en.is_empty());
    }
    assert!(asked("EQ_bizStep=shiping").unwrap_err().to_string().contains("'shipping'"));
    assert!(asked("eventTyp=x").unwrap_err().0[0].remedy.en.contains("eventType"));
    let all = events();
    let error = asked("maxEventCount=4").unwrap().select(&all, &NoMasterData).unwrap_err();
    assert_eq!(error.kind, ProblemType::QueryTooLarge);
}

#[test]
fn a_named_query_is_typed_json_with_its_own_context() {
    let read = |text: &str| {
        Query::from_json(
            &parse(text.as_bytes(), &Limits::default()).unwrap(),
            &Context::standard(Syntax::Json),
        )
    };
    let cases = [
        (r#"{"name":"q","query":{"eventType":["ObjectEvent"],"EQ_bizStep":["commissioning"]}}"#, "a"),
        (r#"{"query":{"@context":{"my":"https://example.org/ns/"},"GE_my:temperature":7.25}}"#, "ab"),
        (r#"{"@context":{"my":"https://example.org/ns/"},"EQ_my:note":["second"]}"#, "a"),
        (r#"{"@context":{"my":"https://example.org/ns/"},"GE_my:when":"2026-09-01T02:00:00Z"}"#, "a"),
        (r#"{"EQ_quantity":12}"#, "a"),
        (r#"{"EQ_quantity":[12,1]}"#, "ad"),
        (r#"{"EXISTS_errorDeclaration":null}"#, "b"),
        (r#"{"EXISTS_errorDeclaration":1}"#, "b"),
        (r#"{"EXISTS_errorDeclaration":true}"#, "b"),
        (r#"{"GE_value_KEL":282.15}"#, "b"),
        (r#"{"EQ_booleanValue":true}"#, "b"),
        (r#"{"orderBy":"eventTime","orderDirection":"ASC","eventCountLimit":2}"#, "ab"),
        ("{}", "abcde"),
    ];
    for (text, ids) in cases {
        assert_eq!(
            found(&read(text).unwrap_or_else(|p| panic!("{text}: {p}")), &MasterData::default()),
            ids,
            "{text}"
        );
    }
    assert_eq!(read("[]").unwrap_err().0[0].kind, ProblemType::QueryValidation);
    assert_eq!(read(r#"{"query":{"EQ_x":1}}"#).unwrap_err().0[0].pointer, "/query/EQ_x");
    assert!(read(r#"{"EQ_my:temperature":1}"#).unwrap_err().to_string().contains("@context"));
    if let Some(folder) = crate::files::shared("examples/query") {
        for file in crate::files::files(&folder, &[".json"]) {
            assert!(read(&std::fs::read_to_string(&file).unwrap()).is_ok(), "{}", file.display());
        }
    }
}

/// Names that fit every pattern of the official query schema are parameters here.
#[test]
fn every_name_of_the_official_schema_is_known() {
    let Some(folder) = crate::files::shared("schema") else { return };
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("query-schema.json")).unwrap()).unwrap();
    let definition = &schema["definitions"]["EPCIS-Query"];
    let fixed = definition["properties"].as_object().unwrap().keys().filter(|n| *n != "@context").cloned();
    let patterns = definition["patternProperties"].as_object().unwrap().keys().map(|pattern| {
        pattern
            .trim_matches(['^', '$'])
            // the official file doubles the backslashes
            .replace('\\', "")
            .replace("[a-z][a-zA-Z0-9]*:w+", "ex:field")
            .replace("w+_w+", "bizLocation_site")
            .replace("[A-Z0-9]{2,4}", "KGM")
            .replace("[a-z][a-zA-Z0-9_]+", "po")
    });
    let names: Vec<String> = fixed.chain(patterns).collect();
    assert_eq!(names.len(), 60 + 108, "{names:?}");
    let values = [
        "1",
        "2026-09-01T00:00:00Z",
        "urn:a:b",
        "ADD",
        "true",
        "ObjectEvent",
        "active",
        "shipping",
        "did_not_occur",
        "Temperature",
        "eventTime",
        "ASC",
    ];
    for name in names {
        // some value must do; the name itself is never the problem
        let good = values.iter().any(|value| {
            let with_order = [(name.as_str(), *value), ("orderBy", "eventTime")];
            let pairs = if name == "eventCountLimit" { &with_order[..] } else { &with_order[..1] };
            Query::from_pairs(pairs.iter().copied(), &context()).is_ok()
        });
        assert!(good, "{name}");
    }
}

#[test]
fn places_below_and_attributes_come_from_master_data() {
    let data =
        |text: &str| MasterData::from_node(&context(), &parse(text.as_bytes(), &Limits::default()).unwrap());
    let tree = data(
        r#"{"vocabularyList":[{"type":"urn:epcglobal:epcis:vtype:BusinessLocation","vocabularyElementList":[
        {"id":"https://loc.example/region","children":["https://loc.example/plant","https://loc.example/depot"]},
        {"id":"https://loc.example/plant","children":["urn:epc:id:sgln:4012345.00011.0","https://loc.example/region"]},
        {"id":"https://loc.example/depot","children":["https://id.gs1.org/414/4012345000115","https://loc.example/shelf"]},
        {"id":"urn:epc:id:sgln:4012345.00011.0","attributes":[
          {"id":"cbvmda:site","attribute":"0012345000058"},{"id":"https://example.org/ns/level","attribute":[2,"3"]}]}]}]}"#,
    );
    assert_eq!(tree.children("https://loc.example/depot").len(), 2);
    for (query, ids) in [
        ("WD_bizLocation=https://loc.example/region", "ac"),
        ("WD_bizLocation=https://loc.example/plant", "ac"),
        ("WD_bizLocation=https://loc.example/depot", "ac"),
        ("WD_bizLocation=https://loc.example/shelf", "c"),
        ("EQ_bizLocation=https://loc.example/depot", ""),
        ("WD_readPoint=https://loc.example/region", ""),
        ("HASATTR_bizLocation=cbvmda:site", "a"),
        ("HASATTR_bizLocation=urn:epcglobal:cbv:mda:site|other", "a"),
        ("HASATTR_bizLocation=site", "a"),
        ("HASATTR_readPoint=cbvmda:site", ""),
        ("EQATTR_bizLocation_cbvmda:site=0012345000058", "a"),
        ("EQ_ATTR_bizLocation_site=0012345000058|1", "a"),
        ("EQATTR_bizLocation_ex:level=3.0", "a"),
        ("EQATTR_bizLocation_ex:level=4", ""),
    ] {
        let parsed = asked(query).unwrap_or_else(|problems| panic!("{query}: {problems}"));
        assert_eq!(found(&parsed, &tree), ids, "{query}");
        assert!(parsed.needs_master_data() || query.starts_with("EQ_biz"), "{query}");
    }
    for (query, count) in [
        ("", 4),
        ("vocabularyName=urn:epcglobal:epcis:vtype:ReadPoint", 0),
        ("vocabularyName=urn:epcglobal:epcis:vtype:BusinessLocation|x", 4),
        ("EQ_name=https://id.gs1.org/414/4012345000115", 1),
        ("WD_name=https://loc.example/depot", 2),
        ("HASATTR=cbvmda:site", 1),
        ("EQATTR_site=0012345000058&includeAttributes=true&attributeNames=ex:level", 1),
        ("EQATTR_site=7", 0),
        ("maxElementCount=4&includeChildren=true", 4),
    ] {
        let pairs = query.split('&').filter_map(|p| p.split_once('='));
        let parsed = MasterDataQuery::from_pairs(pairs, &context()).unwrap();
        let answer = parsed.select(&tree).unwrap();
        assert_eq!(answer.vocabularies().values().map(|v| v.len()).sum::<usize>(), count, "{query}");
    }
    for query in ["EQ_color=x", "includeAttributes=yes", "attributeNames=a", "maxElementCount=-1"] {
        let pairs = query.split('&').filter_map(|p| p.split_once('='));
        assert!(MasterDataQuery::from_pairs(pairs, &context()).is_err(), "{query}");
    }
    let few = MasterDataQuery::from_pairs([("maxElementCount", "3")], &context()).unwrap();
    assert_eq!(few.select(&tree).unwrap_err().kind, ProblemType::QueryTooLarge);
}

/// TCR-53: 26 finds a report in another unit, 28 finds a shared attribute in either place, 29 refuses it in both.
#[test]
fn tcr_53_sensor_steps_26_28_29() {
    let text = |metadata: &str, report: &str| {
        format!(
            r#"{{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"ObjectEvent",
            "eventTime":"2026-09-02T08:00:00+08:00","eventTimeZoneOffset":"+08:00","action":"OBSERVE",
            "epcList":["urn:epc:id:sscc:4047023.0000000123"],
            "sensorElementList":[{{"sensorMetadata":{{{metadata}}},
            "sensorReport":[{{"type":"Temperature","value":26.0,"uom":"CEL"{report}}}]}}]}}"#
        )
    };
    let strict = Limits { strict: true, ..Limits::default() };
    let read = |metadata: &str, report: &str| json::read_event(text(metadata, report).as_bytes(), strict);
    let event = read("", "").unwrap();
    for (query, finds) in [
        ("GE_value_CEL=26", true),
        ("GE_value_KEL=299.15", true),
        ("GT_value_KEL=299.15", false),
        ("LE_value_FAH=78.8", true),
        ("LT_value_FAH=78.8", false),
    ] {
        assert_eq!(asked(query).unwrap().matches(&event, &NoMasterData), finds, "step 26: {query}");
    }
    for (attribute, value, query) in [
        ("deviceID", "urn:epc:id:giai:4000001.111", "EQ_deviceID=urn:epc:id:giai:4000001.111"),
        ("dataProcessingMethod", "https://m.example/a", "EQ_dataProcessingMethod=https://m.example/a"),
        ("rawData", "https://r.example/a", "EQ_rawData=https://r.example/a"),
        ("time", "2026-09-02T00:00:00Z", "GE_time=2026-09-02T00:00:00Z"),
    ] {
        let stated = format!(r#""{attribute}":"{value}""#);
        let query = asked(query).unwrap();
        for (metadata, report) in [(stated.as_str(), String::new()), ("", format!(",{stated}"))] {
            let event = read(metadata, &report).unwrap();
            assert!(query.matches(&event, &NoMasterData), "step 28: {attribute}");
        }
        assert!(read(&stated, &format!(",{stated}")).is_err(), "step 29: {attribute}");
    }
}

#[test]
fn a_recorded_event_has_the_id_and_time_of_the_repository() {
    let all = events();
    let (body, context) = (all[4].to_json(), all[4].context());
    let time = base::Instant(1_788_307_200_000_123);
    let again = Event::recorded(&body, context, "ni:///sha-256;00?ver=CBV2.0", time).unwrap();
    assert_eq!((again.event_id(), again.record_time()), (Some("urn:uuid:e"), Some(time)));
    let bare = body.replace(r#""eventID":"urn:uuid:e","#, "");
    let again = Event::recorded(&bare, context, "ni:///sha-256;00?ver=CBV2.0", time).unwrap();
    assert_eq!(again.event_id(), Some("ni:///sha-256;00?ver=CBV2.0"));
    assert!(Event::recorded("{}", context, "x", time).is_none());
}
