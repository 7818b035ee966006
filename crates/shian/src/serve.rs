//! Serving: pages and background work until the process is asked to stop, then everything at work is finished.

use crate::cli::Role;
use crate::province::{Province, now};
use anyhow::{Context as _, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long requests at work may take after the signal to stop.
const DRAIN: Duration = Duration::from_secs(20);
/// How often a process renews its number.
const RENEW: Duration = Duration::from_secs(30);
/// How soon again when that failed.
const RETRY: Duration = Duration::from_secs(2);

/// How long a connection may take to send the head of its next request.
const HEAD: Duration = Duration::from_secs(30);
/// Most connections at a time, where the system allows as many open files.
const CONNECTIONS: usize = 10_000;
/// Open files left for the database, attachments and what is called.
const SPARED: usize = 256;

/// Raises the number of files the process may open as far as the system lets it, and gives how many connections that leaves.
fn places() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let files = files.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    files.saturating_sub(SPARED).clamp(64, CONNECTIONS)
}

/// Serves until SIGTERM or ctrl-c. `ready` is called once the address answers.
///
/// # Errors
/// When it cannot begin, and when it had to stop unasked (its number is lost, a part of it ended): whoever watches over the
/// process starts it again.
pub(crate) async fn serve(mut province: Province, ready: impl FnOnce(&str)) -> anyhow::Result<()> {
    let (stopper, stop) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let (app, clock) = (province.app.clone(), Arc::new(now) as store::jobs::Clock);
    if province.config.has(Role::Sequencer) {
        let (sequencer, store) = (province.sequencer()?, app.store.clone());
        let (clock, stop) = (clock.clone(), stop.clone());
        tasks.spawn(async move { sequencer.run(&store, clock, stop).await });
    }
    if province.config.has(Role::Worker) {
        let runner = store::jobs::Runner::new(app.store.clone(), clock, province.holder.clone());
        let runner = web::background(&app, runner);
        app.supply.plan_backfill(app.ids.next(now()), now()).await.context("older events")?;
        let stop = stop.clone();
        tasks.spawn(web::deliver(app.clone(), stop.clone()));
        tasks.spawn(web::connect(app.clone(), stop.clone()));
        tasks.spawn(web::climb(app.clone(), stop.clone()));
        tasks.spawn(crate::wiring::watch_on(app.clone(), province.holder.clone(), stop.clone()));
        tasks.spawn(crate::wiring::learn_on(app.clone(), province.holder.clone(), stop.clone()));
        tasks.spawn(crate::wiring::records_on(app.clone(), province.holder.clone(), stop.clone()));
        tasks.spawn(crate::wiring::sweep_on(app.clone(), province.holder.clone(), stop.clone()));
        tasks.spawn(async move { runner.run(stop).await });
    }
    if province.config.has(Role::Web) {
        let listen = &province.config.listen;
        let listener = tokio::net::TcpListener::bind(listen).await.with_context(|| {
            format!(
                "cannot listen on {listen}; is another process there? choose another address with --listen"
            )
        })?;
        let address = listener.local_addr()?.to_string();
        let router = web::router(app.clone());
        let door = web::listen::Door { places: places(), head: HEAD };
        tasks.spawn(web::listen::listen(listener, router, door, stop.clone()));
        ready(&address);
    }
    tracing::info!(roles = ?province.config.roles, data = %province.config.data.display(), "the province runs");
    let asked = asked_to_stop();
    tokio::pin!(asked);
    let mut renewal = RENEW;
    let unasked = loop {
        tokio::select! {
            () = &mut asked => break None,
            () = tokio::time::sleep(renewal) => renewal = match province.renew().await {
                Ok(()) => RENEW,
                Err(store::Error::Stale) => break Some("another process has this one's number".to_owned()),
                // a database that is away takes nothing from anybody: it is asked until it is back
                Err(error) => {
                    tracing::warn!(?error, "the number of this process could not be renewed; tried again");
                    RETRY
                }
            },
            why = app.store.refused() => break Some(format!("the disk refused to keep what was written: {why}")),
            Some(ended) = tasks.join_next(), if !tasks.is_empty() => {
                break Some(format!("a part of the process ended: {ended:?}"));
            }
        }
    };
    if let Some(why) = &unasked {
        tracing::error!(%why, "stopping unasked");
    }
    tracing::info!("stopping: work at hand is finished first");
    stopper.send_replace(true);
    let drain = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, drain).await.is_err() {
        tracing::warn!(
            "requests still at work after {} s were cut off; nothing is half-written",
            DRAIN.as_secs()
        );
        tasks.abort_all();
    }
    if let Some(why) = unasked {
        // the database may be what is missing: nothing more is asked of it
        bail!(why);
    }
    if province.config.has(Role::Sequencer)
        && let Err(error) = province.sequence().await
    {
        tracing::error!(?error, "the last entries wait for the next start");
    }
    drop(app);
    province.close().await;
    Ok(())
}

/// Resolves at SIGTERM or ctrl-c.
async fn asked_to_stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => interrupt.await,
        }
    }
    #[cfg(not(unix))]
    interrupt.await;
}
