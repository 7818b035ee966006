//! The header with master data as XML.

use super::markup::{Markup, is_attribute_text, is_plain};
use crate::context::Context;
use crate::node::Node;

pub(in crate::xml) const SBDH: &str = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader";

/// Who sends what to whom: what JSON has at its root and XML in the business document header.
pub(super) struct Parties<'n> {
    pub(super) sender: Option<&'n str>,
    pub(super) receiver: Option<&'n str>,
    pub(super) instance: Option<&'n str>,
    pub(super) created: &'n str,
}

impl Markup {
    /// `EPCISHeader`, when there is anything to say in it.
    pub(super) fn header(&mut self, parties: &Parties<'_>, header: Option<&Node>, context: &Context) {
        let given = [parties.sender, parties.receiver, parties.instance].iter().any(Option::is_some);
        if !given && header.is_none() {
            return;
        }
        self.open("EPCISHeader");
        let mut rest = Vec::new();
        let mut detailed = None;
        for (name, value) in header.map(Node::members).unwrap_or_default() {
            match &**name {
                "epcisMasterData" => {}
                other if context.resolve(other) == Some((SBDH, "StandardBusinessDocumentHeader")) => {
                    detailed = Some((other, value));
                }
                _ => rest.push((name.clone(), value.clone())),
            }
        }
        match detailed {
            Some((name, value)) => self.member(name, value, context),
            None if given => self.business_header(parties),
            None => {}
        }
        if let Some(master) = header.and_then(|header| header.get("epcisMasterData")) {
            self.open("extension");
            self.open("EPCISMasterData");
            let mut unplaced = Vec::new();
            for (name, value) in master.members() {
                if &**name != "vocabularyList" || !self.vocabularies("VocabularyList", value, context) {
                    unplaced.push((name.clone(), value.clone()));
                }
            }
            if !matches!(master.get("vocabularyList"), Some(Node::Array(_))) {
                self.out.push_str("<VocabularyList/>");
                self.hint("absent", Some(&Node::Array(vec![Node::text("vocabularyList")])));
            }
            self.leftover(unplaced);
            self.close("EPCISMasterData");
            self.close("extension");
        } else if header.is_some() {
            self.hint("object", None);
        }
        self.leftover(rest);
        self.close("EPCISHeader");
    }

    fn business_header(&mut self, parties: &Parties<'_>) {
        let prefix = self.declare("sbdh", SBDH);
        let tag = |name: &str| format!("{prefix}:{name}");
        self.open(&tag("StandardBusinessDocumentHeader"));
        self.element(&tag("HeaderVersion"), "1.0");
        for (name, id) in [("Sender", parties.sender), ("Receiver", parties.receiver)] {
            self.open(&tag(name));
            self.element(&tag("Identifier"), id.unwrap_or_default());
            self.close(&tag(name));
        }
        self.open(&tag("DocumentIdentification"));
        self.element(&tag("Standard"), "EPCglobal");
        self.element(&tag("TypeVersion"), "1.0");
        self.element(&tag("InstanceIdentifier"), parties.instance.unwrap_or_default());
        self.element(&tag("Type"), "Events");
        self.element(&tag("CreationDateAndTime"), parties.created);
        self.close(&tag("DocumentIdentification"));
        self.close(&tag("StandardBusinessDocumentHeader"));
    }

    /// A list of vocabularies under the element `tag`; false, and nothing written, when it is no list.
    pub(super) fn vocabularies(&mut self, tag: &str, list: &Node, context: &Context) -> bool {
        let Node::Array(tables) = list else { return false };
        let before = self.out.len();
        self.open(tag);
        for table in tables {
            let Some(kind) = table.str("type").filter(|kind| is_attribute_text(kind)) else {
                self.out.truncate(before);
                return false;
            };
            self.out.push_str("<Vocabulary");
            self.attribute("type", kind);
            self.out.push('>');
            let mut rest = Vec::new();
            let mut extensions = Vec::new();
            for (name, value) in table.members() {
                match (&**name, value) {
                    ("type", _) => {}
                    ("vocabularyElementList", Node::Array(elements))
                        if elements.iter().all(is_element) && !elements.is_empty() =>
                    {
                        self.open("VocabularyElementList");
                        elements.iter().for_each(|element| self.vocabulary_element(element, context));
                        self.close("VocabularyElementList");
                    }
                    (other, _) if other.contains(':') => extensions.push((other, value)),
                    _ => rest.push((name.clone(), value.clone())),
                }
            }
            extensions.into_iter().for_each(|(name, value)| self.member(name, value, context));
            self.leftover(rest);
            self.close("Vocabulary");
        }
        self.close(tag);
        true
    }

    fn vocabulary_element(&mut self, element: &Node, context: &Context) {
        self.out.push_str("<VocabularyElement");
        self.attribute("id", element.str("id").unwrap_or_default());
        self.out.push('>');
        let mut rest = Vec::new();
        match element.get("attributes") {
            Some(Node::Array(list)) if list.iter().all(is_attribute) && !list.is_empty() => {
                list.iter().for_each(|attribute| self.master_attribute(attribute, context));
            }
            Some(other) => rest.push((Box::from("attributes"), other.clone())),
            None => {}
        }
        match element.get("children") {
            Some(Node::Array(ids)) if ids.iter().all(|id| id.as_str().is_some_and(is_plain)) => {
                self.open("children");
                ids.iter().filter_map(Node::as_str).for_each(|id| self.element("id", id));
                self.close("children");
            }
            Some(other) => rest.push((Box::from("children"), other.clone())),
            None => {}
        }
        for (name, value) in element.members() {
            match &**name {
                "id" | "attributes" | "children" => {}
                other if other.contains(':') => self.member(other, value, context),
                _ => rest.push((name.clone(), value.clone())),
            }
        }
        self.leftover(rest);
        self.close("VocabularyElement");
    }

    fn master_attribute(&mut self, attribute: &Node, context: &Context) {
        self.out.push_str("<attribute");
        self.attribute("id", attribute.str("id").unwrap_or_default());
        self.out.push('>');
        match attribute.get("attribute") {
            Some(Node::Object(members))
                if !members.is_empty() && members.iter().all(|(name, _)| &**name != "#text") =>
            {
                members.iter().for_each(|(name, value)| self.member(name, value, context));
            }
            Some(value) => self.scalar(value),
            None => self.hint("absent", Some(&Node::Array(vec![Node::text("attribute")]))),
        }
        self.close("attribute");
    }
}

fn is_element(node: &Node) -> bool {
    node.str("id").is_some_and(is_attribute_text)
}

/// An object of `id` and `attribute`, nothing else.
fn is_attribute(node: &Node) -> bool {
    is_element(node) && node.members().iter().all(|(name, _)| matches!(&**name, "id" | "attribute"))
}
