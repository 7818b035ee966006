//! The terms of events stored before schema step 80, made from the events.

use super::{Terms, damaged};
use crate::recorded::Recorder;
use crate::{Error, index, prepare};
use base::Id;
use epcis::query::LinkList;
use store::Store;

/// Events dealt with in one transaction.
const PART: i64 = 16_384;

/// Makes the terms of older events; to be called before anything is searched for. Each part is one transaction that
/// notes how far it has come, so that a process that dies is followed by one that goes on.
///
/// # Errors
/// Storage.
pub(crate) async fn complete(store: &Store) -> Result<(), Error> {
    loop {
        match part(store).await {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            // another process did the same part
            Err(Error::Store(store::Error::Stale | store::Error::Conflict { .. })) => {}
            Err(error) => return Err(error),
        }
    }
}

/// One part; false when nothing is left.
async fn part(store: &Store) -> Result<bool, Error> {
    let state = "select reached, until from backfill where name = 'event_term' and reached < until";
    let Some(row) = store.first(state, &[]).await? else { return Ok(false) };
    let (reached, until) = (row.int("reached")?, row.int("until")?);
    let rows = store
        .query(
            "select e.id, e.hash, e.declared, e.event_id, e.capture, e.type, e.action, e.biz_step, e.disposition, \
             e.event_time, e.record_time, e.read_point, e.biz_location, e.source, e.destination, e.document, e.join_id, \
             e.withdrawn, e.withdraws, e.items, e.region, e.body, \
             c.context from event e join capture c on c.id = e.capture where e.id > $1 and e.id <= $2 order by e.id limit $3",
            &[reached.into(), until.into(), PART.into()],
        )
        .await?;
    let mut recorder = Recorder::new(store);
    let mut events = Vec::with_capacity(rows.len());
    for row in &rows {
        let fact = index::event_fact(row)?;
        let hash: [u8; 32] = row.bytes("hash")?.try_into().map_err(|_| damaged())?;
        let links: Vec<(LinkList, String)> = prepare::links(&recorder.event(row)?, &fact);
        events.push((hash, fact, links, row.text("region")?));
    }
    let mut terms = Terms::default();
    for (hash, fact, links, region) in &events {
        terms.add(hash, fact, links, region);
    }
    let last = events.last().map_or(Id(until), |(_, fact, ..)| fact.id);
    let mut tx = store.begin().await?;
    terms.insert(&mut tx).await?;
    tx.exec_one(
        "update backfill set reached = $2 where name = 'event_term' and reached = $1",
        &[reached.into(), last.into()],
    )
    .await?;
    tx.commit().await?;
    tracing::info!(events = events.len(), "the terms of older events are made");
    Ok(true)
}
