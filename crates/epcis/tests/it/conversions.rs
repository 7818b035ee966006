//! JSON → XML → JSON and XML → JSON → XML: nothing is lost, the hash stays.

use crate::files::{files, shared, testdata};
use epcis::{Limits, Node, Target, WriteOptions, convert, hash_report, is_xml, parse};
use std::path::PathBuf;

/// Members sorted by name, so that equal documents have equal text.
pub(crate) fn canonical(node: &Node) -> String {
    fn sorted(node: &Node) -> Node {
        match node {
            Node::Array(items) => Node::Array(items.iter().map(sorted).collect()),
            Node::Object(members) => {
                let mut members: Vec<_> =
                    members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                Node::Object(members)
            }
            other => other.clone(),
        }
    }
    sorted(node).to_json()
}

fn json_of(text: &str) -> String {
    canonical(&parse(text.as_bytes(), &Limits::default()).unwrap())
}

fn to(bytes: &[u8], target: Target) -> Result<String, String> {
    convert(bytes, target, &WriteOptions::default()).map_err(|problems| problems.to_string())
}

/// What one document loses on the way there and back, when it loses anything.
pub(crate) fn loss(bytes: &[u8]) -> Result<(), String> {
    let hashes = hash_report(bytes).map_err(|problems| problems.to_string())?;
    let (there, back) = if is_xml(bytes) { (Target::Json, Target::Xml) } else { (Target::Xml, Target::Json) };
    let other = to(bytes, there)?;
    if hash_report(other.as_bytes()).map_err(|p| format!("{p}\n{other}"))? != hashes {
        let (a, b) = (epcis::prehash_report(bytes), epcis::prehash_report(other.as_bytes()));
        return Err(format!("the hash changes on the way\n{a:?}\n{b:?}\n{other}"));
    }
    let again = to(other.as_bytes(), back)?;
    if hash_report(again.as_bytes()).map_err(|p| format!("{p}\n{again}"))? != hashes {
        return Err(format!("the hash changes on the way back\n{again}"));
    }
    let (before, after) = if is_xml(bytes) {
        (json_of(&other), json_of(&to(again.as_bytes(), Target::Json)?))
    } else {
        (json_of(std::str::from_utf8(bytes).unwrap()), json_of(&again))
    };
    if before == after { Ok(()) } else { Err(format!("before\n{before}\nafter\n{after}\nother\n{other}")) }
}

pub(crate) fn documents() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        ["hash", "gdst", "fsma204", "pairs", "invalid"].into_iter().map(testdata).collect();
    folders.extend(["examples", "hash", "gdst", "fsma204"].into_iter().filter_map(shared));
    let found = folders.iter().flat_map(|folder| files(folder, &[".json", ".jsonld", ".xml"]));
    found.filter(|file| !is_no_document(&file.to_string_lossy())).collect()
}

fn is_no_document(path: &str) -> bool {
    ["vectors", "CaptureJob", "SimpleEventQuery.json", "ObjectEvent_without_action_and_eventTime"]
        .iter()
        .any(|part| path.contains(part))
}

/// What is right in one syntax is right in the other.
#[test]
fn a_valid_document_is_valid_in_the_other_syntax() {
    let is_valid = |bytes: &[u8]| epcis::validate_report(bytes, "x").valid;
    for file in documents() {
        let bytes = std::fs::read(&file).unwrap();
        let other = if is_xml(&bytes) { Target::Json } else { Target::Xml };
        let text = to(&bytes, other).unwrap();
        assert!(
            !is_valid(&bytes) || is_valid(text.as_bytes()),
            "{}: {:?}",
            file.display(),
            epcis::validate_report(text.as_bytes(), "x").problems
        );
    }
}

#[test]
fn every_document_survives_the_other_syntax() {
    let mut bad = Vec::new();
    for file in documents() {
        let bytes = std::fs::read(&file).unwrap();
        if let Err(loss) = loss(&bytes) {
            bad.push(format!("{}\n{loss}", file.display()));
        }
    }
    assert!(bad.is_empty(), "{} documents\n{}", bad.len(), bad.join("\n\n"));
}

/// The official schemas through `lxml`, when Python has it: what is written must be valid.
#[test]
fn xml_output_is_valid_against_the_official_schemas() {
    const CHECK: &str = "
import sys
from lxml import etree
folder = sys.argv[1] + '/EPCglobal-epcis-'
schemas = {'EPCISQueryDocument': 'query-2_0.xsd', 'EPCISMasterDataDocument': 'masterdata-2_0.xsd'}
bad = 0
for file in sys.argv[2:]:
    tree = etree.parse(file)
    name = schemas.get(etree.QName(tree.getroot()).localname, '2_0.xsd')
    schema = etree.XMLSchema(etree.parse(folder + name))
    if not schema.validate(tree):
        bad = 1
        print(file, schema.error_log)
sys.exit(bad)";
    let Some(schemas) = shared("schema/xsd") else { return };
    let has_lxml = std::process::Command::new("python3").args(["-c", "import lxml"]).output();
    if !has_lxml.is_ok_and(|output| output.status.success()) {
        println!("absent: python3 with lxml; the XML output is not checked against the schemas");
        return;
    }
    let folder = std::env::temp_dir().join(format!("epcis-xsd-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut written = Vec::new();
    for (i, file) in documents().iter().enumerate() {
        let bytes = std::fs::read(file).unwrap();
        // a document that breaks rules stays one, and 1.2 fields without namespace have no place in 2.0
        if file.to_string_lossy().contains("/invalid/") {
            continue;
        }
        let mut text = to(&bytes, Target::Xml).unwrap();
        if is_xml(&bytes) {
            text = to(to(&bytes, Target::Json).unwrap().as_bytes(), Target::Xml).unwrap();
        }
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        written.push(folder.join(format!("{i}-{name}.xml")));
        std::fs::write(&written[written.len() - 1], text).unwrap();
    }
    let job = epcis::CaptureJob {
        id: "1".to_owned(),
        created: base::Instant(0),
        finished: Some(base::Instant(1)),
        running: false,
        success: false,
        error_behaviour: epcis::ErrorBehaviour::Proceed,
        errors: epcis::json::read_event(b"{\"a\":1}", Limits::default()).unwrap_err().0,
        error_file: None,
    };
    for (name, text) in [
        ("job", epcis::xml::write_job(&job, base::Lang::Zh)),
        ("problem", epcis::xml::write_problem(&job.errors[0], base::Lang::En)),
    ] {
        written.push(folder.join(format!("{name}.xml")));
        std::fs::write(&written[written.len() - 1], text).unwrap();
    }
    let output = std::process::Command::new("python3")
        .args(["-c", CHECK])
        .arg(&schemas)
        .args(&written)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// JSON demands an `action` and something the event is about, the XSD does not: what breaks the rule of its own syntax
/// comes back as it was, without a mark that it came from XML.
#[test]
fn an_event_only_xml_would_accept_comes_back_the_same() {
    let document = r#"{"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        {"example": "https://ns.example.com/epcis/"}], "type": "EPCISQueryDocument", "example:a": {"example:b": ""},
        "epcisBody": {"queryResults": {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": [
        {"type": "ObjectEvent", "eventTime": "2026-09-02T08:00:00+08:00", "eventTimeZoneOffset": "+08:00"}]}}}}"#;
    assert_eq!(loss(document.as_bytes()), Ok(()));
}
