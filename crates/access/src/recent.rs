//! Programs that ask again at once: whom a bearer token stood for a moment ago.
//!
//! An answer is used again for a second at most, and not at all once an account, grant, session or token was changed by
//! this process: every such change goes through [`append`] here. What another process changes shows after the second.

use crate::{Access, Error, Principal, api_token, secret};
use base::Instant;
use ledger::{Appended, Context, Entry, Permit};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use store::{Store, Tx};
use tokio::sync::watch;

/// Raised when an account, grant, session or token was changed.
const CHANGED: &str = "access.changed";
/// How long an answer is used at most.
const FRESH: Duration = Duration::from_secs(1);
/// Answers kept before all are forgotten.
const MOST: usize = 10_000;

/// Records a change of accounts and what belongs to them: the answers of before end with the commit.
pub(crate) async fn append(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    entry: Entry,
) -> Result<Appended, ledger::Error> {
    tx.raise(CHANGED);
    ledger::append(tx, cx, permit, entry).await
}

/// Answers of a moment ago, of one store.
#[derive(Debug)]
pub struct Recent {
    changes: watch::Receiver<u64>,
    answers: RwLock<HashMap<[u8; 32], Answer>>,
}

#[derive(Debug)]
struct Answer {
    who: Principal,
    /// When the token itself ends.
    end: Option<Instant>,
    /// Changes seen before it was read.
    changes: u64,
    read: std::time::Instant,
}

impl Recent {
    /// None yet.
    #[must_use]
    pub fn of(store: &Store) -> Self {
        Self { changes: store.listen(CHANGED), answers: RwLock::default() }
    }

    /// Who a bearer token stands for; `None` when it is unknown, revoked or past its date. The store is asked once a
    /// second.
    ///
    /// # Errors
    /// Storage, or a name sealed with another key.
    pub async fn principal_for_api(
        &self,
        store: &Store,
        access: &Access,
        token: &str,
        now: Instant,
    ) -> Result<Option<Principal>, Error> {
        let changes = *self.changes.borrow();
        let digest = secret::digest(token);
        {
            let answers = self.answers.read().unwrap_or_else(PoisonError::into_inner);
            let holds = |a: &&Answer| {
                a.changes == changes && a.read.elapsed() < FRESH && a.end.is_none_or(|end| now < end)
            };
            if let Some(answer) = answers.get(&digest).filter(holds) {
                return Ok(Some(answer.who.clone()));
            }
        }
        let read = std::time::Instant::now();
        let found = api_token::found(store, access, token, now).await?;
        let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MOST {
            answers.clear();
        }
        Ok(match found {
            Some((who, end)) => {
                answers.insert(digest, Answer { who: who.clone(), end, changes, read });
                Some(who)
            }
            None => {
                answers.remove(&digest);
                None
            }
        })
    }
}
