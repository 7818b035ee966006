//! Queries of the standard over the stored events: planned against the tables, cut by the reader's rights, exact.
//!
//! The columns narrow the search and give the order; the event as stored decides. A page ends at a place in the order
//! (key and record id), and the first page fixes the last capture the whole answer takes in: what is captured later is
//! in no page of it, and nothing is lost or given twice.

mod plan;
mod token;

use crate::recorded::Recorder;
use crate::{Error, Supply, term};
use access::Principal;
use base::{Id, Instant, Text};
use epcis::query::{Count, MasterData, Matcher, Query};
use epcis::{Event, Problem, ProblemType};
use plan::Plan;
use std::sync::Arc;
use store::Sql;
use token::Token;

/// Events a page has unless said (EPCIS 2.0 §8.1).
const PER_PAGE: u32 = 30;
/// Most events of a page.
const MOST: u32 = 1000;
/// Events passed over in one step when no index leads to the answer; each step takes the next.
const WINDOWS: [i64; 3] = [2_000, 10_000, 20_000];
/// Rows read in one statement.
const BATCH: usize = 1000;
/// So many events are read one by one rather than looked for in the order of the answer.
const FEW: usize = 5_000;
/// Searches made to count against `maxEventCount`, or to find what is ordered by an extension field.
const ROUNDS: usize = 50;
/// Events that can be ordered by an extension field.
const ORDERED: usize = 50_000;

/// Which part of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Events a page, at most 1,000; 0 stands for the 30 of the standard.
    pub per_page: u32,
    /// [`NextPage::token`] of the page before.
    pub token: Option<String>,
}

/// Where the answer goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextPage {
    /// For [`Page::token`]; good for the same query by the same account only. No resource is held for it.
    pub token: String,
    /// Until when it is taken.
    pub expires: Instant,
}

/// A page of an answer. It may have fewer events than asked for and yet a next page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueryPage {
    /// The events, in the order the query asks for, newest event time first unless it says otherwise; with `eventID` (the
    /// hash id when an event had none) and `recordTime`.
    pub events: Vec<Event>,
    /// The next page; none on the last.
    pub next: Option<NextPage>,
}

/// A place in the order: everything after it is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// Microseconds of the column the plan orders by.
    key: i64,
    id: Id,
}

impl Supply {
    /// One page of the events that `who` may see and that match.
    ///
    /// # Errors
    /// [`Error::Refused`] with the problem to answer with: a token that is expired or of another query, more events than
    /// `maxEventCount`, an order by an extension field over too many events. Else storage.
    pub async fn query_events(
        &self,
        who: &Principal,
        now: Instant,
        query: &Query,
        page: &Page,
    ) -> Result<QueryPage, Error> {
        let view = match query.needs_master_data() {
            true => self.master_data_view().await?,
            false => Arc::new(MasterData::default()),
        };
        let per_page = if page.per_page == 0 { PER_PAGE } else { page.per_page.min(MOST) } as usize;
        let owner = format!("{}\u{1d}{}", who.account, query.identity());
        let token = match page.token.as_deref() {
            Some(text) if self.page_ended(text).await? => {
                return Err(Error::Refused(vec![*token::ended()]));
            }
            Some(text) => Some(Token::read(text, &owner, now).map_err(|p| Error::Refused(vec![*p]))?),
            None => None,
        };
        let bound = match &token {
            Some(token) => token.bound,
            None => {
                self.store.one("select last from capture_position where id = 1", &[]).await?.int("last")?
            }
        };
        let matcher = query.bind(&*view);
        let mut search = Search::new(self, who, now, &matcher, bound).await?;
        if let (None, Some(Count::AtMost(most))) = (&token, query.count()) {
            search.refuse_more_than(most).await?;
            search = Search::new(self, who, now, &matcher, bound).await?;
        }
        let left = match (&token, query.count()) {
            (Some(token), _) => token.left,
            (None, Some(Count::First(first))) => Some(first),
            _ => None,
        };
        let left = left.map(|left| usize::try_from(left).unwrap_or(usize::MAX));
        let take = left.map_or(per_page, |left| per_page.min(left));
        let (events, rest) = if search.plan.sorts_here {
            let skip = token.map_or(0, |t| usize::try_from(t.key).unwrap_or(0));
            let all = search.ordered(query).await?;
            let end = skip.saturating_add(take);
            let rest =
                (all.len() > end).then(|| Place { key: i64::try_from(end).unwrap_or(i64::MAX), id: Id(0) });
            (all.into_iter().skip(skip).take(take).collect(), rest)
        } else {
            search.place = token.map(|t| Place { key: t.key, id: t.id });
            search.page(take).await?
        };
        let left = left.map(|left| left.saturating_sub(events.len()));
        let next = rest.filter(|_| left != Some(0)).map(|place| {
            let left = left.map(|left| left as u64);
            Token { bound, key: place.key, id: place.id, left, issued: now }.page(&owner)
        });
        Ok(QueryPage { events, next })
    }
}

/// A search under way.
struct Search<'a> {
    supply: &'a Supply,
    matcher: &'a Matcher<'a>,
    plan: Plan,
    /// What the reader may see, up to the capture the answer ends with.
    visible: Sql,
    /// Where it has come to.
    place: Option<Place>,
    /// The list of events the search goes by.
    lead: Option<Vec<Id>>,
    /// Nothing is left.
    is_done: bool,
    recorder: Recorder<'a>,
}

const COLUMNS: &str = "select e.id, e.hash, e.event_id, e.event_time, e.record_time, e.capture, e.body \
    from event e where ";

impl<'a> Search<'a> {
    async fn new(
        supply: &'a Supply,
        who: &Principal,
        now: Instant,
        matcher: &'a Matcher<'a>,
        bound: i64,
    ) -> Result<Self, Error> {
        let mut visible = supply.visible(who, now);
        // a capture without position is not finished
        visible.push(" and exists (select 1 from capture c where c.id = e.capture and c.position <= ");
        visible.bind(bound).push(")");
        let plan = Plan::of(&supply.store, matcher, who.operator.is_some()).await?;
        let recorder = Recorder::new(&supply.store);
        Ok(Self { supply, matcher, plan, visible, place: None, lead: None, is_done: false, recorder })
    }

    /// The next `take` matches, and where to go on when there may be more.
    async fn page(&mut self, take: usize) -> Result<(Vec<Event>, Option<Place>), Error> {
        // one more than asked for tells whether there is a next page
        let mut found = self.run(take + 1).await?;
        let rest = if found.len() > take {
            found.truncate(take);
            found.last().map(|(place, _)| *place)
        } else if self.is_done {
            None
        } else {
            self.place
        };
        Ok((found.into_iter().map(|(_, event)| event).collect(), rest))
    }

    /// The next `wanted` matches in order, fewer when the search has come far without finding them.
    async fn run(&mut self, wanted: usize) -> Result<Vec<(Place, Event)>, Error> {
        let mut found = Vec::new();
        if !self.plan.is_seek && self.lead.is_none() {
            self.lead = self.short_lead().await?;
        }
        if self.plan.is_seek || self.lead.is_some() {
            self.stretch(None, wanted, &mut found).await?;
            return Ok(found);
        }
        for window in WINDOWS {
            let edge = self.edge(window).await?;
            self.stretch(edge, wanted, &mut found).await?;
            if self.is_done || found.len() >= wanted {
                break;
            }
            if self.plan.may_seek {
                self.stretch(None, wanted, &mut found).await?;
                break;
            }
        }
        if !self.is_done && found.len() < wanted && !self.plan.leads.is_empty() {
            self.lead = Some(term::events(&self.supply.store, &self.plan.leads[0]).await?);
            self.stretch(None, wanted, &mut found).await?;
        }
        Ok(found)
    }

    /// A list of events short enough to be gone through whole. A place with many events has them all along the order,
    /// where a page is found sooner.
    async fn short_lead(&self) -> Result<Option<Vec<Id>>, Error> {
        for lead in &self.plan.leads {
            let events = term::events(&self.supply.store, lead).await?;
            if events.len() <= FEW {
                return Ok(Some(events));
            }
        }
        Ok(None)
    }

    /// The place `window` events further on; none when there are fewer.
    async fn edge(&self, window: i64) -> Result<Option<Place>, Error> {
        let mut sql = Sql::new("select e.id, ");
        sql.push(self.plan.column).push(" as k from event e where 1 = 1").append(&self.plan.reach);
        self.after(&mut sql);
        self.order(&mut sql);
        sql.push(" limit 1 offset ").bind(window - 1);
        let rows = self.supply.store.select(&sql).await?;
        Ok(rows
            .first()
            .map(|row| Ok::<_, store::Error>(Place { key: row.int("k")?, id: row.id("id")? }))
            .transpose()?)
    }

    /// Searches from the place to the edge, which then is the place.
    async fn stretch(
        &mut self,
        edge: Option<Place>,
        wanted: usize,
        found: &mut Vec<(Place, Event)>,
    ) -> Result<(), Error> {
        while found.len() < wanted {
            let batch = if self.plan.is_exact { wanted - found.len() } else { wanted.max(100) }.min(BATCH);
            let mut sql = Sql::new(COLUMNS);
            sql.append(&self.visible).append(&self.plan.reach).append(&self.plan.filter);
            if let Some(lead) = &self.lead {
                sql.push(" and e.id in ").bind_ids(lead);
            }
            self.after(&mut sql);
            if let Some(edge) = edge {
                self.until(&mut sql, edge);
            }
            self.order(&mut sql);
            sql.push(" limit ").bind(i64::try_from(batch).unwrap_or(i64::MAX));
            let rows = self.supply.store.select(&sql).await?;
            for (n, row) in rows.iter().enumerate() {
                let event = self.recorder.event(row).await?;
                let place = Place { key: row.int(self.plan.key)?, id: row.id("id")? };
                self.place = Some(place);
                if self.matcher.matches(&event) {
                    found.push((place, event));
                    if found.len() == wanted {
                        return Ok(());
                    }
                }
                // reading is work: others get their turn
                if n % 128 == 127 {
                    tokio::task::yield_now().await;
                }
            }
            if rows.len() < batch {
                match edge {
                    Some(edge) => self.place = Some(edge),
                    None => self.is_done = true,
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// Everything that matches, ordered by the extension field.
    async fn ordered(&mut self, query: &Query) -> Result<Vec<Event>, Error> {
        let mut all: Vec<(Place, Event)> = Vec::new();
        for round in 0.. {
            all.extend(self.run(BATCH).await?);
            if self.is_done {
                break;
            }
            if all.len() > ORDERED || round == ROUNDS {
                return Err(too_complex(
                    "orderBy",
                    Text::of("请缩小范围，或改按 eventTime 排序。", "Ask for less, or order by eventTime."),
                ));
            }
        }
        // among equals by record, so that pages agree
        all.sort_by_cached_key(|(place, event)| (query.direction().rank(query.order_key(event)), place.id));
        Ok(all.into_iter().map(|(_, event)| event).collect())
    }

    /// Counts the answer against `maxEventCount`.
    async fn refuse_more_than(&mut self, most: u64) -> Result<(), Error> {
        let mut count = 0;
        for round in 0.. {
            let rest = usize::try_from(most.saturating_sub(count)).unwrap_or(BATCH).min(BATCH - 1) + 1;
            count += self.run(rest).await?.len() as u64;
            if count > most {
                return Err(Error::Refused(vec![epcis::query::too_large(most)]));
            }
            if self.is_done {
                break;
            }
            if round == ROUNDS {
                return Err(too_complex(
                    "maxEventCount",
                    Text::of(
                        "请缩小范围，或去掉 maxEventCount 逐页查询。",
                        "Ask for less, or leave out maxEventCount and follow the pages.",
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Restricts to what comes after the place.
    fn after(&self, sql: &mut Sql) {
        let Some(place) = self.place else { return };
        let (column, beyond) = (self.plan.column, if self.plan.is_ascending { " > " } else { " < " });
        // the first term alone can be found in an index
        sql.push(" and ")
            .push(column)
            .push(if self.plan.is_ascending { " >= " } else { " <= " })
            .bind(place.key);
        sql.push(" and (")
            .push(column)
            .push(beyond)
            .bind(place.key)
            .push(" or e.id")
            .push(beyond)
            .bind(place.id);
        sql.push(")");
    }

    /// Restricts to what comes no later than the edge.
    fn until(&self, sql: &mut Sql, edge: Place) {
        let (column, short) = (self.plan.column, if self.plan.is_ascending { " < " } else { " > " });
        sql.push(" and ")
            .push(column)
            .push(if self.plan.is_ascending { " <= " } else { " >= " })
            .bind(edge.key);
        sql.push(" and (").push(column).push(short).bind(edge.key).push(" or e.id");
        sql.push(if self.plan.is_ascending { " <= " } else { " >= " }).bind(edge.id).push(")");
    }

    fn order(&self, sql: &mut Sql) {
        let (column, direction) = (self.plan.column, if self.plan.is_ascending { "" } else { " desc" });
        sql.push(" order by ").push(column).push(direction).push(", e.id").push(direction);
    }
}

fn too_complex(parameter: &str, remedy: Text) -> Error {
    Error::Refused(vec![Problem::new(
        ProblemType::QueryTooComplex,
        parameter,
        Text::of("查询要读取的事件过多。", "The query has to read too many events."),
        remedy,
    )])
}
