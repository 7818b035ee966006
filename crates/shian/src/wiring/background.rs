//! Work that looks again and again in the background, away from the threads that answer.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch::Receiver;

/// Calls `look` with the application and the name of this process, every `every`, until `stop` turns true or its sender is gone. What
/// fails is logged under `name` and tried again. One look may compute for seconds: it has a thread of its own, and keeps other
/// processes away by a lease.
pub(super) async fn repeat(
    name: &'static str,
    every: Duration,
    app: Arc<web::App>,
    holder: String,
    mut stop: Receiver<bool>,
    look: impl AsyncFn(&web::App, &str) -> anyhow::Result<()> + Copy + Send + 'static,
) {
    while !*stop.borrow() {
        let (at_work, own, runtime) = (app.clone(), holder.clone(), tokio::runtime::Handle::current());
        let looked =
            tokio::task::spawn_blocking(move || runtime.block_on(look(at_work.as_ref(), own.as_str()))).await;
        match looked {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(?error, "{name} cannot go on; it tries again"),
            Err(error) => tracing::error!(?error, "{name} broke off; it tries again"),
        }
        tokio::select! {
            changed = stop.changed() => if changed.is_err() { break },
            () = tokio::time::sleep(every) => {}
        }
    }
}
