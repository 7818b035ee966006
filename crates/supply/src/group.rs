//! Group commit: what arrives while a transaction commits is stored together by the next one.
//!
//! Each capture keeps its own job, journal entry and position; only the transaction is common. When it fails, nobody is
//! acknowledged and each tries alone, so that what is wrong with one harms no other. While the disk keeps one group the next is
//! stored; nobody is acknowledged before the own group is on the disk.

use crate::capture::{Load, Placing, Slot, Standing, number};
use crate::{CaptureOutcome, Error, ErrorBehaviour, PlaceInfo, Supply};
use ledger::Context;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::Flush;
use tokio::sync::oneshot;

/// Captures of one transaction at most.
const CAPTURES: usize = 256;
/// Events after which a transaction takes no further capture.
const EVENTS: usize = 2_000;

/// Captures that wait for their transaction.
#[derive(Clone, Default)]
pub(crate) struct Queue(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Request>,
    /// Somebody works them off.
    is_working: bool,
}

struct Request {
    cx: Context,
    standing: Standing,
    owners: HashMap<String, PlaceInfo>,
    load: Load,
    behaviour: ErrorBehaviour,
    answer: oneshot::Sender<Answer>,
}

enum Answer {
    Stored(CaptureOutcome),
    Failed(Error),
    /// The common transaction failed.
    TryAlone,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request; true when the caller has to see to it that it is worked off.
    fn push(&self, request: Request) -> bool {
        let mut state = self.lock();
        state.waiting.push_back(request);
        !std::mem::replace(&mut state.is_working, true)
    }

    /// What the next transaction takes; nothing ends the work.
    fn next(&self) -> Vec<Request> {
        let mut state = self.lock();
        let (mut group, mut events) = (Vec::new(), 0);
        while group.len() < CAPTURES && events < EVENTS {
            let Some(request) = state.waiting.pop_front() else { break };
            events += request.load.prepared.len();
            group.push(request);
        }
        state.is_working = !group.is_empty();
        group
    }

    /// Puts back what the transaction did not get to.
    fn put_back(&self, rest: Vec<Request>) {
        let mut state = self.lock();
        rest.into_iter().rev().for_each(|request| state.waiting.push_front(request));
    }
}

/// Lets others begin again should the work end by a panic; whoever waits learns that it was cut off.
struct Working(Queue);

impl Drop for Working {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut state = self.0.lock();
            state.waiting.clear();
            state.is_working = false;
        }
    }
}

impl Supply {
    /// Stores a load in a transaction shared with others that come at the same time; none when that failed and the load
    /// is to be stored alone.
    pub(crate) async fn store_shared(
        &self,
        cx: &Context,
        standing: &Standing,
        mut load: Load,
        behaviour: ErrorBehaviour,
    ) -> Result<Option<CaptureOutcome>, Error> {
        let owners = self.look_up(standing, &mut load).await?;
        let (answer, answered) = oneshot::channel();
        let request = Request { cx: cx.clone(), standing: standing.clone(), owners, load, behaviour, answer };
        if self.queue.push(request) {
            // not in this task: it may be dropped when its sender goes away, with others' captures in its hands
            let this = self.clone();
            tokio::spawn(async move {
                let working = Working(this.queue.clone());
                loop {
                    let group = working.0.next();
                    if group.is_empty() {
                        break;
                    }
                    this.answer(group).await;
                }
            });
        }
        match answered.await.map_err(|_| Error::Interrupted)? {
            Answer::Stored(outcome) => Ok(Some(outcome)),
            Answer::Failed(error) => Err(error),
            Answer::TryAlone => Ok(None),
        }
    }

    async fn answer(&self, mut group: Vec<Request>) {
        // whoever gave up waiting is not told
        match self.store_group(&mut group).await {
            Ok((outcomes, flush)) => {
                self.queue.put_back(group.split_off(outcomes.len()));
                tokio::spawn(async move {
                    let refused = flush.wait().await.err().map(|e| e.to_string());
                    for (request, outcome) in group.into_iter().zip(outcomes) {
                        let _ = request.answer.send(match &refused {
                            None => Answer::Stored(outcome),
                            Some(why) => Answer::Failed(store::Error::Unflushed(why.clone()).into()),
                        });
                    }
                });
            }
            Err(error) => {
                if let [_] = *group {
                    let _ = group.remove(0).answer.send(Answer::Failed(error));
                    return;
                }
                tracing::warn!(?error, captures = group.len(), "captures are stored one by one");
                for request in group {
                    let _ = request.answer.send(Answer::TryAlone);
                }
            }
        }
    }

    /// One transaction for the first of a group, as many as there are outcomes.
    async fn store_group(&self, group: &mut [Request]) -> Result<(Vec<CaptureOutcome>, Flush), Error> {
        let mut tx = self.store.begin().await?;
        let mut placings: Vec<Placing<'_>> = group
            .iter_mut()
            .map(|r| Placing {
                cx: &r.cx,
                standing: &r.standing,
                owners: &r.owners,
                slot: Slot::new(&r.cx, None),
                load: &mut r.load,
                behaviour: r.behaviour,
            })
            .collect();
        let outcomes = self.place(&mut tx, &mut placings).await?;
        let storing = placings.iter().zip(&outcomes).filter(|(_, o)| !o.stored.is_empty());
        let captures: Vec<Slot> = storing.map(|(p, _)| p.slot).collect();
        let last = number(&mut tx, &captures).await?;
        let flush = tx.commit_unflushed().await?;
        if let Some(last) = last {
            let stored = &mut group[..outcomes.len()];
            self.words.settle(stored.iter().flat_map(|r| &r.load.prepared));
            self.merge_terms_if_due();
            let prepared = stored.iter_mut().flat_map(|r| std::mem::take(&mut r.load.prepared));
            let facts: Vec<_> = prepared.map(|p| p.fact).collect();
            self.index.follow(&self.store, last, captures.len(), &facts).await?;
        }
        Ok((outcomes, flush))
    }
}
