//! What the command line prints: verdict and problems of a document, hashes of its events.

use crate::context::Context;
use crate::document::DocumentType;
use crate::hash::{id_of, node_prehash};
use crate::json::{self, CAPTURE_LIST, QUERY_LIST, Reading};
use crate::limits::Limits;
use crate::node::Node;
use crate::parse::parse;
use crate::problem::{Problem, Problems, keep};
use crate::stream::Stream;
use crate::validate::{Shape, shape};
use crate::write::WriteOptions;
use crate::xml;
use serde::Serialize;
use std::io::{self, BufRead, Cursor, Read as _, Seek, SeekFrom};

/// The verdict on one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValidationReport {
    /// What it was called: a file name or the like.
    pub name: String,
    /// Whether it would be captured.
    pub valid: bool,
    /// How many events are valid.
    pub events: usize,
    /// What was found; advice is marked `"severity":"advice"` and does not make it invalid.
    pub problems: Vec<Problem>,
}

/// Whether a text is XML, in UTF-8, GBK or UTF-16: its first character other than space is `<`.
#[must_use]
pub fn is_xml(bytes: &[u8]) -> bool {
    if crate::source::is_utf16_markup(bytes) {
        return true;
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    text.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<')
}

/// Reads a document in either syntax and keeps the valid events beside the findings.
#[must_use]
pub fn read(bytes: &[u8], limits: Limits) -> Reading {
    if is_xml(bytes) { xml::read(bytes, limits) } else { json::read(bytes, limits) }
}

/// Checks a JSON or XML document.
#[must_use]
pub fn validate_report(bytes: &[u8], name: &str) -> ValidationReport {
    let limits = Limits::default();
    match validate_stream(Cursor::new(bytes), name, limits) {
        Ok(report) => report,
        Err(e) => ValidationReport {
            name: name.to_owned(),
            valid: false,
            events: 0,
            problems: vec![crate::stream::unreadable(&e)],
        },
    }
}

/// Checks a JSON or XML document of any size: in memory are its frame, one event and [`Limits::problems`] findings.
///
/// # Errors
/// When the input cannot be read.
pub fn validate_stream<R: BufRead + Seek>(
    mut reader: R,
    name: &str,
    limits: Limits,
) -> io::Result<ValidationReport> {
    if let Some(problems) = job_problems(&mut reader, &limits)? {
        let valid = problems.is_empty();
        return Ok(ValidationReport { name: name.to_owned(), valid, events: 0, problems });
    }
    let mut stream = Stream::open(reader, limits)?;
    let mut problems = stream.problems().to_vec();
    let (mut events, mut errors) = (0, stream.errors());
    for checked in &mut stream {
        events += usize::from(checked.event.is_some());
        errors += checked.errors;
        checked.problems.into_iter().for_each(|problem| keep(&mut problems, problem, limits.problems));
    }
    if stream.document().is_none() {
        events = 0;
    }
    Ok(ValidationReport { name: name.to_owned(), valid: errors == 0, events, problems })
}

/// What is wrong with a capture job; `None` for every other document. A job is no longer than the answer of a repository is.
fn job_problems<R: BufRead + Seek>(reader: &mut R, limits: &Limits) -> io::Result<Option<Vec<Problem>>> {
    const LONGEST: u64 = 1 << 20;
    let mut start = Vec::new();
    io::Read::take(&mut *reader, LONGEST).read_to_end(&mut start)?;
    reader.seek(SeekFrom::Start(0))?;
    let begin = &start[..start.len().min(4096)];
    // the name in UTF-16 has a zero between its letters
    let letters: Vec<u8> = begin.iter().copied().filter(|byte| *byte != 0).collect();
    let named = letters.windows(xml::JOB.len()).any(|part| part == xml::JOB.as_bytes());
    Ok(if named && is_xml(&start) { xml::job_problems(&start, limits) } else { None })
}

/// The event hash of every event of a document, in order; the document need not be valid in every detail.
///
/// # Errors
/// When it is not well-formed JSON or XML, or holds no list of events.
pub fn hash_report(bytes: &[u8]) -> Result<Vec<String>, Problems> {
    Ok(prehash_report(bytes)?.iter().map(|text| id_of(text)).collect())
}

/// The pre-hash text of every event of a document, in order.
///
/// # Errors
/// As [`hash_report`].
pub fn prehash_report(bytes: &[u8]) -> Result<Vec<String>, Problems> {
    let (mut root, context) = tree(bytes)?;
    let list = match shape(&root) {
        Shape::Known(DocumentType::Capture | DocumentType::MasterData) => CAPTURE_LIST,
        Shape::Known(DocumentType::Query) => QUERY_LIST,
        Shape::Known(DocumentType::Event) => return Ok(vec![node_prehash(&root, &context)]),
        Shape::Unknown => return Err(json::read_node(root, Limits::default()).problems),
    };
    Ok(json::take(&mut root, list).iter().map(|event| event_prehash(event, &context)).collect())
}

/// A document in either syntax as a tree, without validation.
fn tree(bytes: &[u8]) -> Result<(Node, Context), Problems> {
    let limits = Limits::default();
    if is_xml(bytes) {
        return Ok(xml::tree(bytes, &limits)?);
    }
    let root = parse(bytes, &limits)?;
    let context = json::document_context(&root);
    Ok((root, context))
}

/// A syntax to convert to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// JSON-LD.
    Json,
    /// XML 2.0.
    Xml,
}

/// A document in either syntax and version as JSON-LD or XML 2.0. It may break rules of the standard, as long as each
/// event has type, time and zone: converting is no judgement, [`validate_report`] is.
///
/// # Errors
/// When it is not well-formed, holds no list of events, or an event lacks what every event must have.
pub fn convert(bytes: &[u8], target: Target, options: &WriteOptions<'_>) -> Result<String, Problems> {
    let (root, context) = tree(bytes)?;
    let Some((head, events)) = json::take_apart(root, context) else {
        return Err(read(bytes, Limits::default()).problems);
    };
    Ok(match target {
        Target::Json => json::write_document(&head, &events, options),
        Target::Xml => xml::write_document(&head, &events, options),
    })
}

/// One event of a document, with the prefixes it may add itself.
fn event_prehash(event: &Node, context: &Context) -> String {
    match event.get("@context") {
        None => node_prehash(event, context),
        Some(extra) => {
            let mut own = context.clone();
            own.extend(extra);
            node_prehash(event, &own)
        }
    }
}
