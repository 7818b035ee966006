//! Segments kept few: small ones become one, in the background, so that a search asks about a hundred of them for ten
//! million events.

use super::block;
use crate::{Error, Supply};
use base::Id;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use store::{Sql, Store};

/// So many segments of one size are merged.
const FEW: usize = 16;
/// Segments merged at once.
const MANY: usize = 64;
/// Events of a segment that is not merged any more, about: a merge holds the terms of so many in memory, and a writer waits
/// while they are written.
const EVENTS: i64 = 131_072;

/// Whether this process merges, and what has come since it last looked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Merging(Arc<State>);

#[derive(Debug, Default)]
struct State {
    written: AtomicUsize,
    is_busy: AtomicBool,
}

/// The size class of a segment.
const fn level(events: i64) -> u8 {
    match events {
        ..16 => 0,
        16..256 => 1,
        256..4_096 => 2,
        4_096..65_536 => 3,
        _ => 4,
    }
}

/// Segments (id and number of events, oldest first) to be merged into one; none when they are few enough.
fn due(segments: &[(Id, i64)]) -> Option<Vec<(Id, i64)>> {
    (0..4).find_map(|wanted| {
        let (mut group, mut sum, mut is_full) = (Vec::new(), 0, false);
        for segment in segments.iter().filter(|(_, events)| level(*events) == wanted) {
            is_full = sum + segment.1 > EVENTS || group.len() == MANY;
            if is_full {
                break;
            }
            sum += segment.1;
            group.push(*segment);
        }
        (group.len() >= FEW || is_full && group.len() > 1).then_some(group)
    })
}

impl Supply {
    /// After segments were written: merges in the background what has become many.
    pub(crate) fn merge_terms_if_due(&self) {
        let state = &self.merging.0;
        let many = state.written.fetch_add(1, Ordering::Relaxed) + 1 >= FEW;
        if many && !state.is_busy.swap(true, Ordering::AcqRel) {
            let this = self.clone();
            tokio::spawn(async move {
                this.merging.0.written.store(0, Ordering::Relaxed);
                if let Err(error) = this.merge_terms().await {
                    tracing::warn!(?error, "the terms of events stay in small segments until the next merge");
                }
                this.merging.0.is_busy.store(false, Ordering::Release);
            });
        }
    }

    /// Merges segments of terms until they are few; captures have it done in the background. Gives the number of merges.
    ///
    /// # Errors
    /// Storage; what was not merged stays as it is.
    pub async fn merge_terms(&self) -> Result<usize, Error> {
        let mut merges = 0;
        loop {
            let rows = self.store.query("select id, events from term_segment order by id", &[]).await?;
            let segments = rows
                .iter()
                .map(|r| Ok((r.id("id")?, r.int("events")?)))
                .collect::<Result<Vec<_>, Error>>()?;
            let Some(group) = due(&segments) else { return Ok(merges) };
            match merge(&self.store, &group).await {
                Ok(()) => merges += 1,
                // another process merged them
                Err(Error::Store(store::Error::Stale | store::Error::Conflict { .. })) => return Ok(merges),
                Err(error) => return Err(error),
            }
        }
    }
}

async fn merge(store: &Store, group: &[(Id, i64)]) -> Result<(), Error> {
    let ids = || group.iter().map(|(id, _)| *id);
    let mut sql = Sql::new("select segment, body from term_block where segment in ");
    sql.bind_list(ids()).push(" order by segment, first, n");
    let mut bodies: HashMap<Id, Vec<Vec<u8>>> = HashMap::new();
    for row in store.select(&sql).await? {
        bodies.entry(row.id("segment")?).or_default().push(row.bytes("body")?);
    }
    let merged = move || block::merge(bodies.into_values().collect());
    let blocks = tokio::task::spawn_blocking(merged).await.map_err(|_| Error::Interrupted)?;
    let blocks = blocks.map_err(|_| super::damaged())?;
    let mut tx = store.begin().await?;
    let mut sql = Sql::new("delete from term_segment where id in ");
    sql.bind_list(ids());
    if tx.execute(&sql).await? != group.len() as u64 {
        return Err(store::Error::Stale.into());
    }
    let mut sql = Sql::new("delete from term_block where segment in ");
    sql.bind_list(ids());
    tx.execute(&sql).await?;
    // the oldest gives its id: it is nobody else's now
    let oldest = group.first().map_or(Id(0), |(id, _)| *id);
    super::write(&mut tx, oldest, group.iter().map(|(_, events)| events).sum(), blocks).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_of_one_size_are_merged_when_they_are_many_or_make_a_large_one() {
        let of = |sizes: &[i64]| -> Vec<(Id, i64)> { (1..).map(Id).zip(sizes.iter().copied()).collect() };
        for (sizes, taken) in [
            (vec![1; 15], None),
            (vec![1; 16], Some(16)),
            (vec![1; 200], Some(64)),
            ([vec![500; 15], vec![1; 15]].concat(), None),
            ([vec![500; 15], vec![1; 16]].concat(), Some(16)),
            (vec![60_000; 2], None),
            (vec![60_000; 3], Some(2)),
            (vec![8_000; 17], Some(16)),
            (vec![70_000; 100], None),
            (vec![], None),
        ] {
            assert_eq!(due(&of(&sizes)).map(|group| group.len()), taken, "{sizes:?}");
        }
    }
}
