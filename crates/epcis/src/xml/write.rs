//! Documents, problems and capture jobs as EPCIS XML 2.0, valid against the official XSD.

mod event;
pub(in crate::xml) mod markup;
pub(in crate::xml) mod master;
mod value;

use crate::context::Syntax;
use crate::document::DocumentType;
use crate::event::Event;
use crate::job::CaptureJob;
use crate::json::IGNORE_FIELDS;
use crate::node::Node;
use crate::problem::Problem;
use crate::write::{Head, Plan, WriteOptions, plan};
use base::{Instant, Lang};
use event::EventWriter;
use markup::{Markup, is_attribute_text, is_plain};
use master::Parties;

const EPCIS: &str = "urn:epcglobal:epcis:xsd:2";
const QUERY: &str = "urn:epcglobal:epcis-query:xsd:2";
const MASTER: &str = "urn:epcglobal:epcis-masterdata:xsd:2";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A document: the head with the events in its list. Reading it gives the same events, hash for hash, and the same
/// JSON; what XML has no place for is told in processing instructions (module `markup`).
#[must_use]
pub fn write_document<'e>(
    head: &Head,
    events: impl IntoIterator<Item = &'e Event>,
    options: &WriteOptions<'_>,
) -> String {
    let mut plan = plan(head, events, Syntax::Xml, options);
    let bare = head.kind == DocumentType::Event;
    if bare && let Some(event) = plan.events.first_mut() {
        plan.context_node = event.own.take().unwrap_or(Node::Null);
    }
    let (root, prefix, namespace) = match head.kind {
        DocumentType::Query => ("EPCISQueryDocument", "epcisq", QUERY),
        DocumentType::MasterData => ("EPCISMasterDataDocument", "epcismd", MASTER),
        DocumentType::Capture | DocumentType::Event => ("EPCISDocument", "epcis", EPCIS),
    };
    let mut writer = Writer {
        markup: Markup::new(&[(prefix, namespace)]),
        frame: &head.frame,
        plan: &plan,
        options,
        rest: Vec::new(),
    };
    if bare {
        writer.markup.hint("event", None);
    }
    writer.inside(head.kind, prefix);
    writer.finish(&format!("{prefix}:{root}"))
}

/// Events without a document, in one `EventList` element.
#[must_use]
pub fn write_events<'e>(events: impl IntoIterator<Item = &'e Event>, options: &WriteOptions<'_>) -> String {
    let plan = plan(&Head::capture(Instant(0)), events, Syntax::Xml, options);
    let mut markup = Markup::new(&[]);
    let mut writer = EventWriter { markup: &mut markup, cbv: options.cbv };
    plan.events.iter().for_each(|event| writer.event(event));
    wrap("EventList", &markup, "", &[], context_hint(&plan, &markup))
}

/// A problem as `application/problem+xml`: the `EPCISException` of the XSD.
#[must_use]
pub fn write_problem(problem: &Problem, lang: Lang) -> String {
    let mut markup = Markup::new(&[("epcis", EPCIS)]);
    problem_members(&mut markup, problem, lang);
    wrap("epcis:EPCISException", &markup, "", &[], String::new())
}

/// A capture job as the `EPCISCaptureJob` of the XSD.
#[must_use]
pub fn write_job(job: &CaptureJob, lang: Lang) -> String {
    let mut markup = Markup::new(&[("epcis", EPCIS)]);
    markup.element("captureErrorBehaviour", job.error_behaviour.name());
    markup.element("createdAt", &job.created.rfc3339());
    if let Some(finished) = job.finished {
        markup.element("finishedAt", &finished.rfc3339());
    }
    if let Some(file) = &job.error_file {
        markup.element("errorFile", file);
    } else if !job.errors.is_empty() {
        markup.open("errors");
        for problem in &job.errors {
            markup.open("error");
            problem_members(&mut markup, problem, lang);
            markup.close("error");
        }
        markup.close("errors");
    }
    let (running, success) = (job.running.to_string(), job.success.to_string());
    let attributes = [("running", &*running), ("success", &success), ("captureID", &job.id)];
    wrap("epcis:EPCISCaptureJob", &markup, "", &attributes, String::new())
}

fn problem_members(markup: &mut Markup, problem: &Problem, lang: Lang) {
    markup.element("type", &problem.kind.uri());
    markup.element("title", problem.kind.title().get(lang));
    markup.element("status", &problem.kind.status().to_string());
    let mut detail = String::new();
    if let Some(at) = problem.position {
        detail.push_str(&format!("{}:{}: ", at.line, at.column));
    }
    if !problem.pointer.is_empty() {
        detail.push_str(&format!("{}: ", problem.pointer));
    }
    detail.push_str(problem.message().get(lang));
    markup.element("detail", &detail);
}

/// The whole text: declaration, root with its namespaces, what is inside.
fn wrap(root: &str, markup: &Markup, first: &str, attributes: &[(&str, &str)], hint: String) -> String {
    let mut head = Markup::new(&[]);
    head.out.push_str(DECLARATION);
    head.out.push('<');
    head.out.push_str(root);
    for (prefix, namespace) in &markup.namespaces {
        head.attribute(&format!("xmlns:{prefix}"), namespace);
    }
    for (name, value) in attributes {
        head.attribute(name, value);
    }
    head.out.push('>');
    head.out.push_str(&hint);
    head.out.push_str(first);
    head.out.push_str(&markup.out);
    head.close(root);
    head.out.push('\n');
    head.out
}

/// The `@context` in an instruction, unless a reader of the XML would make the same one.
fn context_hint(plan: &Plan<'_>, markup: &Markup) -> String {
    let mut used: Vec<(&str, &str)> = markup
        .used
        .iter()
        .map(|(prefix, namespace)| (&**prefix, &**namespace))
        .filter(|(prefix, namespace)| !crate::context::is_standard(prefix, namespace))
        .collect();
    used.sort_unstable();
    let remade = crate::context::context_node(used);
    let same_meaning = plan.context.syntax == Syntax::Xml || !plan.minds_syntax;
    if remade == plan.context_node && same_meaning {
        return String::new();
    }
    let mut hint = Markup::new(&[]);
    hint.hint("context", Some(&plan.json_context()));
    hint.out
}

struct Writer<'w> {
    markup: Markup,
    frame: &'w Node,
    plan: &'w Plan<'w>,
    options: &'w WriteOptions<'w>,
    /// Root members XML has no place for.
    rest: Vec<(Box<str>, Node)>,
}

impl Writer<'_> {
    fn inside(&mut self, kind: DocumentType, prefix: &str) {
        let frame = self.frame;
        let body = frame.get("epcisBody");
        let party = |name: &str| frame.str(name).filter(|text| is_plain(text) && !text.is_empty());
        let created = self.created();
        let parties = Parties {
            sender: party("sender"),
            receiver: party("receiver"),
            instance: party("instanceIdentifier"),
            created: &created,
        };
        let header = frame.get("epcisHeader").filter(|header| matches!(header, Node::Object(_)));
        let lists = header
            .and_then(|header| header.get("epcisMasterData"))
            .and_then(|master| master.get("vocabularyList"));
        if kind == DocumentType::MasterData {
            self.markup.header(&parties, None, &self.plan.context);
        } else {
            self.markup.header(&parties, header, &self.plan.context);
        }
        self.markup.open("EPCISBody");
        match kind {
            DocumentType::MasterData => {
                if let Some(list) = lists {
                    self.markup.vocabularies("VocabularyList", list, &self.plan.context);
                }
            }
            DocumentType::Query => self.query_results(body, prefix),
            DocumentType::Capture | DocumentType::Event => {
                if kind == DocumentType::Event || body.is_some_and(|body| body.get("eventList").is_some()) {
                    self.events();
                }
                self.extensions(body, &["eventList"], true);
            }
        }
        self.markup.close("EPCISBody");
        for (name, value) in frame.members() {
            match &**name {
                "@context" | "type" | "schemaVersion" | "creationDate" | "id" => {}
                "sender" if parties.sender.is_some() => {}
                "receiver" if parties.receiver.is_some() => {}
                "instanceIdentifier" if parties.instance.is_some() => {}
                "epcisHeader" if header.is_some() => {}
                "epcisBody" if matches!(value, Node::Object(_)) => {}
                other if self.plan.context.resolve(other) == Some(IGNORE_FIELDS) => {
                    self.ignored(other, value)
                }
                other if other.contains(':') => self.markup.member(other, value, &self.plan.context),
                _ => self.rest.push((name.clone(), value.clone())),
            }
        }
    }

    fn events(&mut self) {
        self.markup.open("EventList");
        let mut writer = EventWriter { markup: &mut self.markup, cbv: self.options.cbv };
        self.plan.events.iter().for_each(|event| writer.event(event));
        self.markup.close("EventList");
    }

    fn query_results(&mut self, body: Option<&Node>, prefix: &str) {
        let results = body.and_then(|body| body.get("queryResults"));
        let tag = format!("{prefix}:QueryResults");
        self.markup.open(&tag);
        let mut rest = Vec::new();
        for name in ["queryName", "subscriptionID"] {
            match results.and_then(|results| results.get(name)) {
                Some(Node::String(text)) if is_plain(text) => self.markup.element(name, text),
                Some(other) => rest.push((Box::from(name), other.clone())),
                None => {}
            }
        }
        let inner = results.and_then(|results| results.get("resultsBody"));
        let tables = inner.and_then(|inner| inner.get("vocabularyList"));
        // the XSD knows events or master data, JSON events and perhaps master data
        self.markup.open("resultsBody");
        let no_events = self.plan.events.is_empty() && tables.is_some();
        if !no_events || inner.is_some_and(|inner| inner.get("eventList").is_some()) {
            self.events();
        }
        self.extensions(inner, &["eventList", "vocabularyList"], false);
        self.markup.close("resultsBody");
        if let Some(tables) = tables {
            self.markup.open("extension");
            if !self.markup.vocabularies("VocabularyList", tables, &self.plan.context) {
                self.markup.open("VocabularyList");
                self.markup.hint("value", Some(tables));
                self.markup.close("VocabularyList");
            }
            self.markup.close("extension");
        }
        self.extensions(results, &["queryName", "subscriptionID", "resultsBody"], true);
        self.markup.leftover(rest);
        self.markup.close(&tag);
        self.extensions(body, &["queryResults"], false);
    }

    /// Members beyond the named ones: extensions as elements where the XSD leaves room, the rest as they are.
    fn extensions(&mut self, node: Option<&Node>, named: &[&str], is_open: bool) {
        let mut rest = Vec::new();
        for (name, value) in node.map(Node::members).unwrap_or_default() {
            if named.contains(&&**name) {
                continue;
            }
            if self.plan.context.resolve(name) == Some(IGNORE_FIELDS) {
                self.ignored(name, value);
            } else if is_open && name.contains(':') {
                self.markup.member(name, value, &self.plan.context);
            } else {
                rest.push((name.clone(), value.clone()));
            }
        }
        self.markup.leftover(rest);
    }

    /// The names of fields left out of the hash, one empty element each.
    fn ignored(&mut self, name: &str, value: &Node) {
        let names: Vec<&str> = value.items().iter().filter_map(Node::as_str).collect();
        let context = &self.plan.context;
        let tags: Vec<(String, bool)> = names.iter().map(|name| self.markup.name(name, context)).collect();
        let (tag, exact) = self.markup.name(name, context);
        self.markup.open(&tag);
        if !exact {
            self.markup.hint("name", Some(&Node::text(name)));
        }
        for (tag, _) in &tags {
            self.markup.out.push_str(&format!("<{tag}/>"));
        }
        if names.len() != value.items().len()
            || !matches!(value, Node::Array(_))
            || tags.iter().any(|(_, exact)| !exact)
        {
            self.markup.hint("value", Some(value));
        }
        self.markup.close(&tag);
    }

    /// `creationDate`: XML demands one, so the time of the latest event stands in for it.
    fn created(&self) -> String {
        if let Some(text) = self.frame.str("creationDate").filter(|text| is_attribute_text(text)) {
            return text.to_owned();
        }
        let times = self.plan.events.iter().filter_map(|event| event.node.str("eventTime"));
        let latest = times.filter_map(crate::time::Moment::parse).max();
        latest.map_or(Instant(0), crate::time::Moment::instant).rfc3339()
    }

    fn finish(mut self, root: &str) -> String {
        let created = self.created();
        let version = self.frame.str("schemaVersion").filter(|text| {
            let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
            [whole, part].iter().all(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
        });
        let mut absent = Vec::new();
        for (name, exact) in [
            ("schemaVersion", version.is_some()),
            ("creationDate", self.frame.str("creationDate").is_some_and(is_attribute_text)),
        ] {
            match self.frame.get(name) {
                None => absent.push(Node::text(name)),
                Some(value) if !exact => self.rest.push((name.into(), value.clone())),
                Some(_) => {}
            }
        }
        let mut first = Markup::new(&[]);
        if !absent.is_empty() {
            first.hint("absent", Some(&Node::Array(absent)));
        }
        let id = self.frame.str("id").filter(|id| is_attribute_text(id));
        if id.is_none()
            && let Some(other) = self.frame.get("id")
        {
            self.rest.push(("id".into(), other.clone()));
        }
        let rest = std::mem::take(&mut self.rest);
        first.leftover(rest);
        let mut attributes = vec![("schemaVersion", version.unwrap_or("2.0")), ("creationDate", &*created)];
        attributes.extend(id.map(|id| ("id", id)));
        let hint = context_hint(self.plan, &self.markup);
        wrap(root, &self.markup, &first.out, &attributes, hint)
    }
}
