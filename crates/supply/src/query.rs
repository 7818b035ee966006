//! Queries of the standard over the stored events: planned against the tables, cut by the reader's rights, exact.
//!
//! The columns narrow the search and give the order; the event as stored decides. An index is walked in the order of the
//! answer and left when the page is full. Where few match, the walk is left early for the list of what names a term of
//! the query, when that is short; else the page ends where the walk has come to. A page ends at a place in the order (key and record
//! id), and the first page fixes the last capture the whole answer takes in: what is captured later is in no page of
//! it, and nothing is lost or given twice.

mod plan;
mod token;

use crate::recorded::Recorder;
use crate::sight::{Place, Reach, Sight};
use crate::term::Wanted;
use crate::{Error, Supply, term};
use access::Principal;
use base::{Id, Instant, Text};
use epcis::query::{Count, MasterData, Matcher, Query};
use epcis::{Event, Problem, ProblemType};
use plan::{Lead, Plan};
use std::sync::Arc;
use store::{Row, Sql};
use token::Token;

/// Events a page has unless said (EPCIS 2.0 §8.1).
const PER_PAGE: u32 = 30;
/// Most events of a page.
const MOST: u32 = 1000;
/// Rows asked for in one statement.
const BATCH: usize = 1000;
/// Searches made to count against `maxEventCount`, or to find what is ordered by an extension field.
const ROUNDS: usize = 50;
/// Events that can be ordered by an extension field.
const ORDERED: usize = 50_000;

/// How far a search goes one way before it tries another. Answers do not depend on it, only their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strides {
    /// Events walked over in each step; after the last the page ends.
    pub windows: [i64; 3],
    /// The same before long lists are read.
    pub probes: [i64; 2],
    /// So many events are looked through one by one rather than in the order of the answer.
    pub listed: usize,
    /// Blocks of terms that are read to see whether their events are few.
    pub few: i64,
    /// The same of each of several lists, to see what they have in common.
    pub blocks: i64,
}

impl Default for Strides {
    fn default() -> Self {
        Self {
            windows: [2_000, 6_000, 12_000],
            probes: [400, 4_000],
            listed: 30_000,
            few: term::FEW,
            blocks: 10 * term::FEW,
        }
    }
}

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
    sight: Sight,
    /// Where it has come to.
    place: Option<Place>,
    /// The events it goes through, in place of the walk; in the order of their ids.
    listed: Option<Vec<Id>>,
    /// Of the walk only these count; in the order of their ids.
    within: Option<Vec<Id>>,
    /// Lists without which rows cannot be told, too long to be read before they are needed.
    long: Vec<Vec<Wanted>>,
    /// Nothing is left.
    is_done: bool,
    /// Whether the lists the filter stands for were looked at.
    is_hinted: bool,
    /// What is found is counted: where every row selected matches, no event is read.
    only_counts: bool,
    recorder: Recorder<'a>,
}

/// A match; its event unless it is only counted.
type Found = (Place, Option<Event>);

impl<'a> Search<'a> {
    async fn new(
        supply: &'a Supply,
        who: &Principal,
        now: Instant,
        matcher: &'a Matcher<'a>,
        bound: i64,
    ) -> Result<Self, Error> {
        let mut sight = supply.sight(who, now);
        // a capture without position is not finished
        let mut finished =
            Sql::new(" and exists (select 1 from capture c where c.id = e.capture and c.position <= ");
        finished.bind(bound).push(")");
        sight.restrict(&finished);
        let plan = Plan::of(&supply.store, matcher).await?;
        let mut search = Self {
            supply,
            matcher,
            plan,
            sight,
            place: None,
            listed: None,
            within: None,
            long: Vec::new(),
            is_done: false,
            is_hinted: false,
            only_counts: false,
            recorder: Recorder::new(&supply.store),
        };
        search.lead().await?;
        Ok(search)
    }

    /// Reads the short ones of the lists without which rows cannot be told: they are gone through in place of the walk.
    async fn lead(&mut self) -> Result<(), Error> {
        for lead in std::mem::take(&mut self.plan.leads) {
            let few = match lead {
                Lead::Events(events) => Some(events),
                Lead::Terms(wanted) => {
                    let few = term::few(&self.supply.store, &wanted, self.supply.strides.few).await?;
                    if few.is_none() {
                        self.long.push(wanted);
                    }
                    few
                }
            };
            if let Some(events) = few {
                self.listed = Some(term::common(self.listed.take(), events));
            }
        }
        Ok(())
    }

    /// Walks on without the long lists while every fourth event matches, else reads them: then the walk need not read
    /// what they do not name.
    async fn without_long(&mut self, wanted: usize, found: &mut Vec<Found>) -> Result<(), Error> {
        for window in self.supply.strides.probes {
            let (edge, before) = (self.edge(window).await?, found.len());
            self.stretch(edge, wanted, found).await?;
            let matched = i64::try_from(found.len() - before).unwrap_or(i64::MAX);
            if self.is_done || found.len() >= wanted {
                return Ok(());
            }
            if matched < window / 4 {
                break;
            }
        }
        for wanted in std::mem::take(&mut self.long) {
            let events = term::events(&self.supply.store, &wanted).await?;
            self.within = Some(term::common(self.within.take(), events));
        }
        let listed = self.supply.strides.listed;
        self.listed = self.within.take_if(|events| events.len() <= listed);
        Ok(())
    }

    /// What the filter says too as a list, when that is short: of one term by itself, or of what several have in common.
    async fn hint(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.is_hinted, true) {
            return Ok(());
        }
        let mut hints = std::mem::take(&mut self.plan.hints);
        if let Some(regions) = &self.sight.regions {
            hints.push(regions.iter().map(|region| Wanted::words(term::REGION, region)).collect());
        }
        let strides = self.supply.strides;
        let most = if hints.len() > 1 || self.within.is_some() { strides.blocks } else { strides.few };
        let mut common = self.within.clone();
        for wanted in &hints {
            if let Some(events) = term::few(&self.supply.store, wanted, most).await? {
                common = Some(term::common(common, events));
            }
        }
        self.listed = common.filter(|events| events.len() <= strides.listed);
        Ok(())
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
        Ok((found.into_iter().filter_map(|(_, event)| event).collect(), rest))
    }

    /// The next `wanted` matches in order, fewer when the search has come far without finding them.
    async fn run(&mut self, wanted: usize) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        if self.listed.is_none() && !self.long.is_empty() {
            self.without_long(wanted, &mut found).await?;
        }
        for window in self.supply.strides.windows {
            if self.listed.is_some() || self.is_done || found.len() >= wanted {
                break;
            }
            let edge = self.edge(window).await?;
            self.stretch(edge, wanted, &mut found).await?;
            if !self.is_done && found.len() < wanted {
                self.hint().await?;
            }
        }
        if self.listed.is_some() && !self.is_done {
            self.stretch(None, wanted, &mut found).await?;
        }
        Ok(found)
    }

    fn reach(&self, until: Option<Place>) -> Reach {
        Reach { bounds: self.plan.bounds.clone(), after: self.place, until }
    }

    /// The place `window` events further on; none when there are fewer.
    async fn edge(&self, window: i64) -> Result<Option<Place>, Error> {
        let sql = self.sight.edge(self.plan.order, &self.reach(None), window);
        self.supply.store.select(&sql).await?.first().map(place).transpose()
    }

    /// Searches from the place to the edge, which then is the place.
    async fn stretch(
        &mut self,
        edge: Option<Place>,
        wanted: usize,
        found: &mut Vec<Found>,
    ) -> Result<(), Error> {
        while found.len() < wanted {
            // what is thrown away again costs little until it is read as an event
            let batch = match &self.within {
                Some(_) if self.listed.is_none() => BATCH * 4,
                _ if self.plan.is_exact => (wanted - found.len()).min(BATCH * 4),
                _ => wanted.clamp(100, BATCH),
            };
            let (order, reach, filter) = (self.plan.order, self.reach(edge), &self.plan.filter);
            let limit = i64::try_from(batch).unwrap_or(i64::MAX);
            let sql = match &self.listed {
                Some(ids) => self.sight.listed(order, &reach, filter, ids, limit),
                None => self.sight.keys(order, &reach, filter, limit),
            };
            let rows = self.supply.store.select(&sql).await?;
            let is_last = rows.len() < batch;
            let mut places = rows.iter().map(place).collect::<Result<Vec<_>, _>>()?;
            places.dedup();
            for part in places.chunks(BATCH) {
                self.read(part, wanted, found).await?;
                if found.len() == wanted {
                    return Ok(());
                }
            }
            if is_last {
                match edge {
                    Some(edge) => self.place = Some(edge),
                    None => self.is_done = true,
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes those of the events at these places that match, until enough are found; the last one looked at is the place.
    async fn read(&mut self, places: &[Place], wanted: usize, found: &mut Vec<Found>) -> Result<(), Error> {
        let counts = |place: &&Place| match &self.within {
            Some(ids) if self.listed.is_none() => ids.binary_search(&place.id).is_ok(),
            _ => true,
        };
        let named: Vec<Place> = places.iter().filter(counts).copied().collect();
        if self.only_counts && self.plan.is_exact {
            found.extend(named.iter().take(wanted - found.len()).map(|place| (*place, None)));
            self.place =
                if found.len() == wanted { found.last().map(|f| f.0) } else { places.last().copied() };
            return Ok(());
        }
        let ids: Vec<Id> = named.iter().map(|place| place.id).collect();
        let mut rows = self.recorder.rows(&ids).await?;
        for (n, at) in named.iter().enumerate() {
            let Some(row) = rows.remove(&at.id) else { continue };
            let event = self.recorder.event(&row)?;
            self.place = Some(*at);
            if self.matcher.matches(&event) {
                found.push((*at, Some(event)));
                if found.len() == wanted {
                    return Ok(());
                }
            }
            // reading is work: others get their turn
            if n % 128 == 127 {
                tokio::task::yield_now().await;
            }
        }
        self.place = places.last().copied().or(self.place);
        Ok(())
    }

    /// Everything that matches, ordered by the extension field.
    async fn ordered(&mut self, query: &Query) -> Result<Vec<Event>, Error> {
        let mut all: Vec<(Place, Event)> = Vec::new();
        for round in 0.. {
            let found = self.run(BATCH).await?;
            all.extend(found.into_iter().filter_map(|(place, event)| Some((place, event?))));
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
        self.only_counts = true;
        let step = if self.plan.is_exact { 16 * BATCH } else { BATCH };
        let mut count = 0;
        for round in 0.. {
            let rest = usize::try_from(most.saturating_sub(count)).unwrap_or(step).min(step - 1) + 1;
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
}

fn place(row: &Row) -> Result<Place, Error> {
    Ok(Place { key: row.int("k")?, id: row.id("id")? })
}

fn too_complex(parameter: &str, remedy: Text) -> Error {
    Error::Refused(vec![Problem::new(
        ProblemType::QueryTooComplex,
        parameter,
        Text::of("查询要读取的事件过多。", "The query has to read too many events."),
        remedy,
    )])
}
