//! From elements to the JSON model: names, lists, vocabulary words, extension fields.

use super::element::{Attribute, Element};
use crate::context::{Context, Syntax};
use crate::json::IGNORE_FIELDS;
use crate::node::Node;
use crate::vocabulary::{
    ALERT, BIZ_STEP, COMPONENT, DISPOSITION, ERROR_REASON, MEASUREMENT, PARTY_TYPE, TRANSACTION_TYPE,
    Vocabulary,
};
use std::borrow::Cow;

type Members = Vec<(Box<str>, Node)>;

/// Takes the event elements out of a document.
pub(super) fn take_events(root: &mut Element) -> Vec<Element> {
    let Some(list) = descend(root, "EventList") else { return Vec::new() };
    let mut events = Vec::new();
    for child in std::mem::take(&mut list.children) {
        open_wrappers(child, &mut events);
    }
    events
}

fn open_wrappers(element: Element, out: &mut Vec<Element>) {
    if element.is_wrapper() {
        element.children.into_iter().for_each(|child| open_wrappers(child, out));
    } else {
        out.push(element);
    }
}

fn descend<'a>(element: &'a mut Element, local: &str) -> Option<&'a mut Element> {
    if &*element.local == local {
        return Some(element);
    }
    let frame = ["EPCISBody", "QueryResults", "resultsBody", "EventList", "extension"];
    element.children.iter_mut().filter(|c| frame.contains(&&*c.local)).find_map(|child| descend(child, local))
}

/// The document in the JSON model, with the context its extension names need.
pub(super) fn document(root: &Element, events: &[Element]) -> (Node, Context) {
    let mut model = Model { context: Context::standard(Syntax::Xml) };
    let events: Vec<Node> = events.iter().map(|event| model.event(event)).collect();
    let mut members: Members = vec![("type".into(), Node::text(&root.local))];
    for name in ["schemaVersion", "creationDate"] {
        if let Some(value) = root.attribute(name) {
            members.push((name.into(), Node::text(value)));
        }
    }
    if let Some(header) = root.child("EPCISHeader").and_then(|header| model.header(header)) {
        members.push(("epcisHeader".into(), header));
    }
    let list = (Box::from("eventList"), Node::Array(events));
    let has_list = find(root, "EventList").is_some();
    let body = if &*root.local == "EPCISQueryDocument" {
        let mut results: Members = Vec::new();
        for name in ["queryName", "subscriptionID"] {
            if let Some(value) = find(root, name) {
                results.push((name.into(), Node::text(value.text.trim())));
            }
        }
        let inner = if has_list { vec![list] } else { Vec::new() };
        results.push(("resultsBody".into(), Node::Object(inner)));
        vec![(Box::from("queryResults"), Node::Object(results))]
    } else if has_list {
        vec![list]
    } else {
        Vec::new()
    };
    members.push(("epcisBody".into(), Node::Object(body)));
    for field in root.children.iter().filter(|child| &*child.local == IGNORE_FIELDS.1) {
        if field.namespace.as_deref() == Some(IGNORE_FIELDS.0) {
            for name in &field.children {
                let key = model.element_name(name);
                let full = model.context.expand_name(&key).into();
                model.context.ignored.push(full);
            }
        }
    }
    let standard = Node::text("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld");
    let mut context = vec![standard];
    let prefixes: Members = model.context.prefixes().map(|(p, ns)| (p.into(), Node::text(ns))).collect();
    if !prefixes.is_empty() {
        context.push(Node::Object(prefixes));
    }
    members.insert(0, ("@context".into(), Node::Array(context)));
    (Node::Object(members), model.context)
}

fn find<'a>(element: &'a Element, local: &str) -> Option<&'a Element> {
    if &*element.local == local {
        return Some(element);
    }
    let frame =
        ["EPCISBody", "QueryResults", "resultsBody", "EventList", "extension", "queryName", "subscriptionID"];
    element.children.iter().filter(|c| frame.contains(&&*c.local)).find_map(|child| find(child, local))
}

struct Model {
    context: Context,
}

impl Model {
    fn event(&mut self, element: &Element) -> Node {
        let mut out: Members = Vec::with_capacity(element.children.len() + 1);
        out.push(("type".into(), Node::text(&self.element_name(element))));
        for child in element.flat() {
            if child.namespace.is_some() {
                self.extension(child, &mut out);
                continue;
            }
            let value = match &*child.local {
                "bizStep" => word(&child.text, &BIZ_STEP),
                "disposition" => word(&child.text, &DISPOSITION),
                "epcList" | "inputEPCList" | "outputEPCList" | "childEPCs" => texts(child),
                "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
                    Node::Array(child.flat().map(|item| self.quantity(item)).collect())
                }
                "bizTransactionList" => self.links(child, "bizTransaction", &TRANSACTION_TYPE),
                "sourceList" => self.links(child, "source", &PARTY_TYPE),
                "destinationList" => self.links(child, "destination", &PARTY_TYPE),
                "persistentDisposition" => persistent(child),
                "readPoint" | "bizLocation" => self.fields(child, |_, field| Node::text(field.text.trim())),
                "errorDeclaration" => self.fields(child, |_, field| match &*field.local {
                    "reason" => word(&field.text, &ERROR_REASON),
                    "correctiveEventIDs" => texts(field),
                    _ => Node::text(field.text.trim()),
                }),
                "ilmd" => self.fields(child, |model, field| model.value(field)),
                "sensorElementList" => {
                    Node::Array(child.flat().map(|item| self.sensor_element(item)).collect())
                }
                "eventTime"
                | "recordTime"
                | "eventTimeZoneOffset"
                | "eventID"
                | "action"
                | "parentID"
                | "transformationID"
                | "certificationInfo" => Node::text(child.text.trim()),
                _ => self.value(child),
            };
            insert(&mut out, (&*child.local).into(), value);
        }
        Node::Object(out)
    }

    /// An object of the standard whose plain fields `convert` turns into values.
    fn fields(&mut self, element: &Element, convert: impl Fn(&mut Self, &Element) -> Node) -> Node {
        let mut out = Members::new();
        for field in element.flat() {
            if field.namespace.is_some() {
                self.extension(field, &mut out);
            } else {
                let value = convert(self, field);
                insert(&mut out, (&*field.local).into(), value);
            }
        }
        Node::Object(out)
    }

    fn quantity(&mut self, element: &Element) -> Node {
        self.fields(element, |_, field| {
            if &*field.local == "quantity" { number(&field.text) } else { Node::text(field.text.trim()) }
        })
    }

    fn links(&mut self, list: &Element, name: &str, vocabulary: &Vocabulary) -> Node {
        let link = |item: &Element| {
            let mut out = Members::with_capacity(2);
            if let Some(kind) = item.attribute("type") {
                out.push(("type".into(), word(kind, vocabulary)));
            }
            out.push((name.into(), Node::text(item.text.trim())));
            Node::Object(out)
        };
        Node::Array(list.flat().map(link).collect())
    }

    fn sensor_element(&mut self, element: &Element) -> Node {
        let mut out = Members::new();
        let mut reports = Vec::new();
        for part in element.flat() {
            match &*part.local {
                "sensorMetadata" if part.namespace.is_none() => {
                    out.push(("sensorMetadata".into(), self.attributes(part)));
                }
                "sensorReport" if part.namespace.is_none() => {
                    let at = out.iter().position(|(name, _)| &**name == "sensorReport");
                    if at.is_none() {
                        out.push(("sensorReport".into(), Node::Array(Vec::new())));
                    }
                    reports.push(self.attributes(part));
                }
                _ => self.extension(part, &mut out),
            }
        }
        if let Some((_, slot)) = out.iter_mut().find(|(name, _)| &**name == "sensorReport") {
            *slot = Node::Array(reports);
        }
        Node::Object(out)
    }

    fn attributes(&mut self, element: &Element) -> Node {
        let mut out = Members::with_capacity(element.attributes.len());
        for attribute in &element.attributes {
            let text = attribute.value.trim();
            let value = match (attribute.namespace.is_some(), &*attribute.local) {
                (false, "type") => word(text, &MEASUREMENT),
                (false, "exception") => word(text, &ALERT),
                (false, "component") => word(text, &COMPONENT),
                (
                    false,
                    "value" | "minValue" | "maxValue" | "meanValue" | "sDev" | "percRank" | "percValue",
                ) => number(text),
                (false, "booleanValue") => match text {
                    "true" | "1" => Node::Bool(true),
                    "false" | "0" => Node::Bool(false),
                    other => Node::text(other),
                },
                _ => Node::text(&attribute.value),
            };
            let name = self.attribute_name(attribute);
            insert(&mut out, name.into(), value);
        }
        Node::Object(out)
    }

    /// Adds an extension element under its prefixed name.
    fn extension(&mut self, element: &Element, out: &mut Members) {
        let name = self.element_name(element);
        let value = self.value(element);
        insert(out, name.into(), value);
    }

    /// The content of an extension element: a text, or an object of attributes and elements.
    fn value(&mut self, element: &Element) -> Node {
        if element.children.is_empty() && element.attributes.is_empty() {
            return Node::text(element.text.trim());
        }
        let mut out = Members::new();
        for attribute in &element.attributes {
            let name = self.attribute_name(attribute);
            insert(&mut out, name.into(), Node::text(&attribute.value));
        }
        let text = element.text.trim();
        if !text.is_empty() {
            out.push(("#text".into(), Node::text(text)));
        }
        for child in element.flat() {
            self.extension(child, &mut out);
        }
        Node::Object(out)
    }

    fn element_name(&mut self, element: &Element) -> String {
        self.name(&element.prefix, element.namespace.as_deref(), &element.local)
    }

    fn attribute_name(&mut self, attribute: &Attribute) -> String {
        self.name(&attribute.prefix, attribute.namespace.as_deref(), &attribute.local)
    }

    /// A prefixed name whose prefix means the namespace in the document's one context.
    fn name(&mut self, prefix: &str, namespace: Option<&str>, local: &str) -> String {
        let Some(namespace) = namespace.filter(|ns| !ns.starts_with("urn:epcglobal:epcis")) else {
            return local.to_owned();
        };
        if let Some((known, _)) = self.context.prefixes().find(|(_, ns)| *ns == namespace) {
            return format!("{known}:{local}");
        }
        let free = |context: &Context, candidate: &str| {
            !candidate.is_empty()
                && !Context::is_scheme(candidate)
                && context.prefixes().all(|(p, _)| p != candidate)
        };
        let chosen: Cow<'_, str> = if free(&self.context, prefix) {
            prefix.into()
        } else {
            let mut number = 1;
            while !free(&self.context, &format!("ns{number}")) {
                number += 1;
            }
            format!("ns{number}").into()
        };
        self.context.declare(&chosen, namespace);
        format!("{chosen}:{local}")
    }

    /// Master data of the header as the JSON header has it.
    fn header(&mut self, header: &Element) -> Option<Node> {
        let vocabularies = header.child("EPCISMasterData")?.child("VocabularyList")?;
        let list: Vec<Node> = vocabularies.flat().map(|vocabulary| self.vocabulary(vocabulary)).collect();
        let master = vec![(Box::from("vocabularyList"), Node::Array(list))];
        Some(Node::Object(vec![("epcisMasterData".into(), Node::Object(master))]))
    }

    fn vocabulary(&mut self, element: &Element) -> Node {
        let mut out: Members = Vec::new();
        if let Some(kind) = element.attribute("type") {
            out.push(("type".into(), Node::text(kind)));
        }
        if let Some(list) = element.child("VocabularyElementList") {
            let elements = list.flat().map(|entry| self.vocabulary_element(entry)).collect();
            out.push(("vocabularyElementList".into(), Node::Array(elements)));
        }
        Node::Object(out)
    }

    fn vocabulary_element(&mut self, element: &Element) -> Node {
        let mut out: Members = Vec::new();
        if let Some(id) = element.attribute("id") {
            out.push(("id".into(), Node::text(id)));
        }
        let mut attributes = Vec::new();
        for attribute in element.flat().filter(|child| &*child.local == "attribute") {
            let mut members: Members = Vec::new();
            if let Some(id) = attribute.attribute("id") {
                members.push(("id".into(), Node::text(id)));
            }
            let value = if attribute.children.is_empty() {
                Node::text(attribute.text.trim())
            } else {
                self.fields(attribute, Self::value)
            };
            members.push(("attribute".into(), value));
            attributes.push(Node::Object(members));
        }
        if !attributes.is_empty() {
            out.push(("attributes".into(), Node::Array(attributes)));
        }
        if let Some(children) = element.child("children") {
            out.push(("children".into(), texts(children)));
        }
        Node::Object(out)
    }
}

/// Adds a member; a name that is there already becomes an array.
fn insert(out: &mut Members, name: Box<str>, value: Node) {
    match out.iter_mut().find(|(known, _)| *known == name) {
        None => out.push((name, value)),
        Some((_, Node::Array(items))) if !matches!(value, Node::Array(_)) => items.push(value),
        Some((_, slot)) => {
            let first = std::mem::replace(slot, Node::Null);
            *slot = Node::Array(vec![first, value]);
        }
    }
}

fn texts(list: &Element) -> Node {
    Node::Array(list.flat().map(|item| Node::text(item.text.trim())).collect())
}

fn word(text: &str, vocabulary: &Vocabulary) -> Node {
    Node::text(&vocabulary.bare(text.trim()))
}

fn persistent(element: &Element) -> Node {
    let mut out = Members::new();
    for name in ["set", "unset"] {
        let list: Vec<Node> = element
            .flat()
            .filter(|item| &*item.local == name)
            .map(|item| word(&item.text, &DISPOSITION))
            .collect();
        if !list.is_empty() {
            out.push((name.into(), Node::Array(list)));
        }
    }
    Node::Object(out)
}

/// An `xsd:decimal` or `xsd:double` as a JSON number; anything else stays text for validation to refuse.
fn number(text: &str) -> Node {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = digits.find(['e', 'E']).map_or((digits, ""), |at| digits.split_at(at));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let exponent_fits = exponent.is_empty() || {
        let e = exponent.get(1..).unwrap_or_default();
        let e = e.strip_prefix(['+', '-']).unwrap_or(e);
        !e.is_empty() && all_digits(e)
    };
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) || !exponent_fits {
        return Node::text(text);
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let point = if fraction.is_empty() { "" } else { "." };
    Node::Number(format!("{sign}{whole}{point}{fraction}{exponent}").into())
}
