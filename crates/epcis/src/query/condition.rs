//! One condition of a query, and whether an event meets it.

use super::compare::{Relation, UnitCode};
use super::field::{FieldName, FieldTest};
use super::master::MasterDataView;
use super::name::{key, word};
use super::pattern::Pattern;
use crate::context::Context;
use crate::event::{Action, Event, Link, Role, Thing};
use crate::node::Node;
use crate::time::Moment;
use crate::vocabulary::{DISPOSITION, ERROR_REASON, MEASUREMENT, PARTY_TYPE, TRANSACTION_TYPE};
use base::Decimal;
use std::collections::HashSet;

/// Which place of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlaceField {
    /// `readPoint`
    ReadPoint,
    /// `bizLocation`
    BizLocation,
}

impl PlaceField {
    /// The member of the event.
    #[must_use]
    pub const fn member(self) -> &'static str {
        match self {
            Self::ReadPoint => "readPoint",
            Self::BizLocation => "bizLocation",
        }
    }

    fn of(self, event: &Event) -> Option<&str> {
        match self {
            Self::ReadPoint => event.read_point(),
            Self::BizLocation => event.biz_location(),
        }
    }
}

/// Which typed list of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkList {
    /// `bizTransactionList`
    BizTransaction,
    /// `sourceList`
    Source,
    /// `destinationList`
    Destination,
}

impl LinkList {
    /// The word in a parameter's name, also the member of a list entry that holds the value.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BizTransaction => "bizTransaction",
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }

    pub(super) const fn types(self) -> &'static crate::vocabulary::Vocabulary {
        match self {
            Self::BizTransaction => &TRANSACTION_TYPE,
            Self::Source | Self::Destination => &PARTY_TYPE,
        }
    }

    fn of(self, event: &Event) -> Vec<Link<'_>> {
        match self {
            Self::BizTransaction => event.biz_transactions().collect(),
            Self::Source => event.sources().collect(),
            Self::Destination => event.destinations().collect(),
        }
    }
}

/// Which things a `MATCH_…` parameter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Match {
    /// Word in the parameter's name after `MATCH_`.
    pub word: &'static str,
    /// The parts a thing may play.
    pub roles: &'static [Role],
    /// Whether it looks at classes (quantity lists) rather than instances.
    pub is_class: bool,
}

impl Match {
    /// All nine.
    pub const ALL: [Self; 9] = [
        Self { word: "epc", roles: &[Role::Subject, Role::Child], is_class: false },
        Self { word: "parentID", roles: &[Role::Parent], is_class: false },
        Self { word: "inputEPC", roles: &[Role::Input], is_class: false },
        Self { word: "outputEPC", roles: &[Role::Output], is_class: false },
        Self {
            word: "anyEPC",
            roles: &[Role::Subject, Role::Parent, Role::Child, Role::Input, Role::Output],
            is_class: false,
        },
        Self { word: "epcClass", roles: &[Role::Subject, Role::Child], is_class: true },
        Self { word: "inputEPCClass", roles: &[Role::Input], is_class: true },
        Self { word: "outputEPCClass", roles: &[Role::Output], is_class: true },
        Self {
            word: "anyEPCClass",
            roles: &[Role::Subject, Role::Child, Role::Input, Role::Output],
            is_class: true,
        },
    ];

    fn takes(self, thing: &Thing<'_>) -> bool {
        thing.is_class == self.is_class && self.roles.contains(&thing.role)
    }
}

/// How the values of a sensor field compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WordField {
    /// A URI: canonical.
    Uri,
    /// A measurement type: bare word.
    Measurement,
    /// A text, letter by letter.
    Text,
    /// Hexadecimal digits, either case.
    Hexadecimal,
}

impl WordField {
    /// The form in which a value is compared.
    pub(super) fn form(self, context: &Context, value: &str) -> Box<str> {
        match self {
            Self::Uri => key(context, value).into(),
            Self::Measurement => word(context, &MEASUREMENT, value).into(),
            Self::Text => value.into(),
            Self::Hexadecimal => value.to_ascii_uppercase().into(),
        }
    }
}

/// A field whose value is looked up in master data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attributed {
    /// A field of the standard: `readPoint`, `bizLocation`, `bizStep`, `disposition`, `epcClass`, `bizTransaction`,
    /// `source`, `destination`.
    Standard(&'static str),
    /// An extension field at the top level.
    Extension(FieldName),
}

/// One condition; several values are alternatives. Words, places and URIs are in the form [`key`] and [`word`] give.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// `eventType`
    EventType(Vec<Box<str>>),
    /// `GE_/LT_eventTime`
    EventTime(Relation, Moment),
    /// `GE_/LT_recordTime`
    RecordTime(Relation, Moment),
    /// `EQ_action`
    Action(Vec<Action>),
    /// `EQ_bizStep`
    BizStep(Vec<Box<str>>),
    /// `EQ_disposition`
    Disposition(Vec<Box<str>>),
    /// `EQ_persistentDisposition_set` (true) and `…_unset`
    PersistentDisposition(bool, Vec<Box<str>>),
    /// `EQ_readPoint`, `EQ_bizLocation`; with descendants `WD_…`
    Place {
        /// Which place.
        field: PlaceField,
        /// Place keys.
        any: Vec<Box<str>>,
        /// Whether places below them count too.
        descendants: bool,
    },
    /// `EQ_transformationID`
    TransformationId(Vec<Box<str>>),
    /// `EQ_bizTransaction_type`, `EQ_source_type`, `EQ_destination_type`
    Link {
        /// Which list.
        list: LinkList,
        /// The type: bare word or URI.
        kind: Box<str>,
        /// The values.
        any: Vec<Box<str>>,
    },
    /// `MATCH_…`
    Match(Match, Vec<Pattern>),
    /// `EQ_/GT_/GE_/LT_/LE_quantity`, with or without unit
    Quantity(Relation, Vec<Decimal>, Option<UnitCode>),
    /// `EQ_eventID`
    EventId(Vec<Box<str>>),
    /// `EXISTS_errorDeclaration`
    HasErrorDeclaration,
    /// `GE_/LT_errorDeclarationTime`
    ErrorDeclarationTime(Relation, Moment),
    /// `EQ_errorReason`
    ErrorReason(Vec<Box<str>>),
    /// `EQ_correctiveEventID`
    CorrectiveEventId(Vec<Box<str>>),
    /// `EXISTS_sensorElementList`
    HasSensorElements,
    /// `GE_/LT_time`, `…startTime`, `…endTime`, in metadata or report
    SensorTime(&'static str, Relation, Moment),
    /// `EQ_deviceID` and its like, in metadata or report
    SensorWord(&'static str, WordField, Vec<Box<str>>),
    /// `EQ_booleanValue`
    SensorBoolean(bool),
    /// `GE_/GT_/LT_/LE_percRank`
    SensorRank(Relation, Decimal),
    /// `EQ_value_uom`, `GE_minValue_uom` …
    SensorValue {
        /// `value`, `minValue`, `maxValue`, `meanValue`, `sDev`, `percValue`.
        field: &'static str,
        /// The relation.
        relation: Relation,
        /// The values.
        any: Vec<Decimal>,
        /// The unit they are in.
        unit: UnitCode,
    },
    /// An extension field.
    Field(FieldTest),
    /// `HASATTR_field`: the master data of the field's value have one of these attributes.
    HasAttribute(Attributed, Vec<Box<str>>),
    /// `EQATTR_field_attribute`: they have the attribute with one of these values.
    Attribute(Attributed, Box<str>, Vec<Box<str>>),
}

impl Condition {
    pub(super) const fn needs_master_data(&self) -> bool {
        matches!(self, Self::Place { descendants: true, .. } | Self::HasAttribute(..) | Self::Attribute(..))
    }

    /// A name that must stand in the event as a member (after its prefix, when it has one) for this to hold; `None` when
    /// no such name is known.
    #[must_use]
    pub fn mentions(&self) -> Option<&str> {
        match self {
            Self::PersistentDisposition(..) => Some("persistentDisposition"),
            Self::TransformationId(_) => Some("transformationID"),
            Self::Link { list, .. } => Some(list.word()),
            Self::Quantity(..) => Some("quantity"),
            Self::HasErrorDeclaration | Self::ErrorDeclarationTime(..) => Some("errorDeclaration"),
            Self::ErrorReason(_) => Some("reason"),
            Self::CorrectiveEventId(_) => Some("correctiveEventIDs"),
            Self::HasSensorElements => Some("sensorElementList"),
            Self::SensorTime(field, ..) | Self::SensorWord(field, ..) => Some(field),
            Self::SensorBoolean(_) => Some("booleanValue"),
            Self::SensorRank(..) => Some("percRank"),
            Self::SensorValue { field, .. } => Some(field),
            Self::Field(test) => Some(test.name.local()),
            _ => None,
        }
    }

    /// Whether the event meets it; `places` are the keys a `WD_…` condition stands for.
    pub(super) fn holds(
        &self,
        event: &Event,
        places: Option<&HashSet<String>>,
        view: &dyn MasterDataView,
    ) -> bool {
        let context = &**event.context();
        match self {
            Self::EventType(any) => one_of(any, &key(context, event.event_type().name())),
            Self::EventTime(relation, at) => relation.holds_for(event.event_moment(), *at),
            Self::RecordTime(relation, at) => {
                let recorded = event.node().str("recordTime").and_then(Moment::parse);
                recorded.is_some_and(|m| relation.holds_for(m, *at))
            }
            Self::Action(any) => event.action().is_some_and(|a| any.contains(&a)),
            Self::BizStep(any) => {
                event.biz_step().is_some_and(|v| one_of(any, &word(context, &crate::vocabulary::BIZ_STEP, v)))
            }
            Self::Disposition(any) => {
                event.disposition().is_some_and(|v| one_of(any, &word(context, &DISPOSITION, v)))
            }
            Self::PersistentDisposition(set, any) => event.persistent_disposition().is_some_and(|p| {
                let values = if *set { p.set } else { p.unset };
                values.iter().any(|v| one_of(any, &word(context, &DISPOSITION, v)))
            }),
            Self::Place { field, any, .. } => field.of(event).is_some_and(|v| {
                let place = key(context, v);
                places.map_or_else(|| one_of(any, &place), |all| all.contains(&*place))
            }),
            Self::TransformationId(any) => {
                event.transformation_id().is_some_and(|v| one_of(any, &key(context, v)))
            }
            Self::Link { list, kind, any } => list.of(event).iter().any(|link| {
                link.kind.is_some_and(|k| *word(context, list.types(), k) == **kind)
                    && one_of(any, &key(context, link.id))
            }),
            Self::Match(what, any) => event.things().filter(|t| what.takes(t)).any(|t| {
                let id = key(context, t.id);
                any.iter().any(|pattern| pattern.matches(&id))
            }),
            Self::Quantity(relation, any, unit) => event.things().filter(|t| t.is_class).any(|t| {
                t.amount.is_some_and(|amount| quantity(*relation, any, unit.as_ref(), amount, t.unit))
            }),
            Self::EventId(any) => event.event_id().is_some_and(|id| one_of(any, id)),
            Self::HasErrorDeclaration => event.error_declaration().is_some(),
            Self::ErrorDeclarationTime(relation, at) => {
                event.error_declaration().is_some_and(|d| relation.holds_for(d.time, *at))
            }
            Self::ErrorReason(any) => event
                .error_declaration()
                .and_then(|d| d.reason)
                .is_some_and(|reason| one_of(any, &word(context, &ERROR_REASON, reason))),
            Self::CorrectiveEventId(any) => {
                event.error_declaration().is_some_and(|d| d.corrective_ids().any(|id| one_of(any, id)))
            }
            Self::HasSensorElements => event.sensor_elements().next().is_some(),
            Self::SensorTime(field, relation, at) => sensed(event, field).any(|node| {
                node.as_str().and_then(Moment::parse).is_some_and(|m| relation.holds_for(m, *at))
            }),
            Self::SensorWord(field, form, any) => sensed(event, field)
                .any(|node| node.as_str().is_some_and(|text| one_of(any, &form.form(context, text)))),
            Self::SensorBoolean(wanted) => {
                sensed(event, "booleanValue").any(|node| *node == Node::Bool(*wanted))
            }
            Self::SensorRank(relation, wanted) => sensed(event, "percRank")
                .filter_map(super::compare::decimal)
                .any(|rank| relation.holds(rank.cmp(wanted))),
            Self::SensorValue { field, relation, any, unit } => {
                let spans = *field == "sDev";
                event.sensor_elements().flat_map(|e| e.reports).any(|report| {
                    let amount = report.get(field).and_then(super::compare::decimal);
                    let (Some(amount), Some(code)) = (amount, report.str("uom")) else { return false };
                    any.iter().any(|wanted| {
                        unit.compare(amount, code, *wanted, spans).is_some_and(|order| relation.holds(order))
                    })
                })
            }
            Self::Field(test) => test.holds(event),
            Self::HasAttribute(field, any) => field
                .attributes(event, view)
                .iter()
                .any(|(name, _)| any.iter().any(|wanted| same_attribute(wanted, name))),
            Self::Attribute(field, attribute, any) => field
                .attributes(event, view)
                .iter()
                .any(|(name, value)| same_attribute(attribute, name) && super::master::has_value(value, any)),
        }
    }
}

fn one_of(any: &[Box<str>], value: &str) -> bool {
    any.iter().any(|wanted| **wanted == *value)
}

fn quantity(
    relation: Relation,
    any: &[Decimal],
    unit: Option<&UnitCode>,
    amount: Decimal,
    code: Option<&str>,
) -> bool {
    any.iter().any(|wanted| match unit {
        None => relation.holds(amount.cmp(wanted)),
        // an amount without unit is a count of pieces
        Some(unit) => unit
            .compare(amount, code.unwrap_or("C62"), *wanted, false)
            .is_some_and(|order| relation.holds(order)),
    })
}

/// A field of the sensor elements, in the metadata or in a report (TCR-53 step 28).
fn sensed<'a>(event: &'a Event, field: &str) -> impl Iterator<Item = &'a Node> {
    event
        .sensor_elements()
        .flat_map(|e| e.metadata.into_iter().chain(e.reports))
        .filter_map(move |part| part.get(field))
}

/// Whether an attribute's full name is the one asked for; a name without namespace is compared with its last part.
pub(super) fn same_attribute(wanted: &str, name: &str) -> bool {
    name == wanted || !wanted.contains(':') && name.rsplit(['#', ':', '/']).next() == Some(wanted)
}

impl Attributed {
    pub(super) const STANDARD: [&'static str; 8] = [
        "readPoint",
        "bizLocation",
        "bizStep",
        "disposition",
        "epcClass",
        "bizTransaction",
        "source",
        "destination",
    ];

    /// Every attribute the master data give for the field's values.
    fn attributes(&self, event: &Event, view: &dyn MasterDataView) -> Vec<(String, Node)> {
        let context = &**event.context();
        let mut values: Vec<&str> = Vec::new();
        match self {
            Self::Standard("readPoint") => values.extend(event.read_point()),
            Self::Standard("bizLocation") => values.extend(event.biz_location()),
            Self::Standard("bizStep") => values.extend(event.biz_step()),
            Self::Standard("disposition") => values.extend(event.disposition()),
            Self::Standard("epcClass") => values.extend(event.things().filter(|t| t.is_class).map(|t| t.id)),
            Self::Standard("bizTransaction") => values.extend(event.biz_transactions().map(|l| l.id)),
            Self::Standard("source") => values.extend(event.sources().map(|l| l.id)),
            Self::Standard(_) => values.extend(event.destinations().map(|l| l.id)),
            Self::Extension(name) => {
                let named = |(n, _): &&(Box<str>, Node)| name.is(context, n);
                for (_, value) in event.node().members().iter().filter(named) {
                    values.extend(
                        value.as_str().into_iter().chain(value.items().iter().filter_map(Node::as_str)),
                    );
                }
            }
        }
        values.into_iter().flat_map(|value| view.attributes(&key(context, value))).collect()
    }
}
