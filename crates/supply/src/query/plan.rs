//! Which columns answer which conditions, and in what order rows are read.

use crate::Error;
use crate::term::{self, Kind, Wanted};
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

/// How a query is answered from the tables.
#[derive(Debug)]
pub(super) struct Plan {
    /// Conditions on the column of the order, each with ` and ` before it.
    pub(super) reach: Sql,
    /// The other conditions.
    pub(super) filter: Sql,
    /// Terms whose events hold all matches, one for each condition on a place; the filter has the same condition.
    pub(super) leads: Vec<Vec<Wanted>>,
    /// The column of the order, with its table.
    pub(super) column: &'static str,
    /// The same as it is named in a row.
    pub(super) key: &'static str,
    pub(super) is_ascending: bool,
    /// An index leads to the answer.
    pub(super) is_seek: bool,
    /// An index leads to what the reader may see.
    pub(super) may_seek: bool,
    /// Every row selected matches.
    pub(super) is_exact: bool,
    /// The order is an extension field: rows are read in any order and sorted here.
    pub(super) sorts_here: bool,
}

impl Plan {
    /// The plan for a query; `is_firm` when the reader sees the events of one operator.
    pub(super) async fn of(store: &Store, matcher: &Matcher<'_>, is_firm: bool) -> Result<Self, Error> {
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
        let (column, key) =
            if by_record { ("e.record_time", "record_time") } else { ("e.event_time", "event_time") };
        let mut plan = Self {
            reach: Sql::default(),
            filter: Sql::default(),
            leads: Vec::new(),
            column,
            key,
            is_ascending: query.order().is_some() && query.direction() == Direction::Ascending,
            is_seek: false,
            may_seek: is_firm,
            is_exact: true,
            sorts_here: matches!(query.order(), Some(OrderBy::Field(_))),
        };
        for (condition, places) in matcher.conditions() {
            if let Condition::EventId(any) = condition {
                plan.event_ids(store, any).await?;
            } else if let Some(wanted) = plan.add(condition, places, by_record) {
                let events = term::events(store, &wanted).await?;
                plan.filter.push(" and e.id in ").bind_ids(&events);
                plan.is_seek = true;
            }
        }
        Ok(plan)
    }

    /// Events by the id they were given or by their hash.
    async fn event_ids(&mut self, store: &Store, any: &[Box<str>]) -> Result<(), Error> {
        let hashes: Vec<[u8; 32]> = texts(any).filter_map(crate::event::hash_of).collect();
        let wanted: Vec<Wanted> = hashes.iter().map(Wanted::hash).collect();
        let events = term::events(store, &wanted).await?;
        self.filter.push(" and (e.event_id in ").bind_list(texts(any));
        if !events.is_empty() {
            self.filter.push(" or e.id in ").bind_list(events);
        }
        self.filter.push(")");
        self.is_seek = true;
        self.is_exact = false;
        Ok(())
    }

    /// Adds a condition; gives the terms one of which a match must name.
    fn add(
        &mut self,
        condition: &Condition,
        places: Option<&HashSet<String>>,
        by_record: bool,
    ) -> Option<Vec<Wanted>> {
        match condition {
            Condition::EventTime(relation, at) => {
                let sql = if by_record { &mut self.filter } else { &mut self.reach };
                time(sql, "e.event_time", *relation, *at);
                self.is_exact &= at.nanos.is_multiple_of(1000);
            }
            Condition::RecordTime(relation, at) => {
                let sql = if by_record { &mut self.reach } else { &mut self.filter };
                time(sql, "e.record_time", *relation, *at);
                self.is_exact &= at.nanos.is_multiple_of(1000);
            }
            Condition::EventType(any) => {
                let known: Vec<&str> = texts(any).filter(|name| TYPES.contains(name)).collect();
                let others = known.len() < any.len();
                self.filter.push(" and (e.type in ").bind_list(known);
                if others {
                    self.filter.push(" or e.type not in ").bind_list(TYPES);
                    self.is_exact = false;
                }
                self.filter.push(")");
            }
            Condition::Action(any) => {
                let words = any.iter().map(|action| match action {
                    Action::Add => "ADD",
                    Action::Observe => "OBSERVE",
                    Action::Delete => "DELETE",
                });
                self.filter.push(" and e.action in ").bind_list(words);
            }
            Condition::BizStep(any) => self.listed(" and e.biz_step in ", any),
            Condition::Disposition(any) => self.listed(" and e.disposition in ", any),
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
                    self.leads.push(keys.iter().map(|key| Wanted::one(Kind::Place, key, part)).collect());
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
                // as a list of its own, else SQLite walks the index of the order
                self.filter.push(" and e.id in (select d.id from event d where d.declared <> '')");
                self.is_seek = true;
                self.is_exact &= *condition == Condition::HasErrorDeclaration;
            }
            Condition::Link { list, any, .. } => return Some(self.links(*list, any)),
            _ => self.mentioned(condition),
        }
        None
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

fn texts(any: &[Box<str>]) -> impl Iterator<Item = &str> {
    any.iter().map(|text| &**text)
}

/// A bound on a column of whole microseconds: never narrower than the nanoseconds asked for.
fn time(sql: &mut Sql, column: &'static str, relation: Relation, at: Moment) {
    let is_whole = at.nanos.is_multiple_of(1000);
    sql.push(" and ").push(column);
    sql.push(if relation == Relation::Ge {
        " >= "
    } else if is_whole {
        " < "
    } else {
        " <= "
    });
    sql.bind(at.instant());
}
