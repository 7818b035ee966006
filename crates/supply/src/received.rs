//! Documents too long to be dealt with before answering: kept, answered with a job, worked off by a runner.
//!
//! The job's row and the bytes are durable before the answer. Each portion of events is one transaction that also notes how
//! far the job has come, so that a process that dies is followed by one that goes on from there. With `rollback` the document
//! is first read from end to end and judged as a whole ([`Supply::judge`]): readers see none of its events, others wait no longer than
//! for one portion, and the names of its events are claimed ([`crate::claim`]). One short transaction is the verdict: refused, with everything found wrong; or good,
//! and then nothing can refuse a portion any more, neither what others store meanwhile nor a right that ends. A process that dies while it
//! judges is followed by one that judges anew; one that dies while it stores, by one that goes on. The events are seen as their portions
//! are stored, while the job says `running` and `success`: the standard's "still capturing, no errors so far". It promises no moment at which
//! all are seen at once, only that all come or none, and that is settled before the first. In memory there are never more than a few
//! portions.

use crate::capture::{Placing, Slot, Standing, count, number};
use crate::claim::{self, Order};
use crate::outcome::{CaptureState, ErrorBehaviour, Format};
use crate::portion::{Portion, portions};
use crate::{CaptureOptions, Error, Supply, rows};
use access::Principal;
use base::{Id, IdGen, Instant, Lang, Text};
use epcis::{Problem, ProblemType};
use ledger::{Context, Entry};
use serde_json::{Value, json};
use std::sync::Arc;
use store::Row;
use store::attachments::{Attachments, Kept};
use store::jobs::{Failure, Job, NewJob};

/// The kind of job that works a document off.
pub const CAPTURE_JOB: &str = "epcis.capture";
/// Problems kept with a job; further ones are counted.
const KEPT_PROBLEMS: usize = 10_000;

/// A job at work.
struct Work {
    id: Id,
    operator: Option<Id>,
    behaviour: ErrorBehaviour,
    document: String,
    reached: usize,
    problems: Vec<Value>,
    /// The document was found good as a whole: all of it is stored now.
    is_judged: bool,
}

impl Supply {
    /// Takes a kept document in as a job; the bytes are durable already.
    ///
    /// # Errors
    /// [`Error::Denied`] when the caller may not capture.
    pub async fn receive(
        &self,
        cx: &Context,
        who: &Principal,
        attachments: &Attachments,
        kept: &Kept,
        format: Format,
        options: &CaptureOptions,
    ) -> Result<Id, Error> {
        let standing = self.standing(cx, who, options.operator).await?;
        let id = cx.id();
        let mut tx = self.store.begin().await?;
        let document = attachments.record(&mut tx, kept, cx.now).await?;
        let entry = Entry {
            kind: "capture.received",
            region: standing.region.clone(),
            subject: format!("capture:{id}"),
            body: json!({
                "operator": standing.operator,
                "bytes": document.sha256,
                "size": document.size,
                "error_behaviour": options.error_behaviour.word(),
            }),
            private: None,
        };
        let journal = ledger::append(&mut tx, cx, &standing.permit, entry).await?.id;
        tx.exec(
            "insert into capture (id, position, account, operator, region, format, bytes_hash, events, stored, \
             duplicates, events_root, error_behaviour, context, state, problems, created, finished, journal, \
             document, reached) \
             values ($1, null, $2, $3, $4, $5, $6, 0, 0, 0, null, $7, '[]', $8, '[]', $9, 0, $10, $6, 0)",
            &[
                id.into(),
                who.account.into(),
                standing.operator.into(),
                standing.region.as_str().into(),
                if format == Format::Xml { "xml" } else { "json" }.into(),
                document.sha256.as_str().into(),
                options.error_behaviour.word().into(),
                CaptureState::Running.word().into(),
                cx.now.into(),
                journal.into(),
            ],
        )
        .await?;
        let mut job = NewJob::new(CAPTURE_JOB, json!({ "capture": id }), cx.now);
        // a process that is killed in the middle takes its lease with it each time
        job.max_attempts = 20;
        store::jobs::enqueue(&mut tx, cx.id(), cx.now, job).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Works a document off: the handler of [`CAPTURE_JOB`].
    ///
    /// # Errors
    /// Whatever is worth another attempt; what is wrong with the document is written into the job.
    pub async fn work_off(
        &self,
        attachments: &Attachments,
        ids: &Arc<IdGen>,
        clock: fn() -> Instant,
        job: &Job,
    ) -> Result<(), Failure> {
        let id: Id = serde_json::from_value(job.payload["capture"].clone())
            .map_err(|e| Failure::Fatal(format!("the payload names no capture: {e}")))?;
        let Some(row) = self.store.first("select * from capture where id = $1", &[id.into()]).await? else {
            return Err(Failure::Fatal(format!("there is no capture {id}")));
        };
        let state: CaptureState = row.parsed("state")?;
        if !matches!(state, CaptureState::Running | CaptureState::Failing) {
            // it ended, and its process perhaps before the names were free
            return claim::free_all(&self.store, id).await.map_err(Failure::from);
        }
        let mut work = work(&row)?;
        let account = row.opt_id("account")?.unwrap_or(Id(0));
        let (now, lang) = (clock(), Lang::Zh);
        let found = access::account::principal_by_id(&self.store, &self.access, account, now).await;
        let who = found.map_err(Failure::from)?.unwrap_or_else(Principal::anonymous);
        let cx = Context { now, ids: ids.clone(), actor: who.actor(), lang };
        let standing = match self.standing(&cx, &who, work.operator).await {
            Ok(standing) => standing,
            Err(Error::Denied(_)) if work.is_judged => {
                work.standing(&row, "a document found good before is stored").map_err(Failure::from)?
            }
            Err(Error::Denied(denied)) => {
                let problem = Problem::new(
                    ProblemType::Forbidden,
                    "",
                    denied.text.clone(),
                    Text::of(
                        "请确认账号有效后重新提交。",
                        "Make sure the account is active, then send it again.",
                    ),
                );
                return self.refuse(&cx, &row, &mut work, vec![problem]).await.map_err(Failure::from);
            }
            Err(e) => return Err(e.into()),
        };
        if work.behaviour == ErrorBehaviour::Rollback && !work.is_judged {
            let problems =
                self.judge(attachments, &cx, clock, &standing, &work).await.map_err(Failure::from)?;
            if !problems.is_empty() {
                return self.refuse(&cx, &row, &mut work, problems).await.map_err(Failure::from);
            }
            work.is_judged = true;
        }
        self.store_portions(attachments, &cx, clock, &standing, &row, &mut work).await.map_err(Failure::from)
    }

    /// Portion by portion, each in its own transaction.
    async fn store_portions(
        &self,
        attachments: &Attachments,
        cx: &Context,
        clock: fn() -> Instant,
        standing: &Standing,
        row: &Row,
        work: &mut Work,
    ) -> Result<(), Error> {
        let mut portions = portions(attachments, &work.document, work.reached, self.limits, cx.now).await?;
        while let Some(portion) = portions.next().await? {
            let Portion { mut load, reached } = portion?;
            let cx = Context { now: clock(), ..cx.clone() };
            if work.is_judged && work.reached == 0 && !load.problems.is_empty() {
                // found good by an earlier version of the program, and nothing stored yet
                return self.refuse(&cx, row, work, load.problems).await;
            }
            let owners = match work.is_judged {
                true => self.owners([&load]).await.map_err(Error::Directory)?,
                false => self.look_up(standing, &mut load).await?,
            };
            let slot = Slot::new(&cx, Some(work.id));
            let mut tx = self.store.begin().await?;
            if work.is_judged {
                claim::free(&mut tx, work.id, &load.prepared).await?;
            }
            let placing = Placing {
                cx: &cx,
                standing,
                owners: &owners,
                load: &mut load,
                behaviour: work.behaviour,
                slot,
                is_judged: work.is_judged,
            };
            let (outcome, slot) = self.place_one(&mut tx, placing).await?;
            work.keep(&outcome.problems, cx.lang);
            let before = std::mem::replace(&mut work.reached, reached);
            let state = if work.problems.is_empty() { CaptureState::Running } else { CaptureState::Failing };
            // another runner that took the job over has gone on from the same place: one of the two gives up
            tx.exec_one(
                "update capture set reached = $2, state = $3, problems = $4, events = events + $5, \
                 stored = stored + $6, duplicates = duplicates + $7 \
                 where id = $1 and reached = $8 and state in ('running', 'failing')",
                &[
                    work.id.into(),
                    count(reached),
                    state.word().into(),
                    Value::from(work.problems.clone()).to_string().into(),
                    count(outcome.events),
                    count(outcome.stored.len()),
                    count(outcome.duplicates.len()),
                    count(before),
                ],
            )
            .await?;
            let position = number(&mut tx, slot.as_slice()).await?;
            tx.commit().await?;
            if let Some(position) = position {
                self.words.settle(load.prepared.iter());
                self.merge_terms_if_due();
                let facts: Vec<_> = load.prepared.into_iter().map(|p| p.fact).collect();
                self.index.follow(&self.store, position, 1, &facts).await?;
            }
        }
        self.finish(&Context { now: clock(), ..cx.clone() }, standing, work).await
    }

    /// Decides on a whole document before any of it is stored: everything that is wrong with it, or nothing, and then it is to be
    /// stored whatever comes.
    async fn judge(
        &self,
        attachments: &Attachments,
        cx: &Context,
        clock: fn() -> Instant,
        standing: &Standing,
        work: &Work,
    ) -> Result<Vec<Problem>, Error> {
        let mut tx = self.store.begin().await?;
        let order = Order::read(&mut tx).await?;
        tx.rollback().await?;
        let (mut problems, mut events) = (Vec::new(), 0);
        let mut portions = portions(attachments, &work.document, 0, self.limits, cx.now).await?;
        while let Some(portion) = portions.next().await? {
            let Portion { mut load, reached } = portion?;
            events = reached;
            self.look_up(standing, &mut load).await?;
            let mut tx = self.store.begin().await?;
            rows::judge(&mut tx, cx, standing, &mut load, work.id).await?;
            if problems.is_empty() && load.problems.is_empty() {
                load.problems = claim::take(&mut tx, work.id, &load.prepared).await?;
            }
            if problems.is_empty() && !load.problems.is_empty() {
                tx.exec(
                    "update capture set state = $2 where id = $1 and state = 'running'",
                    &[work.id.into(), CaptureState::Failing.word().into()],
                )
                .await?;
            }
            tx.commit().await?;
            load.problems.truncate(KEPT_PROBLEMS.saturating_sub(problems.len()));
            problems.append(&mut load.problems);
        }
        if !problems.is_empty() {
            return Ok(problems);
        }
        let (problems, compared) = claim::compare(&self.store, work.id, order.last).await?;
        if !problems.is_empty() {
            return Ok(problems);
        }
        let entry = Entry {
            kind: "capture.judged",
            region: standing.region.clone(),
            subject: format!("capture:{}", work.id),
            body: json!({ "operator": standing.operator, "bytes": work.document, "events": events }),
            private: None,
        };
        let cx = Context { now: clock(), ..cx.clone() };
        let mut tx = self.store.begin().await?;
        ledger::append(&mut tx, &cx, &standing.permit, entry).await?;
        tx.exec_one(
            "update capture set judged = $2 where id = $1 and judged is null and state in ('running', 'failing')",
            &[work.id.into(), cx.now.into()],
        )
        .await?;
        let problems = claim::hold(&mut tx, work.id, order, compared).await?;
        match problems.is_empty() {
            true => tx.commit().await?,
            false => tx.rollback().await?,
        }
        Ok(problems)
    }

    /// Ends a job that stored nothing.
    async fn refuse(
        &self,
        cx: &Context,
        row: &Row,
        work: &mut Work,
        problems: Vec<Problem>,
    ) -> Result<(), Error> {
        let standing = work.standing(row, "a document taken in before is worked off")?;
        work.keep(&problems, cx.lang);
        self.finish(cx, &standing, work).await
    }

    /// The end of a job: its state and its journal entry; then the names it claimed are free.
    async fn finish(&self, cx: &Context, standing: &Standing, work: &Work) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let row =
            tx.one("select events, stored, duplicates from capture where id = $1", &[work.id.into()]).await?;
        let (events, stored, duplicates) = (row.int("events")?, row.int("stored")?, row.int("duplicates")?);
        let state = match (work.problems.is_empty(), stored + duplicates) {
            (true, _) => CaptureState::Stored,
            (false, 0) => CaptureState::Refused,
            (false, _) => CaptureState::Part,
        };
        let entry = Entry {
            kind: if state == CaptureState::Refused { "capture.refused" } else { "capture.finished" },
            region: standing.region.clone(),
            subject: format!("capture:{}", work.id),
            body: json!({
                "operator": standing.operator,
                "bytes": work.document,
                "events": events,
                "stored": stored,
                "duplicates": duplicates,
                "refused": work.problems.len(),
                "error_behaviour": work.behaviour.word(),
            }),
            private: None,
        };
        let journal = ledger::append(&mut tx, cx, &standing.permit, entry).await?.id;
        tx.exec_one(
            "update capture set state = $2, problems = $3, finished = $4, journal = $5 \
             where id = $1 and state in ('running', 'failing')",
            &[
                work.id.into(),
                state.word().into(),
                Value::from(work.problems.clone()).to_string().into(),
                cx.now.into(),
                journal.into(),
            ],
        )
        .await?;
        tx.commit().await?;
        claim::free_all(&self.store, work.id).await
    }
}

impl Work {
    fn keep(&mut self, problems: &[Problem], lang: Lang) {
        let room = KEPT_PROBLEMS.saturating_sub(self.problems.len());
        self.problems.extend(problems.iter().take(room).map(|p| p.to_json(lang)));
    }

    /// For whom it was taken in, when no person's right is asked any more.
    fn standing(&self, row: &Row, why: &str) -> Result<Standing, store::Error> {
        let region = row.text("region")?;
        Ok(Standing { operator: self.operator, region, permit: ledger::Permit::system(why) })
    }
}

fn work(row: &Row) -> Result<Work, store::Error> {
    Ok(Work {
        id: row.id("id")?,
        operator: row.opt_id("operator")?,
        behaviour: row.parsed("error_behaviour")?,
        document: row.opt_text("document")?.unwrap_or_default(),
        reached: usize::try_from(row.opt_int("reached")?.unwrap_or_default()).unwrap_or_default(),
        problems: match row.json("problems")? {
            Value::Array(list) => list,
            _ => Vec::new(),
        },
        is_judged: row.opt_int("judged")?.is_some(),
    })
}
