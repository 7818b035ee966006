//! `speed`: how long one event takes to read, check and hash; `speed write MB FILE json|xml` makes a large document and
//! `speed read FILE` checks it event by event.

use epcis::{Head, Limits, Target, WriteOptions, convert, hash, json, validate_stream};
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::time::Instant;

const HEAD: &str = r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"example":"https://ns.example.com/epcis/"}],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-09-02T08:00:00Z","epcisBody":{"eventList":["#;

/// An event of about a kilobyte, as a wholesaler sends it.
fn event(i: usize) -> String {
    format!(
        r#"{{"type":"ObjectEvent","eventID":"urn:uuid:0f1e2d3c-0000-4000-8000-{i:012}","eventTime":"2026-09-02T08:00:00.000+08:00","eventTimeZoneOffset":"+08:00","action":"OBSERVE","bizStep":"shipping","disposition":"in_transit","readPoint":{{"id":"https://id.gs1.org/414/6901234500004"}},"bizLocation":{{"id":"https://id.gs1.org/414/6901234500004"}},"quantityList":[{{"epcClass":"https://id.gs1.org/01/06901234500011/10/L{i}","quantity":120.5,"uom":"KGM"}},{{"epcClass":"https://id.gs1.org/01/06901234500028/10/M{i}","quantity":40}}],"bizTransactionList":[{{"type":"desadv","bizTransaction":"urn:epcglobal:cbv:bt:6901234500004:D{i}"}}],"sourceList":[{{"type":"owning_party","source":"https://id.gs1.org/417/6901234500004"}}],"destinationList":[{{"type":"owning_party","destination":"https://id.gs1.org/417/6901234500103"}}],"example:vehicle":"甘A12345","example:driver":{{"example:name":"张三","example:trip":{i}}}}}"#
    )
}

fn document(count: usize) -> String {
    let events: Vec<String> = (0..count).map(event).collect();
    format!("{HEAD}{}]}}}}", events.join(","))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["write", megabytes, file, syntax] => write(megabytes.parse()?, file, syntax),
        ["read", file] => {
            let limits = Limits { events: usize::MAX, ..Limits::default() };
            let started = Instant::now();
            let report = validate_stream(BufReader::with_capacity(1 << 18, File::open(file)?), file, limits)?;
            let mut out = std::io::stdout();
            writeln!(out, "{} events, valid {}, {:.2?}", report.events, report.valid, started.elapsed())?;
            Ok(())
        }
        _ => measure(),
    }
}

fn write(megabytes: usize, file: &str, syntax: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::new(File::create(file)?);
    let count = megabytes * 1_000_000 / event(0).len();
    if syntax == "xml" {
        let all = convert(document(1000).as_bytes(), Target::Xml, &WriteOptions::default())?;
        let (head, rest) = all.split_once("<EventList>").unwrap_or_default();
        let (events, tail) = rest.split_once("</EventList>").unwrap_or_default();
        write!(out, "{head}<EventList>")?;
        for _ in 0..count / 1000 {
            out.write_all(events.as_bytes())?;
        }
        write!(out, "</EventList>{tail}")?;
    } else {
        write!(out, "{HEAD}")?;
        for i in 0..count {
            write!(out, "{}{}", if i > 0 { "," } else { "" }, event(i))?;
        }
        write!(out, "]}}}}")?;
    }
    Ok(())
}

fn measure() -> Result<(), Box<dyn std::error::Error>> {
    let text = document(2000);
    let mut out = std::io::stdout();
    let per_event = |started: Instant, rounds: u32| started.elapsed() / (2000 * rounds);
    for _ in 0..3 {
        let started = Instant::now();
        for _ in 0..5 {
            let tree = epcis::parse(text.as_bytes(), &Limits::default()).map_err(|p| p.to_string())?;
            std::hint::black_box(&tree);
        }
        let parsed = per_event(started, 5);
        let started = Instant::now();
        for _ in 0..5 {
            std::hint::black_box(json::read_document(text.as_bytes(), Limits::default())?);
        }
        let read = per_event(started, 5);
        let document = json::read_document(text.as_bytes(), Limits::default())?;
        let started = Instant::now();
        for _ in 0..5 {
            for event in &document.events {
                std::hint::black_box(hash::event_digest(event));
            }
        }
        let hashed = per_event(started, 5);
        let started = Instant::now();
        let head = Head::of(&document);
        for _ in 0..5 {
            std::hint::black_box(json::write_document(&head, &document.events, &WriteOptions::default()));
        }
        let written = per_event(started, 5);
        let started = Instant::now();
        for _ in 0..5 {
            std::hint::black_box(epcis::xml::write_document(
                &head,
                &document.events,
                &WriteOptions::default(),
            ));
        }
        let xml = per_event(started, 5);
        writeln!(
            out,
            "an event of {} bytes: parse {parsed:.2?}, parse and check {read:.2?}, hash {hashed:.2?}, write JSON {written:.2?}, write XML {xml:.2?}",
            text.len() / 2000
        )?;
    }
    Ok(())
}
