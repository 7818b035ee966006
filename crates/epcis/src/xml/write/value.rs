//! Extension members of any depth as elements.

use super::markup::{Markup, XML, XSI, is_attribute_text, is_plain};
use crate::context::Context;
use crate::node::Node;

impl Markup {
    /// One extension member: an element, or one for each item of an array.
    pub(super) fn member(&mut self, name: &str, value: &Node, context: &Context) {
        match value {
            Node::Array(items) if items.iter().any(|item| matches!(item, Node::Array(_))) => {
                self.started(name, context, |m, _| m.hint("value", Some(value)));
            }
            Node::Array(items) if items.is_empty() => {
                self.started(name, context, |m, _| m.hint("empty", None))
            }
            Node::Array(items) => {
                for item in items {
                    self.item(name, item, items.len() == 1, context);
                }
            }
            single => self.item(name, single, false, context),
        }
    }

    /// An element with the exact name beside it when XML cannot have it.
    fn started(&mut self, name: &str, context: &Context, inside: impl FnOnce(&mut Self, &str)) {
        let (tag, exact) = self.name(name, context);
        self.open(&tag);
        if !exact {
            self.hint("name", Some(&Node::text(name)));
        }
        inside(self, &tag);
        self.close(&tag);
    }

    fn item(&mut self, name: &str, value: &Node, is_only_item: bool, context: &Context) {
        let (tag, exact) = self.name(name, context);
        self.out.push('<');
        self.out.push_str(&tag);
        let attributes = self.attributes_of(value, context);
        self.out.push('>');
        if !exact {
            self.hint("name", Some(&Node::text(name)));
        }
        if is_only_item {
            self.hint("array", None);
        }
        match value {
            Node::Object(members) => self.object(members, &attributes, context),
            scalar => self.scalar(scalar),
        }
        self.close(&tag);
    }

    /// The content of an element with one plain value.
    pub(super) fn scalar(&mut self, value: &Node) {
        match value {
            Node::String(text) => {
                self.text(text);
                if !is_plain(text) {
                    self.hint("value", Some(value));
                }
            }
            Node::Number(text) => {
                self.text(text);
                self.hint("number", None);
            }
            Node::Bool(truth) => {
                self.text(if *truth { "true" } else { "false" });
                self.hint("boolean", None);
            }
            Node::Null => self.hint("null", None),
            other => self.hint("value", Some(other)),
        }
    }

    /// Writes the members that XML shows as attributes, and returns their names: those of XML itself, and everything
    /// plain beside a `#text`.
    fn attributes_of<'n>(&mut self, value: &'n Node, context: &Context) -> Vec<&'n str> {
        let beside_text = matches!(value.get("#text"), Some(Node::String(text)) if is_plain(text));
        let mut written = Vec::new();
        for (name, value) in value.members() {
            let Some(text) = value.as_str().filter(|text| is_attribute_text(text)) else { continue };
            if &**name == "#text" {
                continue;
            }
            let namespace = context.resolve(name).map(|(namespace, _)| namespace);
            if namespace == Some(XML) && name.starts_with("xml:") {
                self.used_name("xml", XML);
                self.attribute(name, text);
                written.push(&**name);
            } else if namespace == Some(XSI) || beside_text {
                let (tag, exact) = self.name(name, context);
                if exact {
                    if let Some((prefix @ ("xsd" | "xs"), _)) =
                        text.split_once(':').filter(|_| namespace == Some(XSI))
                    {
                        self.declare(prefix, "http://www.w3.org/2001/XMLSchema");
                    }
                    self.attribute(&tag, text);
                    written.push(&**name);
                }
            }
        }
        written
    }

    fn used_name(&mut self, prefix: &str, namespace: &str) {
        if !self.used.iter().any(|(known, _)| known == prefix) {
            self.used.push((prefix.to_owned(), namespace.to_owned()));
        }
    }

    fn object(&mut self, members: &[(Box<str>, Node)], attributes: &[&str], context: &Context) {
        let mut rest = Vec::new();
        if members.iter().all(|(name, _)| &**name == "#text") {
            self.hint("object", None);
        }
        for (name, value) in members {
            if attributes.contains(&&**name) {
                continue;
            }
            match value {
                Node::String(text) if &**name == "#text" && is_plain(text) && !text.is_empty() => {
                    self.text(text)
                }
                other if &**name == "#text" => rest.push((name.clone(), other.clone())),
                other => self.member(name, other, context),
            }
        }
        self.leftover(rest);
    }

    /// Members that XML has no place for.
    pub(super) fn leftover(&mut self, members: Vec<(Box<str>, Node)>) {
        if !members.is_empty() {
            self.hint("members", Some(&Node::Object(members)));
        }
    }
}
