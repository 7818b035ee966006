//! One event as XML 2.0, elements in the order the XSD demands.

use super::markup::{Markup, XSI, is_attribute_text, is_plain};
use crate::context::Context;
use crate::node::Node;
use crate::vocabulary::{
    ALERT, BIZ_STEP, COMPONENT, DISPOSITION, ERROR_REASON, MEASUREMENT, PARTY_TYPE, TRANSACTION_TYPE,
    Vocabulary,
};
use crate::write::{CbvFormat, Outgoing};
use crate::xml::order;

/// Writes events into markup. Every `bool` below says whether the value could be told in XML; what could not goes into
/// the instruction `members` as it is.
pub(super) struct EventWriter<'m> {
    pub(super) markup: &'m mut Markup,
    pub(super) cbv: CbvFormat,
}

impl EventWriter<'_> {
    pub(super) fn event(&mut self, event: &Outgoing<'_>) {
        let (node, context) = (&*event.node, event.context);
        let kind = node.str("type").unwrap_or_default();
        let sequence = order::sequence(kind);
        let (tag, exact) = match sequence {
            Some(_) => (kind.to_owned(), true),
            None => {
                self.markup.open("extension");
                self.markup.name(if kind.is_empty() { "Event" } else { kind }, context)
            }
        };
        self.markup.open(&tag);
        if let Some(own) = &event.own {
            self.markup.hint("context", Some(own));
        }
        if !exact {
            self.markup.hint("name", Some(&Node::text(kind)));
        }
        let mut rest = Vec::new();
        let mut known = sequence.clone().unwrap_or_else(order::every_field);
        known.retain(|name| !matches!(*name, "extension" | "baseExtension"));
        for name in &known {
            if let Some(value) = node.get(name)
                && !self.whole(|w| w.field(name, value, context))
            {
                rest.push((Box::from(*name), value.clone()));
            }
        }
        for (name, value) in node.members() {
            if matches!(&**name, "type" | "@context") || known.contains(&&**name) {
                continue;
            }
            if name.contains(':') {
                self.markup.member(name, value, context);
            } else {
                rest.push((name.clone(), value.clone()));
            }
        }
        if node.str("type").is_none()
            && let Some(kind) = node.get("type")
        {
            rest.push(("type".into(), kind.clone()));
        }
        self.markup.leftover(rest);
        self.markup.close(&tag);
        if sequence.is_none() {
            self.markup.close("extension");
        }
    }

    /// Takes back what was written when it could not be completed.
    fn whole(&mut self, write: impl FnOnce(&mut Self) -> bool) -> bool {
        let before = self.markup.out.len();
        let done = write(self);
        if !done {
            self.markup.out.truncate(before);
        }
        done
    }

    fn field(&mut self, name: &str, value: &Node, context: &Context) -> bool {
        match name {
            "bizStep" => self.word(name, value, &BIZ_STEP),
            "disposition" => self.word(name, value, &DISPOSITION),
            "epcList" | "inputEPCList" | "outputEPCList" | "childEPCs" => self.texts(name, "epc", value),
            "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
                self.list(name, value, |w, item| w.quantity(item))
            }
            "bizTransactionList" => self.links(name, value, "bizTransaction", &TRANSACTION_TYPE),
            "sourceList" => self.links(name, value, "source", &PARTY_TYPE),
            "destinationList" => self.links(name, value, "destination", &PARTY_TYPE),
            "persistentDisposition" => self.persistent(value),
            "readPoint" | "bizLocation" => {
                matches!(value.get("id"), Some(Node::String(_)))
                    && self.object(name, value, context, &["id"], |w, field, value| w.plain(field, value))
            }
            "errorDeclaration" => {
                let fields = ["declarationTime", "reason", "correctiveEventIDs"];
                self.object(name, value, context, &fields, |w, field, value| match field {
                    "reason" => w.word(field, value, &ERROR_REASON),
                    "correctiveEventIDs" => w.texts(field, "correctiveEventID", value),
                    _ => w.plain(field, value),
                })
            }
            "ilmd" => self.object(name, value, context, &[], |_, _, _| false),
            "sensorElementList" => {
                !value.items().is_empty() && self.list(name, value, |w, item| w.sensor_element(item, context))
            }
            "certificationInfo" => self.certification(value),
            _ => self.plain(name, value),
        }
    }

    fn plain(&mut self, name: &str, value: &Node) -> bool {
        let Some(text) = value.as_str().filter(|text| is_plain(text)) else { return false };
        self.markup.element(name, text);
        true
    }

    /// A standard word in the form asked for, anything else as it is; `None` when it would read back differently.
    fn spelled(&mut self, value: &Node, vocabulary: &Vocabulary) -> Option<String> {
        let word = value.as_str().filter(|text| is_plain(text))?;
        if !vocabulary.words.contains(&word) {
            return (*vocabulary.bare(word) == *word).then(|| word.to_owned());
        }
        let web = || format!("{}{word}", vocabulary.base);
        if self.cbv == CbvFormat::WebUri {
            return Some(web());
        }
        if let Some(urn) = vocabulary.urn {
            return Some(format!("{urn}{word}"));
        }
        let (prefix, namespace) = match vocabulary.base.strip_prefix("https://ref.gs1.org/cbv/") {
            Some(_) => ("cbv", "https://ref.gs1.org/cbv/"),
            None => ("gs1", "https://gs1.org/voc/"),
        };
        let tail = vocabulary.base.strip_prefix(namespace)?;
        Some(if self.markup.declare(prefix, namespace) == prefix {
            format!("{prefix}:{tail}{word}")
        } else {
            web()
        })
    }

    fn word(&mut self, name: &str, value: &Node, vocabulary: &Vocabulary) -> bool {
        let Some(text) = self.spelled(value, vocabulary) else { return false };
        self.markup.element(name, &text);
        true
    }

    fn texts(&mut self, name: &str, item: &str, value: &Node) -> bool {
        self.list(name, value, |w, node| w.plain(item, node))
    }

    fn list(&mut self, name: &str, value: &Node, mut each: impl FnMut(&mut Self, &Node) -> bool) -> bool {
        let Node::Array(items) = value else { return false };
        self.markup.open(name);
        let done = items.iter().all(|item| each(self, item));
        self.markup.close(name);
        done
    }

    fn quantity(&mut self, value: &Node) -> bool {
        if value.members().iter().any(|(name, _)| !matches!(&**name, "epcClass" | "quantity" | "uom")) {
            return false;
        }
        self.markup.open("quantityElement");
        let class = value.get("epcClass").is_some_and(|class| self.plain("epcClass", class));
        let quantity = match value.get("quantity") {
            Some(Node::Number(text)) => {
                let is_decimal = !text.contains(['e', 'E']);
                let shown = value.get("quantity").and_then(Node::decimal).filter(|_| !is_decimal);
                self.markup.open("quantity");
                self.markup.text(&shown.map_or_else(|| text.to_string(), |number| number.to_string()));
                if shown.is_some() {
                    self.markup.hint("value", value.get("quantity"));
                }
                self.markup.close("quantity");
                is_decimal || shown.is_some()
            }
            Some(_) => false,
            None => {
                if value.get("uom").is_some() {
                    let xsi = self.markup.declare("xsi", XSI);
                    self.markup.out.push_str(&format!("<quantity {xsi}:nil=\"true\"/>"));
                }
                true
            }
        };
        let unit = value.get("uom").is_none_or(|uom| self.plain("uom", uom));
        self.markup.close("quantityElement");
        class && quantity && unit
    }

    fn links(&mut self, name: &str, value: &Node, item: &str, vocabulary: &Vocabulary) -> bool {
        !value.items().is_empty()
            && self.list(name, value, |w, link| {
                let Some(id) = link.str(item).filter(|id| is_plain(id)) else { return false };
                if link.members().iter().any(|(field, _)| &**field != "type" && **field != *item) {
                    return false;
                }
                w.markup.out.push('<');
                w.markup.out.push_str(item);
                if let Some(kind) = link.get("type") {
                    let Some(kind) = w.spelled(kind, vocabulary) else { return false };
                    w.markup.attribute("type", &kind);
                }
                w.markup.out.push('>');
                w.markup.text(id);
                w.markup.close(item);
                true
            })
    }

    fn persistent(&mut self, value: &Node) -> bool {
        let Node::Object(members) = value else { return false };
        self.markup.open("persistentDisposition");
        let known = members.iter().all(|(name, list)| {
            matches!(&**name, "set" | "unset") && matches!(list, Node::Array(items) if !items.is_empty())
        });
        let done = ["unset", "set"].into_iter().all(|name| {
            let items = value.get(name).map(Node::items).unwrap_or_default();
            items.iter().all(|item| self.word(name, item, &DISPOSITION))
        });
        self.markup.close("persistentDisposition");
        known && done
    }

    /// XSD 2.0 has room for one; the exact list is told beside it.
    fn certification(&mut self, value: &Node) -> bool {
        let Node::Array(items) = value else { return self.plain("certificationInfo", value) };
        let Some(first) = items.first().and_then(Node::as_str).filter(|text| is_plain(text)) else {
            return false;
        };
        self.markup.open("certificationInfo");
        self.markup.text(first);
        if items.len() == 1 {
            self.markup.hint("array", None);
        } else {
            self.markup.hint("value", Some(value));
        }
        self.markup.close("certificationInfo");
        true
    }

    /// An object of the standard with fields of its own, then extensions.
    fn object(
        &mut self,
        name: &str,
        value: &Node,
        context: &Context,
        fields: &[&str],
        mut write: impl FnMut(&mut Self, &str, &Node) -> bool,
    ) -> bool {
        let Node::Object(members) = value else { return false };
        let mut rest = Vec::new();
        self.markup.open(name);
        for field in fields {
            if let Some(value) = value.get(field)
                && !self.whole(|w| write(w, field, value))
            {
                rest.push((Box::from(*field), value.clone()));
            }
        }
        for (member, value) in members.iter().filter(|(member, _)| !fields.contains(&&**member)) {
            if member.contains(':') {
                self.markup.member(member, value, context);
            } else {
                rest.push((member.clone(), value.clone()));
            }
        }
        self.markup.leftover(rest);
        self.markup.close(name);
        true
    }

    fn sensor_element(&mut self, value: &Node, context: &Context) -> bool {
        let Some(Node::Array(reports)) = value.get("sensorReport") else { return false };
        if reports.is_empty() {
            return false;
        }
        self.markup.open("sensorElement");
        let metadata =
            value.get("sensorMetadata").is_none_or(|part| self.attributes("sensorMetadata", part, context));
        let reports = reports.iter().all(|report| self.attributes("sensorReport", report, context));
        let mut rest = Vec::new();
        for (name, value) in value.members() {
            if matches!(&**name, "sensorMetadata" | "sensorReport") {
                continue;
            }
            if name.contains(':') {
                self.markup.member(name, value, context);
            } else {
                rest.push((name.clone(), value.clone()));
            }
        }
        self.markup.leftover(rest);
        self.markup.close("sensorElement");
        metadata && reports
    }

    /// `sensorMetadata`, `sensorReport`: everything is an attribute.
    fn attributes(&mut self, name: &str, value: &Node, context: &Context) -> bool {
        let Node::Object(members) = value else { return false };
        let mut rest = Vec::new();
        self.markup.out.push('<');
        self.markup.out.push_str(name);
        for (field, value) in members {
            match self.attribute_text(field, value) {
                Some(text) => {
                    let (tag, exact) = self.markup.name(field, context);
                    if exact && !matches!(&*tag, "xmlns") {
                        self.markup.attribute(&tag, &text);
                        continue;
                    }
                    rest.push((field.clone(), value.clone()));
                }
                None => rest.push((field.clone(), value.clone())),
            }
        }
        if rest.is_empty() {
            self.markup.out.push_str("/>");
        } else {
            self.markup.out.push('>');
            self.markup.leftover(rest);
            self.markup.close(name);
        }
        true
    }

    fn attribute_text(&mut self, field: &str, value: &Node) -> Option<String> {
        match field {
            "type" => self.spelled(value, &MEASUREMENT),
            "exception" => self.spelled(value, &ALERT),
            "component" => self.spelled(value, &COMPONENT),
            "value" | "minValue" | "maxValue" | "meanValue" | "sDev" | "percRank" | "percValue" => {
                match value {
                    Node::Number(text) => Some(text.to_string()),
                    _ => None,
                }
            }
            "booleanValue" => match value {
                Node::Bool(truth) => Some(truth.to_string()),
                _ => None,
            },
            _ => value.as_str().filter(|text| is_attribute_text(text)).map(str::to_owned),
        }
    }
}
