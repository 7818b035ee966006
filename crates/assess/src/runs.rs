//! Long runs: begun on a page, worked off as a job, stopped when told to, their answers kept with the recipe.
//!
//! A run is its owner's. Whoever works on it gives a sign of life every second; a run whose process died says `interrupted` and can be
//! begun again, which the owner decides: what ended a process once may do so again. The answer is what was told then; the results may
//! have changed since, so the model file of the run is kept with it (the survey, which never changes, is named by its hash).

use crate::Error;
use crate::exposure::{Answer, Question, Told};
use crate::live::{Depth, Workbench};
use crate::reading;
use crate::survey::Survey;
use access::{Access, Principal, Resource};
use base::{Id, Instant, Text};
use ledger::{Context, Entry, Permit};
use risk::exposure::model::{Model, Tables};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use store::jobs::{self, Failure, Job, NewJob};
use store::{Row, Sql, Store, Tx};

/// The kind of job that works a run off.
pub const RUN_JOB: &str = "exposure.run";
/// A run without a sign of life for so long is interrupted.
const SILENT_SECONDS: i64 = 15;
/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(1);
/// Runs of a page of the list.
pub const LISTED: usize = 50;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has begun to work on it.
    Waiting,
    /// It goes on.
    Running,
    /// It was told to stop and will.
    Stopping,
    /// It was stopped.
    Stopped,
    /// It cannot be computed.
    Failed,
    /// It is answered.
    Done,
    /// Its process died.
    Interrupted,
}

impl State {
    /// All, in the order lists offer them.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Running,
        Self::Stopping,
        Self::Done,
        Self::Failed,
        Self::Stopped,
        Self::Interrupted,
    ];

    /// The word stored and in addresses; `interrupted` is never stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Done => "done",
            Self::Interrupted => "interrupted",
        }
    }

    fn read(word: &str) -> Self {
        Self::ALL.into_iter().find(|s| s.word() == word).unwrap_or(Self::Failed)
    }

    /// Whether it can be begun (again) by its owner.
    #[must_use]
    pub const fn can_begin(self) -> bool {
        matches!(self, Self::Stopped | Self::Failed | Self::Interrupted)
    }

    /// Whether it may still give an answer by itself.
    #[must_use]
    pub const fn goes_on(self) -> bool {
        matches!(self, Self::Waiting | Self::Running | Self::Stopping)
    }
}

/// A run as its owner sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: Id,
    /// The question as part of an address.
    pub question: String,
    /// The substance asked for.
    pub substance: String,
    /// How it stands.
    pub state: State,
    /// When it was first begun.
    pub created: Instant,
    /// When it ended.
    pub finished: Option<Instant>,
    /// Share done, 0 to 1.
    pub share: f64,
    /// Hash of the answer's model, data, seed and engine.
    pub recipe: String,
    /// Why it failed.
    pub said: Text,
}

const COLUMNS: &str =
    "id, question, substance, state, created, seen, share, finished, recipe, said_zh, said_en";

fn run(row: &Row, now: Instant) -> Result<Run, Error> {
    let mut state = State::read(&row.text("state")?);
    let silent = row.instant("seen")?.plus_seconds(SILENT_SECONDS) < now;
    if silent && matches!(state, State::Running | State::Stopping) {
        state = State::Interrupted;
    }
    #[expect(clippy::cast_precision_loss, reason = "thousandths")]
    let share = row.int("share")? as f64 / 1000.0;
    Ok(Run {
        id: row.id("id")?,
        question: row.text("question")?,
        substance: row.text("substance")?,
        state,
        created: row.instant("created")?,
        finished: row.opt_instant("finished")?,
        share,
        recipe: row.text("recipe")?,
        said: Text::new(row.text("said_zh")?, row.text("said_en")?),
    })
}

async fn note(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    kind: &'static str,
    (id, region): (Id, &str),
    body: Value,
) -> Result<(), Error> {
    let subject = format!("exposure:{id}");
    ledger::append(tx, cx, permit, Entry { kind, region: region.to_owned(), subject, body, private: None })
        .await?;
    Ok(())
}

/// Puts the job of an attempt in the queue.
async fn queue(tx: &mut Tx, cx: &Context, id: Id, attempt: i64) -> Result<(), Error> {
    let mut job = NewJob::new(RUN_JOB, json!({ "run": id, "attempt": attempt }), cx.now);
    // what ended a process once may do so again: its owner begins it again, nobody else
    job.max_attempts = 1;
    jobs::enqueue(tx, cx.id(), cx.now, job).await?;
    Ok(())
}

/// Begins a run of a question. Right: view sample, in the region of the person's first grant.
///
/// # Errors
/// [`Error::Denied`], storage, journal.
pub async fn begin(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    (question, substance): (&str, &str),
) -> Result<Id, Error> {
    let region = who.grants.first().map(|g| g.region.clone()).unwrap_or_default();
    let permit = access.check(who, "view", &Resource::new("sample", region.clone()), cx.now)?;
    let id = cx.id();
    tx.exec_one(
        "insert into exposure_run (id, account, region, question, substance, state, attempt, created, seen, share, finished, \
         recipe, said_zh, said_en, told, model, survey) values ($1, $2, $3, $4, $5, 'waiting', 1, $6, $6, 0, null, '', '', '', \
         null, null, '')",
        &[
            id.into(),
            who.account.into(),
            region.as_str().into(),
            question.into(),
            substance.into(),
            cx.now.into(),
        ],
    )
    .await?;
    queue(tx, cx, id, 1).await?;
    note(tx, cx, &permit, "exposure.begun", (id, &region), json!({ "question": question })).await?;
    Ok(id)
}

/// One's own run with its region and attempt, in a transaction.
async fn own(tx: &mut Tx, cx: &Context, who: &Principal, id: Id) -> Result<(Run, String, i64), Error> {
    let mut sql = Sql::new("select ");
    sql.push(COLUMNS).push(", region, attempt from exposure_run where id = ").bind(id);
    sql.push(" and account = ").bind(who.account);
    let rows = tx.select(&sql).await?;
    let row = rows.first().ok_or(Error::NotFound("run"))?;
    Ok((run(row, cx.now)?, row.text("region")?, row.int("attempt")?))
}

/// Begins a run again that was stopped, failed or interrupted; nothing when it goes on or is done. Right: view sample; one's own.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], storage, journal.
pub async fn again(tx: &mut Tx, cx: &Context, access: &Access, who: &Principal, id: Id) -> Result<(), Error> {
    let (run, region, attempt) = own(tx, cx, who, id).await?;
    let permit = access.check(who, "view", &Resource::new("sample", region.clone()), cx.now)?;
    if !run.state.can_begin() {
        return Ok(());
    }
    tx.exec_one(
        "update exposure_run set state = 'waiting', attempt = $2, seen = $3, share = 0, finished = null, said_zh = '', \
         said_en = '' where id = $1",
        &[id.into(), (attempt + 1).into(), cx.now.into()],
    )
    .await?;
    queue(tx, cx, id, attempt + 1).await?;
    note(tx, cx, &permit, "exposure.begun", (id, &region), json!({ "attempt": attempt + 1 })).await
}

/// Tells a run to stop; nothing when it is over. Right: view sample; one's own.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], storage, journal.
pub async fn stop(tx: &mut Tx, cx: &Context, access: &Access, who: &Principal, id: Id) -> Result<(), Error> {
    let (run, region, _) = own(tx, cx, who, id).await?;
    let permit = access.check(who, "view", &Resource::new("sample", region.clone()), cx.now)?;
    let next = match run.state {
        State::Running => "stopping",
        // nobody is at work who could hear it
        State::Waiting | State::Interrupted => "stopped",
        _ => return Ok(()),
    };
    let finished = (next == "stopped").then_some(cx.now);
    tx.exec_one(
        "update exposure_run set state = $2, finished = $3 where id = $1",
        &[id.into(), next.into(), finished.into()],
    )
    .await?;
    note(tx, cx, &permit, "exposure.stopped", (id, &region), json!({})).await
}

/// One's own runs, newest first, older than `before` if given, of a state if given: at most [`LISTED`], and whether there are more.
///
/// # Errors
/// Storage.
pub async fn list(
    store: &Store,
    who: &Principal,
    now: Instant,
    state: Option<State>,
    before: Option<Id>,
) -> Result<(Vec<Run>, bool), Error> {
    let mut sql = Sql::new("select ");
    sql.push(COLUMNS).push(" from exposure_run where account = ").bind(who.account);
    let alive = now.plus_seconds(-SILENT_SECONDS);
    match state {
        Some(State::Interrupted) => {
            sql.push(" and state in ('running', 'stopping') and seen < ").bind(alive);
        }
        Some(one @ (State::Running | State::Stopping)) => {
            sql.push(" and state = ").bind(one.word()).push(" and seen >= ").bind(alive);
        }
        Some(one) => {
            sql.push(" and state = ").bind(one.word());
        }
        None => {}
    }
    if let Some(before) = before {
        sql.push(" and id < ").bind(before);
    }
    sql.push(" order by id desc limit ").bind(i64::try_from(LISTED + 1).unwrap_or(i64::MAX));
    let rows = store.select(&sql).await?;
    let found = rows.iter().take(LISTED).map(|row| run(row, now)).collect::<Result<Vec<_>, _>>()?;
    Ok((found, rows.len() > LISTED))
}

/// One's own run, with its answer when it is done.
///
/// # Errors
/// [`Error::NotFound`], storage.
pub async fn one(store: &Store, who: &Principal, now: Instant, id: Id) -> Result<(Run, Option<Told>), Error> {
    let mut sql = Sql::new("select ");
    sql.push(COLUMNS).push(", told from exposure_run where id = ").bind(id);
    sql.push(" and account = ").bind(who.account);
    let rows = store.select(&sql).await?;
    let row = rows.first().ok_or(Error::NotFound("run"))?;
    let told = row.opt_text("told")?.and_then(|text| Told::read(&text));
    Ok((run(row, now)?, told))
}

/// The model file of one's own run that is done, `survey` put back in.
///
/// # Errors
/// [`Error::NotFound`] also when the survey is another one than the run was answered from, storage.
pub async fn model(store: &Store, who: &Principal, id: Id, survey: &Survey) -> Result<Model, Error> {
    let sql = "select model, survey from exposure_run where id = $1 and account = $2 and state = 'done'";
    let missing = || Error::NotFound("run");
    let row = store.first(sql, &[id.into(), who.account.into()]).await?.ok_or_else(missing)?;
    let mut model = row.opt_text("model")?.and_then(|text| Model::read(&text).ok()).ok_or_else(missing)?;
    if row.text("survey")? != survey.sha256 {
        return Err(Error::NotFound("survey"));
    }
    if let Some(tables) = &mut model.tables {
        tables.persons.clone_from(&survey.people);
        tables.consumption.clone_from(&survey.consumption);
    }
    Ok(model)
}

/// What a job is to work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The run.
    pub id: Id,
    /// Which attempt.
    attempt: i64,
    /// Whose it is: what is read for it is read with this account's rights.
    pub account: Id,
    /// The question as part of an address.
    pub question: String,
    region: String,
}

/// Takes a run up: it is running from now on. `None` when it was stopped before, or another attempt has taken its place.
///
/// # Errors
/// A payload that names no run; storage.
pub async fn take(store: &Store, job: &Job, now: Instant) -> Result<Option<Work>, Failure> {
    let number = |name: &str| -> Result<Id, Failure> {
        let found = serde_json::from_value(job.payload[name].clone());
        found.map_err(|e| Failure::Fatal(format!("the payload names no run: {e}")))
    };
    let (id, attempt) = (number("run")?, job.payload["attempt"].as_i64().unwrap_or(0));
    let mut tx = store.begin().await?;
    let rows = tx
        .query(
            "update exposure_run set state = 'running', seen = $3, share = 0 where id = $1 and attempt = $2 \
             and state = 'waiting' returning account, question, region",
            &[id.into(), attempt.into(), now.into()],
        )
        .await?;
    tx.commit().await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Work {
        id,
        attempt,
        account: row.id("account")?,
        question: row.text("question")?,
        region: row.text("region")?,
    }))
}

/// How a run ended.
enum End {
    Done(Box<Answer>),
    Stopped,
    Failed(Text),
}

impl Work {
    /// Computes away from the threads that serve others, tells how far it is, hears when it is told to stop, and keeps the answer.
    ///
    /// # Errors
    /// Storage, journal.
    pub async fn go(
        &self,
        store: &Store,
        clock: fn() -> Instant,
        cx: &Context,
        bench: Arc<Workbench>,
        question: Question,
        rows: Vec<reading::Row>,
    ) -> Result<(), Error> {
        let (share, stop) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let survey = question.survey.clone();
        let (told_share, told_stop) = (share.clone(), stop.clone());
        let mut work = tokio::task::spawn_blocking(move || {
            bench.answer(&question, &rows, Depth::Intervals, 1, &mut |done| {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a share of one"
                )]
                told_share.store((done.clamp(0.0, 1.0) * 1000.0) as u32, Ordering::Relaxed);
                !told_stop.load(Ordering::Relaxed)
            })
        });
        let answered = loop {
            tokio::select! {
                answered = &mut work => break answered,
                () = tokio::time::sleep(BEAT) => {
                    if !self.alive(store, clock(), share.load(Ordering::Relaxed)).await? {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            }
        };
        let end = match answered {
            Ok(Ok(Some(answer))) => End::Done(Box::new(answer)),
            Ok(Ok(None)) => End::Stopped,
            Ok(Err(e)) => End::Failed(e.text()),
            Err(_) => End::Failed(Text::of(
                "计算意外中断，请缩小问题后重新开始",
                "the computation broke off; ask less and begin it again",
            )),
        };
        self.end(store, &Context { now: clock(), ..cx.clone() }, &survey, end).await
    }

    /// Ends a run that cannot even be asked.
    ///
    /// # Errors
    /// Storage, journal.
    pub async fn refuse(&self, store: &Store, cx: &Context, why: Text) -> Result<(), Error> {
        self.end(store, cx, &Survey::generated(), End::Failed(why)).await
    }

    /// A sign of life; whether to go on.
    async fn alive(&self, store: &Store, now: Instant, share: u32) -> Result<bool, Error> {
        let mut tx = store.begin().await?;
        let rows = tx
            .query(
                "update exposure_run set seen = $3, share = $4 where id = $1 and attempt = $2 returning state",
                &[self.id.into(), self.attempt.into(), now.into(), share.into()],
            )
            .await?;
        tx.commit().await?;
        match rows.first() {
            Some(row) => Ok(row.text("state")? == State::Running.word()),
            None => Ok(false),
        }
    }

    async fn end(&self, store: &Store, cx: &Context, survey: &Survey, end: End) -> Result<(), Error> {
        let (state, said, answer) = match end {
            End::Done(answer) => (State::Done, None, Some(answer)),
            End::Stopped => (State::Stopped, None, None),
            End::Failed(said) => (State::Failed, Some(said), None),
        };
        let recipe = answer.as_ref().map(|a| a.told.report().recipe.clone()).unwrap_or_default();
        let model = answer.as_ref().map(|answer| {
            let mut model = answer.model();
            let concentrations = model.tables.take().map(|t| t.concentrations).unwrap_or_default();
            model.tables = Some(Tables { concentrations, ..Tables::default() });
            model.to_json()
        });
        let mut tx = store.begin().await?;
        let ended = tx
            .exec(
                "update exposure_run set state = $3, finished = $4, seen = $4, share = 1000, recipe = $5, said_zh = $6, \
                 said_en = $7, told = $8, model = $9, survey = $10 where id = $1 and attempt = $2 \
                 and state in ('running', 'stopping')",
                &[
                    self.id.into(),
                    self.attempt.into(),
                    state.word().into(),
                    cx.now.into(),
                    recipe.as_str().into(),
                    said.as_ref().map_or("", |said| &said.zh).into(),
                    said.as_ref().map_or("", |said| &said.en).into(),
                    answer.as_ref().map(|a| a.told.keep()).into(),
                    model.into(),
                    survey.sha256.as_str().into(),
                ],
            )
            .await?;
        if ended == 1 {
            let body = json!({ "state": state.word(), "recipe": recipe });
            let permit = Permit::system("assess:run");
            note(&mut tx, cx, &permit, "exposure.finished", (self.id, &self.region), body).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// What marks a number in the text that is kept: read as JSON, its last digit could be another one.
const MARK: &str = "f64:";

fn marked(value: &mut Value) {
    match value {
        Value::Number(n) if n.is_f64() => {
            *value = Value::String(format!("{MARK}{}", n.as_f64().unwrap_or(f64::NAN)));
        }
        Value::Array(list) => list.iter_mut().for_each(marked),
        Value::Object(map) => map.values_mut().for_each(marked),
        _ => {}
    }
}

fn unmarked(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(n) = text.strip_prefix(MARK).and_then(|t| t.parse::<f64>().ok()) {
                *value = json!(n);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(unmarked),
        Value::Object(map) => map.values_mut().for_each(unmarked),
        _ => {}
    }
}

impl Told {
    /// As text that [`Told::read`] reads to the same bits.
    #[must_use]
    pub fn keep(&self) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        marked(&mut value);
        value.to_string()
    }

    /// Reads what was kept; `None` when it is of another form.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut value: Value = serde_json::from_str(text).ok()?;
        unmarked(&mut value);
        serde_json::from_value(value).ok()
    }
}
