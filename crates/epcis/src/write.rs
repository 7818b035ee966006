//! What the JSON and XML writers share: the frame of a document, the caller's choices, and which context each event needs.

use crate::build::CONTEXT;
use crate::context::{Context, Syntax, XML_MARK};
use crate::document::{Document, DocumentType};
use crate::event::Event;
use crate::ident::{EpcFormat, PrefixLengths};
use crate::limits::Limits;
use crate::node::Node;
use crate::pointer::Path;
use crate::validate::Checker;
use base::Instant;
use std::borrow::Cow;
use std::sync::Arc;

/// How CBV words are written in XML (`GS1-CBV-XML-Format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CbvFormat {
    /// As the official XML examples: URNs, as `Urn`.
    #[default]
    NoPreference,
    /// `https://ref.gs1.org/cbv/…`, `https://gs1.org/voc/…`.
    WebUri,
    /// `urn:epcglobal:cbv:…`; words that have no URN as `gs1:…` or `cbv:…`.
    Urn,
    /// As stored. The store keeps the bare word of JSON, which stands for both, so this is `Urn` too.
    Never,
}

impl CbvFormat {
    /// From the value of the header.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        Some(match value {
            "No_Preference" => Self::NoPreference,
            "Always_Web_URI" => Self::WebUri,
            "Always_URN" => Self::Urn,
            "Never_Translates" => Self::Never,
            _ => return None,
        })
    }

    /// The value of the header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoPreference => "No_Preference",
            Self::WebUri => "Always_Web_URI",
            Self::Urn => "Always_URN",
            Self::Never => "Never_Translates",
        }
    }
}

/// The choices of whoever asked for a document.
#[derive(Debug, Clone, Copy, Default)]
pub struct WriteOptions<'a> {
    /// How identifiers are written.
    pub epc: EpcFormat,
    /// How CBV words are written in XML; JSON has bare words always.
    pub cbv: CbvFormat,
    /// Company prefixes for Digital Link → URN, beside those the events' own URNs show.
    pub prefixes: Option<&'a PrefixLengths>,
}

/// A document without its events.
#[derive(Debug, Clone)]
pub struct Head {
    pub(crate) kind: DocumentType,
    pub(crate) frame: Node,
    pub(crate) context: Arc<Context>,
}

impl Head {
    /// An `EPCISDocument` made at `created`.
    #[must_use]
    pub fn capture(created: Instant) -> Self {
        let body = Node::object([("eventList", Node::Array(Vec::new()))]);
        Self::made(DocumentType::Capture, "EPCISDocument", created, body)
    }

    /// An `EPCISQueryDocument`: the answer to the query `name`, sent to `subscription` when it was asked for by one.
    #[must_use]
    pub fn query(name: &str, subscription: Option<&str>, created: Instant) -> Self {
        let mut results = vec![(Box::from("queryName"), Node::text(name))];
        results.extend(subscription.map(|id| (Box::from("subscriptionID"), Node::text(id))));
        results.push(("resultsBody".into(), Node::object([("eventList", Node::Array(Vec::new()))])));
        let body = Node::object([("queryResults", Node::Object(results))]);
        Self::made(DocumentType::Query, "EPCISQueryDocument", created, body)
    }

    /// The head of a document that was read.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        Self { kind: document.kind, frame: document.frame.clone(), context: document.context.clone() }
    }

    /// The same with an `epcisHeader`, as [`Document::header`] has it.
    #[must_use]
    pub fn with_header(mut self, header: Node) -> Self {
        if let Node::Object(members) = &mut self.frame {
            members.retain(|(name, _)| &**name != "epcisHeader");
            let at = members.iter().position(|(name, _)| &**name == "epcisBody").unwrap_or(members.len());
            members.insert(at, ("epcisHeader".into(), header));
        }
        self
    }

    fn made(kind: DocumentType, root: &str, created: Instant, body: Node) -> Self {
        let frame = Node::object([
            ("@context", Node::Array(vec![Node::text(CONTEXT)])),
            ("type", Node::text(root)),
            ("schemaVersion", Node::text("2.0")),
            ("creationDate", Node::text(&created.rfc3339())),
            ("epcisBody", body),
        ]);
        Self { kind, frame, context: Arc::new(Context::standard(Syntax::Json)) }
    }
}

/// An event on its way out.
pub(crate) struct Outgoing<'e> {
    pub(crate) node: Cow<'e, Node>,
    pub(crate) context: &'e Context,
    /// Its own `@context`, when the document's is not enough.
    pub(crate) own: Option<Node>,
}

/// What is to be written.
pub(crate) struct Plan<'e> {
    /// `@context` without the mark of XML origin.
    pub(crate) context_node: Node,
    /// What it means.
    pub(crate) context: Context,
    /// Whether some event would hash differently under the other syntax, or breaks rules of JSON that XML does not have.
    pub(crate) minds_syntax: bool,
    pub(crate) events: Vec<Outgoing<'e>>,
}

impl Plan<'_> {
    /// `@context` as JSON shows it.
    pub(crate) fn json_context(&self) -> Node {
        let marked = Context::from_node(&self.context_node).syntax == Syntax::Xml;
        if self.context.syntax == Syntax::Json || !self.minds_syntax || marked {
            return self.context_node.clone();
        }
        appended(&self.context_node, Node::object([(XML_MARK.0, Node::text(XML_MARK.1))]))
    }
}

fn appended(context: &Node, item: Node) -> Node {
    let mut items = match context {
        Node::Array(items) => items.clone(),
        Node::Null => Vec::new(),
        other => vec![other.clone()],
    };
    items.push(item);
    Node::Array(items)
}

/// Brings the contexts of head and events together, so that every name and value keeps its meaning.
pub(crate) fn plan<'e>(
    head: &Head,
    events: impl IntoIterator<Item = &'e Event>,
    target: Syntax,
    options: &WriteOptions<'_>,
) -> Plan<'e> {
    let events: Vec<&Event> = events.into_iter().collect();
    let mut context = (*head.context).clone();
    let mut added: Vec<(Box<str>, Node)> = Vec::new();
    let mut remote: Vec<Box<str>> = Vec::new();
    let mut last: Option<&Arc<Context>> = None;
    for event in &events {
        let own = event.context();
        let known = Arc::ptr_eq(own, &head.context) || last.is_some_and(|last| Arc::ptr_eq(last, own));
        if known || event.node().get("@context").is_some() {
            continue;
        }
        last = Some(own);
        for (prefix, namespace) in own.prefixes() {
            if context.namespace(prefix).is_none() {
                context.declare(prefix, namespace);
                added.push((prefix.into(), Node::text(namespace)));
            }
        }
        for address in &own.remote {
            if !context.remote.contains(address) {
                context.remote.push(address.clone());
                remote.push(address.clone());
            }
        }
    }
    if events.iter().all(|event| event.context().syntax == Syntax::Xml) && !events.is_empty() {
        context.syntax = Syntax::Xml;
    }
    let given = head.frame.get("@context").cloned().unwrap_or(Node::Null);
    let mut context_node = remote.into_iter().fold(given, |node, at| appended(&node, Node::String(at)));
    if !added.is_empty() {
        added.sort_by(|a, b| a.0.cmp(&b.0));
        context_node = appended(&context_node, Node::Object(added));
    }
    // From JSON to JSON nothing changes its rules.
    let may_mind = target == Syntax::Xml || context.syntax == Syntax::Xml;
    let minds_syntax = may_mind && events.iter().any(|event| depends(event));
    let translator = crate::ident::Translator::new(options, &events);
    let events = events
        .into_iter()
        .map(|event| {
            let own = own_context(event, &context);
            Outgoing { node: translator.event(event.node()), context: event.context(), own }
        })
        .collect();
    Plan { context_node, context, minds_syntax, events }
}

/// What an event must say itself under the document's context.
fn own_context(event: &Event, document: &Context) -> Option<Node> {
    let own = &**event.context();
    let given = event.node().get("@context");
    let mut under = Cow::Borrowed(document);
    if let Some(given) = given {
        under.to_mut().extend(given);
    }
    let mut members: Vec<(Box<str>, Node)> = Vec::new();
    if *under != *own {
        for (prefix, namespace) in own.prefixes() {
            if under.namespace(prefix) != Some(namespace) {
                members.push((prefix.into(), Node::text(namespace)));
            }
        }
        for (prefix, _) in under.prefixes() {
            if own.namespace(prefix).is_none() && uses(event.node(), prefix) {
                members.push((prefix.into(), Node::Null));
            }
        }
        if under.syntax != own.syntax && depends(event) {
            let mark = if own.syntax == Syntax::Xml { Node::text(XML_MARK.1) } else { Node::Null };
            members.push((XML_MARK.0.into(), mark));
        }
    }
    match (given, members.is_empty()) {
        (given, true) => given.cloned(),
        (None, false) => Some(Node::Object(members)),
        (Some(given), false) => Some(appended(given, Node::Object(members))),
    }
}

/// Whether a name or value begins with the prefix.
fn uses(node: &Node, prefix: &str) -> bool {
    let begins = |text: &str| text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(':'));
    match node {
        Node::String(text) => begins(text),
        Node::Array(items) => items.iter().any(|item| uses(item, prefix)),
        Node::Object(members) => members.iter().any(|(name, value)| begins(name) || uses(value, prefix)),
        _ => false,
    }
}

/// Whether an event must be read by the rules of the syntax it came in.
fn depends(event: &Event) -> bool {
    if minds(event.node(), event.context()) {
        return true;
    }
    let errors_in = |syntax| {
        let mut context = (**event.context()).clone();
        context.syntax = syntax;
        let limits = Limits::default();
        let mut checker = Checker::new(&limits, &context);
        checker.event(&Path::Root, event.node(), false);
        checker.errors
    };
    let under_json = errors_in(Syntax::Json);
    // What is wrong in both syntaxes is no reason to tell them apart.
    under_json > 0 && under_json > errors_in(Syntax::Xml)
}

/// Whether the hash of an event depends on the syntax it is read in: it has a boolean, or a value that begins with a
/// prefix of the document's own.
fn minds(node: &Node, context: &Context) -> bool {
    match node {
        Node::Bool(_) => true,
        Node::String(text) => text.split_once(':').is_some_and(|(prefix, local)| {
            !local.starts_with("//") && context.prefixes().any(|(known, _)| known == prefix)
        }),
        Node::Array(items) => items.iter().any(|item| minds(item, context)),
        Node::Object(members) => {
            members.iter().any(|(name, value)| &**name != "@context" && minds(value, context))
        }
        _ => false,
    }
}
