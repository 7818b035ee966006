//! The sweep in the background: clocks climb their ladders and publications end while nobody looks.

use crate::state::App;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often it looks.
const LOOK: Duration = Duration::from_secs(30);

/// Sweeps until `stop` turns true. Several processes may do it: each clock is locked, and what was done is not done again.
pub async fn climb(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match flow::sweep(&app.store, &app.engine, &app.ids, app.now()).await {
            Ok(swept) if swept != flow::Swept::default() => {
                tracing::info!(
                    reminders = swept.reminders,
                    ended = swept.ended,
                    "clocks climbed their ladders"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::error!(?error, "the ladders of clocks cannot be climbed"),
        }
        tokio::select! {
            changed = stop.changed() => if changed.is_err() { break },
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
