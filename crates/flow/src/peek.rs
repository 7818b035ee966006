//! A matter as it stands, for a consequence in another domain.

use crate::effect::MatterDraft;
use crate::live::Live;
use crate::{Engine, Error, Procedure};
use access::{Access, Principal};
use base::{Id, Instant};
use ledger::Permit;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use store::{Store, Tx};

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

/// The facts of the newest other matter of a procedure that ended in a state and is linked with a record (`licence:ID`). No right is
/// checked here: the caller answers for what it takes over.
///
/// # Errors
/// Storage.
pub async fn last_linked(
    tx: &mut Tx,
    target: &str,
    procedure: &str,
    state: &str,
    but: Id,
) -> Result<Option<Map<String, Json>>, Error> {
    let sql = "select m.facts from matter_link l join matter m on m.id = l.matter where l.target = $1 and m.procedure = $2 \
               and m.state = $3 and m.id <> $4 order by m.id desc limit 1";
    let row = tx.first(sql, &[target.into(), procedure.into(), state.into(), but.into()]).await?;
    Ok(row.map(|r| r.json("facts")).transpose()?)
}

/// A right on a matter, for a record another domain keeps with it.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The right.
    pub permit: Permit,
    /// Region of the matter.
    pub region: String,
    /// It is not closed.
    pub running: bool,
}

/// The right of a person to do `action` on a matter that they may see.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Denied`] (needs `view`, and `action`); storage.
pub async fn standing(
    store: &Store,
    engine: &Engine,
    access: &Access,
    (who, now): (&Principal, Instant),
    matter: Id,
    action: &str,
) -> Result<Standing, Error> {
    let mut tx = store.snapshot().await?;
    let live = Live::read(&mut tx, engine, matter).await?;
    let agency = live.seen_as(&mut tx, access, who, now).await?;
    let permit = access.check(who, action, &live.resource("matter").of_agency(agency.as_str()), now)?;
    Ok(Standing { permit, region: live.draft.region, running: live.closed_at.is_none() })
}
