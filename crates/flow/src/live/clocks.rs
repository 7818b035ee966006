//! Clocks of a matter: started and met by events, suspended, resumed and lengthened; due dates computed from facts.

use super::{Live, NEVER};
use crate::definition::{ClockUse, Definition};
use crate::effect::ClockChange;
use crate::ladder::next_rung;
use crate::{Engine, Error};
use base::clock::{self, Amount, Clock};
use base::{Date, Id, Instant, Text};
use ledger::Context;
use serde_json::{Value as Json, json};
use store::{Row, Tx, Value};

/// The columns [`ClockRow::read`] reads, in SQL.
macro_rules! clock_columns {
    () => {
        "id, matter, task, rule, started_at, suspensions, extensions, met_at, void_at, last_day, version"
    };
}
pub(crate) use clock_columns;

/// A stored clock.
#[derive(Debug, Clone)]
pub(crate) struct ClockRow {
    pub(crate) id: Id,
    pub(crate) matter: Id,
    pub(crate) task: Option<Id>,
    pub(crate) rule: String,
    pub(crate) void_at: Option<Instant>,
    pub(crate) version: i64,
    /// The last day a person set.
    pub(crate) last_day: Option<Date>,
    pub(crate) clock: Clock,
}

impl ClockUse {
    /// The rule as the law's arithmetic takes it.
    pub(crate) fn law(&self) -> clock::ClockRule {
        clock::ClockRule {
            id: self.id.clone(),
            amount: self.amount,
            unit: self.unit,
            basis: format!("{} {}", self.basis.document, self.basis.clause),
            status: self.basis.status,
            roll_over: self.roll_over,
            direction: clock::Direction::After,
        }
    }

    /// The rule of one running clock: where a person set the last day, so many days from the start as end with it, as it was set.
    pub(crate) fn law_until(&self, start: Instant, last_day: Option<Date>) -> clock::ClockRule {
        let law = self.law();
        let Some(last) = last_day.filter(|_| self.until.is_some()) else { return law };
        let days = last.duration_since(start.china_date()).as_hours() / 24;
        clock::ClockRule {
            amount: u32::try_from(days).unwrap_or(0),
            unit: clock::Unit::CalendarDay,
            roll_over: false,
            ..law
        }
    }
}

impl ClockRow {
    pub(crate) fn read(row: &Row, rule: &ClockUse) -> Result<Self, Error> {
        let (start, last_day) = (row.instant("started_at")?, row.opt_date("last_day")?);
        Ok(Self {
            id: row.id("id")?,
            matter: row.id("matter")?,
            task: row.opt_id("task")?,
            rule: row.text("rule")?,
            void_at: row.opt_instant("void_at")?,
            version: row.int("version")?,
            last_day,
            clock: Clock {
                rule: rule.law_until(start, last_day),
                start,
                suspensions: row.json("suspensions")?,
                extensions: row.json("extensions")?,
                met_at: row.opt_instant("met_at")?,
            },
        })
    }

    /// The columns that follow from the facts: due instant, due date, provisional, the first rung after `after`.
    fn computed(&self, engine: &Engine, d: &Definition, after: Instant) -> [Value; 4] {
        let none = None::<Instant>;
        let rule = d.clock(&self.rule);
        let (rungs, lapses) = rule.map_or((&[][..], false), |r| (d.rungs_of(r), r.lapse.is_some()));
        match self.clock.due(engine.calendar) {
            None => [NEVER.into(), Value::Text(None), true.into(), none.into()],
            Some(due) => {
                let date = (self.clock.rule.unit != clock::Unit::Hour).then_some(due.date);
                let ended = self.clock.met_at.is_some() || self.void_at.is_some();
                let rung = if ended { none } else { next_rung(rungs, due, lapses, engine.calendar, after) };
                [due.at.into(), date.into(), due.provisional.into(), rung.into()]
            }
        }
    }

    /// Writes the facts and what follows from them.
    pub(crate) async fn save(
        &mut self,
        tx: &mut Tx,
        engine: &Engine,
        d: &Definition,
        now: Instant,
    ) -> Result<(), Error> {
        let [due, date, provisional, rung] = self.computed(engine, d, now);
        self.version += 1;
        tx.exec_one(
            "update clock set suspensions = $2, extensions = $3, met_at = $4, void_at = $5, due = $6, due_date = $7, \
             provisional = $8, version = $9, next_rung = $10, last_day = $11 where id = $1",
            &[
                self.id.into(),
                json!(self.clock.suspensions).to_string().into(),
                json!(self.clock.extensions).to_string().into(),
                self.clock.met_at.into(),
                self.void_at.into(),
                due,
                date,
                provisional,
                self.version.into(),
                rung,
                self.last_day.into(),
            ],
        )
        .await?;
        if self.clock.met_at.is_some() || self.void_at.is_some() {
            tx.exec(
                "update reminder set settled_at = $2 where clock = $1 and settled_at is null",
                &[self.id.into(), now.into()],
            )
            .await?;
        }
        if let Some(task) = self.task {
            refresh_task(tx, task).await?;
        }
        Ok(())
    }

    /// Writes a new clock; `reason` when it takes another's place.
    pub(super) async fn insert(
        &self,
        tx: &mut Tx,
        engine: &Engine,
        d: &Definition,
        reason: Option<&Text>,
    ) -> Result<(), Error> {
        // a rung that was passed before the clock was known is climbed at the next sweep
        let [due, date, provisional, rung] = self.computed(engine, d, self.clock.start);
        tx.exec(
            "insert into clock (id, matter, task, rule, started_at, suspensions, extensions, due, due_date, provisional, \
             version, reason, next_rung, last_day) values ($1, $2, $3, $4, $5, $6, $12, $7, $8, $9, 1, $10, $11, $13)",
            &[
                self.id.into(),
                self.matter.into(),
                self.task.into(),
                self.rule.as_str().into(),
                self.clock.start.into(),
                json!(self.clock.suspensions).to_string().into(),
                due,
                date,
                provisional,
                reason.map(|r| json!(r).to_string()).into(),
                rung,
                json!(self.clock.extensions).to_string().into(),
                self.last_day.into(),
            ],
        )
        .await?;
        if let Some(task) = self.task {
            refresh_task(tx, task).await?;
        }
        Ok(())
    }

    pub(super) async fn explain(&self, tx: &mut Tx, reason: &Text) -> Result<(), Error> {
        let text = json!(reason).to_string();
        tx.exec("update clock set reason = $2 where id = $1", &[self.id.into(), text.into()]).await?;
        Ok(())
    }

    /// Changes the clock as asked, within its rule.
    pub(crate) fn change(
        &mut self,
        rule: &ClockUse,
        change: &ClockChange,
        now: Instant,
        reason: &str,
        approver: &str,
    ) -> Result<(), Error> {
        let faulty = |e: clock::ClockError| Error::Refused(e.text());
        if self.void_at.is_some() {
            return Err(Error::refused("时限已失效，不再变动", "the clock is void; it no longer changes"));
        }
        match change {
            ClockChange::Suspend { cause, .. } => {
                let Some(pause) = rule.pauses.iter().find(|p| p.cause == *cause) else {
                    let list =
                        |lang| rule.pauses.iter().map(|p| p.title.get(lang)).collect::<Vec<_>>().join(", ");
                    return Err(Error::Refused(Text::new(
                        format!("该时限不因“{cause}”中止；可用事由：{}", list(base::Lang::Zh)),
                        format!("this clock does not pause for `{cause}`; causes: {}", list(base::Lang::En)),
                    )));
                };
                let words = if reason.is_empty() {
                    pause.cause.clone()
                } else {
                    format!("{}: {reason}", pause.cause)
                };
                self.clock.suspend(now, &words, approver).map_err(faulty)
            }
            ClockChange::Resume { .. } => self.clock.resume(now).map_err(faulty),
            ClockChange::Extend { amount, .. } => {
                let Some(extension) = &rule.extension else {
                    return Err(Error::refused(
                        "该时限依法不得延长",
                        "the law does not allow this clock to be extended",
                    ));
                };
                if *amount == 0 || *amount > extension.at_most {
                    let most = extension.unit.length(extension.at_most.into());
                    return Err(Error::Refused(Text::new(
                        format!("每次延长 1 至 {}", most.zh),
                        format!("extend by 1 to {} at a time", most.en),
                    )));
                }
                let used = u32::try_from(self.clock.extensions.len()).unwrap_or(u32::MAX);
                if let Some(times) = extension.times.filter(|t| used >= *t) {
                    return Err(Error::Refused(Text::new(
                        format!("该时限最多延长 {times} 次，已用完"),
                        format!("this clock can be extended {times} time(s), all used"),
                    )));
                }
                self.clock
                    .extend(Amount { amount: *amount, unit: extension.unit }, reason, approver)
                    .map_err(faulty)
            }
        }
    }
}

/// Reads a clock after locking its matter.
pub(crate) async fn lock_clock(tx: &mut Tx, engine: &Engine, id: Id) -> Result<(Live, ClockRow), Error> {
    let missing = || Error::missing(&Text::of("时限", "clock"), id);
    let row = tx.first("select matter from clock where id = $1", &[id.into()]).await?.ok_or_else(missing)?;
    let live = Live::lock(tx, engine, row.id("matter")?).await?;
    let row = tx.one(concat!("select ", clock_columns!(), " from clock where id = $1"), &[id.into()]).await?;
    let rule = live.procedure.definition.clock(&row.text("rule")?).ok_or_else(missing)?;
    let clock = ClockRow::read(&row, rule)?;
    Ok((live, clock))
}

/// Brings a task's due instant in line with its clocks.
pub(crate) async fn refresh_task(tx: &mut Tx, task: Id) -> Result<(), Error> {
    tx.exec(
        "update task set due = coalesce((select min(c.due) from clock c where c.task = task.id and c.met_at is null \
         and c.void_at is null), 9223372036854775807) where id = $1",
        &[task.into()],
    )
    .await?;
    Ok(())
}

impl Live {
    /// The clocks that are not void.
    pub(super) async fn standing(&self, tx: &mut Tx) -> Result<Vec<ClockRow>, Error> {
        let rows = tx
            .query(
                concat!(
                    "select ",
                    clock_columns!(),
                    " from clock where matter = $1 and void_at is null order by id"
                ),
                &[self.draft.id.into()],
            )
            .await?;
        let mut clocks = Vec::new();
        for row in rows {
            if let Some(rule) = self.procedure.definition.clock(&row.text("rule")?) {
                clocks.push(ClockRow::read(&row, rule)?);
            }
        }
        Ok(clocks)
    }

    /// Those of them whose duty is not met.
    pub(super) async fn running(&self, tx: &mut Tx) -> Result<Vec<ClockRow>, Error> {
        let mut clocks = self.standing(tx).await?;
        clocks.retain(|row| row.clock.met_at.is_none());
        Ok(clocks)
    }

    /// Starts the clocks of an event, for the matter or a task of a kind.
    pub(crate) async fn start_clocks(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        event: &str,
        task: Option<(Id, &str)>,
    ) -> Result<(), Error> {
        let procedure = self.procedure.clone();
        let wanted = |c: &&ClockUse| c.start == event && c.task.as_deref() == task.map(|(_, kind)| kind);
        let rules: Vec<&ClockUse> = procedure.definition.clocks.iter().filter(wanted).collect();
        self.start_rules(tx, cx, engine, &rules, task.map(|(id, _)| id)).await
    }

    /// A paper was served or published: the clocks that count from it begin. Served anew, they count anew; where the matter has moved on
    /// to a state that would meet them, they no longer begin.
    pub(crate) async fn serve_clocks(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        event: &str,
    ) -> Result<(), Error> {
        if self.closed_at.is_some() {
            return Ok(());
        }
        let procedure = self.procedure.clone();
        let here = format!("enter:{}", self.draft.state);
        let rules: Vec<&ClockUse> = procedure
            .definition
            .clocks
            .iter()
            .filter(|c| c.start == event && c.task.is_none() && !c.stop.contains(&here))
            .collect();
        for corrected in rules.iter().filter_map(|r| r.since.as_ref()) {
            // a day put right was that of the service before
            self.draft.facts.remove(corrected);
        }
        for mut row in self.running(tx).await? {
            if rules.iter().any(|r| r.id == row.rule) {
                row.void_at = Some(cx.now);
                row.save(tx, engine, &procedure.definition, cx.now).await?;
                row.explain(tx, &Text::of("文书重新送达，期限重新起算", "served anew: the time counts anew"))
                    .await?;
            }
        }
        self.start_rules(tx, cx, engine, &rules, None).await
    }

    /// Starts those of the matter's clocks of an event that are named.
    pub(crate) async fn start_named(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        event: &str,
        names: &[String],
    ) -> Result<(), Error> {
        let procedure = self.procedure.clone();
        let wanted = |c: &&ClockUse| c.start == event && names.contains(&c.id);
        let rules: Vec<&ClockUse> = procedure.definition.clocks.iter().filter(wanted).collect();
        self.start_rules(tx, cx, engine, &rules, None).await
    }

    async fn start_rules(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        rules: &[&ClockUse],
        task: Option<Id>,
    ) -> Result<(), Error> {
        let procedure = self.procedure.clone();
        if rules.is_empty() {
            return Ok(());
        }
        let scope = self.scope(tx, cx.now).await?;
        let running = match rules.iter().any(|r| r.until.is_some()) {
            true => self.running(tx).await?,
            false => Vec::new(),
        };
        for rule in rules {
            if procedure.guards.holds(&format!("clock.{}", rule.id), &scope)? == Some(false) {
                continue;
            }
            // ordered anew, it has followed the new day already
            if rule.until.is_some() && running.iter().any(|r| r.rule == rule.id && r.task == task) {
                continue;
            }
            let start = self.since(rule, cx.now)?;
            let last_day = self.last_day(rule, start, engine.calendar)?;
            let row = ClockRow {
                id: cx.id(),
                matter: self.draft.id,
                task,
                rule: rule.id.clone(),
                void_at: None,
                version: 1,
                last_day,
                clock: Clock::start(rule.law_until(start, last_day), start),
            };
            row.insert(tx, engine, &procedure.definition, None).await?;
        }
        Ok(())
    }

    /// Meets the running clocks one of these events stops: those of the matter, or of one task.
    pub(crate) async fn meet_clocks(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        events: &[String],
        task: Option<Id>,
    ) -> Result<(), Error> {
        let procedure = self.procedure.clone();
        for mut row in self.running(tx).await? {
            let rule = procedure.definition.clock(&row.rule);
            if row.task == task && rule.is_some_and(|r| r.stop.iter().any(|s| events.contains(s))) {
                if row.clock.is_suspended(cx.now) {
                    // done while standing still: the pause ends with it
                    row.clock.resume(cx.now).map_err(|e| Error::Refused(e.text()))?;
                }
                row.clock.met_at = Some(cx.now);
                row.save(tx, engine, &procedure.definition, cx.now).await?;
            }
        }
        Ok(())
    }

    /// Voids what still runs: of tasks that are void, and of everything when the matter has ended.
    pub(crate) async fn void_clocks(&mut self, tx: &mut Tx, cx: &Context) -> Result<(), Error> {
        tx.exec(
            "update clock set void_at = $2, version = version + 1, next_rung = null \
             where matter = $1 and met_at is null and void_at is null \
             and (task in (select id from task where matter = $1 and state = 'void') or $3 = 1)",
            &[self.draft.id.into(), cx.now.into(), self.closed_at.is_some().into()],
        )
        .await?;
        tx.exec(
            "update reminder set settled_at = $2 where matter = $1 and settled_at is null \
             and clock in (select id from clock where matter = $1 and void_at is not null)",
            &[self.draft.id.into(), cx.now.into()],
        )
        .await?;
        Ok(())
    }

    /// Changes the matter's running clock of a rule, asked for by an effect.
    pub(crate) async fn change_clock(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        change: &ClockChange,
        reason: &str,
    ) -> Result<(), Error> {
        let (ClockChange::Suspend { clock, .. }
        | ClockChange::Resume { clock }
        | ClockChange::Extend { clock, .. }) = change;
        let procedure = self.procedure.clone();
        let rules: Vec<&ClockUse> = procedure.definition.clocks_named(clock).collect();
        let Some(first) = rules.first() else {
            return Err(Error::Procedure(format!(
                "an effect names the clock `{clock}`, which is not declared"
            )));
        };
        let mut any = false;
        for mut row in self.running(tx).await? {
            let Some(rule) = rules.iter().find(|r| r.id == row.rule).filter(|_| row.task.is_none()) else {
                continue;
            };
            row.change(rule, change, cx.now, reason, &cx.actor.login)?;
            row.save(tx, engine, &procedure.definition, cx.now).await?;
            let list = self.done.entry("clocks").or_insert_with(|| json!([]));
            if let Json::Array(list) = list {
                list.push(
                    json!({"clock": row.rule, "due": row.clock.due(engine.calendar).map(|d| d.at.rfc3339())}),
                );
            }
            any = true;
        }
        if any {
            return Ok(());
        }
        Err(Error::Refused(Text::new(
            format!("“{}”未在计时，无法变动", first.title.zh),
            format!("the clock \"{}\" is not running", first.title.en),
        )))
    }
}
