//! Epochs: the stretches of the order of recording in which the rows that lead to events are kept together.
//!
//! An epoch is where rows go, no statement about them: two processes may write the same one, or one each, and a search
//! asks them all.

use crate::Error;
use std::sync::{Arc, Mutex, PoisonError};
use store::Tx;

/// Events after which a new epoch begins.
const EVENTS: usize = 16_384;

/// The epoch this process writes, and how many events it has put there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Epochs(Arc<Mutex<Option<(i64, usize)>>>);

impl Epochs {
    /// The epoch for `events` more events, with its row in place.
    pub(crate) async fn take(&self, tx: &mut Tx, events: usize) -> Result<i64, Error> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut epoch, mut held) = match known {
            Some(current) => current,
            None => {
                let last =
                    tx.one("select max(epoch) as last from event_epoch", &[]).await?.opt_int("last")?;
                // how full it is nobody noted
                (last.unwrap_or(0), EVENTS / 2)
            }
        };
        if held >= EVENTS {
            (epoch, held) = (epoch + 1, 0);
        }
        // every time: the transaction that brought the epoch may have been given up
        tx.exec(
            "insert into event_epoch (epoch) values ($1) on conflict (epoch) do nothing",
            &[epoch.into()],
        )
        .await?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((epoch, held + events));
        Ok(epoch)
    }
}
