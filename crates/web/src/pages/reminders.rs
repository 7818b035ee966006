//! The sweep in the background: clocks climb their ladders and publications end while nobody looks.

use crate::state::App;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often it looks.
const LOOK: Duration = Duration::from_secs(30);
/// Credit classes looked at in one sweep.
const LAPSED: i64 = 200;

/// Sweeps until `stop` turns true. Several processes may do it: each clock is locked, and what was done is not done again.
pub async fn climb(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match flow::sweep(&app.store, &app.engine, &app.ids, app.now()).await {
            Ok(swept) if swept != flow::Swept::default() => {
                tracing::info!(
                    reminders = swept.reminders,
                    ended = swept.ended,
                    lapsed = swept.lapsed,
                    faults = swept.faults,
                    "clocks climbed their ladders"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::error!(?error, "the ladders of clocks cannot be climbed"),
        }
        if let Err(error) = lapse(&app).await {
            tracing::error!(?error, "credit classes cannot be brought up to date");
        }
        tokio::select! {
            changed = stop.changed() => if changed.is_err() { break },
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Credit classes change because time passes, too.
async fn lapse(app: &App) -> Result<(), registry::Error> {
    let actor = ledger::Actor::system("credit");
    let cx = ledger::Context { now: app.now(), ids: app.ids.clone(), actor, lang: base::Lang::Zh };
    let mut tx = app.store.begin().await?;
    if registry::credit::lapse_credit(&mut tx, &cx, LAPSED).await? > 0 {
        tx.commit().await?;
    } else {
        tx.rollback().await?;
    }
    Ok(())
}
