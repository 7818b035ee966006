//! What the legal ledgers lack, kept up with the journal in the background.

use std::sync::Arc;
use std::time::Duration;
use store::lease;

/// How long it waits for more at most; the sequencer wakes it in its own process.
const LOOK: Duration = Duration::from_secs(5);
/// How long one process keeps the work, unless it looks again.
const LEASE_SECONDS: i64 = 900;

/// Follows until `stop` turns true; one process at a time, by lease. What was stored before there were such figures is
/// reckoned first.
pub(crate) async fn records_on(
    app: Arc<web::App>,
    holder: String,
    mut stop: tokio::sync::watch::Receiver<bool>,
) {
    let mut log = app.store.listen(ledger::LOG_SIGNAL);
    while !*stop.borrow() {
        if let Err(error) = follow(&app, &holder).await {
            tracing::error!(?error, "the figures of ledgers stay behind the journal; they try again");
        }
        tokio::select! {
            changed = stop.changed() => if changed.is_err() { break },
            _ = log.changed() => tokio::time::sleep(Duration::from_millis(500)).await,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn follow(app: &web::App, holder: &str) -> anyhow::Result<()> {
    let now = app.now();
    if lease::acquire(&app.store, "records", holder, LEASE_SECONDS, now).await?.is_some() {
        app.supply.follow_records(now).await?;
    }
    Ok(())
}
