//! From elements to the JSON model: names, lists, vocabulary words, extension fields.

mod frame;

use super::element::{Attribute, Element, Sort};
use super::write::markup::XSI;
use crate::context::Context;
use crate::node::Node;
use crate::vocabulary::{
    ALERT, BIZ_STEP, COMPONENT, DISPOSITION, ERROR_REASON, MEASUREMENT, PARTY_TYPE, TRANSACTION_TYPE,
    Vocabulary,
};
use std::borrow::Cow;

pub(super) use frame::{document, frame, take_events};

type Members = Vec<(Box<str>, Node)>;

/// Turns elements into the JSON model.
pub(super) struct Model {
    pub(super) context: Context,
    /// Whether the context was told, so that names mean what it says and nothing is added to it.
    is_told: bool,
}

impl Model {
    pub(super) fn event(&mut self, element: &Element) -> Node {
        let Some(own) = element.hints().and_then(|hints| hints.context.as_ref()) else {
            return self.event_members(element, None);
        };
        let mut inner = Self { context: self.context.clone(), is_told: true };
        inner.context.extend(own);
        inner.event_members(element, Some(own))
    }

    fn event_members(&mut self, element: &Element, own: Option<&Node>) -> Node {
        let mut out: Members = Vec::with_capacity(element.children.len() + 2);
        if let Some(own) = own {
            out.push(("@context".into(), own.clone()));
        }
        let amount = element.namespace.is_none() && &*element.local == "QuantityEvent";
        if amount {
            out.push(("type".into(), Node::text("ObjectEvent")));
            quantity_event(element, &mut out);
        } else {
            let name = element.hints().and_then(|hints| hints.name.clone());
            out.push((
                "type".into(),
                Node::String(name.unwrap_or_else(|| self.element_name(element).into())),
            ));
        }
        for attribute in &element.attributes {
            if attribute.namespace.as_deref().is_some_and(|ns| ns != XSI) {
                let name = self.attribute_name(attribute);
                insert(&mut out, name.into(), Node::text(&attribute.value));
            }
        }
        for child in element.flat() {
            if child.namespace.is_some() {
                self.extension(child, &mut out);
            } else if !(amount && matches!(&*child.local, "epcClass" | "quantity")) {
                let value = self.standard_field(child);
                insert(&mut out, (&*child.local).into(), value);
            }
        }
        element.complete(&mut out);
        Node::Object(out)
    }

    fn standard_field(&mut self, child: &Element) -> Node {
        if let Some(exact) = child.hints().and_then(|hints| hints.value.as_ref()) {
            return exact.clone();
        }
        match &*child.local {
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
            "ilmd" => self.fields(child, Self::value),
            "sensorElementList" => Node::Array(child.flat().map(|item| self.sensor_element(item)).collect()),
            "certificationInfo" if child.hints().is_some_and(|hints| hints.is_array) => {
                Node::Array(vec![Node::text(child.text.trim())])
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
        }
    }

    /// An object of the standard whose plain fields `convert` turns into values.
    fn fields(&mut self, element: &Element, convert: impl Fn(&mut Self, &Element) -> Node) -> Node {
        let mut out = Members::new();
        for field in element.flat() {
            if field.namespace.is_some() {
                self.extension(field, &mut out);
            } else if let Some(exact) = field.hints().and_then(|hints| hints.value.as_ref()) {
                out.push(((&*field.local).into(), exact.clone()));
            } else {
                let value = convert(self, field);
                insert(&mut out, (&*field.local).into(), value);
            }
        }
        element.complete(&mut out);
        Node::Object(out)
    }

    fn quantity(&mut self, element: &Element) -> Node {
        let mut out = self.fields(element, |_, field| {
            if &*field.local != "quantity" {
                Node::text(field.text.trim())
            } else if field
                .attributes
                .iter()
                .any(|a| &*a.local == "nil" && a.namespace.as_deref() == Some(XSI))
            {
                Node::Null
            } else {
                number(&field.text)
            }
        });
        if let Node::Object(members) = &mut out {
            members.retain(|(name, value)| !(&**name == "quantity" && matches!(value, Node::Null)));
        }
        out
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
        element.complete(&mut out);
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
        element.complete(&mut out);
        Node::Object(out)
    }

    /// Adds an extension element under its prefixed name.
    fn extension(&mut self, element: &Element, out: &mut Members) {
        let hints = element.hints();
        let name = match hints.and_then(|hints| hints.name.clone()) {
            Some(name) => name,
            None => self.element_name(element).into(),
        };
        let value = self.value(element);
        if hints.is_some_and(|hints| hints.is_array) {
            out.push((name, Node::Array(vec![value])));
        } else {
            insert(out, name, value);
        }
    }

    /// The content of an extension element: a text, or an object of attributes and elements.
    fn value(&mut self, element: &Element) -> Node {
        let text = element.text.trim();
        let hints = element.hints();
        if let Some(exact) = hints.and_then(|hints| hints.value.as_ref()) {
            return exact.clone();
        }
        let sort = hints.and_then(|hints| hints.sort);
        match sort {
            Some(Sort::Number) => return number(text),
            Some(Sort::Boolean) => return Node::Bool(text == "true"),
            Some(Sort::Null) => return Node::Null,
            Some(Sort::Empty) => return Node::Array(Vec::new()),
            Some(Sort::Object) | None => {}
        }
        let told = hints.is_some_and(|hints| !hints.members.is_empty()) || sort.is_some();
        if element.children.is_empty() && element.attributes.is_empty() && !told {
            return Node::text(text);
        }
        let mut out = Members::new();
        for attribute in &element.attributes {
            let name = self.attribute_name(attribute);
            insert(&mut out, name.into(), Node::text(&attribute.value));
        }
        if !text.is_empty() {
            out.push(("#text".into(), Node::text(text)));
        }
        for child in element.flat() {
            self.extension(child, &mut out);
        }
        element.complete(&mut out);
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
        if !prefix.is_empty() && self.context.namespace(prefix) == Some(namespace) {
            return format!("{prefix}:{local}");
        }
        if let Some((known, _)) = self.context.prefixes().find(|(_, ns)| *ns == namespace) {
            return format!("{known}:{local}");
        }
        if self.is_told && !prefix.is_empty() {
            return format!("{prefix}:{local}");
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
}

/// EPCIS 1.x: an amount of a class seen, which 2.0 has as an object event.
fn quantity_event(element: &Element, out: &mut Members) {
    out.push(("action".into(), Node::text("OBSERVE")));
    let mut amount = Members::new();
    for child in element.children.iter().filter(|child| child.namespace.is_none()) {
        match &*child.local {
            "epcClass" => amount.push(("epcClass".into(), Node::text(child.text.trim()))),
            "quantity" => amount.push(("quantity".into(), number(&child.text))),
            _ => {}
        }
    }
    out.push(("quantityList".into(), Node::Array(vec![Node::Object(amount)])));
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
