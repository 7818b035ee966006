//! The common shape of JSON and XML events for hashing: named fields with a value, fields, or both.

use super::canonical;
use crate::context::{Context, Syntax};
use crate::node::Node;
use crate::vocabulary::{
    ALERT, BIZ_STEP, COMPONENT, DISPOSITION, MEASUREMENT, PARTY_TYPE, TRANSACTION_TYPE, Vocabulary,
};
use std::borrow::Cow;

/// One field.
pub(super) struct Item<'a> {
    /// Standard name, or `{namespace}local`.
    pub(super) name: Cow<'a, str>,
    /// Its value, prefixes and bare words already expanded.
    text: Cow<'a, str>,
    /// Its own fields.
    pub(super) fields: Vec<Item<'a>>,
}

impl Item<'_> {
    /// Appends `=value` in canonical form, when there is a value.
    pub(super) fn write_value(&self, is_time: bool, out: &mut String) {
        let text = self.text.trim();
        if text.is_empty() {
            return;
        }
        out.push('=');
        out.push_str(&if is_time { canonical::time(text) } else { canonical::value(text) });
    }
}

/// Adds a member of an event, unless it takes no part in the hash.
pub(super) fn push<'a>(out: &mut Vec<Item<'a>>, name: &'a str, value: &'a Node, context: &'a Context) {
    let shaper = Shaper { context };
    match name {
        "@context" | "type" | "recordTime" | "eventID" | "errorDeclaration" => {}
        "epcList" | "inputEPCList" | "outputEPCList" | "childEPCs" => {
            out.push(shaper.list(name, value, |out, item| shaper.push(out, "epc".into(), item, None)));
        }
        "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
            out.push(shaper.list(name, value, |out, item| {
                shaper.push(out, "quantityElement".into(), item, None);
            }));
        }
        "bizTransactionList" => {
            out.push(shaper.list(name, value, |out, item| out.push(shaper.link(item, "bizTransaction"))));
        }
        "sourceList" => {
            out.push(shaper.list(name, value, |out, item| out.push(shaper.link(item, "source"))));
        }
        "destinationList" => {
            out.push(shaper.list(name, value, |out, item| out.push(shaper.link(item, "destination"))));
        }
        "sensorElementList" => {
            out.push(shaper.list(name, value, |out, item| {
                shaper.push(out, "sensorElement".into(), item, None);
            }));
        }
        "bizStep" => shaper.push(out, name.into(), value, Some(&BIZ_STEP)),
        "disposition" => shaper.push(out, name.into(), value, Some(&DISPOSITION)),
        _ => {
            let full = context.expand_name(name);
            if !context.ignored.iter().any(|ignored| **ignored == *full) && !is_comment(&full) {
                shaper.push(out, full, value, None);
            }
        }
    }
}

/// Whether a document leaves a field without prefix out of the hash; never one that is a list or a word of the standard.
pub(super) fn is_ignored(name: &str, context: &Context) -> bool {
    let can_be = matches!(
        name,
        "eventTime"
            | "eventTimeZoneOffset"
            | "certificationInfo"
            | "parentID"
            | "action"
            | "transformationID"
    ) || matches!(name, "persistentDisposition" | "readPoint" | "bizLocation");
    can_be && context.ignored.iter().any(|ignored| **ignored == *name)
}

/// `rdfs:comment` and the bare `comment`.
fn is_comment(name: &str) -> bool {
    matches!(name, "comment" | "rdfs:comment" | "{http://www.w3.org/2000/01/rdf-schema#}comment")
}

struct Shaper<'a> {
    context: &'a Context,
}

impl<'a> Shaper<'a> {
    /// A list field, named once, with its members inside.
    fn list(
        &self,
        name: &'a str,
        value: &'a Node,
        mut member: impl FnMut(&mut Vec<Item<'a>>, &'a Node),
    ) -> Item<'a> {
        let mut fields = Vec::with_capacity(value.items().len());
        value.items().iter().for_each(|item| member(&mut fields, item));
        Item { name: name.into(), text: Cow::Borrowed(""), fields }
    }

    /// A typed link: the type first, then what is linked.
    fn link(&self, node: &'a Node, name: &'static str) -> Item<'a> {
        let vocabulary = if name == "bizTransaction" { &TRANSACTION_TYPE } else { &PARTY_TYPE };
        let mut fields = Vec::with_capacity(2);
        for (field, vocabulary) in [("type", Some(vocabulary)), (name, None)] {
            if let Some(value) = node.get(field) {
                self.push(&mut fields, field.into(), value, vocabulary);
            }
        }
        Item { name: Cow::Borrowed(""), text: Cow::Borrowed(""), fields }
    }

    /// A field; an array becomes the field several times.
    fn push(&self, out: &mut Vec<Item<'a>>, name: Cow<'a, str>, node: &'a Node, words: Option<&Vocabulary>) {
        match node {
            Node::Array(items) => {
                for item in items {
                    if let Node::Array(inner) = item {
                        let mut fields = Vec::with_capacity(inner.len());
                        inner.iter().for_each(|node| self.push(&mut fields, "".into(), node, words));
                        out.push(Item { name: name.clone(), text: Cow::Borrowed(""), fields });
                    } else {
                        self.push(out, name.clone(), item, words);
                    }
                }
            }
            Node::Object(members) => {
                let mut fields = Vec::with_capacity(members.len());
                let mut text = Cow::Borrowed("");
                for (field, value) in members {
                    if &**field == "#text" {
                        text = self.text(value, None);
                        continue;
                    }
                    let full = self.context.expand_name(field);
                    if !is_comment(&full) {
                        let words = field_words(&name, field);
                        self.push(&mut fields, full, value, words);
                    }
                }
                out.push(Item { name, text, fields });
            }
            Node::Null => {}
            scalar => out.push(Item { name, text: self.text(scalar, words), fields: Vec::new() }),
        }
    }

    fn text(&self, node: &'a Node, words: Option<&Vocabulary>) -> Cow<'a, str> {
        match node {
            Node::String(text) => match words.and_then(|words| words.uri(text)) {
                Some(uri) => uri.into(),
                None => self.context.expand_value(text),
            },
            Node::Number(text) => Cow::Borrowed(text),
            Node::Bool(value) => Cow::Borrowed(match (self.context.syntax, value) {
                (Syntax::Json, true) => "True",
                (Syntax::Json, false) => "False",
                (Syntax::Xml, true) => "true",
                (Syntax::Xml, false) => "false",
            }),
            _ => Cow::Borrowed(""),
        }
    }
}

/// The vocabulary whose bare words may stand in a nested standard field.
fn field_words(parent: &str, field: &str) -> Option<&'static Vocabulary> {
    match (parent, field) {
        ("sensorReport", "type") => Some(&MEASUREMENT),
        ("sensorReport", "exception") => Some(&ALERT),
        ("sensorReport", "component") => Some(&COMPONENT),
        ("persistentDisposition", "set" | "unset") => Some(&DISPOSITION),
        _ => None,
    }
}
