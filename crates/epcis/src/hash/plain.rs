//! Known fields of the usual shape, written straight from the tree: the same text as through [`Item`]s, without them.
//!
//! [`Item`]: super::items::Item

use super::canonical;
use crate::context::Context;
use crate::node::Node;
use crate::vocabulary::{BIZ_STEP, DISPOSITION, PARTY_TYPE, TRANSACTION_TYPE, Vocabulary};
use std::ops::Range;

/// Texts to be written in byte order, one behind the other until then.
#[derive(Debug, Default)]
pub(super) struct Texts {
    all: String,
    each: Vec<Range<usize>>,
}

impl Texts {
    pub(super) fn len(&self) -> usize {
        self.each.len()
    }

    pub(super) fn add(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.all.len();
        write(&mut self.all);
        self.each.push(start..self.all.len());
    }

    pub(super) fn write_sorted(mut self, out: &mut String) {
        let all = &self.all;
        self.each.sort_unstable_by(|a, b| all[a.clone()].cmp(&all[b.clone()]));
        self.each.iter().for_each(|text| out.push_str(&all[text.clone()]));
    }
}

/// Writes a known field of an event; false, with nothing written, when it has not the usual shape.
pub(super) fn known(name: &str, value: &Node, context: &Context, out: &mut String) -> bool {
    match (name, value) {
        ("eventTime", Node::String(text)) => timed(name, text, context, out),
        ("bizStep", Node::String(text)) => word(name, text, &BIZ_STEP, context, out),
        ("disposition", Node::String(text)) => word(name, text, &DISPOSITION, context, out),
        (
            "eventTimeZoneOffset" | "certificationInfo" | "parentID" | "action" | "transformationID",
            Node::String(text),
        ) => scalar(name, text, context, out),
        ("epcList" | "inputEPCList" | "outputEPCList" | "childEPCs", Node::Array(items)) => {
            return list(name, items, out, is_text, |item, out| {
                scalar("epc", item.as_str().unwrap_or_default(), context, out);
            });
        }
        (
            "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList",
            Node::Array(items),
        ) => return list(name, items, out, is_quantity, |item, out| quantity(item, context, out)),
        ("readPoint" | "bizLocation", Node::Object(members)) => match &members[..] {
            [(field, Node::String(id))] if **field == *"id" => {
                within(name, out, |out| scalar("id", id, context, out));
            }
            _ => return false,
        },
        _ => return false,
    }
    true
}

/// Adds a list of typed links; false, with nothing added, when the field is none or has not the usual shape.
pub(super) fn links(name: &str, value: &Node, context: &Context, texts: &mut Texts) -> bool {
    let (member, vocabulary) = match name {
        "bizTransactionList" => ("bizTransaction", &TRANSACTION_TYPE),
        "sourceList" => ("source", &PARTY_TYPE),
        "destinationList" => ("destination", &PARTY_TYPE),
        _ => return false,
    };
    let links = value.items();
    let has_texts =
        |link: &Node| ["type", member].into_iter().all(|field| link.get(field).is_none_or(is_text));
    if !links.iter().all(has_texts) {
        return false;
    }
    let write = |link: &Node, out: &mut String| {
        // the type first, then what is linked; a field without value keeps its name
        if let Some(kind) = link.str("type") {
            out.push_str("type");
            word_value(kind, vocabulary, context, out);
        }
        if let Some(id) = link.str(member) {
            out.push_str(member);
            value_of(id, context, out);
        }
    };
    texts.add(|out| {
        out.push_str(name);
        match links {
            [link] => write(link, out),
            _ => {
                let mut texts = Texts::default();
                links.iter().for_each(|link| texts.add(|out| write(link, out)));
                texts.write_sorted(out);
            }
        }
    });
    true
}

const fn is_text(node: &Node) -> bool {
    matches!(node, Node::String(_))
}

/// Whether nothing is in a quantity but its three fields.
fn is_quantity(node: &Node) -> bool {
    let Node::Object(members) = node else { return false };
    members.iter().all(|(name, value)| {
        matches!(&**name, "epcClass" | "quantity" | "uom")
            && matches!(value, Node::String(_) | Node::Number(_))
    })
}

fn quantity(node: &Node, context: &Context, out: &mut String) {
    within("quantityElement", out, |out| {
        for name in ["epcClass", "quantity", "uom"] {
            match node.get(name) {
                Some(Node::String(text)) => scalar(name, text, context, out),
                Some(Node::Number(text)) => {
                    out.push_str(name);
                    out.push('=');
                    out.push_str(&canonical::value(text));
                }
                _ => {}
            }
        }
    });
}

/// A list: its name once, then its members in byte order of their text.
fn list(
    name: &str,
    items: &[Node],
    out: &mut String,
    is_usual: impl Fn(&Node) -> bool,
    write: impl Fn(&Node, &mut String),
) -> bool {
    if !items.iter().all(is_usual) {
        return false;
    }
    within(name, out, |out| match items {
        [item] => write(item, out),
        _ => {
            let mut texts = Texts::default();
            items.iter().for_each(|item| texts.add(|out| write(item, out)));
            texts.write_sorted(out);
        }
    });
    true
}

/// A name and what is in it; nothing when nothing is.
fn within(name: &str, out: &mut String, write: impl FnOnce(&mut String)) {
    let start = out.len();
    out.push_str(name);
    write(out);
    if out.len() == start + name.len() {
        out.truncate(start);
    }
}

/// `name=value`; nothing without a value.
fn scalar(name: &str, text: &str, context: &Context, out: &mut String) {
    within(name, out, |out| value_of(text, context, out));
}

fn timed(name: &str, text: &str, context: &Context, out: &mut String) {
    within(name, out, |out| {
        let text = context.expand_value(text);
        let text = text.trim();
        if !text.is_empty() {
            out.push('=');
            out.push_str(&canonical::time(text));
        }
    });
}

/// A word of a vocabulary as its URI, which is canonical; other values as they are.
fn word(name: &str, text: &str, vocabulary: &Vocabulary, context: &Context, out: &mut String) {
    within(name, out, |out| word_value(text, vocabulary, context, out));
}

fn word_value(text: &str, vocabulary: &Vocabulary, context: &Context, out: &mut String) {
    if vocabulary.words.contains(&text) {
        out.push('=');
        out.push_str(vocabulary.base);
        out.push_str(text);
    } else {
        value_of(text, context, out);
    }
}

/// `=value` in canonical form; nothing for a text of blanks.
fn value_of(text: &str, context: &Context, out: &mut String) {
    let text = context.expand_value(text);
    let text = text.trim();
    if !text.is_empty() {
        out.push('=');
        out.push_str(&canonical::value(text));
    }
}
