//! The frame around the events: root, business document header, master data, query results.

use super::{Members, Model, insert, texts};
use crate::context::{Context, Syntax, context_node};
use crate::json::{IGNORE_FIELDS, MASTER_DATA};
use crate::node::Node;
use crate::xml::element::{Element, FRAME, Sort};
use crate::xml::write::markup::XSI;
use crate::xml::write::master::SBDH;

/// Takes the event elements out of a document.
pub(in crate::xml) fn take_events(root: &mut Element) -> Vec<Element> {
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
    element.children.iter_mut().filter(|c| FRAME.contains(&&*c.local)).find_map(|child| descend(child, local))
}

fn find<'a>(element: &'a Element, local: &str) -> Option<&'a Element> {
    if &*element.local == local {
        return Some(element);
    }
    let within = |child: &&Element| FRAME.contains(&&*child.local) || *child.local == *local;
    element.children.iter().filter(within).find_map(|child| find(child, local))
}

/// The document in the JSON model, with the context its extension names need.
pub(in crate::xml) fn document(root: &Element, events: &[Element]) -> (Node, Context) {
    let mut model = Model::of(root);
    let mut events: Vec<Node> = events.iter().map(|event| model.event(event)).collect();
    let is_event = root.is_bare_event() && events.len() == 1;
    let members = match events.pop() {
        Some(Node::Object(members)) if is_event => members,
        last => {
            events.extend(last);
            model.root(root, events)
        }
    };
    let root = model.with_context(root, members);
    (root, model.context)
}

/// The document without its events, and the model to read them with.
pub(in crate::xml) fn frame(root: &Element) -> (Node, Model) {
    let mut model = Model::of(root);
    let members = model.root(root, Vec::new());
    (model.with_context(root, members), model)
}

impl Model {
    /// With the context that instructions tell; else it is made from the names in use.
    fn of(root: &Element) -> Self {
        let told = root.hints().and_then(|hints| hints.context.as_ref());
        let mut context = Context::standard(Syntax::Xml);
        if let Some(told) = told {
            context.syntax = Syntax::Json;
            context.extend(told);
        }
        Self { context, is_told: told.is_some() }
    }

    /// The members with their `@context`, once all names are known.
    fn with_context(&mut self, root: &Element, mut members: Members) -> Node {
        let told = root.hints().and_then(|hints| hints.context.clone());
        let context = told.unwrap_or_else(|| context_node(self.context.prefixes()));
        if !matches!(context, Node::Null) {
            members.insert(0, ("@context".into(), context));
        }
        let node = Node::Object(members);
        self.context.ignored.extend(crate::json::ignored_fields(&node, &self.context));
        node
    }

    fn root(&mut self, root: &Element, events: Vec<Node>) -> Members {
        let is_master_data = &*root.local == "EPCISMasterDataDocument";
        let kind = if is_master_data { "EPCISDocument" } else { &*root.local };
        let mut members: Members = vec![("type".into(), Node::text(kind))];
        for name in ["schemaVersion", "creationDate", "id"] {
            match root.attribute(name).filter(|_| !root.lacks(name)) {
                // what follows is the 2.0 model, whatever it was before
                Some(value) if name == "schemaVersion" && value.starts_with("1.") => {
                    members.push((name.into(), Node::text("2.0")));
                }
                Some(value) => members.push((name.into(), Node::text(value))),
                None => {}
            }
        }
        for attribute in &root.attributes {
            if attribute.namespace.as_deref().is_some_and(|ns| ns != XSI) {
                let name = self.attribute_name(attribute);
                insert(&mut members, name.into(), Node::text(&attribute.value));
            }
        }
        let mut header = None;
        if let Some(element) = root.child("EPCISHeader") {
            header = self.header(element, &mut members);
        }
        if is_master_data {
            self.context.declare(MASTER_DATA.0, MASTER_DATA.1);
            if let Some(list) = find(root, "EPCISBody").and_then(|body| body.child("VocabularyList")) {
                let lists = vec![(Box::from("vocabularyList"), self.vocabularies(list))];
                header = Some(Node::Object(vec![("epcisMasterData".into(), Node::Object(lists))]));
            }
        }
        members.extend(header.map(|header| (Box::from("epcisHeader"), header)));
        let body = match &*root.local {
            "EPCISQueryDocument" => self.query_body(root, events),
            _ => self.capture_body(root, events, is_master_data),
        };
        members.push(("epcisBody".into(), Node::Object(body)));
        for child in root.children.iter().filter(|child| child.namespace.is_some()) {
            self.frame_extension(child, &mut members);
        }
        root.complete(&mut members);
        members
    }

    /// An extension of the frame; the list of fields left out of the hash is a list of names.
    fn frame_extension(&mut self, element: &Element, out: &mut Members) {
        let name = (&*element.local, element.namespace.as_deref());
        let has_value = element.hints().is_some_and(|hints| hints.value.is_some());
        if name == (IGNORE_FIELDS.1, Some(IGNORE_FIELDS.0)) && !has_value {
            let names = element.children.iter().map(|child| Node::text(&self.element_name(child))).collect();
            let key = self.element_name(element);
            insert(out, key.into(), Node::Array(names));
        } else {
            self.extension(element, out);
        }
    }

    fn capture_body(&mut self, root: &Element, events: Vec<Node>, is_master_data: bool) -> Members {
        let mut out = Members::new();
        let body = root.child("EPCISBody");
        // the XSD lets a body be without a list: there are no events then
        if is_master_data || body.is_some_and(|body| !body.lacks("eventList")) {
            out.push(("eventList".into(), Node::Array(events)));
        }
        if let Some(body) = body {
            for child in body.children.iter().filter(|child| child.namespace.is_some()) {
                self.frame_extension(child, &mut out);
            }
            body.complete(&mut out);
        }
        out
    }

    fn query_body(&mut self, root: &Element, events: Vec<Node>) -> Members {
        let mut results = Members::new();
        for name in ["queryName", "subscriptionID"] {
            if let Some(value) = find(root, name) {
                results.push((name.into(), Node::text(value.text.trim())));
            }
        }
        let mut inner = Members::new();
        let tables = find(root, "VocabularyList");
        if find(root, "EventList").is_some() || tables.is_some() {
            inner.push(("eventList".into(), Node::Array(events)));
        }
        if let Some(tables) = tables {
            let exact = tables.hints().and_then(|hints| hints.value.clone());
            inner.push(("vocabularyList".into(), exact.unwrap_or_else(|| self.vocabularies(tables))));
        }
        if let Some(element) = find(root, "resultsBody") {
            element.complete(&mut inner);
        }
        results.push(("resultsBody".into(), Node::Object(inner)));
        if let Some(element) = find(root, "QueryResults") {
            for child in element.children.iter().filter(|child| child.namespace.is_some()) {
                self.frame_extension(child, &mut results);
            }
            element.complete(&mut results);
        }
        let mut out = vec![(Box::from("queryResults"), Node::Object(results))];
        if let Some(body) = root.child("EPCISBody") {
            body.complete(&mut out);
        }
        out
    }

    /// Sender, receiver and number go to the root; the result is the header as JSON has it, when there is one.
    fn header(&mut self, header: &Element, root: &mut Members) -> Option<Node> {
        let mut out = Members::new();
        let business = header.children.iter().find(|child| &*child.local == "StandardBusinessDocumentHeader");
        if let Some(business) = business {
            let party = |name: &str| Some(business.child(name)?.child("Identifier")?.text.trim());
            let document = business.child("DocumentIdentification");
            let instance = document.and_then(|document| document.child("InstanceIdentifier"));
            for (name, value) in [
                ("sender", party("Sender")),
                ("receiver", party("Receiver")),
                ("instanceIdentifier", instance.map(|element| element.text.trim())),
            ] {
                if let Some(value) = value.filter(|value| !value.is_empty()) {
                    root.push((name.into(), Node::text(value)));
                }
            }
            if !is_plain(business) {
                self.extension(business, &mut out);
            }
        }
        if let Some(master) = header.child("EPCISMasterData") {
            let mut lists = Members::new();
            if let Some(list) = master.child("VocabularyList").filter(|_| !master.lacks("vocabularyList")) {
                lists.push(("vocabularyList".into(), self.vocabularies(list)));
            }
            master.complete(&mut lists);
            out.push(("epcisMasterData".into(), Node::Object(lists)));
        }
        header.complete(&mut out);
        let is_told = header.hints().is_some_and(|hints| hints.sort == Some(Sort::Object));
        (!out.is_empty() || is_told).then_some(Node::Object(out))
    }

    fn vocabularies(&mut self, list: &Element) -> Node {
        Node::Array(list.flat().map(|vocabulary| self.vocabulary(vocabulary)).collect())
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
        for child in element.flat().filter(|child| child.namespace.is_some()) {
            self.extension(child, &mut out);
        }
        element.complete(&mut out);
        Node::Object(out)
    }

    fn vocabulary_element(&mut self, element: &Element) -> Node {
        let mut out: Members = Vec::new();
        if let Some(id) = element.attribute("id") {
            out.push(("id".into(), Node::text(id)));
        }
        let mut attributes = Vec::new();
        for attribute in element.flat().filter(|c| &*c.local == "attribute" && c.namespace.is_none()) {
            let mut members: Members = Vec::new();
            if let Some(id) = attribute.attribute("id") {
                members.push(("id".into(), Node::text(id)));
            }
            if !attribute.lacks("attribute") {
                let value = self.attribute_value(attribute);
                members.push(("attribute".into(), value));
            }
            attributes.push(Node::Object(members));
        }
        if !attributes.is_empty() {
            out.push(("attributes".into(), Node::Array(attributes)));
        }
        if let Some(children) = element.child("children") {
            out.push(("children".into(), texts(children)));
        }
        for child in element.flat().filter(|child| child.namespace.is_some()) {
            self.extension(child, &mut out);
        }
        element.complete(&mut out);
        Node::Object(out)
    }

    /// The value of a master data attribute: a text, or a structure of elements.
    fn attribute_value(&mut self, attribute: &Element) -> Node {
        let told = attribute.hints().is_some_and(|hints| hints.value.is_some() || hints.sort.is_some());
        if attribute.children.is_empty() && !told {
            return Node::text(attribute.text.trim());
        }
        if attribute.children.is_empty() {
            let mut plain = attribute.clone();
            plain.attributes.clear();
            return self.value(&plain);
        }
        let mut out = Members::new();
        attribute.flat().for_each(|child| self.extension(child, &mut out));
        Node::Object(out)
    }
}

/// Whether a business document header says no more than sender, receiver and number.
fn is_plain(business: &Element) -> bool {
    let only = |element: &Element, names: &[&str]| {
        let bare = element.attributes.is_empty() && element.namespace.as_deref() == Some(SBDH);
        let known = element.children.iter().all(|child| names.contains(&&*child.local));
        bare && known && element.children.len() <= names.len()
    };
    let parts = ["HeaderVersion", "Sender", "Receiver", "DocumentIdentification"];
    let details = ["Standard", "TypeVersion", "InstanceIdentifier", "Type", "CreationDateAndTime"];
    only(business, &parts)
        && business.children.iter().all(|part| match &*part.local {
            "Sender" | "Receiver" => {
                only(part, &["Identifier"]) && part.children.iter().all(|id| only(id, &[]))
            }
            "DocumentIdentification" => {
                only(part, &details) && part.children.iter().all(|detail| only(detail, &[]))
            }
            _ => only(part, &[]),
        })
}
