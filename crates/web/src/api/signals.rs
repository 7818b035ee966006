//! Surveillance for the systems of authorities: signals, their series and follow-up, the methods' record, counts from elsewhere.

use super::caller::Caller;
use super::catalogue::{Endpoint, Right};
use super::endpoints::{get, post, q};
use super::once::{Begun, Write};
use super::sent::{Params, Sent, id};
use crate::fault::Answer;
use crate::pages::signals::{SIGNAL, may_view};
use crate::state::App;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base::Id;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use watch::{Filter, FollowUp, SentCount, Sort, Status};

const JSON: &str = "application/json";
const COUNTS: &str = r#"{"region":"620102","source":"食源性疾病监测报告系统","counts":[{"date":"2026-11-20","county":"620102","hazard":"salmonella","count":4}]}"#;
const FOLLOWED: &str = r#"{"version":1,"status":"verified","comment":"现场核实，同一餐次 26 人发病"}"#;

/// Endpoints of surveillance.
pub(super) const SIGNALS: &[Endpoint] = &[
    get(
        "/api/v1/signals",
        "surveillance",
        Right::Needs("view", "signal"),
        ("监测信号列表", "Surveillance signals"),
        &[
            q(
                "status",
                "状态：new、assigned、verified、explained、false",
                "new, assigned, verified, explained or false",
            ),
            q("open", "只要未办结的（true）", "only open ones (true)"),
            q("hazard", "危害代码", "hazard"),
            q("region", "行政区划代码前缀", "beginning of a region code"),
            q("method", "方法", "method that alarmed"),
            q("since", "报警不早于", "alarm not before"),
            q("sort", "raised、urgency 或 cases", "raised, urgency or cases"),
            q("after", "上一页给出的 next", "the `next` of the page before"),
            q("limit", "每页行数", "rows a page"),
        ],
        r#"{"rows":[],"total":0,"next":null}"#,
    ),
    get(
        "/api/v1/signals/methods",
        "surveillance",
        Right::Needs("view", "signal"),
        ("各方法的成绩和最近的判定", "The methods' record and the last judgements"),
        &[],
        r#"{"methods":[{"method":"ears-c3","closed":12,"verified":5,"explained":4,"precision":0.4167,"interval":[0.19,0.68],"open":2}],"nights":[]}"#,
    ),
    get(
        "/api/v1/signals/{id}",
        "surveillance",
        Right::Needs("view", "signal"),
        ("一个信号：报警、解释、核实经过、办件", "One signal: alarms, explanation, follow-up, matters"),
        &[],
        r#"{"id":"01J8ZK3M0P5Q7R","version":1,"hazard":"salmonella","places":["620102"],"status":"new","alarms":[],"notes":[],"matters":[],"may_act":true}"#,
    ),
    get(
        "/api/v1/signals/{id}/series",
        "surveillance",
        Right::Needs("view", "signal"),
        (
            "信号的序列：报告数、预期、上限，按方法",
            "The series of a signal: counted, expected, bound, by method",
        ),
        &[q("weeks", "周数，默认 104", "weeks, 104 unless said")],
        r#"[{"method":"ears-c3","step":"day","marks":[{"from":"2026-11-20","to":"2026-11-20","observed":9,"expected":1.3,"bound":4.2,"alarm":true}]}]"#,
    ),
    post(
        "/api/v1/signals/{id}/follow-up",
        "surveillance",
        Right::Needs("act", "signal"),
        ("核实的一步：交办、补充说明或办结", "A step of the follow-up: assigned, commented, closed"),
        (JSON, FOLLOWED),
        (200, r#"{"id":"01J8ZK3M0P5Q7R","version":2}"#),
    ),
    post(
        "/api/v1/watch/counts",
        "surveillance",
        Right::Needs("import", "signal"),
        (
            "报送逐日计数（食源性疾病等）；首末日期之间未列的日子计为零，再次报送同一日期即为更正",
            "Sends daily counts (foodborne illness and the like); days between the first and the last that are not named count zero, sending a day again corrects it",
        ),
        (JSON, COUNTS),
        (200, r#"{"rows":1,"first":"2026-11-20","last":"2026-11-20","changed":1}"#),
    ),
];

/// `GET /api/v1/signals`. Right: view signal.
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let known = ["status", "open", "hazard", "region", "method", "since", "sort", "after", "limit"];
    let p = Params::known(raw.as_deref(), &known)?;
    let text = |name: &str| p.get(name).map(ToOwned::to_owned);
    let filter = Filter {
        status: p.read("status", "verified")?,
        open: p.read("open", "true")?.unwrap_or(false),
        hazard: text("hazard"),
        region: text("region"),
        method: text("method"),
        since: p.read("since", "2026-01-31")?,
        sort: match p.get("sort") {
            Some("urgency") => Sort::Urgency,
            Some("cases") => Sort::Cases,
            _ => Sort::Raised,
        },
        after: text("after"),
        limit: p.read("limit", "50")?.unwrap_or_default(),
    };
    may_view(&app, &caller.who)?;
    Ok(Json(app.watch.signals(&app.store, &caller.who, app.now(), &filter).await?).into_response())
}

/// `GET /api/v1/signals/methods`. Right: view signal.
pub(super) async fn methods(State(app): State<Arc<App>>, caller: Caller) -> Answer {
    may_view(&app, &caller.who)?;
    let methods = app.watch.scores(&app.store, &caller.who, app.now()).await?;
    let nights = app.watch.nights(&app.store, 14).await?;
    Ok(Json(json!({ "methods": methods, "nights": nights })).into_response())
}

/// `GET /api/v1/signals/{id}`. Right: view signal.
pub(super) async fn show(State(app): State<Arc<App>>, caller: Caller, Path(signal): Path<String>) -> Answer {
    let signal = id(&signal, &SIGNAL)?;
    Ok(Json(app.watch.signal(&app.store, &caller.who, app.now(), signal).await?).into_response())
}

/// `GET /api/v1/signals/{id}/series`. Right: view signal.
pub(super) async fn series(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(signal): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let p = Params::known(raw.as_deref(), &["weeks"])?;
    let weeks = p.read::<usize>("weeks", "104")?.unwrap_or(104).clamp(1, 520);
    let signal = id(&signal, &SIGNAL)?;
    let s = app.watch.signal(&app.store, &caller.who, app.now(), signal).await?.row;
    let lines = app.watch.lines(&app.store, &caller.who, app.now(), &s.hazard, &s.places, weeks).await?;
    Ok(Json(lines).into_response())
}

/// A step of the follow-up.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Followed {
    /// As last read.
    version: i64,
    /// Status after the step.
    status: Status,
    /// What was found.
    #[serde(default)]
    comment: String,
}

/// `POST /api/v1/signals/{id}/follow-up`: assigning gives it to the caller. Right: act signal.
pub(super) async fn follow(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(signal): Path<String>,
    sent: Sent<Followed>,
) -> Answer {
    let signal: Id = id(&signal, &SIGNAL)?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let Followed { version, status, comment } = sent.value;
    let step = FollowUp { version, status, assignee: None, comment };
    let version = app.watch.follow_up(&mut w.tx, &w.cx, &caller.who, signal, step).await?;
    w.done(&caller, StatusCode::OK, "", &json!({ "id": signal, "version": version })).await
}

/// Counts sent by a program.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counted {
    region: String,
    source: String,
    counts: Vec<SentCount>,
}

/// `POST /api/v1/watch/counts`: stored, then the touched series are judged. Right: import signal.
pub(super) async fn counts(State(app): State<Arc<App>>, caller: Caller, sent: Sent<Counted>) -> Answer {
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let Counted { region, source, counts } = sent.value;
    let done = app.watch.send_counts(&mut w.tx, &w.cx, &caller.who, &region, &source, &counts).await?;
    let body = json!({
        "rows": done.rows, "first": done.first, "last": done.last, "changed": done.touched.len(),
    });
    let system = ledger::Context { actor: ledger::Actor::system("watch"), ..w.cx.clone() };
    let response = w.done(&caller, StatusCode::OK, "", &body).await?;
    app.watch.judge_touched(&app.store, &system, &done.touched, 1).await?;
    Ok(response)
}
