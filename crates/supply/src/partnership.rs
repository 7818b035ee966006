//! Who trades with whom, and since when: for the system's own learning.

use crate::Error;
use base::Instant;
use store::Store;

/// A place that sent goods to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partnership {
    /// Place key of the sender.
    pub from: String,
    /// Place key of the receiver.
    pub to: String,
    /// The first event on record.
    pub since: Instant,
}

/// Every pair of places named as source and destination of an event, with the first of them.
///
/// # Errors
/// Storage.
pub async fn partnerships(store: &Store) -> Result<Vec<Partnership>, Error> {
    let rows = store
        .query(
            "select source, destination, min(event_time) as since from event \
             where source is not null and destination is not null and declared = '' group by source, destination",
            &[],
        )
        .await?;
    rows.iter()
        .map(|r| {
            Ok(Partnership {
                from: r.text("source")?,
                to: r.text("destination")?,
                since: r.instant("since")?,
            })
        })
        .collect::<Result<_, store::Error>>()
        .map_err(Into::into)
}
