//! Queries of the standard over the stored events: what the reader may see and the query asks for, page by page.

use crate::event::hash_bytes;
use crate::prepare::hash_id;
use crate::{Error, EventFilter, Supply};
use access::Principal;
use base::{Id, Instant, Text};
use epcis::query::{Condition, Query};
use epcis::{Context, Event, Limits, Problem, ProblemType};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use store::{Row, Sql};

/// Events read in one step.
const STEP: u32 = 500;
/// Events looked at for one page; what lies beyond comes with the next one.
const LOOK: usize = 20_000;
/// Events an ordered answer is made from.
const ORDERED: usize = 50_000;

/// A page of an answer.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The events, in the order asked for; newest event time first unless said.
    pub events: Vec<Event>,
    /// Token of the next page; `None` on the last.
    pub next: Option<String>,
}

impl Supply {
    /// Answers a query, `limit` events a page; fewer, with a token, where looking further would take too long.
    ///
    /// # Errors
    /// [`Error::Refused`] when a token is not of this query, or more match than the query allows.
    pub async fn find_events(
        &self,
        who: &Principal,
        now: Instant,
        query: &Query,
        limit: usize,
        token: Option<&str>,
    ) -> Result<Found, Error> {
        let view = self.master_data_view().await?;
        let mark = hex::encode(&Sha256::digest(query.identity())[..6]);
        let place = match token {
            None => None,
            Some(token) => {
                Some(token.strip_suffix(&mark).and_then(|t| t.strip_suffix('-')).ok_or_else(bad_token)?)
            }
        };
        let matcher = query.bind(&*view);
        let mut filter = EventFilter { limit: STEP, ..lifted(query) };
        if query.order().is_some() || query.count().is_some() {
            let (skip, until) = match place {
                None => (0, now),
                Some(place) => offset(place).ok_or_else(bad_token)?,
            };
            let mut all: Vec<Event> = Vec::new();
            loop {
                let page = self.events(who, now, &filter).await?;
                let ids: Vec<Id> = page.rows.iter().filter(|r| r.recorded <= until).map(|r| r.id).collect();
                all.extend(self.recorded(&ids).await?.into_iter().filter(|e| matcher.matches(e)));
                if all.len() > ORDERED {
                    return Err(Error::Refused(vec![too_complex()]));
                }
                filter.after = page.next;
                if filter.after.is_none() {
                    break;
                }
            }
            let chosen = query.select(&all, &*view).map_err(|p| Error::Refused(vec![*p]))?;
            let total = chosen.len();
            let events: Vec<Event> = chosen.into_iter().skip(skip).take(limit).cloned().collect();
            let end = skip + events.len();
            let next = (end < total).then(|| format!("{end}.{}-{mark}", until.0));
            return Ok(Found { events, next });
        }
        filter.after = place.map(str::to_owned);
        let mut found = Found::default();
        let mut looked = 0;
        loop {
            let page = self.events(who, now, &filter).await?;
            let ids: Vec<Id> = page.rows.iter().map(|r| r.id).collect();
            let events = self.recorded(&ids).await?;
            for (row, event) in page.rows.iter().zip(events) {
                if !matcher.matches(&event) {
                    continue;
                }
                if found.events.len() == limit {
                    return Ok(found);
                }
                found.events.push(event);
                found.next = Some(format!("{}.{}-{mark}", row.time.0, row.id));
            }
            looked += page.rows.len();
            filter.after = page.next;
            match &filter.after {
                None => return Ok(Found { next: None, ..found }),
                Some(after) if looked >= LOOK => {
                    return Ok(Found { next: Some(format!("{after}-{mark}")), ..found });
                }
                Some(_) => {}
            }
        }
    }

    /// Stored events as events of the standard, with the id and record time this repository gave them, in the order
    /// asked for; the caller has made sure that they may be seen.
    ///
    /// # Errors
    /// Storage.
    pub async fn recorded(&self, ids: &[Id]) -> Result<Vec<Event>, Error> {
        let mut rows: HashMap<Id, Row> = HashMap::new();
        let mut contexts: HashMap<Id, Arc<Context>> = HashMap::new();
        for part in ids.chunks(500) {
            let mut sql = Sql::new(
                "select e.id, e.event_id, e.hash, e.record_time, e.body, e.capture from event e where e.id in ",
            );
            sql.bind_list(part.iter().copied());
            for row in self.store.select(&sql).await? {
                let capture = row.id("capture")?;
                if !contexts.contains_key(&capture) {
                    let text = self
                        .store
                        .one("select context from capture where id = $1", &[capture.into()])
                        .await?
                        .text("context")?;
                    let node = epcis::parse(text.as_bytes(), &Limits::default()).map_err(|_| {
                        store::Error::Corrupt { what: format!("the context of capture {capture}") }
                    })?;
                    contexts.insert(capture, Arc::new(Context::from_node(&node)));
                }
                rows.insert(row.id("id")?, row);
            }
        }
        let mut events = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(row) = rows.remove(id) else { continue };
            let event_id = match row.opt_text("event_id")? {
                Some(given) => given,
                None => hash_id(&hash_bytes(&row)?),
            };
            let context = &contexts[&row.id("capture")?];
            let event = Event::recorded(&row.text("body")?, context, &event_id, row.instant("record_time")?)
                .ok_or_else(|| store::Error::Corrupt { what: format!("event {id}") })?;
            events.push(event);
        }
        Ok(events)
    }
}

/// What of a query a column can answer; the rest is asked of each event.
fn lifted(query: &Query) -> EventFilter {
    let mut f = EventFilter::default();
    for condition in query.conditions() {
        let (field, values) = match condition {
            Condition::EventType(any) => (&mut f.kind, any),
            Condition::BizStep(any) => (&mut f.biz_step, any),
            Condition::Disposition(any) => (&mut f.disposition, any),
            _ => continue,
        };
        if let [one] = &values[..] {
            *field = Some(one.to_string());
        }
    }
    f
}

fn offset(place: &str) -> Option<(usize, Instant)> {
    let (skip, until) = place.split_once('.')?;
    Some((skip.parse().ok()?, Instant(until.parse().ok()?)))
}

fn bad_token() -> Error {
    Error::Refused(vec![Problem::new(
        ProblemType::QueryParameter,
        "nextPageToken",
        Text::of("nextPageToken 不属于这个查询。", "The nextPageToken is not of this query."),
        Text::of("请从首页重新查询。", "Start from the first page."),
    )])
}

fn too_complex() -> Problem {
    Problem::new(
        ProblemType::QueryTooComplex,
        "orderBy",
        Text::new(
            format!("符合条件的事件超过 {ORDERED} 个，不能整体排序。"),
            format!("More than {ORDERED} events match; they cannot be ordered as a whole."),
        ),
        Text::of(
            "请缩小范围，或去掉 orderBy 逐页查询。",
            "Ask for less, or leave out orderBy and follow the pages.",
        ),
    )
}
