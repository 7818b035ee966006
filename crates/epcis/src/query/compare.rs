//! How values compare: relations, typed scalars, and amounts in different units.

use super::name;
use crate::context::Context;
use crate::node::Node;
use crate::time::Moment;
use base::Decimal;
use base::quantity::{Quantity, Unit};
use std::cmp::Ordering;

/// The first part of a parameter's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// `EQ_`
    Eq,
    /// `GT_`
    Gt,
    /// `GE_`
    Ge,
    /// `LT_`
    Lt,
    /// `LE_`
    Le,
}

impl Relation {
    /// From the letters before the underscore.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "EQ" => Some(Self::Eq),
            "GT" => Some(Self::Gt),
            "GE" => Some(Self::Ge),
            "LT" => Some(Self::Lt),
            "LE" => Some(Self::Le),
            _ => None,
        }
    }

    /// Whether it holds when the event's value stands so to the query's.
    #[must_use]
    pub const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
        }
    }

    /// Compares two moments to the nanosecond, whatever zone they were written in.
    #[must_use]
    pub fn holds_for(self, value: Moment, wanted: Moment) -> bool {
        self.holds((value.seconds, value.nanos).cmp(&(wanted.seconds, wanted.nanos)))
    }
}

/// A value to compare an extension field with.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A number.
    Number(Decimal),
    /// A date-time.
    Time(Moment),
    /// A text, prefixes expanded.
    Text(Box<str>),
}

/// The decimal a node stands for: a number, or a text that is one (XML has no types).
pub(super) fn decimal(node: &Node) -> Option<Decimal> {
    node.decimal().or_else(|| number(node.as_str()?))
}

/// A decimal written as text.
pub(super) fn number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

impl Scalar {
    /// Whether a value of an event stands in the relation to this one.
    #[must_use]
    pub fn relates(&self, relation: Relation, node: &Node, context: &Context) -> bool {
        match self {
            Self::Number(wanted) => decimal(node).is_some_and(|d| relation.holds(d.cmp(wanted))),
            Self::Time(wanted) => {
                node.as_str().and_then(Moment::parse).is_some_and(|m| relation.holds_for(m, *wanted))
            }
            Self::Text(wanted) => relation == Relation::Eq && same_text(wanted, node, context),
        }
    }
}

/// Whether a value is the text: letter by letter, or as number, date-time or name it stands for.
fn same_text(wanted: &str, node: &Node, context: &Context) -> bool {
    let text = match node {
        Node::String(text) => &**text,
        Node::Bool(value) => return wanted == if *value { "true" } else { "false" },
        Node::Number(digits) => {
            return **digits == *wanted || number(wanted).is_some_and(|n| node.decimal() == Some(n));
        }
        _ => return false,
    };
    if text == wanted {
        return true;
    }
    if let Some(moment) = Moment::parse(wanted) {
        return Moment::parse(text).is_some_and(|m| Relation::Eq.holds_for(m, moment));
    }
    wanted.contains(':') && *name::key(context, text) == *wanted
}

/// A unit of UN/ECE Recommendation 20 as a parameter's name ends with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitCode {
    /// The code as written.
    pub code: Box<str>,
    /// The unit, when it is in the table.
    pub unit: Option<Unit>,
}

impl UnitCode {
    /// From the code: 2 to 4 capitals and digits.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let fits = (2..=4).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        fits.then(|| Self { code: code.into(), unit: Unit::from_rec20(code) })
    }

    /// How an amount of an event stands to `wanted` of this unit; `None` when the units measure different things.
    /// `spans` are differences (a standard deviation), for which the zero of the scale does not count.
    #[must_use]
    pub fn compare(&self, amount: Decimal, code: &str, wanted: Decimal, spans: bool) -> Option<Ordering> {
        if code == &*self.code {
            return Some(amount.cmp(&wanted));
        }
        let (given, wanted) =
            (Quantity::new(amount, Unit::from_rec20(code)?), Quantity::new(wanted, self.unit?));
        if spans { given.compare_spans(wanted) } else { given.compare(wanted) }.ok()
    }
}
