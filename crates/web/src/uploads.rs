//! Files that people send: counted by the account, then kept under their hash, before the transaction that records them.

use crate::fault::{Answer, Fault};
use crate::state::App;
use access::Principal;
use access::throttle::{Limit, count};
use axum::http::StatusCode;
use base::Text;
use store::attachments::Kept;

/// What one account may send in a day, in KiB: an officer with twenty inspections of fifty photos needs 3 GB.
const A_DAY: Limit = Limit { what: "upload.kib", most: 4 * 1024 * 1024, seconds: 86_400 };

/// Counts what an account is about to keep. What visitors may send is bounded by their address where they may send at all.
///
/// # Errors
/// 429 when it is more than a day's share; storage.
pub(crate) async fn admit(app: &App, who: &Principal, bytes: usize) -> Answer<()> {
    if who.is_anonymous() || bytes == 0 {
        return Ok(());
    }
    let kib = i64::try_from(bytes.div_ceil(1024)).unwrap_or(i64::MAX);
    let mut tx = app.store.begin().await?;
    let within = count(&mut tx, &app.access, &A_DAY, &who.account.to_string(), kib, app.now()).await?;
    tx.commit().await?;
    if within {
        return Ok(());
    }
    Err(Fault::new(
        StatusCode::TOO_MANY_REQUESTS,
        Text::of(
            "本账号 24 小时内上传的文件已达 4 GB 上限；请明天再传，或请管理员协助导入。",
            "This account has sent 4 GB of files within 24 hours, the most allowed; go on tomorrow, or ask an administrator to import them.",
        ),
    ))
}

/// Keeps a file that [`admit`] has counted.
///
/// # Errors
/// A kind of file that is not taken, at its field; storage.
pub(crate) async fn keep(app: &App, field: &str, bytes: Vec<u8>) -> Answer<Kept> {
    match app.attachments.keep(bytes).await {
        Ok(kept) => Ok(kept),
        Err(store::Error::Refused(text)) => Err(Fault::bad(field, text)),
        Err(e) => Err(e.into()),
    }
}
