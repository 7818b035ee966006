//! The ladder a clock climbs: reminders before it falls due, escalation after, each journalled; and publications that end.

use crate::definition::{Definition, Rung, RungAct};
use crate::effect::{Authority, NewMatter};
use crate::live::{ClockRow, Live, Step, lock_clock};
use crate::publish::lock as lock_document;
use crate::step::{open_as, transition_as_system};
use crate::{Engine, Error, drill};
use base::calendar::Calendar;
use base::clock::{Due, Unit};
use base::{Id, IdGen, Instant, Lang, RegionCode, Text};
use ledger::{Actor, Context, Permit};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use store::{Row, Sql, Store, Tx};

/// Rows of one sweep.
const SWEEP: i64 = 200;
/// When in the day a reminder that counts in days is given: office hours have begun.
const MORNING: (i8, i8) = (8, 30);

/// The instant a rung is reached, given when the clock falls due.
fn reached(rung: &Rung, due: Due, calendar: &Calendar) -> Instant {
    let count = rung.at.unsigned_abs();
    let morning = |date: base::Date| Instant::china(date, MORNING.0, MORNING.1);
    match (rung.unit, rung.at.signum()) {
        (_, 0) => due.at,
        (Unit::Hour, _) => due.at.plus_seconds(i64::from(rung.at) * 3600),
        (Unit::WorkingDay, -1) => morning(calendar.subtract_working_days(due.date, count).date),
        (Unit::WorkingDay, _) => morning(calendar.add_working_days(due.date, count).date),
        (_, sign) => {
            let mut date = due.date;
            for _ in 0..count {
                let next = if sign < 0 { date.yesterday() } else { date.tomorrow() };
                date = next.unwrap_or(date);
            }
            morning(date)
        }
    }
}

/// The first rung reached after `after`, of a clock with that due moment; where the time lapses, its end is one.
pub(crate) fn next_rung(
    rungs: &[Rung],
    due: Due,
    lapses: bool,
    calendar: &Calendar,
    after: Instant,
) -> Option<Instant> {
    let rungs = rungs.iter().map(|r| reached(r, due, calendar));
    rungs.chain(lapses.then_some(due.at)).filter(|at| *at > after).min()
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Reminders and escalations written.
    pub reminders: usize,
    /// Publications ended.
    pub ended: usize,
    /// Steps taken because a time lapsed.
    pub lapsed: usize,
    /// Clocks and publications that could not be brought forward: [`sweep_faults`] tells why.
    pub faults: usize,
}

/// So many rows that fail in one sweep are no longer the fault of the rows.
const MOST_FAULTS: usize = 100;

/// What the sweep could not bring forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepFault {
    /// `clock` or `document`.
    pub what: String,
    /// Its record id.
    pub id: Id,
    /// The matter it belongs to, where it still has one.
    pub matter: Option<Id>,
    /// When it failed first.
    pub since: Instant,
    /// When it was tried last.
    pub tried: Instant,
    /// How often.
    pub tries: i64,
    /// Why, for whoever looks after the system.
    pub problem: String,
}

/// What the sweep could not bring forward, the longest first, up to `most`; for administrators.
///
/// # Errors
/// Storage.
pub async fn sweep_faults(store: &Store, most: i64) -> Result<Vec<SweepFault>, store::Error> {
    let sql = "select f.*, coalesce(c.matter, d.matter) as matter from sweep_fault f left join clock c on f.what = 'clock' and c.id = f.id \
               left join document d on f.what = 'document' and d.id = f.id order by f.since, f.id limit $1";
    let read = |row: &Row| {
        Ok(SweepFault {
            what: row.text("what")?,
            id: row.id("id")?,
            matter: row.opt_id("matter")?,
            since: row.instant("since")?,
            tried: row.instant("tried")?,
            tries: row.int("tries")?,
            problem: row.text("problem")?,
        })
    };
    store.query(sql, &[most.into()]).await?.iter().map(read).collect()
}

/// How many rows the sweep could not bring forward: a figure to be watched.
///
/// # Errors
/// Storage.
pub async fn sweep_faults_counted(store: &Store) -> Result<i64, store::Error> {
    store.one("select count(*) as n from sweep_fault", &[]).await?.int("n")
}

/// The rows one sweep has failed at, which it leaves out from then on: one of them stops no other.
struct LeftOut<'a> {
    store: &'a Store,
    what: &'static str,
    now: Instant,
    ids: Vec<Id>,
}

impl LeftOut<'_> {
    /// The next rows: `select` and its conditions, then the order.
    async fn rows(&self, select: &'static str, order: &'static str) -> Result<Vec<Id>, Error> {
        let mut sql = Sql::new(select);
        sql.bind(self.now);
        if !self.ids.is_empty() {
            sql.push(" and id not in ").bind_list(self.ids.iter().copied());
        }
        sql.push(order).bind(SWEEP);
        Ok(self.store.select(&sql).await?.iter().map(|r| r.id("id")).collect::<Result<_, _>>()?)
    }

    /// Commits what was done for a row, or gives it up and notes why.
    async fn settle<T>(&mut self, tx: Tx, id: Id, done: Result<T, Error>) -> Result<Option<T>, Error> {
        let done = match done {
            Ok(done) => tx.commit().await.map(|()| done).map_err(Error::from),
            Err(error) => tx.rollback().await.map_err(Error::from).and(Err(error)),
        };
        match done {
            Ok(done) => Ok(Some(done)),
            Err(error) => {
                tracing::error!(?error, what = self.what, id = %id, "a sweep leaves a row out");
                let mut tx = self.store.begin().await?;
                tx.exec(
                    "insert into sweep_fault (what, id, since, tried, tries, problem) values ($1, $2, $3, $3, 1, $4) \
                     on conflict (what, id) do update set tried = excluded.tried, tries = sweep_fault.tries + 1, problem = excluded.problem",
                    &[self.what.into(), id.into(), self.now.into(), error.to_string().into()],
                )
                .await?;
                tx.commit().await?;
                self.ids.push(id);
                if self.ids.len() >= MOST_FAULTS { Err(error) } else { Ok(None) }
            }
        }
    }

    /// What failed before and was brought forward since is no fault any more.
    async fn forget(&self) -> Result<(), Error> {
        let mut sql = Sql::new("delete from sweep_fault where what = ");
        sql.bind(self.what);
        if !self.ids.is_empty() {
            sql.push(" and id not in ").bind_list(self.ids.iter().copied());
        }
        let mut tx = self.store.begin().await?;
        tx.execute(&sql).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Climbs every rung reached by now and ends every publication whose time is over; each clock and document in a transaction
/// of its own. Repeatable: what was done is not done again. A row that fails is rolled back, noted ([`sweep_faults`]) and tried again by the
/// next sweep; the others go on.
///
/// # Errors
/// Storage, or more failures than rows can be blamed for; what was done before it stays.
pub async fn sweep(store: &Store, engine: &Engine, ids: &Arc<IdGen>, now: Instant) -> Result<Swept, Error> {
    let mut swept = Swept::default();
    let cx = Context { now, ids: ids.clone(), actor: Actor::system("flow"), lang: Lang::Zh };
    let mut clocks = LeftOut { store, what: "clock", now, ids: Vec::new() };
    loop {
        let rows = clocks
            .rows(
                "select id from clock where next_rung is not null and next_rung <= ",
                " order by next_rung, id limit ",
            )
            .await?;
        for id in &rows {
            let mut tx = store.begin().await?;
            let lapsed = lapse(&mut tx, &cx, engine, *id).await;
            // the step is not possible (no operator named yet): people are reminded of the clock like of any other
            let refused = lapsed.as_ref().is_err_and(|said| said.user_text().is_some());
            if refused {
                tx.rollback().await?;
                tx = store.begin().await?;
            }
            let done = match lapsed {
                Ok(true) => Ok((0, 1)),
                Err(fault) if !refused => Err(fault),
                _ => climb(&mut tx, &cx, engine, *id).await.map(|reminders| (reminders, 0)),
            };
            if let Some((reminders, lapses)) = clocks.settle(tx, *id, done).await? {
                swept.reminders += reminders;
                swept.lapsed += lapses;
            }
        }
        if rows.is_empty() {
            break;
        }
    }
    let mut documents = LeftOut { store, what: "document", now, ids: Vec::new() };
    loop {
        let rows = documents
            .rows(
                "select id from document where status = 'published' and public_until is not null and public_until <= ",
                " order by public_until, id limit ",
            )
            .await?;
        for id in &rows {
            let mut tx = store.begin().await?;
            let done = end_publication(&mut tx, &cx, engine, *id).await;
            swept.ended += usize::from(documents.settle(tx, *id, done).await?.is_some());
        }
        if rows.is_empty() {
            break;
        }
    }
    swept.faults = clocks.ids.len() + documents.ids.len();
    if sweep_faults_counted(store).await? > 0 {
        clocks.forget().await?;
        documents.forget().await?;
    }
    Ok(swept)
}

/// Takes the step a clock has for the end of its time, if it runs and its time is over.
async fn lapse(tx: &mut Tx, cx: &Context, engine: &Engine, clock: Id) -> Result<bool, Error> {
    let (live, row) = lock_clock(tx, engine, clock).await?;
    let over = row.clock.due(engine.calendar()).is_some_and(|due| due.at <= cx.now);
    let runs = row.clock.met_at.is_none() && row.void_at.is_none();
    let step = live.procedure.definition.clock(&row.rule).and_then(|r| r.lapse.clone());
    let Some(step) = step.filter(|_| over && runs) else { return Ok(false) };
    transition_as_system(tx, cx, engine, "clock.lapse", row.matter, &step, &Json::Null).await?;
    Ok(true)
}

/// Who is told of a rung.
struct Told {
    region: String,
    agency: String,
    operator: Option<Id>,
    assigned: Option<Id>,
}

/// Climbs the rungs of a clock reached by now; gives how many reminders were written.
async fn climb(tx: &mut Tx, cx: &Context, engine: &Engine, clock: Id) -> Result<usize, Error> {
    let (mut live, row) = lock_clock(tx, engine, clock).await?;
    let from = tx.one("select next_rung from clock where id = $1", &[clock.into()]).await?;
    let from = from.opt_instant("next_rung")?;
    let procedure = live.procedure.clone();
    let d = &procedure.definition;
    let (Some(from), Some(rule), Some(due)) =
        (from.filter(|f| *f <= cx.now), d.clock(&row.rule), row.clock.due(engine.calendar()))
    else {
        // another process was here, or the clock stands still: it gets its next rung when it runs on
        tx.exec(
            "update clock set next_rung = null where id = $1 and next_rung <= $2",
            &[clock.into(), cx.now.into()],
        )
        .await?;
        return Ok(0);
    };
    let rungs = d.rungs_of(rule);
    let mut here: Vec<(Instant, &Rung)> =
        rungs.iter().map(|r| (reached(r, due, engine.calendar()), r)).collect();
    here.retain(|(at, _)| *at >= from && *at <= cx.now);
    here.sort_by_key(|(at, _)| *at);
    let next = next_rung(rungs, due, rule.lapse.is_some(), engine.calendar(), cx.now);
    tx.exec("update clock set next_rung = $2 where id = $1", &[clock.into(), next.into()]).await?;
    let mut written = 0;
    for (_, rung) in here {
        written += step_up(tx, cx, engine, &mut live, &row, rung, due, &rule.title).await?;
    }
    Ok(written)
}

#[allow(clippy::too_many_arguments)] // what is told, of what, to whom
async fn step_up(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    live: &mut Live,
    row: &ClockRow,
    rung: &Rung,
    due: Due,
    duty: &Text,
) -> Result<usize, Error> {
    let act = match rung.does {
        RungAct::Remind => "remind",
        RungAct::Escalate => "escalate",
    };
    let told = audience(tx, live, row, rung.up).await?;
    let said = if live.drill { drill::marked(duty) } else { duty.clone() };
    live.done.insert(
        "rung".to_owned(),
        json!({
            "clock": row.id, "act": act, "at": rung.at, "unit": rung.unit, "due": due.at.rfc3339(),
            "told": told.iter().map(|t| json!({"region": t.region, "agency": t.agency, "operator": t.operator})).collect::<Vec<_>>(),
        }),
    );
    if let Some(name) = &rung.opens {
        let opened = supervise(tx, cx, engine, live, row, name, due, duty).await?;
        live.done.insert("opened".to_owned(), json!([{"procedure": name, "matter": opened}]));
    }
    let rule = row.rule.clone();
    let step = Step {
        kind: "clock",
        name: &rule,
        from: None,
        to: None,
        form: None,
        target: Some(row.id),
        note: None,
        version: row.version,
    };
    let permit = Permit::system(&format!("clock.{act}"));
    let journal = live.record(tx, cx, &permit, "clock.rung", step, None).await?;
    for t in &told {
        tx.exec(
            "insert into reminder (id, matter, task, clock, act, region, agency, operator, assigned, classification, title_zh, \
             title_en, due, at, journal) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            &[
                cx.id().into(),
                row.matter.into(),
                row.task.into(),
                row.id.into(),
                act.into(),
                t.region.as_str().into(),
                t.agency.as_str().into(),
                t.operator.into(),
                t.assigned.into(),
                i64::from(live.draft.classification).into(),
                said.zh.as_ref().into(),
                said.en.as_ref().into(),
                due.at.into(),
                cx.now.into(),
                journal.id.into(),
            ],
        )
        .await?;
    }
    Ok(told.len())
}

/// Those who hold the work, and the same department of the levels above.
async fn audience(tx: &mut Tx, live: &Live, row: &ClockRow, up: u8) -> Result<Vec<Told>, Error> {
    let holder = match row.task {
        Some(task) => {
            tx.one("select region, agency, operator, assigned from task where id = $1", &[task.into()])
                .await?
        }
        None => {
            tx.one(
                "select region, agency, operator, assigned from matter where id = $1",
                &[row.matter.into()],
            )
            .await?
        }
    };
    let (region, agency) = (holder.text("region")?, holder.text("agency")?);
    let assigned = holder.opt_id("assigned")?;
    // a duty of the firm is the firm's to hear of; the agency that watches it hears as well
    let operator = holder.opt_id("operator")?.filter(|_| row.task.is_some());
    let mut told = vec![Told { region: region.clone(), agency: agency.clone(), operator, assigned }];
    let mut at = region.parse::<RegionCode>().ok().map(|c| c.county());
    for _ in 0..up {
        at = at.and_then(|c| c.parent()).filter(|c| !c.as_str().is_empty());
        let Some(code) = &at else { break };
        told.push(Told {
            region: code.as_str().to_owned(),
            agency: agency.clone(),
            operator: None,
            assigned: None,
        });
    }
    debug_assert!(!live.draft.region.is_empty() || told.len() == 1, "the nation has nobody above");
    Ok(told)
}

/// Opens the matter that supervises overdue work, once a clock, with the agency whose clock it is.
#[allow(clippy::too_many_arguments)]
async fn supervise(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    live: &Live,
    row: &ClockRow,
    name: &str,
    due: Due,
    duty: &Text,
) -> Result<Id, Error> {
    // who is late receives it and answers; the levels above are told by the rung, and clear it
    let region = live.draft.region.clone();
    let title = Text::new(
        format!("督办：{}（{}）", duty.zh, live.draft.title.zh),
        format!("Supervision: {} ({})", duty.en, live.draft.title.en),
    );
    let procedure = engine.procedure_in(name, &region)?.clone();
    let mut new = NewMatter::new(region, format!("matter:{}", live.draft.id), title)
        .of_operator(live.draft.operator)
        .with_key(format!("rung:{}:{name}", row.id));
    new.parent = Some(live.draft.id);
    new.agency = Some(live.draft.agency.clone());
    let said = Text::new(
        format!("{}：{} 届满未办结", live.draft.title.zh, due.date),
        format!("{}: not done by {}", live.draft.title.en, due.date),
    );
    let facts: [(&str, Json); 4] = [
        ("task", json!(duty.zh)),
        ("reason", json!(said.zh)),
        ("matter_no", json!(live.draft.id.to_string())),
        ("county", json!(live.draft.region)),
    ];
    for (fact, value) in facts {
        if procedure.definition.fact(fact).is_some() {
            new = new.fact(fact, value);
        }
    }
    let opened = Box::pin(open_as(tx, cx, engine, Authority::System("clock.rung"), name, new)).await?;
    live.link(tx, cx, "child", &format!("matter:{}", opened.matter), &duty.zh).await?;
    Ok(opened.matter)
}

/// Ends a publication: the document leaves the public lists and stays in the file and in the journal.
async fn end_publication(tx: &mut Tx, cx: &Context, engine: &Engine, document: Id) -> Result<(), Error> {
    let (mut live, row) = lock_document(tx, engine, document).await?;
    if row.text("status")? != "published" {
        return Ok(());
    }
    tx.exec_one(
        "update document set status = 'ended', withdrawn_at = $2, version = version + 1 where id = $1",
        &[document.into(), cx.now.into()],
    )
    .await?;
    let name = row.text("name")?;
    live.done
        .insert("document".to_owned(), json!({"id": document, "slug": row.text("slug")?, "status": "ended"}));
    let step = Step {
        kind: "document",
        name: &name,
        from: None,
        to: None,
        form: None,
        target: Some(document),
        note: None,
        version: row.int("version")? + 1,
    };
    live.record(tx, cx, &Permit::system("document.until"), "document.ended", step, None).await?;
    Ok(())
}

impl Definition {
    /// The moment a document published now stops being public.
    pub(crate) fn public_until(&self, document: &str, now: Instant, calendar: &Calendar) -> Option<Instant> {
        let until = self.document(document)?.until.as_ref()?;
        let rule = base::ClockRule {
            id: document.to_owned(),
            amount: until.amount,
            unit: until.unit,
            basis: format!("{} {}", until.basis.document, until.basis.clause),
            status: until.basis.status,
            roll_over: false,
            direction: base::clock::Direction::After,
        };
        base::Clock::start(rule, now).due(calendar).map(|d| d.at)
    }
}
