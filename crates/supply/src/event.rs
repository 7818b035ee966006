//! Stored events: lists, details and their proof.

use crate::fact::ItemFact;
use crate::prepare::{hash_id, leaf_text};
use crate::sight::{Order, Place, Reach};
use crate::term::{self, BIZ_LOCATION, Kind, READ_POINT, Wanted};
use crate::view::record;
use crate::{Error, Supply, site_key};
use access::Principal;
use base::{Id, Instant};
use ledger::Context;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::{Row, Sql};

/// One stored event, without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventRow {
    /// Record id.
    pub id: Id,
    /// `eventID` as given, else the hash id.
    pub event_id: String,
    /// CBV 2.0 event hash id.
    pub hash: String,
    /// `ObjectEvent`, …
    pub kind: String,
    /// `ADD`, `OBSERVE`, `DELETE`.
    pub action: Option<String>,
    /// Bare CBV word or URI.
    pub biz_step: Option<String>,
    /// Bare CBV word or URI.
    pub disposition: Option<String>,
    /// When it happened.
    pub time: Instant,
    /// `eventTimeZoneOffset`.
    pub tz: String,
    /// When it was recorded here.
    pub recorded: Instant,
    /// Place key.
    pub read_point: Option<String>,
    /// Place key.
    pub biz_location: Option<String>,
    /// Place key of the source.
    pub source: Option<String>,
    /// Place key of the destination.
    pub destination: Option<String>,
    /// The document that travels with the goods.
    pub document: Option<String>,
    /// In whose name it was captured.
    pub operator: Option<Id>,
    /// Region code.
    pub region: String,
    /// An error declaration withdrew it.
    pub withdrawn: bool,
    /// It is itself an error declaration.
    pub declaration: bool,
    /// The capture it came with.
    pub capture: Id,
    /// What it is about.
    pub items: Vec<ItemFact>,
}

/// A stored event with its body.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventDetail {
    /// The lifted facts.
    pub event: EventRow,
    /// The event as captured.
    pub body: serde_json::Value,
    /// JSON-LD context of the document it came in.
    pub context: serde_json::Value,
    /// The journal entry of its capture.
    pub journal: Id,
}

/// Which events to list; empty fields do not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventFilter {
    /// Item key, in any role.
    pub item: Option<String>,
    /// Key of the product class, in any role.
    pub class: Option<String>,
    /// Place key, as read point or business location; a site covers its extensions.
    pub place: Option<String>,
    /// In whose name it was captured.
    pub operator: Option<Id>,
    /// Region code prefix of whose events they are.
    pub region: Option<String>,
    /// First event time.
    pub from: Option<Instant>,
    /// Event times before this.
    pub until: Option<Instant>,
    /// `ObjectEvent`, …
    pub kind: Option<String>,
    /// `ADD`, …
    pub action: Option<String>,
    /// Bare CBV word or URI.
    pub biz_step: Option<String>,
    /// Bare CBV word or URI.
    pub disposition: Option<String>,
    /// Place key, as read point only.
    pub read_point: Option<String>,
    /// Place key, as business location only.
    pub biz_location: Option<String>,
    /// The capture.
    pub capture: Option<Id>,
    /// Cursor of the page before.
    pub after: Option<String>,
    /// Rows a page, 1–1000; 0 means 30 (the EPCIS default).
    pub limit: u32,
}

/// One page of events, newest event time first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventPage {
    /// The rows.
    pub rows: Vec<EventRow>,
    /// Cursor of the next page; `None` on the last.
    pub next: Option<String>,
}

const COLUMNS: &str = "select e.id, e.hash, e.declared, e.event_id, e.capture, e.type, e.action, e.biz_step, \
    e.disposition, e.event_time, e.tz, e.record_time, e.read_point, e.biz_location, e.source, e.destination, \
    e.document, e.operator, e.region, e.withdrawn, e.items from event e where ";

impl Supply {
    /// Events the reader may see.
    ///
    /// # Errors
    /// Storage.
    pub async fn events(
        &self,
        who: &Principal,
        now: Instant,
        filter: &EventFilter,
    ) -> Result<EventPage, Error> {
        let mut restricted = Sql::default();
        let named = self.restrict(&mut restricted, filter).await?;
        let limit = if filter.limit == 0 { 30 } else { filter.limit.min(1000) };
        let mut reach = Reach { after: filter.after.as_deref().and_then(cursor), ..Reach::default() };
        reach.bounds.extend(filter.from.map(|from| (" >= ", from.0)));
        reach.bounds.extend(filter.until.map(|until| (" < ", until.0)));
        let order = Order { by_record: false, is_ascending: false };
        let (sight, most) = (self.sight(who, now), i64::from(limit) + 1);
        let keys = match named {
            Some(ids) => sight.listed(order, &reach, &restricted, &ids, most),
            None => sight.keys(order, &reach, &restricted, most),
        };
        let mut sql = Sql::new(COLUMNS);
        sql.push("e.id in (select id from (").append(&keys).push(") as found)");
        sql.push(" order by e.event_time desc, e.id desc");
        let mut rows = self.rows(&sql).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = if more { rows.last().map(|r| format!("{}.{}", r.time.0, r.id)) } else { None };
        Ok(EventPage { rows, next })
    }

    /// As [`Supply::events`], with the bodies; the second value is the cursor of the next page.
    ///
    /// # Errors
    /// Storage.
    pub async fn event_bodies(
        &self,
        who: &Principal,
        now: Instant,
        filter: &EventFilter,
    ) -> Result<(Vec<EventDetail>, Option<String>), Error> {
        let page = self.events(who, now, filter).await?;
        Ok((self.with_bodies(page.rows).await?, page.next))
    }

    /// One event by record id.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn event(&self, who: &Principal, now: Instant, id: Id) -> Result<EventDetail, Error> {
        let mut sql = Sql::new(COLUMNS);
        sql.append(&self.visible(who, now)).push(" and e.id = ").bind(id);
        let mut details = self.details(&sql).await?;
        details.pop().ok_or_else(|| Error::NotFound(format!("event {id}")))
    }

    /// One event as the evidence of an answer about lots: whoever may trace one of them across counties and firms may
    /// read the records the answer rests on, wherever they were captured.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the event is neither visible by itself nor part of the trace of such a lot.
    pub async fn evidence(
        &self,
        cx: &Context,
        who: &Principal,
        id: Id,
        lots: &[&str],
    ) -> Result<EventDetail, Error> {
        let hidden = match self.event(who, cx.now, id).await {
            Err(Error::NotFound(what)) => Error::NotFound(what),
            found => return found,
        };
        for lot in lots {
            match self.may_trace(cx, who, lot, None).await {
                Err(Error::Denied(_)) => continue,
                asked => asked?,
            }
            if self.rests_on(lot, id).await? {
                let mut sql = Sql::new(COLUMNS);
                sql.push("e.id = ").bind(id);
                return self.details(&sql).await?.pop().ok_or(hidden);
            }
        }
        Err(hidden)
    }

    /// Whether the trace of a lot, back or forward, rests on this event.
    async fn rests_on(&self, lot: &str, event: Id) -> Result<bool, Error> {
        self.index.catch_up(&self.store).await?;
        Ok(self.index.read(|index| {
            let Some(number) = index.names().find_item(lot) else { return false };
            let bounds = chain::Bounds::default();
            let holds = |trace: &chain::Trace| {
                trace.links.iter().any(|l| l.events.iter().any(|e| record(*e) == event))
            };
            holds(&index.trace_back(number, None, None, bounds))
                || holds(&index.trace_forward(number, None, None, bounds))
        }))
    }

    /// The event with this `eventID` or hash id, and the error declarations on it.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn events_named(
        &self,
        who: &Principal,
        now: Instant,
        event_id: &str,
    ) -> Result<Vec<EventDetail>, Error> {
        let mut sql = Sql::new(COLUMNS);
        sql.append(&self.visible(who, now)).push(" and (e.event_id = ").bind(event_id);
        if let Some(hash) = hash_of(event_id) {
            let few = term::events(&self.store, &[Wanted::hash(&hash)]).await?;
            sql.push(" or e.id in ").bind_list(few).push(" and e.hash = ").bind(hash);
        }
        sql.push(") order by e.declared, e.id");
        let details = self.details(&sql).await?;
        if details.is_empty() { Err(Error::NotFound(format!("event {event_id}"))) } else { Ok(details) }
    }

    /// Events that name an item, newest first.
    pub(crate) async fn events_of_item(
        &self,
        who: &Principal,
        now: Instant,
        item: &str,
        limit: u32,
    ) -> Result<Vec<EventRow>, Error> {
        let filter = EventFilter { item: Some(item.to_owned()), limit, ..EventFilter::default() };
        Ok(self.events(who, now, &filter).await?.rows)
    }

    /// The proof that an event is in the journal: the receipt of its capture with the event's place in it.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see; [`Error::Ledger`] until the entry is sequenced.
    pub async fn event_receipt(
        &self,
        who: &Principal,
        now: Instant,
        id: Id,
    ) -> Result<ledger::Receipt, Error> {
        let detail = self.event(who, now, id).await?;
        let rows = self
            .store
            .query(
                "select id, hash, declared from event where capture = $1 order by leaf",
                &[detail.event.capture.into()],
            )
            .await?;
        let (mut leaves, mut at) = (Vec::with_capacity(rows.len()), 0);
        for (i, row) in rows.iter().enumerate() {
            if row.id("id")? == id {
                at = i;
            }
            leaves.push(leaf_text(&hash_bytes(row)?, &row.text("declared")?));
        }
        let mut receipt = ledger::receipt(&self.store, detail.journal).await?;
        receipt.inner = ledger::event_proof(&leaves, at);
        Ok(receipt)
    }

    /// The condition for events the reader may see, on a table `event e`.
    pub(crate) fn visible(&self, who: &Principal, now: Instant) -> Sql {
        self.sight(who, now).row
    }

    /// Adds the conditions of a filter; gives the events it can only mean, when it names things, places or rare words.
    async fn restrict(&self, sql: &mut Sql, f: &EventFilter) -> Result<Option<Vec<Id>>, Error> {
        const ANY: i64 = i64::MAX;
        let all =
            |kind, key: &str, parts| vec![Wanted::one(kind, key, parts), Wanted::inside(kind, key, parts)];
        let mut named: Vec<Vec<Wanted>> = Vec::new();
        named.extend(f.item.as_deref().map(|item| vec![Wanted::one(Kind::Item, item, ANY)]));
        named.extend(f.class.as_deref().map(|class| all(Kind::Item, class, ANY)));
        named.extend(f.place.as_deref().map(|place| {
            let parts = READ_POINT | BIZ_LOCATION;
            let mut wanted = vec![Wanted::one(Kind::Place, place, parts)];
            if site_key(place) == place {
                wanted.push(Wanted::inside(Kind::Place, &format!("{place}/254"), parts));
            }
            wanted
        }));
        for (part, value) in [(READ_POINT, &f.read_point), (BIZ_LOCATION, &f.biz_location)] {
            named.extend(value.as_deref().map(|value| vec![Wanted::one(Kind::Place, value, part)]));
        }
        let mut ids: Option<Vec<Id>> = None;
        let mut also = |events: Vec<Id>| ids = Some(term::common(ids.take(), events));
        for wanted in &named {
            also(term::events(&self.store, wanted).await?);
        }
        if named.is_empty() {
            for (letter, word) in [
                (term::TYPE, &f.kind),
                (term::ACTION, &f.action),
                (term::BIZ_STEP, &f.biz_step),
                (term::DISPOSITION, &f.disposition),
            ] {
                let Some(word) = word.as_deref() else { continue };
                let wanted = [Wanted::word(letter, word)];
                if let Some(events) = term::few(&self.store, &wanted, term::FEW).await? {
                    also(events);
                }
            }
        }
        if let Some(operator) = f.operator {
            sql.push(" and e.operator = ").bind(operator);
        }
        if let Some(region) = f.region.as_deref().filter(|r| !r.is_empty()) {
            sql.push(" and e.region >= ").bind(region).push(" and e.region < ").bind(format!("{region}~"));
        }
        if let Some(kind) = f.kind.as_deref() {
            sql.push(" and e.type = ").bind(kind);
        }
        if let Some(action) = f.action.as_deref() {
            sql.push(" and e.action = ").bind(action);
        }
        if let Some(step) = f.biz_step.as_deref() {
            sql.push(" and e.biz_step = ").bind(step);
        }
        if let Some(disposition) = f.disposition.as_deref() {
            sql.push(" and e.disposition = ").bind(disposition);
        }
        if let Some(capture) = f.capture {
            sql.push(" and e.capture = ").bind(capture);
        }
        Ok(ids)
    }

    async fn rows(&self, sql: &Sql) -> Result<Vec<EventRow>, Error> {
        Ok(self.store.select(sql).await?.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// Some events with their bodies, whoever may see them, in no order; ids of no event are passed over.
    pub(crate) async fn details_of(&self, ids: &[Id]) -> Result<Vec<EventDetail>, Error> {
        let mut all = Vec::with_capacity(ids.len());
        for part in ids.chunks(500) {
            let mut sql = Sql::new(COLUMNS);
            sql.push("e.id in ").bind_list(part.iter().copied());
            all.append(&mut self.details(&sql).await?);
        }
        Ok(all)
    }

    async fn details(&self, sql: &Sql) -> Result<Vec<EventDetail>, Error> {
        let rows = self.rows(sql).await?;
        self.with_bodies(rows).await
    }

    /// Adds to each row what was captured, in the same order.
    async fn with_bodies(&self, rows: Vec<EventRow>) -> Result<Vec<EventDetail>, Error> {
        let mut bodies: HashMap<Id, Row> = HashMap::new();
        let ids: Vec<Id> = rows.iter().map(|r| r.id).collect();
        for part in ids.chunks(500) {
            let mut sql = Sql::new(
                "select e.id, e.body, c.context, c.journal from event e join capture c on c.id = e.capture \
                 where e.id in ",
            );
            sql.bind_list(part.iter().copied());
            for row in self.store.select(&sql).await? {
                bodies.insert(row.id("id")?, row);
            }
        }
        let mut details = Vec::with_capacity(rows.len());
        for event in rows {
            let row = bodies.get(&event.id).ok_or_else(|| Error::NotFound(format!("event {}", event.id)))?;
            details.push(EventDetail {
                body: row.json("body")?,
                context: row.json("context")?,
                journal: row.id("journal")?,
                event,
            });
        }
        Ok(details)
    }
}

fn cursor(text: &str) -> Option<Place> {
    let (key, id) = text.split_once('.')?;
    Some(Place { key: key.parse().ok()?, id: id.parse().ok()? })
}

/// The 32 bytes of a hash id.
pub(crate) fn hash_of(event_id: &str) -> Option<[u8; 32]> {
    let rest = event_id.strip_prefix("ni:///sha-256;")?;
    hex::decode(rest.get(..64)?).ok()?.try_into().ok()
}

pub(crate) fn hash_bytes(row: &Row) -> Result<[u8; 32], store::Error> {
    row.bytes("hash")?.try_into().map_err(|_| store::Error::Setup("an event hash has 32 bytes".to_owned()))
}

fn read(row: &Row) -> Result<EventRow, store::Error> {
    let hash = hash_id(&hash_bytes(row)?);
    Ok(EventRow {
        id: row.id("id")?,
        event_id: row.opt_text("event_id")?.unwrap_or_else(|| hash.clone()),
        hash,
        kind: row.text("type")?,
        action: row.opt_text("action")?,
        biz_step: row.opt_text("biz_step")?,
        disposition: row.opt_text("disposition")?,
        time: row.instant("event_time")?,
        tz: row.text("tz")?,
        recorded: row.instant("record_time")?,
        read_point: row.opt_text("read_point")?,
        biz_location: row.opt_text("biz_location")?,
        source: row.opt_text("source")?,
        destination: row.opt_text("destination")?,
        document: row.opt_text("document")?,
        operator: row.opt_id("operator")?,
        region: row.text("region")?,
        withdrawn: row.flag("withdrawn")?,
        declaration: !row.text("declared")?.is_empty(),
        capture: row.id("capture")?,
        items: crate::index::items(row)?,
    })
}
