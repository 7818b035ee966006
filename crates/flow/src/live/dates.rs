//! Days that people set: from which a clock counts, on which it ends, before which nothing may happen; clocks that follow a day put right.

use super::{ClockRow, Live};
use crate::definition::{ClockUse, Earliest, Transition};
use crate::form::{FieldError, Form, OPENED, STATE};
use crate::{Engine, Error};
use base::calendar::Calendar;
use base::clock::{Clock, ClockRule, Direction};
use base::{Date, Instant, Text};
use ledger::Context;
use serde_json::{Map, Value as Json, json};
use store::Tx;

impl Earliest {
    /// The rule as the law's arithmetic takes it.
    pub(crate) fn law(&self) -> ClockRule {
        ClockRule {
            id: self.id.clone(),
            amount: self.amount,
            unit: self.unit,
            basis: format!("{} {}", self.basis.document, self.basis.clause),
            status: self.basis.status,
            roll_over: false,
            direction: Direction::Before,
        }
    }
}

/// A date as facts and forms hold it; `None` when there is none.
fn date_in(facts: &Map<String, Json>, name: &str) -> Option<Date> {
    facts.get(name)?.as_str()?.parse().ok()
}

impl Live {
    fn title_of(&self, fact: &str) -> Text {
        self.procedure.definition.fact(fact).map_or_else(|| Text::new(fact, fact), |f| f.title.clone())
    }

    /// What the dates of a form may not lie before: the days of the matter itself, and the names of the facts that hold such days.
    pub(super) async fn not_before(&self, tx: &mut Tx, form: &Form, now: Instant) -> Result<Json, Error> {
        let mut since = Map::new();
        for name in form.leaves().into_iter().filter_map(|f| f.since.as_deref()) {
            let value = match name {
                OPENED => json!(self.opened_at.china_date().to_string()),
                STATE => json!(self.entered(tx).await?.unwrap_or(now).china_date().to_string()),
                fact => json!(self.title_of(fact)),
            };
            since.insert(name.to_owned(), value);
        }
        Ok(Json::Object(since))
    }

    /// When the matter came to the state it stands in; `None` before it is kept.
    async fn entered(&self, tx: &mut Tx) -> Result<Option<Instant>, Error> {
        let sql = "select at from matter_step where matter = $1 and (kind = 'open' or (to_state = $2 and from_state <> $2)) \
                   order by id desc limit 1";
        let row = tx.first(sql, &[self.draft.id.into(), self.draft.state.as_str().into()]).await?;
        Ok(row.map(|r| r.instant("at")).transpose()?)
    }

    /// The date a fact holds; `None` while it is empty.
    pub(crate) fn date_fact(&self, name: &str) -> Result<Option<Date>, Error> {
        let value = self.draft.facts.get(name).and_then(Json::as_str).filter(|s| !s.is_empty());
        let Some(text) = value else { return Ok(None) };
        let title = self.title_of(name);
        text.parse().map(Some).map_err(|_| {
            Error::Refused(Text::new(
                format!("“{}”应为日期，如 2026-11-22", title.zh),
                format!("\"{}\" must be a date like 2026-11-22", title.en),
            ))
        })
    }

    /// From when a clock counts: the date its rule names, or the event.
    pub(super) fn since(&self, rule: &ClockUse, now: Instant) -> Result<Instant, Error> {
        let Some(name) = &rule.since else { return Ok(now) };
        let Some(date) = self.date_fact(name)? else { return Ok(now) };
        let title = self.title_of(name);
        if date > now.china_date() {
            return Err(Error::Refused(Text::new(
                format!("“{}”不能晚于今天：时限自该日起算", title.zh),
                format!("\"{}\" may not lie in the future: a clock counts from it", title.en),
            )));
        }
        Ok(if date == now.china_date() { now } else { Instant::china(date, 12, 0) })
    }

    /// The last day somebody set for a clock that begins at `start`: not before it, and no later than the law allows.
    pub(super) fn last_day(
        &self,
        rule: &ClockUse,
        start: Instant,
        calendar: &Calendar,
    ) -> Result<Option<Date>, Error> {
        let Some(name) = &rule.until else { return Ok(None) };
        let title = self.title_of(name);
        let Some(date) = self.date_fact(name)? else {
            return Err(Error::Refused(Text::new(
                format!("请填写“{}”：“{}”到该日为止", title.zh, rule.title.zh),
                format!("give \"{}\": the time for \"{}\" runs to that day", title.en, rule.title.en),
            )));
        };
        if date < start.china_date() {
            return Err(Error::Refused(Text::new(
                format!("“{}”不能早于 {}", title.zh, start.china_date()),
                format!("\"{}\" may not lie before {}", title.en, start.china_date()),
            )));
        }
        let most = if rule.amount == 0 { None } else { Clock::start(rule.law(), start).due(calendar) };
        if let Some(most) = most.filter(|m| date > m.date) {
            let length = rule.unit.length(u64::from(rule.amount));
            return Err(Error::Refused(Text::new(
                format!(
                    "“{}”最迟为 {}（{} {}：不超过 {}）",
                    title.zh, most.date, rule.basis.document, rule.basis.clause, length.zh
                ),
                format!(
                    "\"{}\" may be {} at the latest ({} {}: no more than {})",
                    title.en, most.date, rule.basis.document, rule.basis.clause, length.en
                ),
            )));
        }
        Ok(Some(date))
    }

    /// Refuses a step that sets a day too soon.
    pub(crate) fn not_too_soon(
        &self,
        calendar: &Calendar,
        t: &Transition,
        form: &Map<String, Json>,
        now: Instant,
    ) -> Result<(), Error> {
        for rule in self.procedure.definition.earliest.iter().filter(|r| t.sets.contains(&r.fact)) {
            if let Some(date) = date_in(form, &rule.fact) {
                self.soon(rule, date, calendar, now.china_date())?;
            }
        }
        Ok(())
    }

    /// Refuses a step that plans a day after the end of the clock that day is to keep.
    pub(crate) async fn not_too_late(
        &self,
        tx: &mut Tx,
        calendar: &Calendar,
        t: &Transition,
        scope: &Json,
        now: Instant,
    ) -> Result<(), Error> {
        let procedure = self.procedure.clone();
        for rule in &procedure.definition.clocks {
            let Some(fact) = rule.planned.as_ref().filter(|f| t.sets.contains(f)) else { continue };
            let Some(day) = scope["form"].as_object().and_then(|form| date_in(form, fact)) else { continue };
            if procedure.guards.holds(&format!("clock.{}", rule.id), scope)? == Some(false) {
                continue;
            }
            let running = self.running(tx).await?.into_iter().find(|row| row.rule == rule.id);
            let clock = running.map_or_else(|| Clock::start(rule.law(), now), |row| row.clock);
            let Some(end) = clock.due(calendar).map(|due| due.date).filter(|end| day > *end) else {
                continue;
            };
            let law = format!("{} {}", rule.basis.document, rule.basis.clause);
            let text = Text::new(
                format!(
                    "“{}”的期限（{law}）至 {end}，请填不晚于该日的日期；确需更长的，另行申请延长",
                    rule.title.zh
                ),
                format!(
                    "the time for \"{}\" ({law}) runs to {end}: give a day no later, and ask for an extension where more is needed",
                    rule.title.en
                ),
            );
            let title = self.title_of(fact);
            return Err(Error::Form { faults: vec![FieldError { field: fact.clone(), title, text }] });
        }
        Ok(())
    }

    /// What is said to a step that waits for a day; `None` when the day has come. An exercise waits for none: nothing of it is served.
    pub(crate) fn before_its_day(&self, t: &Transition, now: Instant) -> Option<Text> {
        let rules = self.procedure.definition.earliest.iter().filter(|r| r.steps.contains(&t.id));
        let rule = rules.into_iter().find(|r| {
            !self.drill && date_in(&self.draft.facts, &r.fact).is_some_and(|day| now.china_date() < day)
        })?;
        let (title, day) = (self.title_of(&rule.fact), date_in(&self.draft.facts, &rule.fact)?);
        Some(Text::new(
            format!("“{}”为 {day}，该日之前不能办理“{}”", title.zh, t.title.zh),
            format!("\"{}\" is {day}; \"{}\" is possible from that day on", title.en, t.title.en),
        ))
    }

    /// Refuses to serve a paper that tells of a day too late.
    pub(crate) fn told_in_time(
        &self,
        calendar: &Calendar,
        document: &str,
        now: Instant,
    ) -> Result<(), Error> {
        let rules = self.procedure.definition.earliest.iter();
        for rule in rules.filter(|r| r.document.as_deref() == Some(document)) {
            if let Some(date) = self.date_fact(&rule.fact)? {
                self.soon(rule, date, calendar, now.china_date())?;
            }
        }
        Ok(())
    }

    fn soon(&self, rule: &Earliest, date: Date, calendar: &Calendar, told: Date) -> Result<(), Error> {
        let first = rule.law().first_day(told, calendar).date;
        if date >= first {
            return Ok(());
        }
        let (title, length) = (self.title_of(&rule.fact), rule.unit.length(u64::from(rule.amount)));
        Err(Error::Refused(Text::new(
            format!(
                "“{}”{date} 过早：{}不少于 {}（{} {}），今日通知的最早为 {first}",
                title.zh, rule.title.zh, length.zh, rule.basis.document, rule.basis.clause
            ),
            format!(
                "\"{}\" on {date} is too soon: {} takes at least {} ({} {}); told today, the earliest day is {first}",
                title.en, rule.title.en, length.en, rule.basis.document, rule.basis.clause
            ),
        )))
    }

    /// Makes clocks follow changed facts. Where the facts now call for another clock of the same group (another recall level), the old one
    /// is void and the other counts from the same start, with what stood still; extensions were given for the old length and end with
    /// it. Where the day a clock counts from was put right, it counts anew from that day, met or not, and keeps its extensions;
    /// where its last day was set anew, it ends on that day. All say why, and the clock as it was stays on record.
    pub(crate) async fn retime_clocks(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        why: &Text,
    ) -> Result<(), Error> {
        if !self.changed() {
            return Ok(());
        }
        let procedure = self.procedure.clone();
        let d = &procedure.definition;
        let scope = self.scope(tx, cx.now).await?;
        let holds = |c: &ClockUse| procedure.guards.holds(&format!("clock.{}", c.id), &scope);
        for row in self.standing(tx).await? {
            let Some(rule) = d.clock(&row.rule) else { continue };
            let (moved, ends) = (self.put_right(rule.since.as_ref()), self.put_right(rule.until.as_ref()));
            let other = row.clock.met_at.is_none() && rule.group.is_some() && holds(rule)? == Some(false);
            let mut next = (moved.is_some() || ends.is_some() && row.clock.met_at.is_none()).then_some(rule);
            if other {
                let same = |c: &&ClockUse| {
                    c.group == rule.group && c.start == rule.start && c.task == rule.task && c.id != rule.id
                };
                next = None;
                for other in d.clocks.iter().filter(same) {
                    if holds(other)? == Some(true) {
                        next = Some(other);
                        break;
                    }
                }
            }
            let Some(next) = next else { continue };
            let reason = match moved.or(ends) {
                Some(change) if !other => Text::new(
                    format!("{}：{}，重新计算", why.zh, change.zh),
                    format!("{}: {}, counted anew", why.en, change.en),
                ),
                _ => Text::new(
                    format!("{}：由“{}”改为“{}”，自原起点重新计算", why.zh, rule.title.zh, next.title.zh),
                    format!(
                        "{}: \"{}\" became \"{}\", counted anew from the same start",
                        why.en, rule.title.en, next.title.en
                    ),
                ),
            };
            let start = match self.put_right(next.since.as_ref()) {
                Some(_) => self.since(next, cx.now)?,
                None => row.clock.start,
            };
            self.replace_clock(tx, cx, engine, row, (next, start, !other && next.until.is_none()), &reason)
                .await?;
        }
        Ok(())
    }

    /// Puts a clock of a rule and start in another's place, with what stood still and, where they are `kept`, its extensions, met where
    /// that was met. The one before is void and stays on record.
    pub(super) async fn replace_clock(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        mut row: ClockRow,
        (next, start, kept): (&ClockUse, Instant, bool),
        reason: &Text,
    ) -> Result<(), Error> {
        let procedure = self.procedure.clone();
        let d = &procedure.definition;
        let last_day = self.last_day(next, start, engine.calendar)?;
        let mut fresh = ClockRow {
            id: cx.id(),
            rule: next.id.clone(),
            version: 1,
            last_day,
            clock: Clock {
                suspensions: row.clock.suspensions.clone(),
                extensions: if kept { row.clock.extensions.clone() } else { Vec::new() },
                met_at: row.clock.met_at,
                ..Clock::start(next.law_until(start, last_day), start)
            },
            ..row.clone()
        };
        row.void_at = Some(cx.now);
        row.save(tx, engine, d, cx.now).await?;
        row.explain(tx, reason).await?;
        fresh.insert(tx, engine, d, Some(reason)).await?;
        if fresh.clock.met_at.is_some() {
            fresh.save(tx, engine, d, cx.now).await?;
        }
        let list = self.done.entry("clocks").or_insert_with(|| json!([]));
        if let Json::Array(list) = list {
            let due = fresh.clock.due(engine.calendar).map(|d| d.at.rfc3339());
            let was = row.clock.due(engine.calendar).map(|d| d.at.rfc3339());
            list.push(json!({"clock": fresh.rule, "instead_of": row.rule, "due": due, "was": was}));
        }
        Ok(())
    }

    /// What became of a day that had been set before, in words; `None` when it stands as it was. A day first set where the clock had
    /// counted from its event counts as changed too.
    fn put_right(&self, fact: Option<&String>) -> Option<Text> {
        let name = fact?;
        let (was, is) = (self.before.get(name), self.draft.facts.get(name)?);
        if was == Some(is) {
            return None;
        }
        let (title, is) = (self.title_of(name), is.as_str().unwrap_or_default());
        Some(match was.and_then(Json::as_str).filter(|w| !w.is_empty()) {
            Some(was) => Text::new(
                format!("“{}”由 {was} 改为 {is}", title.zh),
                format!("\"{}\" {was} became {is}", title.en),
            ),
            None => Text::new(format!("“{}”定为 {is}", title.zh), format!("\"{}\" is {is}", title.en)),
        })
    }
}
