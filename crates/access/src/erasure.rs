//! Personal data of a journal entry erased on request: what is known of a person goes, that something happened stays.

use crate::{Access, Error, Principal, Resource};
use base::Id;
use ledger::Context;
use store::Tx;

/// Shortest reason accepted, in signs: enough to name a file number.
const REASON: usize = 5;

/// Erases the personal part of an entry (个人信息保护法, article 47) and journals who did it and why; `false` when it holds
/// none, or none any more. Leaf, receipts and proofs stay good. The reason is kept for ever: it names a file, never a person.
///
/// # Errors
/// [`Error::Denied`] without the right to administer the journal of the entry's region; [`Error::Invalid`] for a reason that
/// says nothing; [`Error::Ledger`] when there is no such entry.
pub async fn erase(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    entry: Id,
    reason: &str,
) -> Result<bool, Error> {
    let row = tx.first("select region from journal where id = $1", &[entry.into()]).await?;
    let region = row.ok_or(ledger::Error::Unknown(entry))?.text("region")?;
    let journal = Resource::new("journal", region).classified(crate::INTERNAL);
    let permit = access.check(who, "administer", &journal, cx.now)?;
    let reason = reason.trim();
    if reason.chars().count() < REASON {
        return Err(Error::invalid(
            "reason",
            "请写明删除依据和申请文号（至少 5 个字，不写个人信息）",
            "give the ground and the number of the request (5 signs or more, nothing personal)",
        ));
    }
    Ok(ledger::erase_private(tx, cx, &permit, entry, reason).await?.is_some())
}
