//! Reading event by event: the same findings as reading whole, in bounded memory, in any order of members.

use crate::conversions::documents;
use epcis::{Limits, Problem, Stream, hash, read, validate_report, validate_stream};
use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

fn streamed(bytes: &[u8]) -> (Vec<String>, Vec<Problem>) {
    let mut stream = Stream::open(Cursor::new(bytes), Limits::default()).unwrap();
    let mut problems = stream.problems().to_vec();
    let mut hashes = Vec::new();
    for checked in &mut stream {
        hashes.extend(checked.event.as_ref().map(hash::event_hash));
        problems.extend(checked.problems);
    }
    if stream.document().is_none() {
        hashes.clear();
    }
    (hashes, problems)
}

#[test]
fn a_stream_finds_what_reading_whole_finds() {
    for file in documents() {
        let bytes = std::fs::read(&file).unwrap();
        let whole = read(&bytes, Limits::default());
        let events = whole.document.map(|document| document.events).unwrap_or_default();
        let hashes: Vec<String> = events.iter().map(hash::event_hash).collect();
        assert_eq!(streamed(&bytes), (hashes, whole.problems.0), "{}", file.display());
    }
}

#[test]
fn members_may_come_in_any_order() {
    let event = r#"{"type":"ObjectEvent","eventTime":"2026-09-02T08:00:00+08:00","eventTimeZoneOffset":"+08:00",
        "epcList":["urn:a:b"],"action":"OBSERVE","own:name":1}"#;
    let context = r#""@context":[{"own":"https://own.example.com/"}]"#;
    let rest = r#""type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-09-02T08:00:00Z""#;
    let first = format!(r#"{{{context},{rest},"epcisBody":{{"eventList":[{event}]}}}}"#);
    let last = format!(r#"{{"epcisBody":{{"eventList":[{event}]}},{rest},{context}}}"#);
    let (hashes, problems) = streamed(first.as_bytes());
    assert_eq!((hashes.len(), problems.len()), (1, 0));
    assert_eq!(streamed(last.as_bytes()), (hashes, problems));
}

#[test]
fn what_breaks_off_says_where() {
    let start = "{\"@context\":[],\n\"type\":\"EPCISDocument\",\"schemaVersion\":\"2.0\",\"creationDate\":\"2026-09-02T08:00:00Z\",\n";
    for (rest, line, says) in [
        ("\"epcisBody\":{\"eventList\":[{\"type\":tru}]}}", 3, "Expected a value"),
        ("\"epcisBody\":{\"eventList\":[{\"type\":\"a\"} {}]}}", 3, "comma"),
        ("\"epcisBody\":{\"eventList\":[{\"type\":\"a\"", 3, "ends too early"),
        ("\"epcisBody\":{\"eventList\":[]}}\n]", 4, "after the end"),
        ("\"id\":\"urn:a:b\",\"id\":\"urn:a:b\"}", 3, "given twice"),
    ] {
        let report = validate_report(format!("{start}{rest}").as_bytes(), "x");
        let problem = report.problems.iter().find(|problem| problem.message().en.contains(says));
        let problem = problem.unwrap_or_else(|| panic!("{says}: {:?}", report.problems));
        assert_eq!(problem.position.map(|at| at.line), Some(line), "{problem}");
        assert!(!report.valid);
    }
}

/// `head`, then `event` so many times with `between`, then `tail`, made as it is read.
struct Made {
    parts: [&'static [u8]; 4],
    count: u64,
    at: u64,
}

fn index(at: u64) -> usize {
    usize::try_from(at).unwrap()
}

impl Made {
    fn found(&self) -> &'static [u8] {
        let [head, event, between, tail] = self.parts;
        let one = (event.len() + between.len()) as u64;
        let Some(after) = self.at.checked_sub(head.len() as u64) else { return &head[index(self.at)..] };
        let body = one * self.count - between.len() as u64;
        if after >= body {
            return tail.get(index(after - body)..).unwrap_or_default();
        }
        let within = index(after % one);
        event
            .get(within..)
            .filter(|part| !part.is_empty())
            .unwrap_or_else(|| &between[within - event.len()..])
    }
}

impl Read for Made {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let found = self.found();
        let count = found.len().min(into.len());
        into[..count].copy_from_slice(&found[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl BufRead for Made {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.found())
    }

    fn consume(&mut self, count: usize) {
        self.at += count as u64;
    }
}

impl Seek for Made {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if let SeekFrom::Start(at) = to {
            self.at = at;
        }
        Ok(self.at)
    }
}

#[test]
fn a_document_may_be_far_larger_than_what_is_held_of_it() {
    let json: [&[u8]; 4] = [
        br#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-09-02T08:00:00Z","epcisBody":{"eventList":["#,
        br#"{"type":"ObjectEvent","eventTime":"2026-09-02T08:00:00+08:00","eventTimeZoneOffset":"+08:00","epcList":["urn:epc:id:sgtin:0614141.107346.2017"],"action":"OBSERVE","bizStep":"shipping"}"#,
        b",\n",
        b"]}}",
    ];
    let xml: [&[u8]; 4] = [
        br#"<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0" creationDate="2026-09-02T08:00:00Z"><EPCISBody><EventList>"#,
        br"<ObjectEvent><eventTime>2026-09-02T08:00:00+08:00</eventTime><eventTimeZoneOffset>+08:00</eventTimeZoneOffset><epcList><epc>urn:epc:id:sgtin:0614141.107346.2017</epc></epcList><action>OBSERVE</action></ObjectEvent>",
        b"\n",
        b"</EventList></EPCISBody></epcis:EPCISDocument>",
    ];
    // no part of the text may be longer than a kilobyte, and the text has more than two megabytes
    let limits = Limits { bytes: 1024, ..Limits::default() };
    for parts in [json, xml] {
        let made = Made { parts, count: 10_000, at: 0 };
        let report = validate_stream(made, "made", limits).unwrap();
        assert_eq!((report.valid, report.events), (true, 10_000), "{:?}", report.problems);
        let narrow = Limits { bytes: 150, ..limits };
        let report = validate_stream(Made { parts, count: 10, at: 0 }, "made", narrow).unwrap();
        assert!(!report.valid && report.events == 0, "an event longer than the limit");
    }
}
