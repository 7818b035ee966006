//! Samples, results and reports for the systems of laboratories and sampling teams.

use super::caller::Caller;
use super::once::{Begun, Write};
use super::sent::{Params, Sent, id};
use crate::fault::Answer;
use crate::state::App;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base::Text;
use lab::{
    Conclusion, NewResult, NewSample, ResultChange, SampleFilter, SampleKind, SampleSort, SampleState,
    SentResult,
};
use serde::Deserialize;
use std::sync::Arc;

const SAMPLE: Text = Text::of("样品", "sample");
const CORRECTION: Text = Text::of("报告更正", "correction of a report");

/// `POST /api/v1/samples`. Right: create sample.
pub(super) async fn create(State(app): State<Arc<App>>, caller: Caller, sent: Sent<NewSample>) -> Answer {
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let sample = app.lab.register_sample(&mut w.tx, &w.cx, &caller.who, sent.value).await?;
    let location = format!("/api/v1/samples/{}", sample.id);
    w.done(&caller, StatusCode::CREATED, &location, &sample).await
}

/// `GET /api/v1/samples`. Right: view sample.
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let known = [
        "q",
        "state",
        "kind",
        "conclusion",
        "region",
        "operator",
        "laboratory",
        "item",
        "from",
        "to",
        "after",
        "limit",
    ];
    let p = Params::known(raw.as_deref(), &known)?;
    let text = |name: &str| p.get(name).map(ToOwned::to_owned);
    let filter = SampleFilter {
        text: text("q"),
        state: p.read::<SampleState>("state", "testing")?,
        kind: p.read::<SampleKind>("kind", "supervision")?,
        conclusion: p.read::<Conclusion>("conclusion", "unqualified")?,
        region: text("region"),
        operator: p.read("operator", "01J8ZK3M0P5Q7R")?,
        laboratory: p.read("laboratory", "01J8ZK3M0P5Q7R")?,
        item: text("item"),
        from: p.read("from", "2026-11-01")?,
        to: p.read("to", "2026-11-30")?,
        sort: SampleSort::default(),
        after: text("after"),
        limit: p.read("limit", "50")?.unwrap_or_default(),
        ..SampleFilter::default()
    };
    let page = app.lab.samples(&app.store, &caller.who, app.now(), &filter).await?;
    Ok(Json(page).into_response())
}

/// `GET /api/v1/samples/{id}`. Right: view sample.
pub(super) async fn show(State(app): State<Arc<App>>, caller: Caller, Path(sample): Path<String>) -> Answer {
    let detail = app.lab.sample(&app.store, &caller.who, app.now(), id(&sample, &SAMPLE)?).await?;
    Ok(Json(detail).into_response())
}

/// One result or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Results {
    /// Several under one journal entry.
    Many(Vec<NewResult>),
    /// One.
    One(NewResult),
}

/// `POST /api/v1/samples/{id}/results`. Right: create result.
pub(super) async fn results(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(sample): Path<String>,
    sent: Sent<Results>,
) -> Answer {
    let new = match sent.value {
        Results::Many(all) => all,
        Results::One(one) => vec![one],
    };
    let sample = id(&sample, &SAMPLE)?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let judged = app.lab.enter_results(&mut w.tx, &w.cx, &caller.who, sample, new, "create").await?;
    w.done(&caller, StatusCode::CREATED, &format!("/api/v1/samples/{sample}"), &judged).await
}

/// Results of many samples.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sheet {
    results: Vec<SentResult>,
}

/// `POST /api/v1/results`: results of many samples, each row answered. Right: create result.
pub(super) async fn send(State(app): State<Arc<App>>, caller: Caller, sent: Sent<Sheet>) -> Answer {
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let rows = app.lab.send_results(&mut w.tx, &w.cx, &caller.who, sent.value.results).await?;
    let stored = rows.iter().filter(|r| r.result.is_some()).count();
    let body = serde_json::json!({ "stored": stored, "refused": rows.len() - stored, "rows": rows });
    w.done(&caller, StatusCode::OK, "", &body).await
}

/// The number of the report to be approved.
#[derive(Debug, Deserialize)]
pub(super) struct Approval {
    report_no: String,
}

/// `POST /api/v1/samples/{id}/approve`, by another person than who entered the results. Right: act result.
pub(super) async fn approve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(sample): Path<String>,
    sent: Sent<Approval>,
) -> Answer {
    let sample = id(&sample, &SAMPLE)?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let approved =
        app.lab.approve_report(&mut w.tx, &w.cx, &caller.who, sample, &sent.value.report_no).await?;
    w.done(&caller, StatusCode::OK, "", &approved).await
}

/// Nothing further to say.
#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

/// `POST /api/v1/samples/{id}/submit`. Right: act result.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(sample): Path<String>,
    sent: Sent<Nothing>,
) -> Answer {
    let sample = id(&sample, &SAMPLE)?;
    let Nothing {} = sent.value;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let submitted = app.lab.submit_report(&mut w.tx, &w.cx, &caller.who, sample).await?;
    w.done(&caller, StatusCode::OK, "", &submitted).await
}

/// What was wrong in a submitted report.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Correction {
    reason: String,
    changes: Vec<ResultChange>,
}

/// `POST /api/v1/samples/{id}/corrections`: proposes to correct a submitted report. Right: create result.
pub(super) async fn propose(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(sample): Path<String>,
    sent: Sent<Correction>,
) -> Answer {
    let sample = id(&sample, &SAMPLE)?;
    let Correction { reason, changes } = sent.value;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let made = app.lab.propose_correction(&mut w.tx, &w.cx, &caller.who, sample, &reason, changes).await?;
    w.done(&caller, StatusCode::CREATED, &format!("/api/v1/samples/{sample}"), &made).await
}

/// The number of a corrected report; empty: the first one's with `-G` and a number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Issue {
    #[serde(default)]
    report_no: String,
}

/// `POST /api/v1/corrections/{id}/issue`, by another person than who proposed it. Right: act result.
pub(super) async fn issue(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(correction): Path<String>,
    sent: Sent<Issue>,
) -> Answer {
    let correction = id(&correction, &CORRECTION)?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let number = &sent.value.report_no;
    let (correction, nonconformity) =
        app.lab.issue_correction(&mut w.tx, &w.cx, &caller.who, correction, number).await?;
    let body = serde_json::json!({ "correction": correction, "nonconformity": nonconformity });
    w.done(&caller, StatusCode::OK, "", &body).await
}

/// Why a correction is not pursued.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Drop {
    reason: String,
}

/// `POST /api/v1/corrections/{id}/drop`. Right: act result.
pub(super) async fn drop_it(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(correction): Path<String>,
    sent: Sent<Drop>,
) -> Answer {
    let correction = id(&correction, &CORRECTION)?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let dropped =
        app.lab.drop_correction(&mut w.tx, &w.cx, &caller.who, correction, &sent.value.reason).await?;
    w.done(&caller, StatusCode::OK, "", &dropped).await
}
