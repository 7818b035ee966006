//! `/epcis/capture`: documents in, capture jobs out.

use super::message;
use super::query::per_page;
use super::refusal::{Refusal, Refused, Reply};
use crate::api::Caller;
use crate::fault::Fault;
use crate::session::urlencoded;
use crate::state::App;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use base::{Id, Text};
use serde_json::{Value, json};
use std::sync::Arc;
use supply::{CaptureJob, CaptureOptions, CaptureState};

const JOB: Text = Text::of("采集作业", "capture job");
/// Jobs a page when nothing is said (the default of the standard).
const PAGE: u32 = 30;

/// `POST /epcis/capture`: 202 with the job's address. Right: capture event.
pub(super) async fn capture(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let format = message::format(&headers, true)?;
    message::takes_json(&headers)?;
    let options = CaptureOptions { error_behaviour: message::behaviour(&headers)?, operator: None };
    let bytes = message::read(&app, body).await?;
    let cx = caller.context(&app);
    let outcome = app.supply.capture(&cx, &caller.who, bytes, format, &options).await?;
    let location = format!("/epcis/capture/{}", outcome.id);
    if outcome.state == CaptureState::Refused && !outcome.problems.is_empty() {
        let refusal = Refusal::new(outcome.problems).on_record(&location);
        return Err(refusal.with(|h| super::limits(h, &app)).into());
    }
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)]).into_response())
}

/// `GET /epcis/capture`: the jobs the caller may see, newest first. Right: view event.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Reply {
    message::takes_json(&headers)?;
    let query = urlencoded(raw.unwrap_or_default().as_bytes());
    let get = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let limit = get("perPage").map_or(Ok(PAGE), per_page)?.min(500);
    let after: Option<Id> = match get("nextPageToken") {
        None => None,
        Some(token) => Some(token.parse().map_err(|_| {
            Fault::new(
                StatusCode::BAD_REQUEST,
                Text::of(
                    "nextPageToken 无效，请从首页重新查询。",
                    "The nextPageToken is not valid; start from the first page.",
                ),
            )
        })?),
    };
    let jobs = app.supply.capture_jobs(&caller.who, app.now(), after, limit).await?;
    let mut response = Json(jobs.iter().map(job).collect::<Vec<_>>()).into_response();
    if jobs.len() == limit as usize
        && let Some(last) = jobs.last()
    {
        message::next_page(response.headers_mut(), "/epcis/capture", &query, &last.id.to_string(), app.now());
    }
    Ok(response)
}

/// `GET /epcis/capture/{id}`: one job. Right: view event, or being who captured.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Reply {
    message::takes_json(&headers)?;
    let id: Id = id.parse().map_err(|_| Refused::from(Fault::not_found(&JOB)))?;
    let found = app.supply.capture_job(&caller.who, app.now(), id).await?;
    Ok(Json(job(&found)).into_response())
}

/// The capture job of the standard with our counts beside it.
fn job(j: &CaptureJob) -> Value {
    json!({
        "captureID": j.id,
        "createdAt": j.created.rfc3339(),
        "finishedAt": j.finished.rfc3339(),
        "running": false,
        "success": j.state == CaptureState::Stored,
        "captureErrorBehaviour": j.error_behaviour,
        "errors": j.problems,
        "events": j.events,
        "stored": j.stored,
        "duplicates": j.duplicates,
        "eventsRoot": j.events_root,
    })
}
