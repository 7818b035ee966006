//! Lists of signals, one signal whole, and the methods' scorecard, cut to what the reader may see.

use crate::{Error, Watch};
use access::Principal;
use base::{Date, Id, Instant, Text};
use ledger::Permit;
use serde::{Deserialize, Serialize};
use signal::watch::{Alarm, Outcome, Plan, Score, scorecard};
use std::collections::BTreeMap;
use store::{Row, Sql, Store};

/// Where a signal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nobody has taken it.
    New,
    /// Somebody looks into it.
    Assigned,
    /// There was an outbreak or another real cause of harm.
    Verified,
    /// A harmless cause was found.
    Explained,
    /// Nothing was found.
    False,
}

impl Status {
    /// Every status, in order.
    pub const ALL: [Self; 5] = [Self::New, Self::Assigned, Self::Verified, Self::Explained, Self::False];

    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Assigned => "assigned",
            Self::Verified => "verified",
            Self::Explained => "explained",
            Self::False => "false",
        }
    }

    /// The word shown to people.
    #[must_use]
    pub const fn label(self) -> Text {
        match self {
            Self::New => Text::of("新信号", "new"),
            Self::Assigned => Text::of("核实中", "being checked"),
            Self::Verified => Text::of("属实", "verified"),
            Self::Explained => Text::of("可解释", "explained"),
            Self::False => Text::of("误报", "false"),
        }
    }

    /// Whether follow-up has ended.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Verified | Self::Explained | Self::False)
    }

    /// Whether a step from this status to another makes sense: nothing becomes new again, a closed one is opened again only
    /// by assigning it.
    #[must_use]
    pub fn leads_to(self, next: Self) -> bool {
        match next {
            Self::New => self == Self::New,
            Self::Assigned => true,
            _ => !self.is_closed() || self == next,
        }
    }

    const fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Verified => Some(Outcome::Verified),
            Self::Explained => Some(Outcome::Explained),
            Self::False => Some(Outcome::False),
            Self::New | Self::Assigned => None,
        }
    }
}

impl std::str::FromStr for Status {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|s| s.word() == word)
            .ok_or_else(|| format!("{word} is no status of a signal"))
    }
}

/// Order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Newest first.
    #[default]
    Raised,
    /// Surest first.
    Urgency,
    /// Most cases first.
    Cases,
}

/// Which signals; empty fields do not restrict.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Status.
    pub status: Option<Status>,
    /// Only those whose follow-up has not ended.
    pub open: bool,
    /// Hazard.
    pub hazard: Option<String>,
    /// Region code prefix of one of its places.
    pub region: Option<String>,
    /// A method that alarmed.
    pub method: Option<String>,
    /// Last day of the alarms not before this one.
    pub since: Option<Date>,
    /// Order.
    pub sort: Sort,
    /// Cursor of the page before.
    pub after: Option<String>,
    /// Rows a page, 1–500; 0 means 50.
    pub limit: usize,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignalRow {
    /// Record id.
    pub id: Id,
    /// Optimistic lock.
    pub version: i64,
    /// Hazard.
    pub hazard: String,
    /// Places, ascending.
    pub places: Vec<String>,
    /// Methods that alarmed, ascending.
    pub methods: Vec<String>,
    /// Status.
    pub status: Status,
    /// First day of the periods that alarmed.
    pub from: Date,
    /// Their last day.
    pub to: Date,
    /// Cases.
    pub observed: f64,
    /// Cases expected.
    pub expected: f64,
    /// Smallest q-value; `None` when only numbers that always ring were reached.
    pub q_value: Option<f64>,
    /// Why.
    pub because: Text,
    /// Who looks into it; empty when nobody.
    pub assigned: String,
    /// When it was raised.
    pub created: Instant,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page {
    /// The rows.
    pub rows: Vec<SignalRow>,
    /// All that the filter lets through.
    pub total: i64,
    /// Cursor of the next page; `None` on the last.
    pub next: Option<String>,
}

/// One step of the follow-up as it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// When.
    pub at: Instant,
    /// Who.
    pub name: String,
    /// Status after it.
    pub status: Status,
    /// What was said.
    pub body: String,
}

/// A signal whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignalDetail {
    /// The line of the list.
    #[serde(flatten)]
    pub row: SignalRow,
    /// Its alarms.
    pub alarms: Vec<Alarm>,
    /// Follow-up, oldest first.
    pub notes: Vec<Note>,
    /// Matters opened from it.
    pub matters: Vec<Id>,
    /// Whether the reader may follow it up.
    pub may_act: bool,
}

/// A method's record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodScore {
    /// From closed signals.
    #[serde(flatten)]
    pub score: Score,
    /// Signals not closed yet.
    pub open: i64,
}

/// A night's judgement as it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Night {
    /// The day.
    pub day: Date,
    /// Series judged.
    pub series: i64,
    /// Verdicts.
    pub verdicts: i64,
    /// Series and methods without a verdict.
    pub undecided: i64,
    /// Alarms.
    pub alarms: i64,
    /// Signals raised.
    pub raised: i64,
    /// Signals that grew.
    pub grown: i64,
}

const COLUMNS: &str = "select s.id, s.version, s.hazard, s.status, s.from_day, s.to_day, s.observed, s.expected, \
    s.because_zh, s.because_en, s.assigned_name, s.created_at, s.alarms from watch_signal s where ";

fn alarms(row: &Row, plan: &Plan) -> Result<Vec<Alarm>, store::Error> {
    let mut alarms: Vec<Alarm> = row.json("alarms")?;
    plan.without_claims(&mut alarms);
    Ok(alarms)
}

fn read(row: &Row, plan: &Plan) -> Result<SignalRow, store::Error> {
    Ok(SignalRow {
        id: row.id("id")?,
        version: row.int("version")?,
        hazard: row.text("hazard")?,
        places: Vec::new(),
        methods: Vec::new(),
        status: row.parsed("status")?,
        from: row.date("from_day")?,
        to: row.date("to_day")?,
        observed: row.real("observed")?,
        expected: row.real("expected")?,
        q_value: alarms(row, plan)?.iter().filter_map(|a| a.q_value).reduce(f64::min),
        because: Text::new(row.text("because_zh")?, row.text("because_en")?),
        assigned: row.text("assigned_name")?,
        created: row.instant("created_at")?,
    })
}

impl Watch {
    /// The condition that a signal touches a place the reader may see.
    fn visible(&self, who: &Principal, now: Instant, region: Option<&str>) -> Sql {
        let mut sql = Sql::new("exists (select 1 from watch_signal_place p where p.signal = s.id and ");
        sql.append(&self.access.scope(who, "view", "signal", now).sql("p.place", None, None));
        if let Some(code) = region.and_then(|r| r.parse::<base::region::RegionCode>().ok()) {
            let (low, high) = code.range();
            sql.push(" and p.place >= ").bind(low).push(" and p.place < ").bind(high);
        }
        sql.push(")");
        sql
    }

    fn condition(&self, who: &Principal, now: Instant, filter: &Filter) -> Sql {
        let mut sql = self.visible(who, now, filter.region.as_deref());
        if let Some(status) = filter.status {
            sql.push(" and s.status = ").bind(status.word());
        }
        if filter.open {
            sql.push(" and s.closed_at is null");
        }
        if let Some(hazard) = &filter.hazard {
            sql.push(" and s.hazard = ").bind(hazard);
        }
        if let Some(method) = &filter.method {
            sql.push(
                " and exists (select 1 from watch_signal_method m where m.signal = s.id and m.method = ",
            )
            .bind(method)
            .push(")");
        }
        if let Some(since) = filter.since {
            sql.push(" and s.to_day >= ").bind(since);
        }
        sql
    }

    /// Signals the reader may see.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a cursor that is none; storage.
    pub async fn signals(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        filter: &Filter,
    ) -> Result<Page, Error> {
        let condition = self.condition(who, now, filter);
        let mut count = Sql::new("select count(*) as n from watch_signal s where ");
        count.append(&condition);
        let total = store.select(&count).await?.first().map_or(Ok(0), |r| r.int("n"))?;
        let mut sql = Sql::new(COLUMNS);
        sql.append(&condition);
        // a page is cut by how many lines came before: lists of signals are short
        let skip: i64 = match &filter.after {
            None => 0,
            Some(mark) => mark.parse().ok().filter(|n| *n >= 0).ok_or_else(|| {
                Error::invalid(
                    "after",
                    "翻页标记无效，请从首页开始",
                    "the page mark is not valid; begin at the first page",
                )
            })?,
        };
        sql.push(match filter.sort {
            Sort::Raised => " order by s.id desc",
            Sort::Urgency => " order by s.q_value, s.id desc",
            Sort::Cases => " order by s.observed desc, s.id desc",
        });
        let limit = match filter.limit {
            0 => 50,
            n => i64::try_from(n.min(500)).unwrap_or(500),
        };
        sql.push(" limit ").bind(limit + 1).push(" offset ").bind(skip);
        let found = store.select(&sql).await?;
        let more = i64::try_from(found.len()).unwrap_or(0) > limit;
        let mut rows: Vec<SignalRow> = found
            .iter()
            .take(usize::try_from(limit).unwrap_or(0))
            .map(|row| read(row, &self.plan))
            .collect::<Result<_, _>>()?;
        members(store, &mut rows).await?;
        Ok(Page { rows, total, next: more.then(|| (skip + limit).to_string()) })
    }

    /// A signal whole.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none the reader may see; storage.
    pub async fn signal(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        id: Id,
    ) -> Result<SignalDetail, Error> {
        let mut sql = Sql::new(COLUMNS);
        sql.append(&self.visible(who, now, None)).push(" and s.id = ").bind(id);
        let found = store.select(&sql).await?;
        let Some(row) = found.first() else { return Err(Error::NotFound) };
        let alarms = alarms(row, &self.plan)?;
        let mut rows = vec![read(row, &self.plan)?];
        members(store, &mut rows).await?;
        let row = rows.remove(0);
        let notes = store
            .query(
                "select at, name, status, body from watch_note where signal = $1 order by id",
                &[id.into()],
            )
            .await?
            .iter()
            .map(|r| {
                Ok(Note {
                    at: r.instant("at")?,
                    name: r.text("name")?,
                    status: r.parsed("status")?,
                    body: r.text("body")?,
                })
            })
            .collect::<Result<_, store::Error>>()?;
        let matters = store
            .query("select matter from watch_signal_matter where signal = $1 order by matter", &[id.into()])
            .await?
            .iter()
            .map(|r| r.id("matter"))
            .collect::<Result<_, _>>()?;
        let may_act = self.permit(who, "act", &row.places, now).is_ok();
        Ok(SignalDetail { row, alarms, notes, matters, may_act })
    }

    /// The right of a person to do `action` on a signal that they may see, and its first place, for a record another domain
    /// keeps with it.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`]; storage.
    pub async fn standing(
        &self,
        store: &Store,
        who: &Principal,
        action: &str,
        now: Instant,
        id: Id,
    ) -> Result<(Permit, String), Error> {
        let signal = self.signal(store, who, now, id).await?.row;
        let permit = self.permit(who, action, &signal.places, now)?;
        Ok((permit, signal.places.into_iter().next().unwrap_or_default()))
    }

    /// Counts of signals by place, of the filter: for the map.
    ///
    /// # Errors
    /// Storage.
    pub async fn by_place(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        filter: &Filter,
    ) -> Result<BTreeMap<String, i64>, Error> {
        let mut sql = Sql::new(
            "select q.place, count(*) as n from watch_signal_place q join watch_signal s on s.id = q.signal where ",
        );
        sql.append(&self.condition(who, now, filter)).push(" group by q.place order by q.place");
        let rows = store.select(&sql).await?;
        rows.iter().map(|r| Ok((r.text("place")?, r.int("n")?))).collect()
    }

    /// The scorecard of the methods from the signals the reader may see.
    ///
    /// # Errors
    /// Storage.
    pub async fn scores(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
    ) -> Result<Vec<MethodScore>, Error> {
        let mut sql = Sql::new(
            "select m.method, s.status from watch_signal_method m join watch_signal s on s.id = m.signal where ",
        );
        sql.append(&self.visible(who, now, None)).push(" order by m.method, s.id");
        let mut closed: Vec<(String, Outcome)> = Vec::new();
        let mut open: BTreeMap<String, i64> = BTreeMap::new();
        for row in store.select(&sql).await? {
            let (method, status) = (row.text("method")?, row.parsed::<Status>("status")?);
            let waiting = open.entry(method.clone()).or_default();
            match status.outcome() {
                Some(outcome) => closed.push((method, outcome)),
                None => *waiting += 1,
            }
        }
        let scores = scorecard(closed.iter().map(|(m, o)| (m.as_str(), *o)));
        Ok(self
            .plan
            .methods
            .iter()
            .map(|m| m.method.id())
            .map(|method| MethodScore {
                score: scores.iter().find(|s| s.method == method).cloned().unwrap_or_else(|| Score {
                    method: method.to_owned(),
                    closed: 0,
                    verified: 0,
                    explained: 0,
                    precision: 0.0,
                    interval: (0.0, 1.0),
                }),
                open: open.get(method).copied().unwrap_or(0),
            })
            .collect())
    }

    /// The last nights' judgements, newest first. Figures of the whole watch, without any place.
    ///
    /// # Errors
    /// Storage.
    pub async fn nights(&self, store: &Store, limit: i64) -> Result<Vec<Night>, Error> {
        let rows = store
            .query(
                "select day, series, verdicts, undecided, alarms, raised, grown from watch_night order by day desc limit $1",
                &[limit.into()],
            )
            .await?;
        rows.iter()
            .map(|r| {
                Ok(Night {
                    day: r.date("day")?,
                    series: r.int("series")?,
                    verdicts: r.int("verdicts")?,
                    undecided: r.int("undecided")?,
                    alarms: r.int("alarms")?,
                    raised: r.int("raised")?,
                    grown: r.int("grown")?,
                })
            })
            .collect::<Result<_, store::Error>>()
            .map_err(Into::into)
    }
}

/// Fills in places and methods.
async fn members(store: &Store, rows: &mut [SignalRow]) -> Result<(), Error> {
    let ids: Vec<Id> = rows.iter().map(|r| r.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mut places = Sql::new("select signal, place as name from watch_signal_place where signal in ");
    places.bind_list(ids.iter().copied()).push(" order by signal, place");
    for row in store.select(&places).await? {
        let (id, name) = (row.id("signal")?, row.text("name")?);
        rows.iter_mut().filter(|r| r.id == id).for_each(|r| r.places.push(name.clone()));
    }
    let mut methods = Sql::new("select signal, method as name from watch_signal_method where signal in ");
    methods.bind_list(ids).push(" order by signal, method");
    for row in store.select(&methods).await? {
        let (id, name) = (row.id("signal")?, row.text("name")?);
        rows.iter_mut().filter(|r| r.id == id).for_each(|r| r.methods.push(name.clone()));
    }
    Ok(())
}
