//! What nobody needs any more, removed in the background: files no record names, work long done.

use std::sync::Arc;
use std::time::Duration;
use store::lease;

/// How often it looks.
const LOOK: Duration = Duration::from_secs(6 * 3600);
/// How long one process keeps the work, unless it looks again.
const LEASE_SECONDS: i64 = 3600;
/// How old such a file must be: far longer than any request takes.
const AGE: Duration = Duration::from_secs(86_400);
/// How long work that is done stays listed.
const JOBS_SECONDS: i64 = 30 * 86_400;

/// Looks until `stop` turns true; one process at a time, by lease.
pub(crate) async fn sweep_on(
    app: Arc<web::App>,
    holder: String,
    mut stop: tokio::sync::watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        match sweep(&app, &holder).await {
            Ok(0) => {}
            Ok(files) => tracing::info!(files, "files that no record names were removed"),
            Err(error) => tracing::error!(?error, "files that no record names stay; tried again later"),
        }
        tokio::select! {
            changed = stop.changed() => if changed.is_err() { break },
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn sweep(app: &web::App, holder: &str) -> anyhow::Result<usize> {
    if lease::acquire(&app.store, "attachments", holder, LEASE_SECONDS, app.now()).await?.is_none() {
        return Ok(0);
    }
    let mut tx = app.store.begin().await?;
    let jobs = store::jobs::prune(&mut tx, app.now().plus_seconds(-JOBS_SECONDS)).await?;
    tx.commit().await?;
    if jobs > 0 {
        tracing::info!(jobs, "work done more than a month ago is no longer listed");
    }
    Ok(app.attachments.sweep(&app.store, AGE).await?)
}
