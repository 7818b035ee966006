//! The turns of connectors: events fetched from other EPCIS repositories and given to them, page by page and message by
//! message, each noted as it is done, so that a turn cut off goes on where it was.

mod pull;
mod push;

use crate::fault::{Answer, Fault};
use crate::outbound::{OutboundError, Reply};
use crate::state::App;
use axum::http::StatusCode;
use base::{Id, Instant, Lang, Text};
use ledger::{Actor, Context};
use std::sync::Arc;
use std::time::Duration;
use supply::{Direction, Tally, Turn};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Connectors at work at once.
const PARALLEL: usize = 4;
/// How often this process looks for what is due.
const LOOK: Duration = Duration::from_secs(2);
/// How long the other may take to answer.
const ANSWER: Duration = Duration::from_secs(60);

/// Why a turn ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error("{0}")]
    Supply(#[from] supply::Error),
    #[error("{0}")]
    Outbound(#[from] OutboundError),
    #[error("{what} answered {status}: {detail}")]
    Answered { what: &'static str, status: StatusCode, detail: String },
    #[error("the account of the connector is not active")]
    Gone,
    #[error("the address is http: a token goes over https only")]
    Open,
    #[error("{0}")]
    Unreadable(String),
}

impl Stop {
    fn answered(what: &'static str, reply: &Reply) -> Self {
        let detail: String = String::from_utf8_lossy(&reply.body).chars().take(200).collect();
        Self::Answered { what, status: reply.status, detail }
    }
}

/// Runs the turns that fall due until `stop` turns true, then finishes those at work.
pub async fn connect(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let holder = format!("{}-{}", std::process::id(), Id(app.now().0));
    let mut captured = app.store.listen(supply::CAPTURED);
    let mut prefixes = app.store.listen(registry::PREFIXES);
    let mut working = JoinSet::new();
    while !*stop.borrow() {
        while working.len() < PARALLEL {
            match app.supply.claim_turn(&holder, app.now()).await {
                Ok(Some(turn)) => {
                    let app = app.clone();
                    working.spawn(async move { take(&app, turn).await });
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(?error, "connectors cannot be looked up");
                    break;
                }
            }
        }
        tokio::select! {
            changed = stop.changed() => if changed.is_err() { break },
            _ = captured.changed(), if working.is_empty() => tokio::time::sleep(LOOK / 4).await,
            _ = prefixes.changed() => if let Err(error) = app.prefixes.load(&app.store).await {
                tracing::error!(?error, "the lengths of company prefixes cannot be read");
            },
            Some(_) = working.join_next(), if !working.is_empty() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    while working.join_next().await.is_some() {}
}

/// Runs every turn that is due now, one after the other; what each did.
pub async fn connect_due(app: &App, holder: &str) -> Vec<(String, Tally, bool)> {
    let mut out = Vec::new();
    while let Ok(Some(turn)) = app.supply.claim_turn(holder, app.now()).await {
        let name = turn.connector.name.clone();
        let (tally, failed) = take(app, turn).await;
        out.push((name, tally, failed));
    }
    out
}

/// One turn to its end or to a failure.
async fn take(app: &App, turn: Turn) -> (Tally, bool) {
    let mut tally = Tally::default();
    let done = match turn.connector.direction {
        Direction::Pull => pull::turn(app, &turn, &mut tally).await,
        Direction::Push => push::turn(app, &turn, &mut tally).await,
    };
    let failed = match done {
        Ok(()) => false,
        // it was paused, removed or taken over meanwhile
        Err(Stop::Supply(supply::Error::Store(store::Error::Stale))) => return (tally, false),
        Err(stop) => {
            tracing::warn!(connector = %turn.connector.id, %stop, "a turn of a connector failed; it will be tried again");
            tally.problem = Some(stop.to_string());
            true
        }
    };
    let cx = context(app, &turn);
    if let Err(error) = app.supply.settle_turn(&cx, &turn, &tally, failed).await {
        tracing::error!(?error, connector = %turn.connector.id, "a turn's outcome could not be stored; it will run again");
    }
    (tally, failed)
}

fn context(app: &App, turn: &Turn) -> Context {
    let actor = turn.who.as_ref().map_or_else(|| Actor::system("connector"), access::Principal::actor);
    Context { now: app.now(), ids: app.ids.clone(), actor, lang: Lang::Zh }
}

/// Headers every request carries; a token only over TLS, except on closed networks.
fn headers(app: &App, turn: &Turn) -> Result<Vec<(&'static str, String)>, Stop> {
    let mut out = vec![
        ("accept", "application/json".to_owned()),
        ("gs1-epcis-version", "2.0.0".to_owned()),
        ("gs1-cbv-version", "2.0.0".to_owned()),
        ("gs1-epc-format", "No_Preference".to_owned()),
    ];
    if let Some(secret) = &turn.secret {
        if !app.outbound.private && !turn.connector.url.starts_with("https://") {
            return Err(Stop::Open);
        }
        out.push(("authorization", format!("Bearer {secret}")));
    }
    Ok(out)
}

fn borrowed<'h>(headers: &'h [(&'static str, String)]) -> Vec<(&'h str, &'h str)> {
    headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// An instant as the query language writes it.
fn stamp(at: Instant) -> String {
    at.rfc3339()
}

/// Whether this server may call an address; a token goes over TLS only, except on closed networks.
pub(crate) fn allowed(app: &App, url: &str, secret: bool) -> Answer<()> {
    if let Err(error) = app.outbound.check(url) {
        let text = match error {
            OutboundError::Refused(text) => text,
            other => Text::new(other.to_string(), other.to_string()),
        };
        return Err(Fault::bad("url", text));
    }
    if secret && !app.outbound.private && !url.starts_with("https://") {
        return Err(Fault::bad(
            "url",
            Text::of("带令牌的连接只能用 https 网址。", "With a token the address must be https."),
        ));
    }
    Ok(())
}
