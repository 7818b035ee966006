//! Delivery to the receivers of subscriptions: at least once, in the order of capture, signed, in batches a receiver can
//! take, with the subscriber's rights at the moment of delivery.

use super::events::Writing;
use super::message::Wanted;
use super::queries;
use super::subscriptions::ZONE;
use crate::outbound::OutboundError;
use crate::state::App;
use axum::http::{Method, StatusCode};
use base::Lang;
use epcis::ident::EpcFormat;
use epcis::query::{Count, Schedule};
use epcis::{CbvFormat, Event, Problem};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};
use supply::{Delivery, Reach};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Receivers served at once.
const PARALLEL: usize = 16;
/// How often this process looks for what is due, beside being told.
const LOOK: Duration = Duration::from_secs(1);
/// How long a turn lasts before the next subscription has its own; a subscription that is far behind comes again.
const TURN: Duration = Duration::from_secs(10);
/// How long a receiver may take to answer.
const ANSWER: Duration = Duration::from_secs(30);

/// Why a turn ended early.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error("{0}")]
    Supply(#[from] supply::Error),
    #[error("{0}")]
    Outbound(#[from] OutboundError),
    #[error("the receiver answered {0}")]
    Answered(StatusCode),
    #[error("the receiver takes not even one event (413)")]
    TooSmall,
    #[error("the account of the subscriber is not active")]
    Gone,
    #[error("the stored query cannot be read")]
    Query,
}

/// Delivers what is due until `stop` turns true, then finishes the messages at hand.
pub async fn deliver(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut captured = app.store.listen(supply::CAPTURED);
    let mut working = JoinSet::new();
    while !*stop.borrow() {
        while working.len() < PARALLEL {
            match app.supply.claim_delivery(app.now()).await {
                Ok(Some(delivery)) => {
                    let app = app.clone();
                    working.spawn(async move { turn(&app, delivery).await });
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(?error, "subscriptions cannot be looked up");
                    break;
                }
            }
        }
        tokio::select! {
            changed = stop.changed() => if changed.is_err() { break },
            _ = captured.changed(), if working.len() < PARALLEL => {}
            Some(_) = working.join_next(), if !working.is_empty() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    while working.join_next().await.is_some() {}
}

/// One subscription's turn, to its end or to a failure.
async fn turn(app: &App, delivery: Delivery) {
    let id = delivery.subscription.id;
    let settled = match tell(app, &delivery).await {
        Ok(Told::More) => app.supply.yield_delivery(id, app.now()).await,
        Ok(Told::All) => {
            let now = app.now();
            let next = delivery.subscription.schedule.as_ref().and_then(|schedule| {
                let node = epcis::parse(schedule.to_string().as_bytes(), &epcis::Limits::default()).ok()?;
                Schedule::from_json(&node).ok()?.next_after(now, ZONE)
            });
            app.supply.settle_delivery(id, next, now).await
        }
        // it was ended meanwhile
        Err(Stop::Supply(supply::Error::Store(store::Error::Stale))) => Ok(()),
        Err(stop) => {
            tracing::warn!(subscription = %id, %stop, "a subscription could not be delivered; it will be tried again");
            app.supply.fail_delivery(&delivery.subscription, &stop.to_string(), app.now()).await
        }
    };
    if let Err(error) = settled {
        tracing::error!(?error, subscription = %id, "a delivery's outcome could not be stored; it will run again");
    }
}

/// Whether a turn told everything there was.
enum Told {
    All,
    More,
}

async fn tell(app: &App, delivery: &Delivery) -> Result<Told, Stop> {
    let since = Moment::now();
    let s = &delivery.subscription;
    let who = delivery.who.as_ref().ok_or(Stop::Gone)?;
    let query = queries::compiled(&delivery.query).map_err(|_| Stop::Query)?;
    let view = app.supply.master_data_view().await?;
    let matcher = query.bind(&*view);
    let (mut reach, mut batch, mut told) = (s.reach, s.batch, false);
    loop {
        let from = reach;
        let (events, end) = app.supply.events_since(who, app.now(), from, s.initial).await?;
        let mut fit: Vec<(Reach, Event)> = events.into_iter().filter(|(_, e)| matcher.matches(e)).collect();
        if let Some(Count::AtMost(most)) = query.count()
            && fit.len() as u64 > most
        {
            let problem = epcis::query::too_large(most);
            post(app, delivery, Message::Problem(&problem)).await?;
            told = true;
            fit.clear();
        }
        let mut rest = &fit[..];
        while !rest.is_empty() {
            if since.elapsed() >= TURN {
                // what the receiver takes at once is remembered, and who the subscriber is, is asked anew
                app.supply.delivered(s.id, reach, told, batch, app.now()).await?;
                return Ok(Told::More);
            }
            let (part, later) = rest.split_at(batch.min(rest.len()));
            let answer = post(app, delivery, Message::Events(part)).await;
            if matches!(answer, Err(Stop::Answered(StatusCode::PAYLOAD_TOO_LARGE))) {
                if part.len() == 1 {
                    return Err(Stop::TooSmall);
                }
                batch = part.len() / 2;
                continue;
            }
            answer?;
            (told, rest) = (true, later);
            if let Some((after, _)) = part.last() {
                reach = *after;
                app.supply.delivered(s.id, reach, true, batch, app.now()).await?;
            }
        }
        if end == from {
            break;
        }
        reach = end;
        app.supply.delivered(s.id, reach, false, batch, app.now()).await?;
    }
    if !told && s.report_if_empty && s.schedule.is_some() {
        post(app, delivery, Message::Events(&[])).await?;
        app.supply.delivered(s.id, reach, true, batch, app.now()).await?;
    }
    Ok(Told::All)
}

enum Message<'a> {
    Events(&'a [(Reach, Event)]),
    Problem(&'a Problem),
}

/// Sends one message; `Ok` when the receiver answered 2xx.
async fn post(app: &App, delivery: &Delivery, message: Message<'_>) -> Result<(), Stop> {
    let s = &delivery.subscription;
    let wanted = if s.xml { Wanted::Xml } else { Wanted::Json };
    let (body, media) = match message {
        Message::Events(events) => {
            let epc = EpcFormat::parse(&s.epc_format).unwrap_or_default();
            let writing = Writing { epc, cbv: CbvFormat::default() };
            let events: Vec<Event> = events.iter().map(|(_, e)| e.clone()).collect();
            let name = (delivery.query.name.as_str(), Some(s.id.to_string()));
            let text = writing.document(app, wanted, (name.0, name.1.as_deref()), &events, app.now());
            (text, if s.xml { "application/xml" } else { "application/json" })
        }
        Message::Problem(problem) if s.xml => {
            (epcis::xml::write_problem(problem, Lang::En), "application/problem+xml")
        }
        Message::Problem(problem) => (problem.to_json(Lang::En).to_string(), "application/problem+json"),
    };
    let signature = delivery.secret.as_deref().map(|secret| signature(secret, body.as_bytes()));
    let id = s.id.to_string();
    let mut headers = vec![
        ("content-type", media),
        ("gs1-epcis-version", "2.0.0"),
        ("gs1-cbv-version", "2.0.0"),
        ("gs1-epc-format", s.epc_format.as_str()),
        ("shian-subscription", id.as_str()),
    ];
    if let Some(signature) = &signature {
        headers.push(("gs1-signature", signature));
    }
    let reply = app.outbound.send(Method::POST, &s.dest, &headers, body.into_bytes(), ANSWER).await?;
    if reply.status.is_success() { Ok(()) } else { Err(Stop::Answered(reply.status)) }
}

/// `GS1-Signature`: lower-case hex of HMAC-SHA-256 over the body under the `signatureToken`.
fn signature(secret: &str, body: &[u8]) -> String {
    match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            hex::encode(mac.finalize().into_bytes())
        }
        // HMAC takes keys of any length
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_hmac_sha_256_in_hex() {
        // RFC 4231, test case 2
        assert_eq!(
            signature("Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
