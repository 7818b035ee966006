//! Which columns answer which conditions, and in what order rows are read.

use crate::Error;
use crate::sight::Order;
use crate::term::{self, Kind, Wanted};
use base::Id;
use epcis::query::{Condition, Direction, LinkList, Match, Matcher, OrderBy, Pattern, PlaceField, Relation};
use epcis::time::Moment;
use epcis::{Action, Role};
use std::collections::HashSet;
use store::{Sql, Store};

/// Most values given to the database in one list.
const LIST: usize = 1000;
/// The event types of the standard, whose stored name is the only one.
const TYPES: [&str; 5] =
    ["ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent"];

/// What holds all matches, beside the columns.
#[derive(Debug)]
pub(super) enum Lead {
    /// The events of any of these terms.
    Terms(Vec<Wanted>),
    /// Events, in the order of their ids.
    Events(Vec<Id>),
}

/// How a query is answered from the tables.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) order: Order,
    /// Conditions on the column of the order.
    pub(super) bounds: Vec<(&'static str, i64)>,
    /// Conditions on other columns, each with ` and ` before it.
    pub(super) filter: Sql,
    /// Lists that the filter does not stand for.
    pub(super) leads: Vec<Lead>,
    /// Lists that the filter stands for as well.
    pub(super) hints: Vec<Vec<Wanted>>,
    /// Every row selected matches, unless it is in none of the leads.
    pub(super) is_exact: bool,
    /// The order is an extension field: rows are read in any order and sorted here.
    pub(super) sorts_here: bool,
}

impl Plan {
    pub(super) async fn of(store: &Store, matcher: &Matcher<'_>) -> Result<Self, Error> {
        let query = matcher.query();
        let asks = |time: fn(&Condition) -> bool| query.conditions().iter().any(time);
        let by_record = match query.order() {
            Some(OrderBy::RecordTime) => true,
            Some(OrderBy::EventTime) => false,
            // any order will do: take the one that is bounded
            _ => {
                asks(|c| matches!(c, Condition::RecordTime(..)))
                    && !asks(|c| matches!(c, Condition::EventTime(..)))
            }
        };
        let is_ascending = query.order().is_some() && query.direction() == Direction::Ascending;
        let mut plan = Self {
            order: Order { by_record, is_ascending },
            bounds: Vec::new(),
            filter: Sql::default(),
            leads: Vec::new(),
            hints: Vec::new(),
            is_exact: true,
            sorts_here: matches!(query.order(), Some(OrderBy::Field(_))),
        };
        for (condition, places) in matcher.conditions() {
            if let Condition::EventId(any) = condition {
                plan.event_ids(store, any).await?;
            } else if let Some(wanted) = plan.add(condition, places) {
                plan.leads.push(Lead::Terms(wanted));
            }
        }
        if query.conditions().iter().any(is_of_declaration) {
            plan.filter.push(" and e.declared <> ''");
            // one more than few, to see whether they are
            let rows =
                store.query("select d.id from event d where d.declared <> '' limit 10001", &[]).await?;
            if rows.len() <= 10_000 {
                let mut events = rows.iter().map(|r| r.id("id")).collect::<Result<Vec<_>, _>>()?;
                events.sort_unstable();
                plan.leads.push(Lead::Events(events));
            }
        }
        Ok(plan)
    }

    /// Events by the id they were given or by their hash.
    async fn event_ids(&mut self, store: &Store, any: &[Box<str>]) -> Result<(), Error> {
        let hashes: Vec<[u8; 32]> = texts(any).filter_map(crate::event::hash_of).collect();
        let wanted: Vec<Wanted> = hashes.iter().map(Wanted::hash).collect();
        let mut events = term::events(store, &wanted).await?;
        let mut sql = Sql::new("select e.id from event e where e.event_id in ");
        sql.bind_list(texts(any));
        for row in store.select(&sql).await? {
            events.push(row.id("id")?);
        }
        events.sort_unstable();
        events.dedup();
        self.leads.push(Lead::Events(events));
        self.is_exact = false;
        Ok(())
    }

    /// Adds a condition; gives the terms one of which a match must name, where no column says so.
    fn add(&mut self, condition: &Condition, places: Option<&HashSet<String>>) -> Option<Vec<Wanted>> {
        match condition {
            Condition::EventTime(relation, at) => self.time(false, *relation, *at),
            Condition::RecordTime(relation, at) => self.time(true, *relation, *at),
            Condition::EventType(any) => {
                let known: Vec<&str> = texts(any).filter(|name| TYPES.contains(name)).collect();
                let others = known.len() < any.len();
                self.filter.push(" and (e.type in ").bind_list(known);
                if others {
                    self.filter.push(" or e.type not in ").bind_list(TYPES);
                    self.is_exact = false;
                }
                self.filter.push(")");
                if !others {
                    self.hint(term::TYPE, texts(any));
                }
            }
            Condition::Action(any) => {
                let words = any.iter().map(|action| match action {
                    Action::Add => "ADD",
                    Action::Observe => "OBSERVE",
                    Action::Delete => "DELETE",
                });
                self.filter.push(" and e.action in ").bind_list(words.clone());
                self.hint(term::ACTION, words);
            }
            Condition::BizStep(any) => {
                self.listed(" and e.biz_step in ", any);
                self.hint(term::BIZ_STEP, texts(any));
            }
            Condition::Disposition(any) => {
                self.listed(" and e.disposition in ", any);
                self.hint(term::DISPOSITION, texts(any));
            }
            Condition::Place { field, any, .. } => {
                let (column, part) = match field {
                    PlaceField::ReadPoint => (" and e.read_point in ", term::READ_POINT),
                    PlaceField::BizLocation => (" and e.biz_location in ", term::BIZ_LOCATION),
                };
                let keys: Vec<&str> = match places {
                    Some(places) => places.iter().map(String::as_str).collect(),
                    None => texts(any).collect(),
                };
                if keys.len() > LIST {
                    self.is_exact = false;
                } else {
                    self.filter.push(column).bind_list(keys.iter().copied());
                    self.hints.push(keys.iter().map(|key| Wanted::one(Kind::Place, key, part)).collect());
                }
            }
            Condition::TransformationId(any) => {
                self.listed(" and e.join_id in ", any);
                return Some(
                    texts(any).map(|key| Wanted::one(Kind::Link, key, term::TRANSFORMATION)).collect(),
                );
            }
            Condition::Match(what, any) => return self.items(*what, any),
            Condition::HasErrorDeclaration
            | Condition::ErrorDeclarationTime(..)
            | Condition::ErrorReason(_)
            | Condition::CorrectiveEventId(_) => {
                self.is_exact &= *condition == Condition::HasErrorDeclaration;
            }
            Condition::Link { list, any, .. } => return Some(self.links(*list, any)),
            _ => self.mentioned(condition),
        }
        None
    }

    /// A bound on a column of whole microseconds: never narrower than the nanoseconds asked for.
    fn time(&mut self, of_record: bool, relation: Relation, at: Moment) {
        let is_whole = at.nanos.is_multiple_of(1000);
        let sign = match relation {
            Relation::Ge => " >= ",
            _ if is_whole => " < ",
            _ => " <= ",
        };
        self.is_exact &= is_whole;
        if of_record == self.order.by_record {
            self.bounds.push((sign, at.instant().0));
        } else {
            // the plus keeps SQLite from leaving the index of the order
            self.filter.push(if of_record { " and +e.record_time" } else { " and +e.event_time" });
            self.filter.push(sign).bind(at.instant());
        }
    }

    fn hint<'w>(&mut self, letter: char, words: impl Iterator<Item = &'w str>) {
        self.hints.push(words.map(|word| Wanted::word(letter, word)).collect());
    }

    fn listed(&mut self, start: &'static str, any: &[Box<str>]) {
        self.filter.push(start).bind_list(texts(any));
    }

    /// What the text of the event must hold for the condition to be met: cheaper than reading the event.
    fn mentioned(&mut self, condition: &Condition) {
        self.is_exact = false;
        let plain = |name: &&str| !name.contains(['"', '\\']) && !name.chars().any(char::is_control);
        if let Some(name) = condition.mentions().filter(plain) {
            self.filter.push(" and e.body like ").bind(format!("%{name}\"%"));
        }
    }

    /// Documents, sources and destinations, under the key of the party and of its own place.
    fn links(&mut self, list: LinkList, any: &[Box<str>]) -> Vec<Wanted> {
        self.is_exact = false;
        let mut keys: Vec<String> = texts(any).map(str::to_owned).collect();
        let (kind, part) = match list {
            LinkList::BizTransaction => (Kind::Link, term::BIZ_TRANSACTION),
            LinkList::Source => (Kind::Place, term::SOURCE),
            LinkList::Destination => (Kind::Place, term::DESTINATION),
        };
        if kind == Kind::Place {
            keys.extend(texts(any).map(crate::prepare::of_party));
        }
        keys.iter().map(|key| Wanted::one(kind, key, part)).collect()
    }

    /// Things by their keys, in the parts the parameter looks at; none when there are too many.
    fn items(&mut self, what: Match, any: &[Pattern]) -> Option<Vec<Wanted>> {
        // the terms do not tell a class from an instance
        self.is_exact = false;
        let bit = |role: &Role| match role {
            Role::Subject => crate::Role::Epc.bit(),
            Role::Parent => crate::Role::Parent.bit(),
            Role::Child => crate::Role::Child.bit(),
            Role::Input => crate::Role::Input.bit(),
            Role::Output => crate::Role::Output.bit(),
        };
        let parts = what.roles.iter().fold(0, |all, role| all | bit(role));
        let mut wanted = Vec::new();
        for pattern in any {
            wanted.extend(pattern.key().map(|key| Wanted::one(Kind::Item, key, parts)));
            let ranges = pattern.ranges();
            wanted.extend(ranges.iter().map(|(from, to)| Wanted::range(Kind::Item, from, to, parts)));
        }
        (wanted.len() <= LIST).then_some(wanted)
    }
}

/// Only error declarations meet it.
const fn is_of_declaration(condition: &Condition) -> bool {
    use Condition::{CorrectiveEventId, ErrorDeclarationTime, ErrorReason, HasErrorDeclaration};
    matches!(
        condition,
        HasErrorDeclaration | ErrorDeclarationTime(..) | ErrorReason(_) | CorrectiveEventId(_)
    )
}

fn texts(any: &[Box<str>]) -> impl Iterator<Item = &str> {
    any.iter().map(|text| &**text)
}
