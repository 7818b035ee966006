//! Extension fields: where they may stand, what they are called, and what is asked of them.

use super::compare::{Relation, Scalar};
use crate::context::Context;
use crate::event::Event;
use crate::node::Node;

/// The part of an event an extension field is looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The event itself.
    Event,
    /// `ILMD_`
    Ilmd,
    /// `ERROR_DECLARATION_`
    ErrorDeclaration,
    /// `SENSORELEMENT_`
    SensorElement,
    /// `SENSORMETADATA_`
    SensorMetadata,
    /// `SENSORREPORT_`
    SensorReport,
    /// `readPoint_`
    ReadPoint,
    /// `bizLocation_`
    BizLocation,
}

impl Part {
    /// Words in a parameter's name, the event itself having none.
    pub(super) const WORDS: [(&'static str, Self); 7] = [
        ("ILMD_", Self::Ilmd),
        ("ERROR_DECLARATION_", Self::ErrorDeclaration),
        ("SENSORELEMENT_", Self::SensorElement),
        ("SENSORMETADATA_", Self::SensorMetadata),
        ("SENSORREPORT_", Self::SensorReport),
        ("readPoint_", Self::ReadPoint),
        ("bizLocation_", Self::BizLocation),
    ];

    /// The objects whose members are looked at.
    fn objects(self, event: &Event) -> Vec<&Node> {
        let node = event.node();
        match self {
            Self::Event => vec![node],
            Self::Ilmd => node.get("ilmd").into_iter().collect(),
            Self::ErrorDeclaration => node.get("errorDeclaration").into_iter().collect(),
            Self::ReadPoint => node.get("readPoint").into_iter().collect(),
            Self::BizLocation => node.get("bizLocation").into_iter().collect(),
            Self::SensorElement => event.sensor_elements().map(|e| e.node).collect(),
            Self::SensorMetadata => event.sensor_elements().filter_map(|e| e.metadata).collect(),
            Self::SensorReport => event.sensor_elements().flat_map(|e| e.reports).collect(),
        }
    }
}

/// The full name of an extension field, whatever prefix stands for its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName {
    /// Namespace and local name, joined.
    full: Box<str>,
    local: Box<str>,
}

impl FieldName {
    /// Reads `prefix:name` with the prefixes of the query, or a full URI; `None` when the prefix is unknown.
    #[must_use]
    pub fn parse(context: &Context, text: &str) -> Option<Self> {
        let (prefix, tail) = text.split_once(':').filter(|(p, t)| !p.is_empty() && !t.is_empty())?;
        if let Some((namespace, local)) = context.resolve(text) {
            return Some(Self { full: format!("{namespace}{local}").into(), local: local.into() });
        }
        let is_full = tail.starts_with("//") || Context::is_scheme(prefix);
        let local = text.rsplit(['#', '/', ':']).next().unwrap_or(text);
        is_full.then(|| Self { full: text.into(), local: local.into() })
    }

    /// Namespace and local name, joined.
    #[must_use]
    pub fn full(&self) -> &str {
        &self.full
    }

    /// The name without its namespace.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// Whether a member of an event has this name. A namespace may or may not end with the `#` that joins it.
    #[must_use]
    pub fn is(&self, context: &Context, member: &str) -> bool {
        if !member.ends_with(&*self.local) {
            return false;
        }
        match context.resolve(member) {
            Some((namespace, local)) => self
                .full
                .strip_prefix(namespace)
                .is_some_and(|rest| rest == local || rest.strip_prefix('#') == Some(local)),
            None => *member == *self.full,
        }
    }
}

/// What is asked of an extension field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldTest {
    /// Where it stands.
    pub part: Part,
    /// Whether it is looked for inside the extension fields there, at any depth, rather than among them.
    pub inner: bool,
    /// Its name.
    pub name: FieldName,
    /// The relation; `None` asks only that the field exists.
    pub relation: Option<Relation>,
    /// The values, as alternatives.
    pub any: Vec<Scalar>,
}

impl FieldTest {
    pub(super) fn holds(&self, event: &Event) -> bool {
        let context = &**event.context();
        self.part.objects(event).into_iter().flat_map(Node::members).any(|(name, value)| {
            if self.inner {
                // only extension fields may hold others
                name.contains(':') && self.within(context, value)
            } else {
                self.name.is(context, name) && self.holds_for(context, value)
            }
        })
    }

    /// Somewhere below an extension field.
    fn within(&self, context: &Context, node: &Node) -> bool {
        match node {
            Node::Object(members) => members.iter().any(|(name, value)| {
                self.name.is(context, name) && self.holds_for(context, value) || self.within(context, value)
            }),
            Node::Array(items) => items.iter().any(|item| self.within(context, item)),
            _ => false,
        }
    }

    fn holds_for(&self, context: &Context, value: &Node) -> bool {
        let Some(relation) = self.relation else { return true };
        match value {
            // JSON-LD typed values and identifiers, and XML elements with attributes, hold the value in a member
            Node::Object(_) => ["@value", "@id", "#text"]
                .into_iter()
                .filter_map(|member| value.get(member))
                .any(|inner| self.holds_for(context, inner)),
            Node::Array(items) => items.iter().any(|item| self.holds_for(context, item)),
            simple => self.any.iter().any(|wanted| wanted.relates(relation, simple, context)),
        }
    }
}
