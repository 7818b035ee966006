//! Which columns answer which conditions, and in what order rows are read.

use crate::term::{self, Table, playing};
use epcis::query::{Condition, Direction, LinkList, Match, Matcher, OrderBy, Pattern, PlaceField, Relation};
use epcis::time::Moment;
use epcis::{Action, Role};
use std::collections::HashSet;
use store::Sql;

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
    /// Lists of events that hold all matches, one for each condition on a place; the filter has the same condition.
    pub(super) leads: Vec<Sql>,
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
    pub(super) fn of(matcher: &Matcher<'_>, is_firm: bool) -> Self {
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
            plan.add(condition, places, by_record);
        }
        plan
    }

    fn add(&mut self, condition: &Condition, places: Option<&HashSet<String>>, by_record: bool) {
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
                    let mut lead = Sql::new(Table::Place.events());
                    lead.push(" and t.place in ").bind_list(keys);
                    playing(&mut lead, part);
                    self.leads.push(lead);
                }
            }
            Condition::TransformationId(any) => {
                self.listed(" and e.join_id in ", any);
                let sql = &mut self.filter;
                sql.push(" and e.id in (")
                    .push(Table::Link.events())
                    .push(" and t.value in ")
                    .bind_list(texts(any));
                playing(sql, term::TRANSFORMATION);
                sql.push(")");
                self.is_seek = true;
            }
            Condition::Match(what, any) => self.items(*what, any),
            Condition::EventId(any) => {
                self.filter.push(" and (e.event_id in ").bind_list(texts(any));
                let hashes: Vec<Vec<u8>> = texts(any).filter_map(crate::event::hash_of).collect();
                if !hashes.is_empty() {
                    self.filter.push(" or e.hash in ").bind_list(hashes);
                }
                self.filter.push(")");
                self.is_seek = true;
                self.is_exact = false;
            }
            Condition::HasErrorDeclaration
            | Condition::ErrorDeclarationTime(..)
            | Condition::ErrorReason(_)
            | Condition::CorrectiveEventId(_) => {
                // as a list of its own, else SQLite walks the index of the order
                self.filter.push(" and e.id in (select d.id from event d where d.declared <> '')");
                self.is_seek = true;
                self.is_exact &= *condition == Condition::HasErrorDeclaration;
            }
            Condition::Link { list, any, .. } => self.links(*list, any),
            _ => self.mentioned(condition),
        }
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
    fn links(&mut self, list: LinkList, any: &[Box<str>]) {
        self.is_exact = false;
        let mut keys: Vec<String> = texts(any).map(str::to_owned).collect();
        let (table, part) = match list {
            LinkList::BizTransaction => (Table::Link, term::BIZ_TRANSACTION),
            LinkList::Source => (Table::Place, term::SOURCE),
            LinkList::Destination => (Table::Place, term::DESTINATION),
        };
        if table == Table::Place {
            keys.extend(texts(any).map(crate::prepare::of_party));
        }
        let sql = &mut self.filter;
        sql.push(" and e.id in (").push(table.events()).push(" and ").push(table.column());
        sql.push(" in ").bind_list(keys);
        playing(sql, part);
        sql.push(")");
        self.is_seek = true;
    }

    /// Things by their keys, in the parts the parameter looks at.
    fn items(&mut self, what: Match, any: &[Pattern]) {
        // the rows do not tell a class from an instance
        self.is_exact = false;
        let mut exact: Vec<&str> = Vec::new();
        let mut ranges: Vec<(String, String)> = Vec::new();
        for pattern in any {
            exact.extend(pattern.key());
            ranges.extend(pattern.ranges());
        }
        if ranges.len() > LIST / 2 {
            return;
        }
        let sql = &mut self.filter;
        sql.push(" and e.id in (").push(Table::Item.events()).push(" and (");
        if !exact.is_empty() {
            sql.push("t.item in ").bind_list(exact.iter().copied());
        }
        for (n, (from, to)) in ranges.into_iter().enumerate() {
            sql.push(if n > 0 || !exact.is_empty() { " or (t.item >= " } else { "(t.item >= " });
            sql.bind(from).push(" and t.item < ").bind(to).push(")");
        }
        sql.push(")");
        let bit = |role: &Role| match role {
            Role::Subject => crate::Role::Epc.bit(),
            Role::Parent => crate::Role::Parent.bit(),
            Role::Child => crate::Role::Child.bit(),
            Role::Input => crate::Role::Input.bit(),
            Role::Output => crate::Role::Output.bit(),
        };
        playing(sql, what.roles.iter().fold(0, |all, role| all | bit(role)));
        sql.push(")");
        self.is_seek = true;
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
