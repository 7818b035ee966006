//! Whole documents: what must be taken and what must be refused.

use crate::files::{files, shared, testdata};
use epcis::{Limits, Severity, hash, json, xml};

const JSON: [&str; 2] = [".json", ".jsonld"];

/// JSON documents of events below a folder.
fn json_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = files(folder, &JSON);
    found.retain(|file| !file.to_string_lossy().ends_with("vectors.json"));
    found
}

#[test]
fn official_and_food_documents_are_valid() {
    let mut folders = vec![testdata("gdst"), testdata("pairs"), testdata("hash")];
    folders.extend(shared("examples/json"));
    let mut bad = Vec::new();
    for file in folders.iter().flat_map(|folder| json_files(folder)) {
        if let Err(problems) = json::read_document(&std::fs::read(&file).unwrap(), Limits::default()) {
            bad.push(format!("{}\n{problems}", file.display()));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n\n"));
}

#[test]
fn the_traceability_rule_documents_break_one_rule_only_their_root_comment() {
    for file in json_files(&testdata("fsma204")) {
        let text = std::fs::read(&file).unwrap();
        let problems = json::read_document(&text, Limits::default()).unwrap_err();
        let pointers: Vec<&str> = problems.errors().map(|p| &*p.pointer).collect();
        assert_eq!(pointers, ["/_comment_gs1us_mapping"], "{}", file.display());
        let mut value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        value.as_object_mut().unwrap().remove("_comment_gs1us_mapping");
        json::read_document(value.to_string().as_bytes(), Limits::default()).unwrap();
    }
}

#[test]
fn invalid_documents_are_refused_with_pointer_and_remedy() {
    for (name, pointer, word) in [
        ("EPCISDocument_without_context", "/@context", "@context"),
        ("ObjectEvent_with_invalid_action", "/epcisBody/eventList/0/action", "ADD, OBSERVE, DELETE"),
        ("ObjectEvent_with_non_standard_disposition", "/epcisBody/eventList/0/disposition", "standard"),
        ("ObjectEvent_with_quantity_as_text", "/epcisBody/eventList/0/quantityList/0/quantity", "number"),
        ("ObjectEvent_without_action_and_eventTime", "/epcisBody/eventList/0/eventTime", "required"),
    ] {
        let file = testdata("invalid/json").join(format!("{name}.json"));
        let problems = json::read_document(&std::fs::read(file).unwrap(), Limits::default()).unwrap_err();
        let hit = problems.errors().find(|p| p.pointer == pointer);
        let hit = hit.unwrap_or_else(|| panic!("{name}: {problems}"));
        assert!(hit.message().en.contains(word), "{name}: {problems}");
        assert!(!hit.remedy.zh.is_empty() && hit.severity == Severity::Error);
    }
}

#[test]
fn official_xml_documents_are_valid() {
    let mut folders = vec![testdata("pairs")];
    folders.extend(shared("examples/xml"));
    folders.extend(shared("examples/xml-1.2"));
    let mut bad = Vec::new();
    for folder in folders {
        for file in files(&folder, &[".xml"]) {
            let bytes = std::fs::read(&file).unwrap();
            let verdict = xml::read_document(&bytes, Limits::default());
            let text = String::from_utf8_lossy(&bytes);
            let is_of_events = text.contains("EPCISDocument") || text.contains("EPCISMasterDataDocument");
            match verdict {
                Err(problems) if is_of_events => bad.push(format!("{}\n{problems}", file.display())),
                Ok(_) if !is_of_events => bad.push(format!("{} is no document of events", file.display())),
                _ => {}
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n\n"));
}

#[test]
fn invalid_xml_is_refused_with_line_and_pointer() {
    for (name, line, pointer) in [
        ("ObjectEvent_with_invalid_action", 12, "/epcisBody/eventList/0/action"),
        ("ObjectEvent_with_wrong_element_order", 8, "/epcisBody/eventList/0"),
    ] {
        let file = testdata("invalid/xml").join(format!("{name}.xml"));
        let problems = xml::read_document(&std::fs::read(file).unwrap(), Limits::default()).unwrap_err();
        let hit = problems.errors().find(|p| p.pointer == pointer).unwrap_or_else(|| panic!("{problems}"));
        assert_eq!(hit.position.map(|at| at.line), Some(line), "{problems}");
    }
}

#[test]
fn what_xml_would_lose_is_refused_with_its_place() {
    let document = |frame: (&str, &str), event: &str| {
        format!(
            r#"<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
            xmlns:ex="https://example.org/" schemaVersion="2.0" creationDate="2026-01-01T00:00:00Z">
            <EPCISBody><EventList><ObjectEvent>
            <eventTime xsi:type="epcis:DateTimeStamp">2026-01-01T00:00:00Z</eventTime><eventTimeZoneOffset>+08:00</eventTimeZoneOffset>
            <epcList><epc>urn:epc:id:sgtin:0614141.107346.2017</epc>{event}</epcList>
            <action>OBSERVE</action><ex:a b="1">1</ex:a></ObjectEvent>{}</EventList>{}</EPCISBody></epcis:EPCISDocument>"#,
            frame.0, frame.1
        )
    };
    for (case, frame, event, said) in [
        ("nothing", ("", ""), "", ""),
        ("a second list of events", ("", "<EventList/>"), "", "EventList stands more than once"),
        ("a list of another namespace", ("", "<ex:EventList/>"), "", "has no element EventList"),
        ("a second body", ("", "</EPCISBody><EPCISBody>"), "", "EPCISBody stands more than once"),
        ("an element nobody knows", ("", "<eventList/>"), "", "has no element eventList"),
        ("a list in the list", ("<EventList/>", ""), "", "no event type \"EventList\""),
        ("another item in a list", ("", ""), "<epcs>urn:x:y</epcs>", "epcList has no element epcs"),
        ("an item with a namespace", ("", ""), "<ex:epc>urn:x:y</ex:epc>", "epcList has no element epc"),
        (
            "an item of another type",
            ("", ""),
            "<epc xsi:type=\"epcis:DateTimeStamp\">urn:x:y</epc>",
            "xsi:type",
        ),
        ("an item said to be nothing", ("", ""), "<epc xsi:nil=\"true\">urn:x:y</epc>", "xsi:nil"),
        ("an attribute", ("", ""), "<epc kind=\"1\">urn:x:y</epc>", "epc has no attribute kind"),
    ] {
        let text = document(frame, event);
        let report = epcis::validate_report(text.as_bytes(), case);
        assert_eq!(report.valid, said.is_empty(), "{case}: {:?}", report.problems);
        let whole = xml::read_document(text.as_bytes(), Limits::default());
        assert_eq!(whole.is_ok(), said.is_empty(), "{case}");
        let told = report.problems.iter().any(|p| p.message().en.contains(said) && p.position.is_some());
        assert!(told || said.is_empty(), "{case}: {:?}", report.problems);
    }
}

#[test]
fn a_capture_job_is_judged_by_the_schema_of_jobs() {
    let job = |attributes: &str, body: &str| {
        format!(
            r#"<e:EPCISCaptureJob xmlns:e="urn:epcglobal:epcis:xsd:2" {attributes}>{body}</e:EPCISCaptureJob>"#
        )
    };
    let all = r#"running="false" success="0" captureID="1""#;
    let kept = "<captureErrorBehaviour>proceed</captureErrorBehaviour>";
    for (attributes, body, said) in [
        (all, format!("{kept}<createdAt>2026-09-02T08:00:00+08:00</createdAt>"), ""),
        (all, format!("{kept}<errors><error><type>a:b</type><title>t</title></error></errors>"), ""),
        (r#"running="maybe" success="0" captureID="1""#, kept.to_owned(), "is not a boolean"),
        (r#"running="true" captureID="1""#, kept.to_owned(), "attribute success is missing"),
        (
            all,
            format!("{kept}<createdAt zone=\"1\">2026-09-02T08:00:00+08:00</createdAt>"),
            "no attribute zone",
        ),
        (all, format!("{kept}<errors>none</errors>"), "which holds elements only"),
        (all, String::new(), "captureErrorBehaviour is missing"),
        (all, "<captureErrorBehaviour>stop</captureErrorBehaviour>".to_owned(), "rollback, proceed"),
        (all, format!("<createdAt>2026-09-02T08:00:00+08:00</createdAt>{kept}"), "out of order"),
        (all, format!("{kept}<finishedAt>yesterday</finishedAt>"), "is not a time with its zone"),
        (all, format!("{kept}<errors><error><type>a:b</type></error></errors>"), "title is missing"),
    ] {
        let report = epcis::validate_report(job(attributes, &body).as_bytes(), "job");
        assert_eq!((report.valid, report.events), (said.is_empty(), 0), "{body}: {:?}", report.problems);
        let first = report.problems.first().map(|p| p.message().en).unwrap_or_default();
        assert!(first.contains(said), "{said}: {first}");
    }
    for file in shared("examples/xml").iter().flat_map(|folder| files(folder, &[".xml"])) {
        let report = epcis::validate_report(&std::fs::read(&file).unwrap(), "official");
        assert!(report.valid, "{}: {:?}", file.display(), report.problems);
    }
}

#[test]
fn a_document_and_its_twin_in_the_other_syntax_are_one() {
    let json = json::read_document(
        &std::fs::read(testdata("pairs/CurieString_document.json")).unwrap(),
        Limits::default(),
    );
    let xml = xml::read_document(
        &std::fs::read(testdata("pairs/CurieString_document.xml")).unwrap(),
        Limits::default(),
    );
    let (json, xml) = (json.unwrap(), xml.unwrap());
    assert_eq!(hash::prehash(&json.events[0]), hash::prehash(&xml.events[0]));
}

#[test]
fn the_same_document_from_any_writer_of_xml_has_the_same_event() {
    let document = |head: &str, root: &str, declared: &str, body: &str| {
        format!(
            r#"{head}<{root} {declared} xmlns:ex="https://example.org/" schemaVersion="2.0" creationDate="2026-01-01T00:00:00Z">
            <EPCISBody{body}><EventList><ObjectEvent><eventTime>2026-01-01T00:00:00Z</eventTime>
            <eventTimeZoneOffset>+08:00</eventTimeZoneOffset><epcList><epc>urn:epc:id:sgtin:0614141.107346.2017</epc></epcList>
            <action>OBSERVE</action><ex:a>1</ex:a></ObjectEvent></EventList></EPCISBody></{root}>"#
        )
    };
    let space = "urn:epcglobal:epcis:xsd:2";
    let usual = document("", "epcis:EPCISDocument", &format!("xmlns:epcis=\"{space}\""), "");
    let wanted = xml::read_document(usual.as_bytes(), Limits::default()).unwrap();
    let utf8 = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
    for (case, text) in [
        ("another prefix", document(utf8, "n0:EPCISDocument", &format!("xmlns:n0=\"{space}\""), "")),
        ("a default taken back", document("", "EPCISDocument", &format!("xmlns=\"{space}\""), " xmlns=\"\"")),
        ("a default for all", document("", "EPCISDocument", &format!("xmlns=\"{space}\""), "")),
        ("a byte order mark", format!("\u{feff}{usual}")),
        ("lines of Windows", usual.replace('\n', "\r\n")),
    ] {
        let read = xml::read_document(text.as_bytes(), Limits::default());
        let read = read.unwrap_or_else(|problems| panic!("{case}: {problems}"));
        assert_eq!(read.events.len(), 1, "{case}");
        assert_eq!(hash::prehash(&read.events[0]), hash::prehash(&wanted.events[0]), "{case}");
    }
    let other = document(
        "<?xml version=\"1.0\" encoding=\"Big5\"?>",
        "e:EPCISDocument",
        &format!("xmlns:e=\"{space}\""),
        "",
    );
    let problems = xml::read_document(other.as_bytes(), Limits::default()).unwrap_err();
    assert!(problems.to_string().contains("Big5"), "{problems}");
}
