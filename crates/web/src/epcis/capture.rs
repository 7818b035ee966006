//! `/epcis/capture`: documents in, capture jobs out.

use super::message::{self, Taken, Wanted};
use super::query::per_page;
use super::refusal::{Refusal, Refused, Reply};
use super::xml;
use crate::api::Caller;
use crate::fault::Fault;
use crate::session::urlencoded;
use crate::state::App;
use crate::uploads;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use base::{Id, Text};
use serde_json::{Value, json};
use std::sync::Arc;
use supply::{CaptureJob, CaptureOptions, Format};

const JOB: Text = Text::of("采集作业", "capture job");
/// Jobs a page when nothing is said (the default of the standard).
pub(super) const PAGE: u32 = 30;

/// `POST /epcis/capture`: 202 with the job's address. A short document is dealt with before the answer, a long one
/// afterwards; what is wrong with events stands in the job either way. Right: capture event.
pub(super) async fn capture(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let format = message::format(&headers, true)?;
    message::wanted(&headers)?;
    let options = CaptureOptions { error_behaviour: message::behaviour(&headers)?, operator: None };
    let cx = caller.context(&app);
    app.supply.may_capture(&cx, &caller.who, None).await?;
    let id = match message::take(&app, &headers, body).await? {
        Taken::Whole(bytes) => {
            let outcome = app.supply.capture(&cx, &caller.who, bytes, format, &options).await?;
            if outcome.unusable {
                let refusal = Refusal::new(outcome.problems).on_record(&location(outcome.id));
                return Err(refusal.with(|h| super::limits(h, &app)).into());
            }
            outcome.id
        }
        Taken::Spooled(spool) => {
            uploads::admit(&app, &caller.who, usize::try_from(spool.size()).unwrap_or(usize::MAX)).await?;
            let media = if format == Format::Xml { "application/xml" } else { "application/json" };
            let kept = app.attachments.keep_spooled(spool, media).await.map_err(Fault::from)?;
            app.supply.receive(&cx, &caller.who, &app.attachments, &kept, format, &options).await?
        }
    };
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location(id))]).into_response())
}

fn location(id: Id) -> String {
    format!("/epcis/capture/{id}")
}

/// `GET /epcis/capture`: the jobs the caller may see, newest first. Right: view event.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Reply {
    let wanted = message::wanted(&headers)?;
    let query = urlencoded(raw.unwrap_or_default().as_bytes());
    let get = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let limit = get("perPage").map_or(Ok(PAGE), per_page)?.min(500);
    let after = page_after(get("nextPageToken"))?;
    let mut jobs = app.supply.capture_jobs(&caller.who, app.now(), after, limit + 1).await?;
    let more = jobs.len() > limit as usize;
    jobs.truncate(limit as usize);
    let shown: Vec<Value> = jobs.iter().map(job).collect();
    let mut response = wanted.answer(match wanted {
        Wanted::Json => Value::from(shown).to_string(),
        Wanted::Xml => xml::jobs(&shown),
    });
    if let Some(last) = jobs.last().filter(|_| more) {
        message::next_page(response.headers_mut(), "/epcis/capture", &query, &last.id.to_string(), app.now());
    }
    Ok(response)
}

/// A page token that is a record id.
pub(super) fn page_after(token: Option<&str>) -> Result<Option<Id>, Refused> {
    token.map(|token| token.parse().map_err(|_| bad_token())).transpose()
}

/// 400: a page token nobody gave.
pub(super) fn bad_token() -> Refused {
    Fault::new(
        StatusCode::BAD_REQUEST,
        Text::of(
            "nextPageToken 无效，请从首页重新查询。",
            "The nextPageToken is not valid; start from the first page.",
        ),
    )
    .into()
}

/// `GET /epcis/capture/{id}`: one job. Right: view event, or being who captured.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Reply {
    let wanted = message::wanted(&headers)?;
    let id: Id = id.parse().map_err(|_| Refused::from(Fault::not_found(&JOB)))?;
    let found = job(&app.supply.capture_job(&caller.who, app.now(), id).await?);
    Ok(wanted.answer(match wanted {
        Wanted::Json => found.to_string(),
        Wanted::Xml => xml::job(&found),
    }))
}

/// The capture job of the standard with our counts beside it.
fn job(j: &CaptureJob) -> Value {
    let mut job = json!({
        "captureID": j.id,
        "createdAt": j.created.rfc3339(),
        "running": j.is_running(),
        "success": j.is_success(),
        "captureErrorBehaviour": j.error_behaviour,
        "errors": j.problems,
        "events": j.events,
        "stored": j.stored,
        "duplicates": j.duplicates,
        "eventsRoot": j.events_root,
    });
    if let Some(finished) = j.finished {
        job["finishedAt"] = finished.rfc3339().into();
    }
    job
}
