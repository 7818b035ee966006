//! Words that occur in events, kept once so that the resources of a repository are listed without reading it.

use crate::Error;
use crate::prepare::Prepared;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use store::{Tx, Value};

/// What this process knows to be stored already.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words(Arc<Mutex<HashSet<(&'static str, String)>>>);

/// A process keeps no more than this in mind; beyond, it asks the table again.
const MOST: usize = 10_000;

fn words_of<'a>(prepared: impl Iterator<Item = &'a Prepared>) -> HashSet<(&'static str, &'a str)> {
    prepared
        .flat_map(|p| {
            [
                Some(("type", p.fact.kind.as_str())),
                p.fact.biz_step.as_deref().map(|w| ("biz_step", w)),
                p.fact.disposition.as_deref().map(|w| ("disposition", w)),
            ]
        })
        .flatten()
        .collect()
}

impl Words {
    /// Stores the words that are not known to be stored.
    pub(crate) async fn add<'a>(
        &self,
        tx: &mut Tx,
        prepared: impl Iterator<Item = &'a Prepared>,
    ) -> Result<(), Error> {
        let mut values: Vec<Value> = Vec::new();
        {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let mut new: Vec<_> = words_of(prepared)
                .into_iter()
                .filter(|(kind, word)| !known.contains(&(*kind, (*word).to_owned())))
                .collect();
            // one order for all, so that two processes never wait for each other
            new.sort_unstable();
            for (kind, word) in new {
                values.extend([kind.into(), word.into()]);
            }
        }
        tx.insert_many(
            "insert into event_word (kind, word)",
            2,
            values,
            "on conflict (kind, word) do nothing",
        )
        .await?;
        Ok(())
    }

    /// Remembers them after the commit.
    pub(crate) fn settle<'a>(&self, prepared: impl Iterator<Item = &'a Prepared>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, word) in words_of(prepared) {
            if known.len() < MOST {
                known.insert((kind, word.to_owned()));
            }
        }
    }
}
