//! The EPCIS 2.0 query language: every parameter of `SimpleEventQuery` and `SimpleMasterDataQuery`, and the schedule of
//! a subscription.
//!
//! ```
//! use epcis::{Context, Syntax, query::{NoMasterData, Query}};
//! let context = Context::standard(Syntax::Json);
//! let asked = [("EQ_bizStep", "shipping|receiving"), ("GE_value_KEL", "281.15")];
//! let query = Query::from_pairs(asked, &context).unwrap();
//! # let json = br#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"ObjectEvent",
//! # "eventTime":"2026-09-01T08:00:00Z","eventTimeZoneOffset":"+08:00","action":"OBSERVE","bizStep":"shipping",
//! # "epcList":["https://id.gs1.org/00/106141412345678908"],
//! # "sensorElementList":[{"sensorReport":[{"type":"Temperature","value":9.0,"uom":"CEL"}]}]}"#;
//! let event = epcis::json::read_event(json, epcis::Limits::default()).unwrap();
//! assert!(query.matches(&event, &NoMasterData));
//! ```
//!
//! Semantics (EPCIS 2.0 §8.2.7.1): the values of one parameter are alternatives, parameters restrict together, and each
//! parameter asks of the event by itself: `GE_value_CEL` and `LE_value_CEL` may be met by two different reports. Two
//! spellings of one thing are equal: EPC URN and Digital Link on any domain, bare CBV word and web URI and URN, prefixed
//! name and full URI, one unit and another of the same dimension.
//!
//! Where the official artefacts contradict each other both spellings are taken: `GE_errorDeclarationTime` and
//! `GE_errorDeclaration_Time`, `EQATTR_` and `EQ_ATTR_`, `EXISTS_…` as boolean, number, null or nothing, one number or a
//! list for `EQ_quantity`.

mod bind;
mod compare;
mod condition;
mod field;
mod given;
mod master;
mod name;
mod order;
mod parse;
mod pattern;
mod recorded;
mod schedule;

pub use bind::Matcher;
pub use compare::{Relation, Scalar, UnitCode};
pub use condition::{Attributed, Condition, LinkList, Match, PlaceField, WordField};
pub use field::{FieldName, FieldTest, Part};
pub use master::{Element, MasterData, MasterDataQuery, MasterDataView, NoMasterData};
pub use name::{key, word};
pub use order::{Direction, OrderBy, OrderKey};
pub use parse::extensions;
pub use pattern::Pattern;
pub use schedule::Schedule;

use crate::event::Event;
use crate::node::Node;
use crate::problem::{Problem, ProblemType};
use base::Text;

/// How many events may be in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// `eventCountLimit`: the first so many in the order asked for.
    First(u64),
    /// `maxEventCount`: so many or a refusal.
    AtMost(u64),
}

/// A `SimpleEventQuery`.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    conditions: Vec<Condition>,
    order: Option<OrderBy>,
    direction: Direction,
    count: Option<Count>,
    /// Name and values of each parameter, names sorted.
    asked: Vec<(String, Vec<Node>)>,
}

impl Query {
    /// What an event must meet, all of it.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// `orderBy`.
    #[must_use]
    pub const fn order(&self) -> Option<&OrderBy> {
        self.order.as_ref()
    }

    /// `orderDirection`; descending unless told otherwise.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// `eventCountLimit` or `maxEventCount`.
    #[must_use]
    pub const fn count(&self) -> Option<Count> {
        self.count
    }

    /// The query with one condition more: how `/bizSteps/{x}/events` adds the step its address implies.
    #[must_use]
    pub fn with(mut self, condition: Condition) -> Self {
        self.asked.push((format!("{condition:?}"), Vec::new()));
        self.conditions.push(condition);
        self
    }

    /// Whether the answer depends on master data (`WD_…`, `HASATTR_…`, `EQATTR_…`); when not, [`NoMasterData`] will do.
    #[must_use]
    pub fn needs_master_data(&self) -> bool {
        self.conditions.iter().any(Condition::needs_master_data)
    }

    /// A text that differs between queries that ask different things; a page token is bound to it.
    #[must_use]
    pub fn identity(&self) -> String {
        let mut out = String::new();
        for (name, values) in &self.asked {
            out.push_str(name);
            for value in values {
                out.push('\u{1f}');
                out.push_str(&value.to_json());
            }
            out.push('\u{1e}');
        }
        out
    }

    /// Prepares the query to be asked of many events: the descendants of `WD_…` are looked up once.
    #[must_use]
    pub fn bind<'a>(&'a self, view: &'a dyn MasterDataView) -> Matcher<'a> {
        Matcher::new(self, view)
    }

    /// Whether an event meets every condition. Record time and event id are those in the event's tree.
    #[must_use]
    pub fn matches(&self, event: &Event, view: &dyn MasterDataView) -> bool {
        self.bind(view).matches(event)
    }

    /// What an event is ordered by; `None` when it lacks the field or no order is asked for. Events without it come
    /// last in either direction.
    #[must_use]
    pub fn order_key(&self, event: &Event) -> Option<OrderKey> {
        self.order.as_ref()?.key(event)
    }

    /// The answer over events in memory: those that match, ordered and cut as asked.
    ///
    /// # Errors
    /// [`ProblemType::QueryTooLarge`] when there are more than `maxEventCount`.
    pub fn select<'e>(
        &self,
        events: impl IntoIterator<Item = &'e Event>,
        view: &dyn MasterDataView,
    ) -> Result<Vec<&'e Event>, Box<Problem>> {
        let matcher = self.bind(view);
        let mut found: Vec<&Event> = events.into_iter().filter(|e| matcher.matches(e)).collect();
        if self.order.is_some() {
            found.sort_by_cached_key(|e| self.direction.rank(self.order_key(e)));
        }
        match self.count {
            Some(Count::AtMost(most)) if found.len() as u64 > most => return Err(Box::new(too_large(most))),
            Some(Count::First(first)) => found.truncate(usize::try_from(first).unwrap_or(usize::MAX)),
            _ => {}
        }
        Ok(found)
    }
}

/// The refusal when more events match than `maxEventCount` allows.
#[must_use]
pub fn too_large(most: u64) -> Problem {
    Problem::new(
        ProblemType::QueryTooLarge,
        "maxEventCount",
        Text::new(
            format!("符合条件的事件超过 {most} 个。"),
            format!("More than {most} events match the query."),
        ),
        Text::of(
            "请缩小查询范围，或提高 maxEventCount，或改用分页。",
            "Narrow the query, raise maxEventCount, or leave it out and follow the pages.",
        ),
    )
}
