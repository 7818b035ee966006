//! What the command line prints: verdict and problems of a document, hashes of its events.

use crate::context::{Context, Syntax};
use crate::document::DocumentType;
use crate::hash::{id_of, node_prehash};
use crate::json::{self, CAPTURE_LIST, QUERY_LIST, Reading};
use crate::limits::Limits;
use crate::node::Node;
use crate::parse::parse;
use crate::problem::{Problem, Problems};
use crate::validate::{Shape, shape};
use crate::xml;
use serde::Serialize;

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

/// Whether a text is XML: its first character other than space is `<`.
#[must_use]
pub fn is_xml(bytes: &[u8]) -> bool {
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
    let reading = read(bytes, Limits::default());
    ValidationReport {
        name: name.to_owned(),
        valid: reading.errors == 0,
        events: reading.document.map_or(0, |document| document.events.len()),
        problems: reading.problems.0,
    }
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
    let limits = Limits::default();
    if is_xml(bytes) {
        let (events, context) = xml::event_nodes(bytes, &limits)?;
        return Ok(events.iter().map(|event| node_prehash(event, &context)).collect());
    }
    let mut root = parse(bytes, &limits)?;
    let context = json::document_context(&root);
    let list = match shape(&root) {
        Shape::Known(DocumentType::Capture) => CAPTURE_LIST,
        Shape::Known(DocumentType::Query) => QUERY_LIST,
        Shape::Known(DocumentType::Event) => return Ok(vec![node_prehash(&root, &context)]),
        Shape::Unknown => return Err(json::read_node(root, limits).problems),
    };
    Ok(json::take(&mut root, list).iter().map(|event| event_prehash(event, &context)).collect())
}

/// One event of a document, with the prefixes it may add itself.
fn event_prehash(event: &Node, context: &Context) -> String {
    match event.get("@context") {
        None => node_prehash(event, context),
        Some(extra) => {
            let mut own = context.clone();
            own.syntax = Syntax::Json;
            own.extend(extra);
            node_prehash(event, &own)
        }
    }
}
