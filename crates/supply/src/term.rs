//! What leads to an event from outside: the things, places and documents it names, one row each and epoch.

use crate::Error;
use crate::fact::Role;
use crate::prepare::Prepared;
use base::Id;
use epcis::query::LinkList;
use store::{Sql, Tx};

/// A table of terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// Instances, lots and classes.
    Item,
    /// Places, and the parties goods come from and go to.
    Place,
    /// Business transactions and transformations.
    Link,
}

/// What a place is in an event.
pub(crate) const READ_POINT: i64 = 1;
/// What a place is in an event.
pub(crate) const BIZ_LOCATION: i64 = 2;
/// What a place or party is in an event.
pub(crate) const SOURCE: i64 = 4;
/// What a place or party is in an event.
pub(crate) const DESTINATION: i64 = 8;
/// What a link is in an event.
pub(crate) const BIZ_TRANSACTION: i64 = 1;
/// What a link is in an event.
pub(crate) const TRANSFORMATION: i64 = 2;

impl Role {
    /// The part an item plays, as a bit.
    pub(crate) const fn bit(self) -> i64 {
        match self {
            Self::Epc => 1,
            Self::Parent => 2,
            Self::Child => 4,
            Self::Input => 8,
            Self::Output => 16,
        }
    }
}

impl Table {
    const fn insert(self) -> &'static str {
        match self {
            Self::Item => "insert into event_item (epoch, item, event, parts)",
            Self::Place => "insert into event_place (epoch, place, event, parts)",
            Self::Link => "insert into event_link (epoch, value, event, parts)",
        }
    }

    /// The column of the term, in rows `t`.
    pub(crate) const fn column(self) -> &'static str {
        match self {
            Self::Item => "t.item",
            Self::Place => "t.place",
            Self::Link => "t.value",
        }
    }

    /// The rows `t` of all epochs; conditions on [`Table::column`] follow, each with ` and ` before it. The epochs come
    /// first, so that each is searched by its key.
    pub(crate) const fn rows(self) -> &'static str {
        match self {
            Self::Item => "event_epoch p cross join event_item t where t.epoch = p.epoch",
            Self::Place => "event_epoch p cross join event_place t where t.epoch = p.epoch",
            Self::Link => "event_epoch p cross join event_link t where t.epoch = p.epoch",
        }
    }

    /// The events with a term; conditions follow as for [`Table::rows`].
    pub(crate) const fn events(self) -> &'static str {
        match self {
            Self::Item => "select t.event from event_epoch p cross join event_item t where t.epoch = p.epoch",
            Self::Place => {
                "select t.event from event_epoch p cross join event_place t where t.epoch = p.epoch"
            }
            Self::Link => "select t.event from event_epoch p cross join event_link t where t.epoch = p.epoch",
        }
    }
}

/// Only where the term plays one of the parts.
pub(crate) fn playing(sql: &mut Sql, parts: i64) {
    sql.push(" and (t.parts & ").bind(parts).push(") <> 0");
}

/// The terms of events about to be stored.
#[derive(Debug, Default)]
pub(crate) struct Terms<'a> {
    items: Vec<(&'a str, Id, i64)>,
    places: Vec<(&'a str, Id, i64)>,
    links: Vec<(&'a str, Id, i64)>,
}

impl<'a> Terms<'a> {
    pub(crate) fn add(&mut self, p: &'a Prepared) {
        let f = &p.fact;
        self.items.extend(f.items.iter().map(|i| (i.item.as_str(), f.id, i.role.bit())));
        for (place, part) in [
            (&f.read_point, READ_POINT),
            (&f.biz_location, BIZ_LOCATION),
            (&f.source, SOURCE),
            (&f.destination, DESTINATION),
        ] {
            self.places.extend(place.as_deref().map(|key| (key, f.id, part)));
        }
        self.links.extend(f.document.as_deref().map(|key| (key, f.id, BIZ_TRANSACTION)));
        self.links.extend(f.join.as_deref().map(|key| (key, f.id, TRANSFORMATION)));
        for (list, value) in &p.links {
            match list {
                LinkList::BizTransaction => self.links.push((value, f.id, BIZ_TRANSACTION)),
                LinkList::Source => self.places.push((value, f.id, SOURCE)),
                LinkList::Destination => self.places.push((value, f.id, DESTINATION)),
            }
        }
    }

    pub(crate) async fn insert(self, tx: &mut Tx, epoch: i64) -> Result<(), Error> {
        for (table, terms) in
            [(Table::Item, self.items), (Table::Place, self.places), (Table::Link, self.links)]
        {
            let terms = merged(terms);
            let mut values = Vec::with_capacity(terms.len() * 4);
            for (term, event, parts) in terms {
                values.extend([epoch.into(), term.into(), event.into(), parts.into()]);
            }
            tx.insert_many(table.insert(), 4, values, "").await?;
        }
        Ok(())
    }
}

/// In the order of the key, so that insertions meet in the pages of the tree; one row for all parts of a term in an event.
fn merged(mut terms: Vec<(&str, Id, i64)>) -> Vec<(&str, Id, i64)> {
    terms.sort_unstable();
    terms.dedup_by(|next, kept| {
        let is_same = (next.0, next.1) == (kept.0, kept.1);
        if is_same {
            kept.2 |= next.2;
        }
        is_same
    });
    terms
}
