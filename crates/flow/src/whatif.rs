//! What if the procedure had been another: the clocks of matters past, counted again under a changed definition.

use crate::definition::{ClockUse, Definition};
use crate::guards::Guards;
use crate::live::{ClockRow, clock_columns};
use crate::{Engine, Error, Procedure};
use base::calendar::Calendar;
use base::clock::{Clock, ClockRule};
use base::{Date, Id, Instant, Text};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use store::{Sql, Store, Tx};

/// Matters read at a time.
const PORTION: i64 = 200;

/// One duty whose outcome differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Matter.
    pub matter: Id,
    /// On screen.
    pub title: Text,
    /// Region code.
    pub region: String,
    /// Clock rule.
    pub clock: String,
    /// The duty.
    pub duty: Text,
    /// When it fell due; `None`: the procedure had no such clock.
    pub due: Option<Instant>,
    /// When it would have fallen due; `None`: there would be no such clock.
    pub would_be_due: Option<Instant>,
    /// When it was done; `None`: it was not.
    pub met_at: Option<Instant>,
    /// Late as it was.
    pub late: bool,
    /// Late under the changed procedure.
    pub would_be_late: bool,
}

/// A clock over all matters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Clocks that ran.
    pub ran: usize,
    /// Of these, late.
    pub late: usize,
    /// Clocks that would have run.
    pub would_run: usize,
    /// Of these, late.
    pub would_be_late: usize,
}

/// What a changed procedure would have meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WhatIf {
    /// Matters looked at.
    pub matters: usize,
    /// By clock rule.
    pub clocks: BTreeMap<String, Tally>,
    /// Duties that were in time and would have been late, or the other way, oldest first.
    pub changed: Vec<Changed>,
    /// Steps taken that the changed procedure does not have, by name.
    pub missing_steps: BTreeMap<String, usize>,
}

/// Which matters are replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Region code prefix; empty: all.
    pub region: String,
    /// Opened at or after.
    pub from: Instant,
    /// Opened before.
    pub to: Instant,
}

/// Replays the matters of a procedure opened in a span under a changed definition of it: the events stand as they happened, the clocks are
/// those of the changed file. A clock that pauses or was extended keeps that as far as the changed rule allows it; a condition
/// (`when`) is asked of the facts as they stand now.
///
/// # Errors
/// [`Error::Rule`] when the changed definition does not compile; storage.
pub async fn whatif(
    store: &Store,
    engine: &Engine,
    changed: &Definition,
    span: &Span,
    now: Instant,
) -> Result<WhatIf, Error> {
    let changed = Procedure::compile(changed.clone())?;
    let mut out = WhatIf::default();
    let mut after = Id(0);
    loop {
        let mut tx = store.snapshot().await?;
        let mut sql = Sql::new(
            "select id, region, hash, title_zh, title_en, state, facts, opened_at, closed_at from matter where procedure = ",
        );
        sql.bind(changed.definition.id.as_str()).push(" and opened_at >= ").bind(span.from);
        sql.push(" and opened_at < ").bind(span.to).push(" and id > ").bind(after);
        if !span.region.is_empty() {
            sql.push(" and region >= ").bind(span.region.as_str());
            sql.push(" and region < ").bind(format!("{}:", span.region));
        }
        sql.push(" order by id limit ").bind(PORTION);
        let rows = tx.select(&sql).await?;
        let full = i64::try_from(rows.len()).is_ok_and(|n| n == PORTION);
        for row in rows {
            after = row.id("id")?;
            let old = engine.version(&mut tx, &row.text("hash")?).await?;
            let past = Past {
                id: after,
                title: Text::new(row.text("title_zh")?, row.text("title_en")?),
                region: row.text("region")?,
                facts: row.json("facts")?,
                closed_at: row.opt_instant("closed_at")?,
                events: events(&mut tx, &old, after, row.instant("opened_at")?).await?,
            };
            out.matters += 1;
            past.count(&mut tx, engine.calendar(), &old, &changed, now, &mut out).await?;
        }
        if !full {
            return Ok(out);
        }
    }
}

/// A matter as it went.
struct Past {
    id: Id,
    title: Text,
    region: String,
    facts: Map<String, Json>,
    closed_at: Option<Instant>,
    events: Vec<(Instant, String)>,
}

/// What happened in a matter, in the words clocks start and stop by.
async fn events(
    tx: &mut Tx,
    old: &Procedure,
    id: Id,
    opened: Instant,
) -> Result<Vec<(Instant, String)>, Error> {
    let mut events = Vec::new();
    events.extend(old.definition.initial().map(|s| (opened, format!("enter:{}", s.id))));
    let rows = tx
        .query(
            "select at, kind, name, from_state, to_state from matter_step where matter = $1 and kind = 'transition' order by id",
            &[id.into()],
        )
        .await?;
    for row in rows {
        let at = row.instant("at")?;
        events.push((at, format!("transition:{}", row.text("name")?)));
        let (from, to) = (row.opt_text("from_state")?, row.opt_text("to_state")?);
        if let Some(to) = to.filter(|t| Some(t) != from.as_ref()) {
            events.push((at, format!("enter:{to}")));
        }
    }
    let rows = tx
        .query(
            "select name, published_at from document where matter = $1 and published_at is not null order by published_at",
            &[id.into()],
        )
        .await?;
    for row in rows {
        events.push((row.instant("published_at")?, format!("document:{}", row.text("name")?)));
    }
    events.sort_by_key(|(at, _)| *at);
    Ok(events)
}

/// When a clock fell due and whether the duty was late.
fn outcome(clock: &Clock, calendar: &Calendar, ended: Instant) -> (Option<Instant>, bool) {
    let due = clock.due(calendar).map(|d| d.at);
    (due, due.is_some_and(|d| clock.met_at.unwrap_or(ended) > d))
}

impl Past {
    /// Counts the clocks as they ran and as they would have run.
    async fn count(
        &self,
        tx: &mut Tx,
        calendar: &Calendar,
        old: &Procedure,
        changed: &Procedure,
        now: Instant,
        out: &mut WhatIf,
    ) -> Result<(), Error> {
        for (_, event) in &self.events {
            if let Some(step) =
                event.strip_prefix("transition:").filter(|t| changed.definition.transition(t).is_none())
            {
                *out.missing_steps.entry(step.to_owned()).or_default() += 1;
            }
        }
        let ended = self.closed_at.unwrap_or(now);
        let rows = tx
            .query(
                concat!(
                    "select ",
                    clock_columns!(),
                    " from clock \
                 where matter = $1 and void_at is null order by id"
                ),
                &[self.id.into()],
            )
            .await?;
        let mut seen: Vec<String> = Vec::new();
        for row in rows {
            let name = row.text("rule")?;
            let Some(rule) = old.definition.clock(&name) else { continue };
            let ClockRow { clock: ran, last_day, .. } = ClockRow::read(&row, rule)?;
            seen.push(name.clone());
            let then = changed.definition.clock(&name);
            let then = then.and_then(|rule| {
                let law = self.law_of(rule, ran.start, last_day, calendar)?;
                Some(recount(&ran, rule, law))
            });
            self.compare(&name, &rule.title, Some(&ran), then.as_ref(), calendar, ended, out);
        }
        for rule in changed.definition.clocks.iter().filter(|c| c.task.is_none() && !seen.contains(&c.id)) {
            if self.holds(&changed.guards, rule)?
                && let Some(clock) = self.replay(rule, calendar)
            {
                self.compare(&rule.id, &rule.title, None, Some(&clock), calendar, ended, out);
            }
        }
        Ok(())
    }

    fn holds(&self, guards: &Guards, rule: &ClockUse) -> Result<bool, Error> {
        let scope = json!({"facts": self.facts, "matter": {"region": self.region}});
        Ok(guards.holds(&format!("clock.{}", rule.id), &scope)? != Some(false))
    }

    /// A clock the matter did not have, by what happened in it.
    fn replay(&self, rule: &ClockUse, calendar: &Calendar) -> Option<Clock> {
        let at = self.events.iter().position(|(_, e)| *e == rule.start)?;
        let start = self.events[at].0;
        let dated = rule.since.as_ref().and_then(|f| self.facts.get(f)?.as_str()?.parse().ok());
        let start = dated.map_or(start, |date| Instant::china(date, 12, 0));
        let met = self.events[at..].iter().find(|(_, e)| rule.stop.contains(e)).map(|(at, _)| *at);
        Some(Clock { met_at: met, ..Clock::start(self.law_of(rule, start, None, calendar)?, start) })
    }

    /// The rule with the last day somebody set, then or in the facts as they stand, and no later than the rule allows; `None` when it asks
    /// for one and there is none.
    fn law_of(
        &self,
        rule: &ClockUse,
        start: Instant,
        last_day: Option<Date>,
        calendar: &Calendar,
    ) -> Option<ClockRule> {
        let fact = rule.until.as_ref().and_then(|f| self.facts.get(f)?.as_str()?.parse().ok());
        let last_day = last_day.or(fact);
        let known = rule.until.is_none() || last_day.is_some() || rule.amount > 0;
        let bounded = rule.until.is_some() && rule.amount > 0;
        let most = bounded.then(|| Clock::start(rule.law(), start).due(calendar)).flatten();
        let last_day = last_day.map(|day| most.map_or(day, |most| day.min(most.date)));
        known.then(|| rule.law_until(start, last_day))
    }

    #[allow(clippy::too_many_arguments)] // one row of a comparison
    fn compare(
        &self,
        name: &str,
        duty: &Text,
        ran: Option<&Clock>,
        then: Option<&Clock>,
        calendar: &Calendar,
        ended: Instant,
        out: &mut WhatIf,
    ) {
        let (due, late) = ran.map_or((None, false), |c| outcome(c, calendar, ended));
        let (would_be_due, would_be_late) = then.map_or((None, false), |c| outcome(c, calendar, ended));
        let tally = out.clocks.entry(name.to_owned()).or_default();
        tally.ran += usize::from(ran.is_some());
        tally.late += usize::from(late);
        tally.would_run += usize::from(then.is_some());
        tally.would_be_late += usize::from(would_be_late);
        if late != would_be_late {
            out.changed.push(Changed {
                matter: self.id,
                title: self.title.clone(),
                region: self.region.clone(),
                clock: name.to_owned(),
                duty: duty.clone(),
                due,
                would_be_due,
                met_at: ran.or(then).and_then(|c| c.met_at),
                late,
                would_be_late,
            });
        }
    }
}

/// The clock under another rule: same start and end, pauses and extensions as far as that rule allows them.
fn recount(ran: &Clock, rule: &ClockUse, law: ClockRule) -> Clock {
    let paused = |reason: &str| {
        rule.pauses.iter().any(|p| reason == p.cause || reason.starts_with(&format!("{}:", p.cause)))
    };
    let suspensions = ran.suspensions.iter().filter(|s| paused(&s.reason)).cloned().collect();
    let extensions = match &rule.extension {
        None => Vec::new(),
        Some(allowed) => {
            let times = allowed.times.map_or(usize::MAX, |t| usize::try_from(t).unwrap_or(usize::MAX));
            let fits = ran.extensions.iter().take(times).cloned();
            fits.map(|mut e| {
                e.amount = e.amount.min(allowed.at_most);
                e.unit = allowed.unit;
                e
            })
            .collect()
        }
    };
    Clock { rule: law, start: ran.start, suspensions, extensions, met_at: ran.met_at }
}
