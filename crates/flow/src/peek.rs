//! A matter as it stands, for a consequence in another domain.

use crate::effect::MatterDraft;
use crate::live::Live;
use crate::{Engine, Error, Procedure};
use base::Id;
use std::sync::Arc;
use store::Tx;

/// A matter inside a running transaction: its procedure, itself and its version. No right is checked here: the caller answers
/// for what it shows.
///
/// # Errors
/// [`Error::NotFound`]; storage.
pub async fn peek(
    tx: &mut Tx,
    engine: &Engine,
    matter: Id,
) -> Result<(Arc<Procedure>, MatterDraft, i64), Error> {
    let live = Live::read(tx, engine, matter).await?;
    Ok((live.procedure, live.draft, live.version))
}
