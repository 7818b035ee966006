//! A kept document read in portions, off the async threads, no faster than they are stored.

use crate::Error;
use crate::capture::{Format, Load};
use crate::prepare;
use base::Instant;
use epcis::Limits;
use store::attachments::Attachments;
use tokio::sync::mpsc;

/// Events a portion carries at most.
const EVENTS: usize = 2_000;

/// Some events of a document.
pub(crate) struct Portion {
    /// Them, as a load of their own.
    pub(crate) load: Load,
    /// Events of the document up to the last of these.
    pub(crate) reached: usize,
}

/// Reads a document portion by portion; at most two wait to be stored.
pub(crate) async fn portions(
    attachments: &Attachments,
    document: &str,
    format: Format,
    limits: Limits,
    now: Instant,
) -> Result<mpsc::Receiver<Portion>, Error> {
    let bytes = attachments.get(document).await?;
    let (sender, receiver) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || {
        let mut load = prepare::document(&bytes, format, limits, now);
        drop(bytes);
        let events = load.events;
        let mut first = 0;
        loop {
            let end = (first + EVENTS).min(events);
            let last = end == events;
            let at = |pointer: &str| prepare::index(pointer).unwrap_or_default();
            let split = load.prepared.partition_point(|p| at(&p.pointer) < end);
            let prepared: Vec<_> = load.prepared.drain(..split).collect();
            let (problems, rest) = load.problems.drain(..).partition(|p| last || at(&p.pointer) < end);
            load.problems = rest;
            let part = Load {
                format: load.format,
                bytes_hash: load.bytes_hash.clone(),
                context: load.context.clone(),
                events: end - first,
                prepared,
                problems,
                private: None,
                vocabulary: std::mem::take(&mut load.vocabulary),
                unusable: load.unusable,
            };
            if sender.blocking_send(Portion { load: part, reached: end }).is_err() || last {
                return;
            }
            first = end;
        }
    });
    Ok(receiver)
}
