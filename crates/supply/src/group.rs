//! Group commit: what arrives while a transaction commits is stored together by the next one.
//!
//! Each capture keeps its own job, journal entry and position; only the transaction is common. When it fails, nobody is
//! acknowledged and each tries alone, so that what is wrong with one harms no other. While the disk keeps one group the next is
//! stored; nobody is acknowledged before the own group is on the disk.

use crate::capture::{Load, Placing, Sender, Slot, Standing, number, own_only};
use crate::{CaptureOutcome, Error, ErrorBehaviour, PlaceInfo, Supply};
use access::Principal;
use base::Id;
use ledger::Context;
use std::collections::{BTreeSet, HashMap, VecDeque};
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
    who: Principal,
    operator: Option<Id>,
    load: Load,
    behaviour: ErrorBehaviour,
    answer: oneshot::Sender<Answer>,
}

/// A request whose sender may capture, with what is not the sender's to tell taken out.
struct Admitted {
    request: Request,
    standing: Standing,
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
        sender: Sender<'_>,
        load: Load,
    ) -> Result<Option<CaptureOutcome>, Error> {
        let (answer, answered) = oneshot::channel();
        let request = Request {
            cx: cx.clone(),
            who: sender.who.clone(),
            operator: sender.operator.or(sender.who.operator),
            load,
            behaviour: sender.behaviour,
            answer,
        };
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

    async fn answer(&self, group: Vec<Request>) {
        let (mut group, owners) = match self.admit(&group).await {
            Ok((standings, owners)) => (admitted(group, standings, &owners), owners),
            Err(error) => return give_back(group, error),
        };
        if group.is_empty() {
            return;
        }
        // whoever gave up waiting is not told
        match self.store_group(&mut group, &owners).await {
            Ok((outcomes, flush)) => {
                let rest = group.split_off(outcomes.len());
                self.queue.put_back(rest.into_iter().map(|a| a.request).collect());
                tokio::spawn(async move {
                    let refused = flush.wait().await.err().map(|e| e.to_string());
                    for (admitted, outcome) in group.into_iter().zip(outcomes) {
                        let _ = admitted.request.answer.send(match &refused {
                            None => Answer::Stored(outcome),
                            Some(why) => Answer::Failed(store::Error::Unflushed(why.clone()).into()),
                        });
                    }
                });
            }
            Err(error) => give_back(group.into_iter().map(|a| a.request).collect(), error),
        }
    }

    /// The rights of the senders of a group, and what the register says of the places they name: two questions for all.
    async fn admit(&self, group: &[Request]) -> Result<Admission, Error> {
        let operators: BTreeSet<Id> = group.iter().filter_map(|r| r.operator).collect();
        let operators: Vec<Id> = operators.into_iter().collect();
        let regions = self.directory.regions(&operators).await.map_err(Error::Directory)?;
        let loads: Vec<&Load> = group.iter().map(|r| &r.load).collect();
        let owners = self.owners(loads).await.map_err(Error::Directory)?;
        let standing = |r: &Request| self.standing_in(&r.cx, &r.who, r.operator, &regions);
        Ok((group.iter().map(standing).collect(), owners))
    }

    /// One transaction for the first of a group, as many as there are outcomes.
    async fn store_group(
        &self,
        group: &mut [Admitted],
        owners: &HashMap<String, PlaceInfo>,
    ) -> Result<(Vec<CaptureOutcome>, Flush), Error> {
        let mut tx = self.store.begin().await?;
        let mut placings: Vec<Placing<'_>> = group
            .iter_mut()
            .map(|a| Placing {
                cx: &a.request.cx,
                standing: &a.standing,
                owners,
                slot: Slot::new(&a.request.cx, None),
                load: &mut a.request.load,
                behaviour: a.request.behaviour,
                is_judged: false,
            })
            .collect();
        let outcomes = self.place(&mut tx, &mut placings).await?;
        let storing = placings.iter().zip(&outcomes).filter(|(_, o)| !o.stored.is_empty());
        let captures: Vec<Slot> = storing.map(|(p, _)| p.slot).collect();
        let last = number(&mut tx, &captures).await?;
        let flush = tx.commit_unflushed().await?;
        if let Some(last) = last {
            let stored = &mut group[..outcomes.len()];
            self.words.settle(stored.iter().flat_map(|a| &a.request.load.prepared));
            self.merge_terms_if_due();
            let prepared = stored.iter_mut().flat_map(|a| std::mem::take(&mut a.request.load.prepared));
            let facts: Vec<_> = prepared.map(|p| p.fact).collect();
            self.index.follow(&self.store, last, captures.len(), &facts).await?;
        }
        Ok((outcomes, flush))
    }
}

/// What the register says for a group: of each its right to capture, and the places all of them name.
type Admission = (Vec<Result<Standing, Error>>, HashMap<String, PlaceInfo>);

/// Tells those that may not capture, and keeps the others.
fn admitted(
    group: Vec<Request>,
    standings: Vec<Result<Standing, Error>>,
    owners: &HashMap<String, PlaceInfo>,
) -> Vec<Admitted> {
    let mut kept = Vec::with_capacity(group.len());
    for (mut request, standing) in group.into_iter().zip(standings) {
        match standing {
            Ok(standing) => {
                own_only(&standing, owners, &mut request.load);
                kept.push(Admitted { request, standing });
            }
            Err(denied) => {
                let _ = request.answer.send(Answer::Failed(denied));
            }
        }
    }
    kept
}

/// The common work failed: one alone learns why, several try alone.
fn give_back(mut group: Vec<Request>, error: Error) {
    if let [_] = *group {
        let _ = group.remove(0).answer.send(Answer::Failed(error));
        return;
    }
    tracing::warn!(?error, captures = group.len(), "captures are stored one by one");
    for request in group {
        let _ = request.answer.send(Answer::TryAlone);
    }
}
