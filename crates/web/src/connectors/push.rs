//! Giving: what was captured here since the position reached, in messages the other can take, with the rights of the
//! connector's account at that moment.

use super::{ANSWER, Stop, borrowed, headers};
use crate::epcis::compiled;
use crate::state::App;
use axum::http::{Method, StatusCode};
use base::Instant;
use epcis::{Event, Head, WriteOptions};
use supply::{Reach, Tally, Turn};

pub(super) async fn turn(app: &App, turn: &Turn, tally: &mut Tally) -> Result<(), Stop> {
    let who = turn.who.as_ref().ok_or(Stop::Gone)?;
    let c = &turn.connector;
    let mut headers = headers(app, turn)?;
    headers.push(("content-type", "application/json".to_owned()));
    headers.push(("gs1-capture-error-behaviour", "proceed".to_owned()));
    let query = match c.query.as_str() {
        "" => None,
        name => {
            let named = app.supply.query(who, app.now(), name).await?;
            Some(compiled(&named).map_err(|_| Stop::Unreadable(format!("the query {name} cannot be read")))?)
        }
    };
    let view = app.supply.master_data_view().await?;
    let matcher = query.as_ref().map(|q| q.bind(&*view));
    let (mut reach, mut batch) = (c.reach, usize::try_from(c.batch).unwrap_or(1).max(1));
    loop {
        let (events, end) = app.supply.events_since(who, app.now(), reach, Instant(0)).await?;
        let fit: Vec<(Reach, Event)> =
            events.into_iter().filter(|(_, e)| matcher.as_ref().is_none_or(|m| m.matches(e))).collect();
        let mut rest = &fit[..];
        while !rest.is_empty() {
            let (part, later) = rest.split_at(batch.min(rest.len()));
            let own: Vec<Event> = part.iter().map(|(_, e)| e.clone()).collect();
            let body = epcis::json::write_document(&Head::capture(app.now()), &own, &WriteOptions::default());
            let address = format!("{}/capture", c.url);
            let reply = app
                .outbound
                .send(Method::POST, &address, &borrowed(&headers), body.into_bytes(), ANSWER)
                .await?;
            if reply.status == StatusCode::PAYLOAD_TOO_LARGE && part.len() > 1 {
                batch = part.len() / 2;
                continue;
            }
            if !reply.status.is_success() {
                return Err(Stop::answered("the other repository", &reply));
            }
            tally.events += i64::try_from(part.len()).unwrap_or(i64::MAX);
            if let Some((after, _)) = part.last() {
                let kept = i64::try_from(batch).unwrap_or(1);
                app.supply.advance_turn(turn, c.since, *after, kept, app.now()).await?;
            }
            outcome(app, turn, &headers, reply.header("location"), tally).await;
            rest = later;
        }
        if end == reach {
            return Ok(());
        }
        reach = end;
        let kept = i64::try_from(batch).unwrap_or(1);
        app.supply.advance_turn(turn, c.since, reach, kept, app.now()).await?;
    }
}

/// What the other made of a message, when its capture job has ended: refused events are counted and the first reason is
/// kept. A job still running is not waited for.
async fn outcome(
    app: &App,
    turn: &Turn,
    headers: &[(&'static str, String)],
    location: &str,
    tally: &mut Tally,
) {
    let Some((scheme, rest)) = turn.connector.url.split_once("://") else { return };
    let host = rest.split('/').next().unwrap_or_default();
    // only on the same host: the token goes along
    let path = match location.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => location.trim_start_matches('/'),
    };
    if path.is_empty() {
        return;
    }
    let address = format!("{scheme}://{host}/{path}");
    let asked = app.outbound.send(Method::GET, &address, &borrowed(headers), Vec::new(), ANSWER).await;
    let Ok(job) = asked.map(|r| serde_json::from_slice::<serde_json::Value>(&r.body).unwrap_or_default())
    else {
        return;
    };
    let Some(errors) = job["errors"].as_array().filter(|e| !e.is_empty()) else { return };
    tally.refused += i64::try_from(errors.len()).unwrap_or(i64::MAX);
    if tally.problem.is_none() {
        tally.problem = errors[0]["detail"].as_str().or(errors[0]["title"].as_str()).map(ToOwned::to_owned);
    }
}
