//! A document: header fields, context, events.

use crate::context::Context;
use crate::event::Event;
use crate::node::Node;
use crate::problem::Problem;
use base::Instant;
use std::sync::Arc;

/// Which of the three legal roots it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentType {
    /// `EPCISDocument`: events sent for capture.
    Capture,
    /// `EPCISQueryDocument`: the answer to a query.
    Query,
    /// A single event with its own `@context`.
    Event,
    /// `EPCISMasterDataDocument`: master data alone. JSON shows it as a capture document without events.
    MasterData,
}

/// A valid document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Which root.
    pub kind: DocumentType,
    /// `schemaVersion`, when given.
    pub schema_version: Option<String>,
    /// `creationDate`, when given.
    pub creation_date: Option<Instant>,
    /// `sender`, when given.
    pub sender: Option<String>,
    /// `receiver`, when given.
    pub receiver: Option<String>,
    /// `instanceIdentifier`, when given.
    pub instance_identifier: Option<String>,
    /// What the prefixes mean.
    pub context: Arc<Context>,
    /// The whole document as written, without its events: their list is empty there. Null for a bare event.
    pub frame: Node,
    /// `@context` as written; for XML, made from the declarations.
    pub context_node: Node,
    /// `epcisHeader` as written: master data for whoever wants them.
    pub header: Option<Node>,
    /// The events in document order.
    pub events: Vec<Event>,
    /// Findings that do not forbid taking the document.
    pub advice: Vec<Problem>,
}
