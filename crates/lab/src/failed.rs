//! Failed samples by county and day, for the system's own counting: only counts may leave it.

use crate::Error;
use base::Instant;
use store::Store;

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Region code of the place sampled.
    pub region: String,
    /// When the nonconformity was recorded.
    pub at: Instant,
}

/// The failures recorded since an instant that were not overturned.
///
/// # Errors
/// Storage.
pub async fn failed_since(store: &Store, from: Instant) -> Result<Vec<Failed>, Error> {
    let rows = store
        .query(
            "select region, created from nonconformity where created >= $1 and state <> 'overturned' order by id",
            &[from.into()],
        )
        .await?;
    rows.iter()
        .map(|r| Ok(Failed { region: r.text("region")?, at: r.instant("created")? }))
        .collect::<Result<_, store::Error>>()
        .map_err(Into::into)
}
