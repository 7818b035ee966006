//! `orderBy` and `orderDirection`.

use super::compare::number;
use super::field::FieldName;
use crate::event::Event;
use crate::node::Node;
use crate::time::Moment;
use base::Decimal;
use std::cmp::Reverse;

/// What the answer is ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderBy {
    /// `eventTime`
    EventTime,
    /// `recordTime`
    RecordTime,
    /// An extension field at the top level with a number, date-time or text.
    Field(FieldName),
}

impl OrderBy {
    /// The key of an event; `None` when it lacks the field.
    #[must_use]
    pub fn key(&self, event: &Event) -> Option<OrderKey> {
        match self {
            Self::EventTime => Some(OrderKey::moment(event.event_moment())),
            Self::RecordTime => event.node().str("recordTime").and_then(Moment::parse).map(OrderKey::moment),
            Self::Field(field) => {
                let members = event.node().members().iter();
                let (_, value) = members.into_iter().find(|(name, _)| field.is(event.context(), name))?;
                OrderKey::of(value)
            }
        }
    }
}

/// A value to order by. Numbers come before date-times before texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderKey {
    /// A number.
    Number(Decimal),
    /// Seconds and nanoseconds of a date-time.
    Time(i64, u32),
    /// A text, by its UTF-8 bytes.
    Text(Box<str>),
}

impl OrderKey {
    const fn moment(moment: Moment) -> Self {
        Self::Time(moment.seconds, moment.nanos)
    }

    fn of(value: &Node) -> Option<Self> {
        match value {
            Node::String(text) => Some(if let Some(moment) = Moment::parse(text) {
                Self::moment(moment)
            } else if let Some(number) = number(text) {
                Self::Number(number)
            } else {
                Self::Text(text.clone())
            }),
            Node::Number(_) => value.decimal().map(Self::Number),
            Node::Bool(value) => Some(Self::Text(value.to_string().into())),
            Node::Array(items) => items.first().and_then(Self::of),
            Node::Object(_) => {
                ["@value", "@id", "#text"].into_iter().find_map(|m| value.get(m)).and_then(Self::of)
            }
            Node::Null => None,
        }
    }
}

/// `orderDirection`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// `ASC`
    Ascending,
    /// `DESC`, when nothing is said.
    #[default]
    Descending,
}

/// The place of a key in its direction; a missing key comes last either way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Ascending.
    Up(OrderKey),
    /// Descending.
    Down(Reverse<OrderKey>),
    /// The event has no such field.
    Missing,
}

impl Direction {
    /// Sorting by ranks sorts by keys in this direction.
    #[must_use]
    pub fn rank(self, key: Option<OrderKey>) -> Rank {
        match (key, self) {
            (None, _) => Rank::Missing,
            (Some(key), Self::Ascending) => Rank::Up(key),
            (Some(key), Self::Descending) => Rank::Down(Reverse(key)),
        }
    }
}
