//! JSON and JSON-LD documents and events to [`Document`] and [`Event`].

use crate::context::{Context, Syntax};
use crate::document::{Document, DocumentType};
use crate::event::Event;
use crate::limits::Limits;
use crate::node::Node;
use crate::parse::parse;
use crate::pointer::Path;
use crate::problem::{Problem, Problems};
use crate::time::Moment;
use crate::validate::{Checker, Shape, shape};
use crate::write::Head;
use std::sync::Arc;

mod write;

pub use write::{write_document, write_event, write_events};

/// What reading brought: the good events, and every finding. Capture with `proceed` takes the events even when
/// others failed; capture with `rollback` looks at the problems first.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The document with the events that are valid; none when the frame itself is unusable.
    pub document: Option<Document>,
    /// The number each valid event has in the document, from 0.
    pub indices: Vec<usize>,
    /// How many events the document holds, valid or not.
    pub events: usize,
    /// Findings in document order, at most [`Limits::problems`]; an error is never left out for advice.
    pub problems: Problems,
    /// How many errors there were, counted beyond the limit.
    pub errors: usize,
}

impl Reading {
    /// All or nothing.
    ///
    /// # Errors
    /// Every problem found, when at least one is an error.
    pub fn into_document(self) -> Result<Document, Problems> {
        match self.document {
            Some(mut document) if self.errors == 0 => {
                document.advice = self.problems.0;
                Ok(document)
            }
            _ => Err(self.problems),
        }
    }

    pub(crate) fn refused(problem: Box<Problem>) -> Self {
        Self { document: None, indices: Vec::new(), events: 0, problems: problem.into(), errors: 1 }
    }
}

/// Reads an `EPCISDocument`, an `EPCISQueryDocument` or a bare event; all or nothing.
///
/// # Errors
/// Every problem found (at most [`Limits::problems`]), with pointers and remedies.
pub fn read_document(bytes: &[u8], limits: Limits) -> Result<Document, Problems> {
    read(bytes, limits).into_document()
}

/// Reads one bare event with its own `@context`.
///
/// # Errors
/// As [`read_document`]; also when the root is a document.
pub fn read_event(bytes: &[u8], limits: Limits) -> Result<Event, Problems> {
    let node = parse(bytes, &limits)?;
    if !matches!(shape(&node), Shape::Known(DocumentType::Event)) {
        let context = Context::standard(Syntax::Json);
        let mut checker = Checker::new(&limits, &context);
        checker.event(&Path::Root, &node, true);
        return Err(Problems(checker.problems));
    }
    let mut document = read_node(node, limits).into_document()?;
    document.events.pop().ok_or_else(Problems::default)
}

/// Reads a document and keeps the valid events beside the findings.
#[must_use]
pub fn read(bytes: &[u8], limits: Limits) -> Reading {
    match parse(bytes, &limits) {
        Ok(node) => read_node(node, limits),
        Err(problem) => Reading::refused(problem),
    }
}

/// The same from a tree that is already in memory.
#[must_use]
pub fn read_node(root: Node, limits: Limits) -> Reading {
    let context = document_context(&root);
    read_frame(Frame { root, context, own: Vec::new(), structural: Vec::new() }, limits)
}

/// The context of a document or bare event.
pub(crate) fn document_context(root: &Node) -> Context {
    let mut context =
        root.get("@context").map_or_else(|| Context::standard(Syntax::Json), Context::from_node);
    context.ignored = ignored_fields(root, &context);
    context
}

/// A document in the JSON model with what its own syntax already found.
pub(crate) struct Frame {
    pub(crate) root: Node,
    pub(crate) context: Context,
    /// Errors of the frame.
    pub(crate) own: Vec<Problem>,
    /// Errors by event index, in order.
    pub(crate) structural: Vec<(usize, Problem)>,
}

/// Validates the frame and every event.
pub(crate) fn read_frame(frame: Frame, limits: Limits) -> Reading {
    let Frame { mut root, context, own, structural } = frame;
    let context = Arc::new(context);
    let mut checker = Checker::new(&limits, &context);
    let Shape::Known(kind) = shape(&root) else {
        checker.unknown_root(&root);
        return Reading {
            document: None,
            indices: Vec::new(),
            events: 0,
            errors: checker.errors,
            problems: Problems(checker.problems),
        };
    };
    own.into_iter().for_each(|problem| checker.add(problem));
    match kind {
        DocumentType::Capture | DocumentType::MasterData => checker.capture_document(&root),
        DocumentType::Query => checker.query_document(&root),
        DocumentType::Event => {}
    }
    let frame_is_usable = checker.errors == 0;
    let kind = if kind == DocumentType::Capture && is_master_data(&root, &context) {
        DocumentType::MasterData
    } else {
        kind
    };
    let context_node = root.get("@context").cloned().unwrap_or(Node::Null);
    let (list, events) = match kind {
        DocumentType::Event => ("", vec![std::mem::replace(&mut root, Node::Null)]),
        DocumentType::Capture | DocumentType::MasterData => (CAPTURE_LIST, take(&mut root, CAPTURE_LIST)),
        DocumentType::Query => (QUERY_LIST, take(&mut root, QUERY_LIST)),
    };
    if let Err(problem) = limits.check_events(events.len(), list.to_owned()) {
        return Reading::refused(problem);
    }
    let count = events.len();
    let (mut valid, mut indices) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut structural = structural.into_iter().peekable();
    let base = Path::Fixed(list);
    for (i, node) in events.into_iter().enumerate() {
        let before = checker.errors;
        while let Some((_, problem)) = structural.next_if(|(at, _)| *at == i) {
            checker.add(problem);
        }
        let at = if kind == DocumentType::Event { Path::Root } else { base.index(i) };
        let own = node.get("@context").filter(|_| kind != DocumentType::Event).map(|extra| {
            let mut own = (*context).clone();
            own.extend(extra);
            Arc::new(own)
        });
        match &own {
            Some(own) => checker.within(own, |c| c.event(&at, &node, false)),
            None => checker.event(&at, &node, kind == DocumentType::Event),
        }
        if checker.errors == before
            && let Some(event) = Event::new(node, own.unwrap_or_else(|| context.clone()))
        {
            valid.push(event);
            indices.push(i);
        }
    }
    let (problems, errors) = (std::mem::take(&mut checker.problems), checker.errors);
    let text = |name: &str| root.str(name).map(str::to_owned);
    let document = frame_is_usable.then(|| Document {
        kind,
        schema_version: text("schemaVersion"),
        creation_date: root.str("creationDate").and_then(Moment::parse).map(Moment::instant),
        sender: text("sender"),
        receiver: text("receiver"),
        instance_identifier: text("instanceIdentifier"),
        context: context.clone(),
        context_node,
        header: root.get("epcisHeader").cloned(),
        events: valid,
        advice: Vec::new(),
        frame: Node::Null,
    });
    let document = document.map(|mut document| {
        document.frame = root;
        document
    });
    Reading { document, indices, events: count, problems: Problems(problems), errors }
}

/// Whether a document without events says by a prefix that it is an `EPCISMasterDataDocument` in JSON.
pub(crate) fn is_master_data(root: &Node, context: &Context) -> bool {
    let events = root.get("epcisBody").and_then(|body| body.get("eventList"));
    context.namespace(MASTER_DATA.0) == Some(MASTER_DATA.1)
        && events.is_some_and(|list| list.items().is_empty())
        && root.get("epcisHeader").is_some_and(|header| header.get("epcisMasterData").is_some())
}

/// The prefix and namespace that mark it.
pub(crate) const MASTER_DATA: (&str, &str) = ("epcismd", "urn:epcglobal:epcis-masterdata:xsd:2");

/// Head and events of a document that may break rules; `None` when an event has no type, time or zone.
pub(crate) fn take_apart(mut root: Node, context: Context) -> Option<(Head, Vec<Event>)> {
    let Shape::Known(kind) = shape(&root) else { return None };
    let is_master_data = kind == DocumentType::Capture && is_master_data(&root, &context);
    let kind = if is_master_data { DocumentType::MasterData } else { kind };
    let context = Arc::new(context);
    let nodes = match kind {
        DocumentType::Event => vec![std::mem::replace(&mut root, Node::Null)],
        DocumentType::Capture | DocumentType::MasterData => take(&mut root, CAPTURE_LIST),
        DocumentType::Query => take(&mut root, QUERY_LIST),
    };
    let event = |node: Node| {
        let own = node.get("@context").filter(|_| kind != DocumentType::Event).map(|extra| {
            let mut own = (*context).clone();
            own.extend(extra);
            Arc::new(own)
        });
        Event::new(node, own.unwrap_or_else(|| context.clone()))
    };
    let events = nodes.into_iter().map(event).collect::<Option<Vec<_>>>()?;
    Some((Head { kind, frame: root, context }, events))
}

pub(crate) const CAPTURE_LIST: &str = "/epcisBody/eventList";
pub(crate) const QUERY_LIST: &str = "/epcisBody/queryResults/resultsBody/eventList";

/// Moves the items of the array at `pointer` out of the tree.
pub(crate) fn take(root: &mut Node, pointer: &str) -> Vec<Node> {
    let mut node = root;
    for step in pointer.split('/').skip(1) {
        let Node::Object(members) = node else { return Vec::new() };
        match members.iter_mut().find(|(name, _)| &**name == step) {
            Some((_, value)) => node = value,
            None => return Vec::new(),
        }
    }
    if let Node::Array(items) = node { std::mem::take(items) } else { Vec::new() }
}

/// Names of event fields left out of the hash, as the reference tool lets a document declare them.
pub(crate) fn ignored_fields(root: &Node, context: &Context) -> Vec<Box<str>> {
    let results = root.get("epcisBody").and_then(|body| body.get("queryResults"));
    [Some(root), results]
        .into_iter()
        .flatten()
        .flat_map(Node::members)
        .filter(|(name, _)| context.resolve(name) == Some(IGNORE_FIELDS))
        .flat_map(|(_, names)| names.items())
        .filter_map(|name| name.as_str().map(|name| context.expand_name(name).into()))
        .collect()
}

/// Namespace and name of the document field that lists them.
pub(crate) const IGNORE_FIELDS: (&str, &str) = ("https://repository-x.example.com/", "ignoreFields");
