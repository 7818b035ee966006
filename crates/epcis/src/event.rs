//! One event: its whole tree, and typed views of the fields the standard defines.

use crate::context::Context;
use crate::node::Node;
use crate::time::{Moment, zone_offset};
use base::{Decimal, Instant};
use std::sync::Arc;

/// The sort of event (EPCIS 2.0 §7.4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EventType {
    /// Something happened to physical or digital things.
    Object,
    /// Things were packed into, seen in, or taken out of a container.
    Aggregation,
    /// Things became linked with business transactions.
    Transaction,
    /// Inputs became outputs.
    Transformation,
    /// Equipment was attached to a thing or a place; never content.
    Association,
    /// An event type outside the standard, by URI or prefixed name.
    Extension(Box<str>),
}

impl EventType {
    /// From the `type` member.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name {
            "ObjectEvent" => Self::Object,
            "AggregationEvent" => Self::Aggregation,
            "TransactionEvent" => Self::Transaction,
            "TransformationEvent" => Self::Transformation,
            "AssociationEvent" => Self::Association,
            other => Self::Extension(other.into()),
        }
    }

    /// The `type` member.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Object => "ObjectEvent",
            Self::Aggregation => "AggregationEvent",
            Self::Transaction => "TransactionEvent",
            Self::Transformation => "TransformationEvent",
            Self::Association => "AssociationEvent",
            Self::Extension(name) => name,
        }
    }
}

/// How the event bears on the life of the thing (EPCIS 2.0 §7.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Created, or added to the parent.
    Add,
    /// Seen as it is.
    Observe,
    /// Taken out of use, or out of the parent.
    Delete,
}

impl Action {
    /// From the word in the document.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "ADD" => Some(Self::Add),
            "OBSERVE" => Some(Self::Observe),
            "DELETE" => Some(Self::Delete),
            _ => None,
        }
    }
}

/// What part a thing plays in its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// `epcList`, `quantityList`.
    Subject,
    /// `parentID`.
    Parent,
    /// `childEPCs`, `childQuantityList`.
    Child,
    /// `inputEPCList`, `inputQuantityList`.
    Input,
    /// `outputEPCList`, `outputQuantityList`.
    Output,
}

/// One identified thing or amount of a class, with its part in the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thing<'a> {
    /// Its part.
    pub role: Role,
    /// EPC, or EPC class when `is_class`, as written.
    pub id: &'a str,
    /// Whether it names a class (from a quantity list) rather than one instance.
    pub is_class: bool,
    /// The amount, when stated.
    pub amount: Option<Decimal>,
    /// Unit by UN/ECE Recommendation 20 (`KGM`); none: a count of pieces.
    pub unit: Option<&'a str>,
}

/// A typed link: business transaction, source or destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'a> {
    /// Bare CBV word or URI as written; a business transaction may have none.
    pub kind: Option<&'a str>,
    /// What is linked.
    pub id: &'a str,
}

/// Which standing dispositions the event sets and ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersistentDisposition<'a> {
    /// Set from now on.
    pub set: Vec<&'a str>,
    /// No longer true.
    pub unset: Vec<&'a str>,
}

/// The statement that an earlier event with the same id is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorDeclaration<'a> {
    /// When it was declared.
    pub time: Moment,
    /// Bare CBV word or URI.
    pub reason: Option<&'a str>,
    /// The whole declaration, extensions included.
    pub node: &'a Node,
}

impl<'a> ErrorDeclaration<'a> {
    /// Ids of the events that take the wrong one's place; they may be in other documents.
    pub fn corrective_ids(&self) -> impl Iterator<Item = &'a str> {
        strings(self.node.get("correctiveEventIDs"))
    }
}

/// A group of sensor readings with what is common to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SensorElement<'a> {
    /// `sensorMetadata`.
    pub metadata: Option<&'a Node>,
    /// `sensorReport`, at least one.
    pub reports: &'a [Node],
    /// The whole element, extensions included.
    pub node: &'a Node,
}

/// A valid event. It keeps everything the sender wrote; the views read from that.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    kind: EventType,
    time: Moment,
    zone: i16,
    node: Node,
    context: Arc<Context>,
}

impl Event {
    /// An event taken from a store: its tree passed validation when it was captured. `None` when type, time or zone
    /// are unusable.
    #[must_use]
    pub fn stored(node: Node, context: Arc<Context>) -> Option<Self> {
        Self::new(node, context)
    }

    /// From a tree that has passed validation; `None` when type, time or zone are unusable.
    pub(crate) fn new(node: Node, context: Arc<Context>) -> Option<Self> {
        let kind = EventType::parse(node.str("type")?);
        let time = Moment::parse(node.str("eventTime")?)?;
        let zone = zone_offset(node.str("eventTimeZoneOffset")?)?;
        Some(Self { kind, time, zone, node, context })
    }

    /// `type`.
    #[must_use]
    pub const fn event_type(&self) -> &EventType {
        &self.kind
    }

    /// `eventTime`, cut to the microsecond.
    #[must_use]
    pub const fn event_time(&self) -> Instant {
        self.time.instant()
    }

    /// `eventTime` to the nanosecond and with the offset it was written in.
    #[must_use]
    pub const fn event_moment(&self) -> Moment {
        self.time
    }

    /// `eventTimeZoneOffset` in minutes east of UTC: the wall clock where it happened.
    #[must_use]
    pub const fn zone_minutes(&self) -> i16 {
        self.zone
    }

    /// `recordTime` when the sender gave one.
    #[must_use]
    pub fn record_time(&self) -> Option<Instant> {
        self.node.str("recordTime").and_then(Moment::parse).map(Moment::instant)
    }

    /// `eventID` as the sender gave it.
    #[must_use]
    pub fn event_id(&self) -> Option<&str> {
        self.node.str("eventID")
    }

    /// `action`; transformations have none.
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        self.node.str("action").and_then(Action::parse)
    }

    /// `bizStep`: bare CBV word or URI.
    #[must_use]
    pub fn biz_step(&self) -> Option<&str> {
        self.node.str("bizStep")
    }

    /// `disposition`: bare CBV word or URI.
    #[must_use]
    pub fn disposition(&self) -> Option<&str> {
        self.node.str("disposition")
    }

    /// `persistentDisposition`.
    #[must_use]
    pub fn persistent_disposition(&self) -> Option<PersistentDisposition<'_>> {
        let node = self.node.get("persistentDisposition")?;
        Some(PersistentDisposition {
            set: strings(node.get("set")).collect(),
            unset: strings(node.get("unset")).collect(),
        })
    }

    /// `readPoint.id`: where it was observed.
    #[must_use]
    pub fn read_point(&self) -> Option<&str> {
        self.node.get("readPoint")?.str("id")
    }

    /// `bizLocation.id`: where the things are from then on.
    #[must_use]
    pub fn biz_location(&self) -> Option<&str> {
        self.node.get("bizLocation")?.str("id")
    }

    /// `transformationID`.
    #[must_use]
    pub fn transformation_id(&self) -> Option<&str> {
        self.node.str("transformationID")
    }

    /// `parentID`.
    #[must_use]
    pub fn parent_id(&self) -> Option<&str> {
        self.node.str("parentID")
    }

    /// Every thing and amount with its part, in the order of the document's lists.
    pub fn things(&self) -> impl Iterator<Item = Thing<'_>> {
        self.node.members().iter().flat_map(|(name, value)| {
            let (role, is_class) = match &**name {
                "epcList" => (Role::Subject, false),
                "quantityList" => (Role::Subject, true),
                "parentID" => (Role::Parent, false),
                "childEPCs" => (Role::Child, false),
                "childQuantityList" => (Role::Child, true),
                "inputEPCList" => (Role::Input, false),
                "inputQuantityList" => (Role::Input, true),
                "outputEPCList" => (Role::Output, false),
                "outputQuantityList" => (Role::Output, true),
                _ => (Role::Subject, false),
            };
            let values = match &**name {
                "parentID" => std::slice::from_ref(value),
                "epcList" | "quantityList" | "childEPCs" | "childQuantityList" | "inputEPCList"
                | "inputQuantityList" | "outputEPCList" | "outputQuantityList" => value.items(),
                _ => &[],
            };
            values.iter().filter_map(move |item| {
                let id = if is_class { item.str("epcClass") } else { item.as_str() }?;
                Some(Thing {
                    role,
                    id,
                    is_class,
                    amount: item.get("quantity").and_then(Node::decimal),
                    unit: item.str("uom"),
                })
            })
        })
    }

    /// `bizTransactionList`.
    pub fn biz_transactions(&self) -> impl Iterator<Item = Link<'_>> {
        links(self.node.get("bizTransactionList"), "bizTransaction")
    }

    /// `sourceList`.
    pub fn sources(&self) -> impl Iterator<Item = Link<'_>> {
        links(self.node.get("sourceList"), "source")
    }

    /// `destinationList`.
    pub fn destinations(&self) -> impl Iterator<Item = Link<'_>> {
        links(self.node.get("destinationList"), "destination")
    }

    /// `sensorElementList`.
    pub fn sensor_elements(&self) -> impl Iterator<Item = SensorElement<'_>> {
        self.node.get("sensorElementList").map(Node::items).unwrap_or_default().iter().map(|node| {
            SensorElement {
                metadata: node.get("sensorMetadata"),
                reports: node.get("sensorReport").map(Node::items).unwrap_or_default(),
                node,
            }
        })
    }

    /// `ilmd`: master data fixed at the birth of the thing or lot.
    #[must_use]
    pub fn ilmd(&self) -> Option<&Node> {
        self.node.get("ilmd")
    }

    /// The value of an ILMD field by namespace and local name, whatever prefix the sender chose.
    #[must_use]
    pub fn ilmd_value(&self, namespace: &str, local: &str) -> Option<&Node> {
        let same = |(name, _): &&(Box<str>, Node)| self.context.resolve(name) == Some((namespace, local));
        self.ilmd()?.members().iter().find(same).map(|(_, value)| value)
    }

    /// `errorDeclaration`.
    #[must_use]
    pub fn error_declaration(&self) -> Option<ErrorDeclaration<'_>> {
        let node = self.node.get("errorDeclaration")?;
        let time = Moment::parse(node.str("declarationTime")?)?;
        Some(ErrorDeclaration { time, reason: node.str("reason"), node })
    }

    /// `certificationInfo`: one URI or several.
    pub fn certification_info(&self) -> impl Iterator<Item = &str> {
        let node = self.node.get("certificationInfo");
        node.and_then(Node::as_str).into_iter().chain(strings(node))
    }

    /// Extension fields of the event itself, in order, with full name (`{namespace}local`).
    pub fn extensions(&self) -> impl Iterator<Item = (std::borrow::Cow<'_, str>, &Node)> {
        self.node
            .members()
            .iter()
            .filter(|(name, _)| name.contains(':'))
            .map(|(name, value)| (self.context.expand_name(name), value))
    }

    /// The whole event.
    #[must_use]
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// Compact JSON text of the whole event, exact in every number.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.node.to_json()
    }

    /// The whole event as a JSON value.
    #[must_use]
    pub fn to_value(&self) -> serde_json::Value {
        (&self.node).into()
    }

    /// What its prefixes mean.
    #[must_use]
    pub const fn context(&self) -> &Arc<Context> {
        &self.context
    }
}

fn strings(node: Option<&Node>) -> impl Iterator<Item = &str> {
    node.map(Node::items).unwrap_or_default().iter().filter_map(Node::as_str)
}

fn links<'a>(node: Option<&'a Node>, name: &'static str) -> impl Iterator<Item = Link<'a>> {
    node.map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(move |item| Some(Link { kind: item.str("type"), id: item.str(name)? }))
}
