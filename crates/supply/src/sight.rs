//! What a reader may see of the events, as the ways that lead there in the order of time.
//!
//! An office sees regions: its way is all events. A firm sees its own events and, of its direct partners', those of their
//! exchanges with it: two ways, each with an index of its own for either order (when it happened, when it was recorded), so
//! that a page is the start of both and not the end of gathering everything.

use crate::Supply;
use access::Principal;
use base::{Id, Instant};
use store::Sql;

/// A place in an order of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Microseconds of the column of the order.
    pub(crate) key: i64,
    pub(crate) id: Id,
}

/// An order of events: by one of the two times, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) by_record: bool,
    pub(crate) is_ascending: bool,
}

/// A stretch of an order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    /// Comparisons with the column of the order: an operator with its blanks, and the value.
    pub(crate) bounds: Vec<(&'static str, i64)>,
    /// Only what comes after it.
    pub(crate) after: Option<Place>,
    /// Only what comes no later than it.
    pub(crate) until: Option<Place>,
}

/// One way, over a table `event e`.
#[derive(Debug)]
struct Way {
    from: &'static str,
    id: &'static str,
    event_time: &'static str,
    record_time: &'static str,
    /// Its start in the index.
    start: Sql,
    /// What of it the reader may see.
    sees: Sql,
}

/// The ways of a reader.
#[derive(Debug)]
pub(crate) struct Sight {
    ways: Vec<Way>,
    /// The same asked of one event.
    pub(crate) row: Sql,
    /// The regions everything lies in, when there are such.
    pub(crate) regions: Option<Vec<String>>,
}

impl Order {
    fn signs(self) -> (&'static str, &'static str, &'static str) {
        if self.is_ascending { (" > ", " >= ", " <= ") } else { (" < ", " <= ", " >= ") }
    }

    fn push(self, sql: &mut Sql, key: &'static str, id: &'static str) {
        let direction = if self.is_ascending { "" } else { " desc" };
        sql.push(" order by ").push(key).push(direction).push(", ").push(id).push(direction);
    }
}

impl Reach {
    /// The conditions; `plus` before a column keeps SQLite from looking for an index of it.
    fn push(&self, sql: &mut Sql, order: Order, plus: &'static str, key: &'static str, id: &'static str) {
        for (relation, value) in &self.bounds {
            sql.push(" and ").push(plus).push(key).push(relation).bind(*value);
        }
        let (beyond, from, until) = order.signs();
        // the first comparison alone can be found in an index
        if let Some(place) = self.after {
            sql.push(" and ").push(plus).push(key).push(from).bind(place.key);
            sql.push(" and (").push(key).push(beyond).bind(place.key);
            sql.push(" or ").push(id).push(beyond).bind(place.id).push(")");
        }
        if let Some(place) = self.until {
            let short = if order.is_ascending { " < " } else { " > " };
            sql.push(" and ").push(plus).push(key).push(until).bind(place.key);
            sql.push(" and (").push(key).push(short).bind(place.key);
            sql.push(" or ").push(id).push(until).bind(place.id).push(")");
        }
    }
}

impl Sight {
    /// Selects `id` and `k`, the column of the order, of at most `limit` events that can be seen and meet the filter (each
    /// condition with ` and ` before it), in order.
    pub(crate) fn keys(&self, order: Order, reach: &Reach, filter: &Sql, limit: i64) -> Sql {
        self.union(order, limit, |sql, way, key| {
            sql.append(&way.start).push(" and ").append(&way.sees).append(filter);
            reach.push(sql, order, "", key, way.id);
        })
    }

    /// Selects `id` and `k` of the event `distance` further on, whoever may see it; none when there are fewer.
    pub(crate) fn edge(&self, order: Order, reach: &Reach, distance: i64) -> Sql {
        let mut sql = self.union(order, distance, |sql, way, key| {
            sql.append(&way.start);
            reach.push(sql, order, "", key, way.id);
        });
        sql.push(" offset ").bind(distance - 1);
        sql
    }

    /// As [`Sight::keys`], of the events listed alone.
    pub(crate) fn listed(&self, order: Order, reach: &Reach, filter: &Sql, ids: &[Id], limit: i64) -> Sql {
        let key = if order.by_record { "e.record_time" } else { "e.event_time" };
        let mut sql = Sql::new("select e.id, ");
        sql.push(key).push(" as k from event e where e.id in ").bind_ids(ids);
        sql.push(" and ").append(&self.row).append(filter);
        reach.push(&mut sql, order, "+", key, "e.id");
        order.push(&mut sql, "k", "id");
        sql.push(" limit ").bind(limit);
        sql
    }

    fn union(&self, order: Order, limit: i64, add: impl Fn(&mut Sql, &Way, &'static str)) -> Sql {
        let mut sql = Sql::new("select id, k from (");
        for (n, way) in self.ways.iter().enumerate() {
            let key = if order.by_record { way.record_time } else { way.event_time };
            sql.push(if n == 0 { "select * from (select " } else { " union all select * from (select " });
            sql.push(way.id).push(" as id, ").push(key).push(" as k from ").push(way.from).push(" where ");
            add(&mut sql, way, key);
            order.push(&mut sql, key, way.id);
            sql.push(" limit ").bind(limit).push(if n == 0 { ") as a" } else { ") as b" });
        }
        sql.push(") as u");
        order.push(&mut sql, "k", "id");
        sql.push(" limit ").bind(limit);
        sql
    }

    /// Restricts all ways by one more condition (with ` and ` before it).
    pub(crate) fn restrict(&mut self, condition: &Sql) {
        self.row.append(condition);
        for way in &mut self.ways {
            way.sees.append(condition);
        }
    }
}

impl Supply {
    /// What the reader's grants reach, by who captured an event; for a firm also what its direct partners captured of
    /// their exchanges with it.
    pub(crate) fn sight(&self, who: &Principal, now: Instant) -> Sight {
        let scope = self.access.scope(who, "view", "event", now);
        let own = scope.sql("e.region", None, Some("e.operator"));
        let mut way = Way {
            from: "event e",
            id: "e.id",
            event_time: "e.event_time",
            record_time: "e.record_time",
            start: Sql::new("1 = 1"),
            sees: own.clone(),
        };
        let Some(operator) = who.operator else {
            let regions = scope.regions().map(|all| all.into_iter().map(str::to_owned).collect());
            return Sight { ways: vec![way], row: own, regions };
        };
        let theirs = scope.sql("e.region", None, Some("p.operator"));
        let mut row = Sql::new("(");
        row.append(&own).push(" or exists (select 1 from event_partner p where p.operator = ").bind(operator);
        row.push(" and p.event_time = e.event_time and p.event = e.id and ").append(&theirs).push("))");
        if scope.operator() != Some(operator) {
            // grants of several kinds: what they reach is not one operator's
            way.sees = row.clone();
            return Sight { ways: vec![way], row, regions: None };
        }
        way.start = Sql::new("e.operator = ");
        way.start.bind(operator);
        let mut start = Sql::new("p.operator = ");
        start.bind(operator).push(" and e.id = p.event");
        let exchanged = Way {
            from: "event_partner p cross join event e",
            id: "p.event",
            event_time: "p.event_time",
            record_time: "p.record_time",
            start,
            sees: theirs,
        };
        Sight { ways: vec![way, exchanged], row, regions: None }
    }
}
