//! Tags, names and text: the part of the XML writer that knows no EPCIS.
//!
//! What JSON says and XML cannot is told in processing instructions `<?epcis-json …?>`, which schemas and other readers
//! pass over: `context` (the `@context`), `members` (fields that XML has no place for), `value` (the exact value of the
//! element), `name` (the exact name), `number`, `boolean`, `null`, `object`, `array` (one item), `empty` (no item),
//! `absent` (attributes XML demands and the JSON did not have), `event` (the root was one bare event).

use crate::context::Context;
use crate::node::Node;
use std::fmt::Write;

/// The target of the processing instructions.
pub(in crate::xml) const TARGET: &str = "epcis-json";
/// Stands in for the namespace of a prefix that only a context document elsewhere defines.
const UNKNOWN: &str = "urn:json-ld:prefix:";
pub(in crate::xml) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
pub(in crate::xml) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Text under construction with the namespaces it uses.
pub(super) struct Markup {
    pub(super) out: String,
    /// Prefix and namespace, for the root element to declare.
    pub(super) namespaces: Vec<(String, String)>,
    /// Prefixes of names of the document's own, as a reader will see them.
    pub(super) used: Vec<(String, String)>,
}

impl Markup {
    pub(super) fn new(namespaces: &[(&str, &str)]) -> Self {
        let namespaces = namespaces.iter().map(|(p, ns)| ((*p).to_owned(), (*ns).to_owned())).collect();
        Self { out: String::with_capacity(4096), namespaces, used: Vec::new() }
    }

    pub(super) fn open(&mut self, name: &str) {
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
    }

    pub(super) fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    pub(super) fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(value, &mut self.out);
        self.out.push('"');
    }

    /// Text; characters XML does not know are left out (the exact value is told beside it).
    pub(super) fn text(&mut self, text: &str) {
        escape(text, &mut self.out);
    }

    /// `<name>text</name>`.
    pub(super) fn element(&mut self, name: &str, text: &str) {
        self.open(name);
        self.text(text);
        self.close(name);
    }

    /// A processing instruction for readers that want the JSON back.
    pub(super) fn hint(&mut self, what: &str, value: Option<&Node>) {
        self.out.push_str("<?");
        self.out.push_str(TARGET);
        self.out.push(' ');
        self.out.push_str(what);
        if let Some(value) = value {
            self.out.push(' ');
            let json = value.to_json();
            for (i, c) in json.char_indices() {
                // "?>" can stand only inside a string, where an escape means the same
                if (c == '>' && json[..i].ends_with('?')) || !is_xml(c) {
                    let _ = write!(self.out, "\\u{:04x}", u32::from(c));
                } else {
                    self.out.push(c);
                }
            }
        }
        self.out.push_str("?>");
    }

    /// The prefix under which the root declares a namespace: the wished one when it is free.
    pub(super) fn declare(&mut self, wish: &str, namespace: &str) -> String {
        if let Some((prefix, _)) = self.namespaces.iter().find(|(p, ns)| ns == namespace && p == wish) {
            return prefix.clone();
        }
        let taken = |prefix: &str| self.namespaces.iter().any(|(p, _)| p == prefix);
        let mut prefix = wish.to_owned();
        let mut number = 2;
        while taken(&prefix) {
            if let Some((known, _)) = self.namespaces.iter().find(|(_, ns)| ns == namespace) {
                return known.clone();
            }
            prefix = format!("{wish}{number}");
            number += 1;
        }
        self.namespaces.push((prefix.clone(), namespace.to_owned()));
        prefix
    }

    /// The XML name of a member, and whether it reads back as the same member name.
    pub(super) fn name(&mut self, name: &str, context: &Context) -> (String, bool) {
        if let Some((prefix, local)) = name.split_once(':')
            && is_name(prefix)
            && is_name(local)
            && !matches!(prefix, "xml" | "xmlns")
        {
            let namespace = context.namespace(prefix);
            if namespace.is_some() || !Context::is_scheme(prefix) {
                let namespace = match namespace {
                    Some(ns) if !ns.is_empty() && !ns.starts_with("urn:epcglobal:epcis") => ns.to_owned(),
                    _ => format!("{UNKNOWN}{prefix}"),
                };
                let chosen = self.declare(prefix, &namespace);
                if chosen == prefix && !self.used.iter().any(|(p, _)| p == prefix) {
                    self.used.push((chosen.clone(), namespace));
                }
                let exact = chosen == prefix;
                return (format!("{chosen}:{local}"), exact);
            }
        }
        if !name.contains(':') {
            let reserved = matches!(name, "extension" | "baseExtension");
            return if is_name(name) && !reserved {
                (name.to_owned(), true)
            } else {
                (format!("_{}", encoded(name)), false)
            };
        }
        let at = name.rfind(['/', '#', ':']).map_or(0, |at| at + 1);
        let (namespace, local) = name.split_at(at);
        let prefix = self.declare("n", namespace);
        let local = if is_name(local) { local.to_owned() } else { format!("_{}", encoded(local)) };
        (format!("{prefix}:{local}"), false)
    }
}

/// Escapes what markup would take for itself; line ends and tabs as references, so that they survive in attributes.
fn escape(text: &str, out: &mut String) {
    let mut from = 0;
    for (i, c) in text.char_indices() {
        let with = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\t' => "&#9;",
            '\n' => "&#10;",
            '\r' => "&#13;",
            other if is_xml(other) => continue,
            _ => "",
        };
        out.push_str(&text[from..i]);
        out.push_str(with);
        from = i + c.len_utf8();
    }
    out.push_str(&text[from..]);
}

/// Whether XML 1.0 admits the character.
const fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Whether a text reads back from element content as it is.
pub(super) fn is_plain(text: &str) -> bool {
    text.trim().len() == text.len() && text.chars().all(is_xml)
}

/// Whether a text reads back from an attribute as it is.
pub(super) fn is_attribute_text(text: &str) -> bool {
    text.chars().all(is_xml)
}

/// An XML name without colon (Namespaces in XML 1.0, production 4).
pub(super) fn is_name(text: &str) -> bool {
    let start = |c: char| {
        matches!(c, 'A'..='Z' | 'a'..='z' | '_' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
            | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
            | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
            | '\u{10000}'..='\u{effff}')
    };
    let more = |c: char| {
        start(c)
            || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
    };
    text.starts_with(start) && text.chars().all(more)
}

/// A name with `_xHHHH_` for the characters a name may not have.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let mut one = [0; 4];
        if c.is_ascii_digit() || matches!(c, '-' | '.') || is_name(c.encode_utf8(&mut one)) {
            out.push(c);
        } else {
            let _ = write!(out, "x{:04X}_", u32::from(c));
        }
    }
    out
}
