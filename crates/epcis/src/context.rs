//! What the prefixes of a document mean: the JSON-LD `@context`, or the `xmlns` declarations of XML.

use crate::node::Node;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The syntax an event was read from; two rules of the event hash depend on it (see `hash`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// JSON or JSON-LD.
    Json,
    /// XML 1.2 or 2.0.
    Xml,
}

/// Prefixes every EPCIS document may use without saying so (they stand in the standard's own context).
const STANDARD: [(&str, &str); 8] = [
    ("epcis", "https://ref.gs1.org/epcis/"),
    ("cbv", "https://ref.gs1.org/cbv/"),
    ("cbvmda", "urn:epcglobal:cbv:mda:"),
    ("gs1", "https://gs1.org/voc/"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
    ("dcterms", "http://purl.org/dc/terms/"),
];

/// A prefix in `@context` that says the events came from XML: prefixes inside their values mean nothing, and booleans
/// hash as XML has them. The writer adds it when a hash depends on it; to JSON-LD it is a prefix nobody uses.
pub(crate) const XML_MARK: (&str, &str) = ("xmlns", "http://www.w3.org/2000/xmlns/");

/// Whether a prefix is one of the standard's own.
pub(crate) fn is_standard(prefix: &str, namespace: &str) -> bool {
    STANDARD.contains(&(prefix, namespace))
}

/// The `@context` of a document whose names use these prefixes.
pub(crate) fn context_node<'a>(prefixes: impl IntoIterator<Item = (&'a str, &'a str)>) -> Node {
    let members: Vec<(Box<str>, Node)> =
        prefixes.into_iter().map(|(prefix, namespace)| (prefix.into(), Node::text(namespace))).collect();
    let mut items = vec![Node::text(crate::build::CONTEXT)];
    if !members.is_empty() {
        items.push(Node::Object(members));
    }
    Node::Array(items)
}

/// Addresses under which the standard context is published.
const STANDARD_CONTEXTS: [&str; 5] = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    "https://ref.gs1.org/standards/epcis/2.0.1/epcis-context.jsonld",
    "https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
    "https://gs1.github.io/EPCIS/epcis-context.jsonld",
    "https://ref.gs1.org/epcis/epcis-context.jsonld",
];

/// Schemes that start a full URI, never a prefixed name.
const SCHEMES: [&str; 12] =
    ["http", "https", "urn", "ni", "geo", "mailto", "tag", "data", "ftp", "did", "tel", "info"];

/// The resolved context of a document or event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Prefix or term and its namespace.
    prefixes: BTreeMap<Box<str>, Box<str>>,
    /// Context documents named by address that are not the standard's; what they define is not known here.
    pub remote: Vec<Box<str>>,
    /// Where the events came from.
    pub syntax: Syntax,
    /// Extension fields at event level that take no part in the hash (`…:ignoreFields`), with full names.
    pub(crate) ignored: Vec<Box<str>>,
}

impl Context {
    /// Only the standard's own prefixes.
    #[must_use]
    pub const fn standard(syntax: Syntax) -> Self {
        Self { prefixes: BTreeMap::new(), remote: Vec::new(), syntax, ignored: Vec::new() }
    }

    /// Reads the value of `@context`; unusable parts are left out (validation reports them).
    #[must_use]
    pub fn from_node(node: &Node) -> Self {
        let mut context = Self::standard(Syntax::Json);
        context.extend(node);
        context
    }

    /// This context overlaid with an event's own `@context`.
    pub(crate) fn extend(&mut self, node: &Node) {
        match node {
            Node::String(address) if STANDARD_CONTEXTS.contains(&&**address) => {}
            Node::String(address) => self.remote.push(address.clone()),
            Node::Array(items) => items.iter().for_each(|item| self.extend(item)),
            Node::Object(members) => {
                for (term, value) in members {
                    if **term == *XML_MARK.0 && matches!(value, Node::Null) {
                        self.syntax = Syntax::Json;
                    } else if **term == *XML_MARK.0 && value.as_str() == Some(XML_MARK.1) {
                        self.syntax = Syntax::Xml;
                    } else if matches!(value, Node::Null) {
                        self.prefixes.remove(&**term);
                    } else if let Some(address) = value.as_str().or_else(|| value.str("@id")) {
                        let expanded: Box<str> = self.expand_value(address).into();
                        self.declare(term, &expanded);
                    }
                }
            }
            _ => {}
        }
    }

    /// Adds one prefix; a later declaration of the same prefix wins.
    pub(crate) fn declare(&mut self, prefix: &str, namespace: &str) {
        self.prefixes.insert(prefix.into(), namespace.into());
    }

    /// The namespace of a prefix.
    #[must_use]
    pub fn namespace(&self, prefix: &str) -> Option<&str> {
        self.declared(prefix)
            .or_else(|| STANDARD.iter().find(|(p, _)| *p == prefix).map(|(_, namespace)| *namespace))
    }

    /// The namespace the document itself gives a prefix.
    fn declared(&self, prefix: &str) -> Option<&str> {
        self.prefixes.get(prefix).map(|namespace| &**namespace)
    }

    /// The declared prefixes with their namespaces, by prefix.
    pub fn prefixes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.prefixes.iter().map(|(prefix, namespace)| (&**prefix, &**namespace))
    }

    /// Splits a prefixed name into namespace and local name; `None` for full URIs and plain words.
    #[must_use]
    pub fn resolve<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a str)> {
        let (prefix, local) = name.split_once(':')?;
        if local.starts_with("//") {
            return None;
        }
        Some((self.namespace(prefix)?, local))
    }

    /// The name of an extension field as the hash writes it: `{namespace}local`, or the name itself.
    #[must_use]
    pub fn expand_name<'a>(&'a self, name: &'a str) -> Cow<'a, str> {
        match self.resolve(name) {
            Some((namespace, local)) => Cow::Owned(format!("{{{namespace}}}{local}")),
            None => Cow::Borrowed(name),
        }
    }

    /// A value with its prefix replaced by the namespace. In XML only the standard's prefixes count inside values:
    /// an `xmlns` declaration says nothing about text.
    #[must_use]
    pub fn expand_value<'a>(&'a self, value: &'a str) -> Cow<'a, str> {
        let Some((prefix, local)) = value.split_once(':') else { return Cow::Borrowed(value) };
        if local.starts_with("//") {
            return Cow::Borrowed(value);
        }
        let namespace = match self.syntax {
            Syntax::Json => self.namespace(prefix),
            Syntax::Xml => STANDARD.iter().find(|(p, _)| *p == prefix).map(|(_, namespace)| *namespace),
        };
        match namespace {
            Some(namespace) => Cow::Owned(format!("{namespace}{local}")),
            None => Cow::Borrowed(value),
        }
    }

    /// Whether a word starts full URIs and so cannot be a prefix.
    pub(crate) fn is_scheme(word: &str) -> bool {
        SCHEMES.contains(&word)
    }

    /// Whether a field name with a colon means something: a full URI, a known prefix, or one that a context this
    /// program cannot see may define.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        let Some((prefix, local)) = name.split_once(':') else { return self.declared(name).is_some() };
        local.starts_with("//")
            || SCHEMES.contains(&prefix)
            || self.namespace(prefix).is_some()
            || !self.remote.is_empty()
    }
}
