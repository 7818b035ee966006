//! Fetching: pages of the other's events since the record time reached, captured here; what is here already is known by
//! its event hash.

use super::{ANSWER, Stop, borrowed, context, headers, stamp};
use crate::outbound::Reply;
use crate::state::App;
use crate::ui;
use axum::http::Method;
use base::{Instant, Lang};
use serde_json::Value as Json;
use supply::{CaptureOptions, ErrorBehaviour, Format, Reach, Tally, Turn};

/// Seconds before the time reached that are asked for again.
const OVERLAP: i64 = 60;
/// Pages of one turn at most; the next turn goes on.
const PAGES: usize = 10_000;

pub(super) async fn turn(app: &App, turn: &Turn, tally: &mut Tally) -> Result<(), Stop> {
    let who = turn.who.as_ref().ok_or(Stop::Gone)?;
    let c = &turn.connector;
    // what was recorded before the time reached may have been committed after it was asked for
    let (headers, from) = (headers(app, turn)?, c.since.plus_seconds(-OVERLAP).max(Instant(0)));
    // without a named query the pages come in the order of recording: every page is a step forward
    let ordered = c.query.is_empty();
    let mut next = if ordered {
        format!(
            "{}/events?GE_recordTime={}&orderBy=recordTime&orderDirection=ASC&perPage={}",
            c.url,
            ui::encode(&stamp(from)),
            c.batch
        )
    } else {
        format!("{}/queries/{}/events?perPage={}", c.url, ui::encode(&c.query), c.batch)
    };
    let mut reached = c.since;
    for _ in 0..PAGES {
        let reply = app.outbound.send(Method::GET, &next, &borrowed(&headers), Vec::new(), ANSWER).await?;
        if !reply.status.is_success() {
            return Err(Stop::answered("the other repository", &reply));
        }
        let page = page(&reply, from)?;
        // a clock of theirs that runs ahead takes nobody past what is still to come
        reached = reached.max(page.last.unwrap_or(reached).min(app.now()));
        if page.events > 0 {
            let options = CaptureOptions { error_behaviour: ErrorBehaviour::Proceed, operator: c.operator };
            let cx = context(app, turn);
            let done = app.supply.capture(&cx, who, page.document, Format::Json, &options).await?;
            let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            // events met again are no news
            if done.duplicates.len() < page.events {
                tally.events += count(page.events);
                tally.duplicates += count(done.duplicates.len());
            }
            tally.stored += count(done.stored.len());
            tally.refused += count(page.events.saturating_sub(done.stored.len() + done.duplicates.len()));
            if let (None, Some(problem)) = (&tally.problem, done.problems.first()) {
                tally.problem = Some(problem.message().get(Lang::Zh).to_owned());
            }
        }
        let to = if ordered { reached } else { c.since };
        app.supply.advance_turn(turn, to, Reach::default(), c.batch, app.now()).await?;
        match following(&reply, &next)? {
            Some(address) => next = address,
            None => {
                app.supply.advance_turn(turn, reached, Reach::default(), c.batch, app.now()).await?;
                return Ok(());
            }
        }
    }
    // pages in no order that were not all read: what they hold may be older than what was reached, and the next turn reads them again
    Ok(())
}

/// The events of a page that are not older than what was reached.
struct Page {
    document: Vec<u8>,
    events: usize,
    last: Option<Instant>,
}

fn page(reply: &Reply, from: Instant) -> Result<Page, Stop> {
    let wrong =
        |e: &dyn std::fmt::Display| Stop::Unreadable(format!("the answer is no EPCISQueryDocument: {e}"));
    let mut document: Json = serde_json::from_slice(&reply.body).map_err(|e| wrong(&e))?;
    let list = document.pointer_mut("/epcisBody/queryResults/resultsBody/eventList");
    let Some(Json::Array(events)) = list else { return Err(wrong(&"it has no event list")) };
    let recorded = |e: &Json| e["recordTime"].as_str().and_then(|t| Instant::parse(t).ok());
    events.retain(|e| recorded(e).is_none_or(|t| t >= from));
    let (count, last) = (events.len(), events.iter().filter_map(recorded).max());
    Ok(Page { document: document.to_string().into_bytes(), events: count, last })
}

/// The address of the next page: `Link: <…>; rel="next"`, on the same host.
fn following(reply: &Reply, here: &str) -> Result<Option<String>, Stop> {
    let all = reply.headers.get_all("link").iter().filter_map(|v| v.to_str().ok());
    let next = all.flat_map(|v| v.split(", <")).find(|l| l.contains("rel=\"next\""));
    let Some(to) = next.and_then(|l| l.trim_start_matches('<').split('>').next()) else { return Ok(None) };
    let (scheme, rest) = here.split_once("://").unwrap_or(("", here));
    let host = rest.split('/').next().unwrap_or_default();
    let whole = if to.starts_with('/') {
        format!("{scheme}://{host}{to}")
    } else if to.starts_with('?') {
        format!("{}{to}", here.split('?').next().unwrap_or_default())
    } else {
        to.to_owned()
    };
    // the token must not follow a link to somebody else; what names the same path under another public name is turned back
    let path = whole.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| path);
    let path = path.ok_or_else(|| Stop::Unreadable(format!("the next page has no address: {to}")))?;
    Ok(Some(format!("{scheme}://{host}/{path}")))
}
