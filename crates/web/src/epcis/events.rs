//! `/epcis/events`: one event in, events out as query documents.

use super::refusal::Reply;
use super::{message, query};
use crate::api::Caller;
use crate::session::urlencoded;
use crate::state::App;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use base::Instant;
use serde_json::{Value, json};
use std::sync::Arc;
use supply::EventDetail;

const CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";

/// `POST /epcis/events`: 201 with the event and its address; 409 when it is stored already. Right: capture event.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    message::format(&headers, false)?;
    message::takes_json(&headers)?;
    let bytes = message::read(&app, body).await?;
    let cx = caller.context(&app);
    let stored = app.supply.capture_event(&cx, &caller.who, bytes, None).await?;
    let detail = app.supply.event(&caller.who, app.now(), stored.id).await?;
    let location = format!("/epcis/events/{}", crate::ui::encode(&stored.event_id));
    let mut event = shown(detail);
    let mut context = vec![json!(CONTEXT)];
    context.extend(parts(event["@context"].take()));
    event["@context"] = context.into();
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(event)).into_response())
}

/// `GET /epcis/events`: a page of events, newest event time first. Right: view event.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Reply {
    message::takes_json(&headers)?;
    let query = urlencoded(raw.unwrap_or_default().as_bytes());
    let filter = query::filter(&query)?;
    let now = app.now();
    let (events, next) = app.supply.event_bodies(&caller.who, now, &filter).await?;
    let mut response = Json(document(events, now)).into_response();
    if let Some(token) = next {
        message::next_page(response.headers_mut(), "/epcis/events", &query, &token, now);
    }
    Ok(response)
}

/// `GET /epcis/events/{eventID}`: the event and the error declarations on it. Right: view event.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Reply {
    message::takes_json(&headers)?;
    let now = app.now();
    let events = app.supply.events_named(&caller.who, now, &id).await?;
    Ok(Json(document(events, now)).into_response())
}

/// The events as an `EPCISQueryDocument`.
fn document(events: Vec<EventDetail>, now: Instant) -> Value {
    json!({
        "@context": [CONTEXT],
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": now.rfc3339(),
        "epcisBody": { "queryResults": {
            "queryName": "SimpleEventQuery",
            "resultsBody": { "eventList": events.into_iter().map(shown).collect::<Vec<_>>() },
        } },
    })
}

/// An event as captured, with the id and record time this repository gave it and the prefixes of the document it
/// came in: two documents may use one prefix for two things, so each event carries its own.
fn shown(detail: EventDetail) -> Value {
    let EventDetail { event, mut body, context, .. } = detail;
    let Some(fields) = body.as_object_mut() else { return body };
    fields.entry("eventID").or_insert_with(|| event.event_id.clone().into());
    fields.insert("recordTime".to_owned(), event.recorded.rfc3339().into());
    let mut own: Vec<Value> = Vec::new();
    for part in parts(context).into_iter().chain(fields.remove("@context").map(parts).unwrap_or_default()) {
        let standard = part.as_str().is_some_and(|u| u.ends_with("/epcis-context.jsonld"));
        if !standard && !own.contains(&part) {
            own.push(part);
        }
    }
    if !own.is_empty() {
        fields.insert("@context".to_owned(), own.into());
    }
    body
}

/// The parts of a context.
fn parts(context: Value) -> Vec<Value> {
    match context {
        Value::Array(parts) => parts,
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Id;

    #[test]
    fn an_event_carries_the_prefixes_of_its_document() {
        let row = supply::EventRow {
            id: Id(1),
            event_id: "urn:uuid:1".into(),
            hash: String::new(),
            kind: "ObjectEvent".into(),
            action: None,
            biz_step: None,
            disposition: None,
            time: Instant(0),
            tz: "+08:00".into(),
            recorded: Instant(0),
            read_point: None,
            biz_location: None,
            source: None,
            destination: None,
            document: None,
            operator: None,
            region: String::new(),
            withdrawn: false,
            declaration: false,
            capture: Id(2),
            items: Vec::new(),
        };
        let context = json!([CONTEXT, { "ex": "https://example.org/" }]);
        let detail =
            EventDetail { event: row, body: json!({ "type": "ObjectEvent" }), context, journal: Id(3) };
        let event = shown(detail);
        assert_eq!(event["@context"], json!([{ "ex": "https://example.org/" }]));
        assert_eq!(event["eventID"], "urn:uuid:1");
    }
}
