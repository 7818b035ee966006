//! The top-level resources: collections of what events name, and the way from each member to its events.

use super::capture::PAGE;
use super::message::{self, Wanted};
use super::query::per_page;
use super::refusal::{Refused, Reply};
use super::{events, xml};
use crate::api::Caller;
use crate::fault::Fault;
use crate::session::urlencoded;
use crate::state::App;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use base::Text;
use serde_json::json;
use std::sync::Arc;
use supply::Collection;

const MEMBER: Text = Text::of("该值的事件", "event with that value");

/// The collections by their names in addresses.
pub(super) const COLLECTIONS: [(&str, Collection); 6] = [
    ("eventTypes", Collection::EventTypes),
    ("epcs", Collection::Epcs),
    ("bizSteps", Collection::BizSteps),
    ("bizLocations", Collection::BizLocations),
    ("readPoints", Collection::ReadPoints),
    ("dispositions", Collection::Dispositions),
];

fn collection(wanted: Wanted, members: &[String]) -> Response {
    wanted.answer(match wanted {
        Wanted::Json => {
            json!({ "@context": events::CONTEXT, "type": "Collection", "member": members }).to_string()
        }
        Wanted::Xml => xml::collection(members),
    })
}

/// `GET /epcis`: the resources there are. Right: any account.
pub(super) async fn top(_: Caller, headers: HeaderMap) -> Reply {
    let mut all: Vec<String> = ["queries", "capture", "events"].map(str::to_owned).into();
    all.extend(COLLECTIONS.iter().map(|(name, _)| (*name).to_owned()));
    Ok(collection(message::wanted(&headers)?, &all))
}

/// `GET /epcis/{collection}`: what the events the caller may see name, in order. Right: view event.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    (name, which): (&'static str, Collection),
    RawQuery(raw): RawQuery,
) -> Reply {
    let wanted = message::wanted(&headers)?;
    let writing = events::writing(&headers)?;
    let query = urlencoded(raw.unwrap_or_default().as_bytes());
    let get = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let limit = get("perPage").map_or(Ok(PAGE), per_page)?;
    let after = get("nextPageToken").unwrap_or_default();
    let mut found = app.supply.members(&caller.who, app.now(), which, after, limit + 1).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).cloned();
    if matches!(which, Collection::Epcs | Collection::BizLocations | Collection::ReadPoints) {
        let prefixes = app.prefixes.current();
        found = found.into_iter().map(|uri| writing.identifier(uri, &prefixes)).collect();
    }
    let mut response = collection(wanted, &found);
    if let Some(next) = next {
        message::next_page(response.headers_mut(), &format!("/epcis/{name}"), &query, &next, app.now());
    }
    Ok(response)
}

/// `GET /epcis/{collection}/{value}` and `…/events`. Right: view event.
pub(super) async fn below(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    (name, which): (&'static str, Collection),
    Path(rest): Path<String>,
    RawQuery(raw): RawQuery,
) -> Reply {
    let (value, of_events) = split(&rest);
    let key = which.key(value);
    if !app.supply.has_member(&caller.who, app.now(), which, &key).await? {
        return Err(Refused::from(Fault::not_found(&MEMBER)));
    }
    if !of_events {
        return Ok(collection(message::wanted(&headers)?, &["events".to_owned()]));
    }
    let path = format!("/epcis/{name}/{}/events", crate::ui::encode(value));
    events::answer(&app, &caller, &headers, raw.as_deref(), &path, Some((which, &key))).await
}

/// The value, and whether its events are asked for. Values are URIs that may stand unencoded in the address.
fn split(rest: &str) -> (&str, bool) {
    match rest.strip_suffix("/events") {
        Some(value) if !value.is_empty() => (value, true),
        _ => (rest, false),
    }
}
