//! The sampling system for programs: plans, tasks, draws, custody, published results, statistics.

use super::caller::Caller;
use super::once::{Begun, Write};
use super::sent::{Params, Sent, id};
use crate::fault::{Answer, Fault};
use crate::state::App;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base::Text;
use lab::{
    Budget, By, Dimension, DrawFilter, DrawState, Handover, Leg, NewDraw, NewPlan, NewTask, PlanState,
    PublicFilter, SampleKind, Stage, StatisticsFilter, TaskFilter, Wish,
};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

const PLAN: Text = Text::of("计划", "plan");
const DRAW: Text = Text::of("抽取", "draw");
const SAMPLE: Text = Text::of("样品", "sample");

/// `GET /api/v1/samples/{id}/custody`. Right: view sample.
pub(super) async fn custody(State(app): State<Arc<App>>, caller: Caller, Path(of): Path<String>) -> Answer {
    let detail = app.lab.sample(&app.store, &caller.who, app.now(), id(&of, &SAMPLE)?).await?;
    let rows = app.lab.custody(&app.store, &detail.sample).await?;
    Ok(Json(json!({ "rows": rows })).into_response())
}

/// A handover with its leg.
#[derive(Debug, Deserialize)]
pub(super) struct Sending {
    leg: String,
    #[serde(flatten)]
    handover: Handover,
}

/// `POST /api/v1/samples/{id}/custody`. Right: act sample.
pub(super) async fn hand_over(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(of): Path<String>,
    sent: Sent<Sending>,
) -> Answer {
    let of = id(&of, &SAMPLE)?;
    let leg = Leg::read(&sent.value.leg).ok_or_else(|| {
        Fault::bad("leg", Text::of("leg 应为 sent 或 handed_over", "leg is sent or handed_over"))
    })?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    app.lab.hand_over(&mut w.tx, &w.cx, &caller.who, of, leg, sent.value.handover).await?;
    w.done(&caller, StatusCode::OK, "", &json!({ "state": "sent" })).await
}

/// `POST /api/v1/samples/{id}/check-in`. Right: act sample, of the laboratory.
pub(super) async fn check_in(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(of): Path<String>,
    sent: Sent<Handover>,
) -> Answer {
    let of = id(&of, &SAMPLE)?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let state = app.lab.check_in(&mut w.tx, &w.cx, &caller.who, of, sent.value).await?;
    w.done(&caller, StatusCode::OK, "", &json!({ "state": state })).await
}

/// `GET /api/v1/sampling/plans`. Right: view sample.
pub(super) async fn plans(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["year"])?;
    let rows = app.lab.plans(&app.store, &caller.who, app.now(), p.read("year", "2026")?).await?;
    Ok(Json(json!({ "rows": rows })).into_response())
}

/// `POST /api/v1/sampling/plans`. Right: decide sample.
pub(super) async fn draft(State(app): State<Arc<App>>, caller: Caller, sent: Sent<NewPlan>) -> Answer {
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let plan = app.lab.draft_plan(&mut w.tx, &w.cx, &caller.who, sent.value).await?;
    let at = format!("/api/v1/sampling/plans/{plan}");
    w.done(&caller, StatusCode::CREATED, &at, &json!({ "id": plan })).await
}

/// `GET /api/v1/sampling/plans/{id}`. Right: view sample.
pub(super) async fn plan(State(app): State<Arc<App>>, caller: Caller, Path(of): Path<String>) -> Answer {
    let (of, now) = (id(&of, &PLAN)?, app.now());
    let plan = app.lab.plan(&app.store, &caller.who, now, of).await?;
    let overlaps = app.lab.overlaps(&app.store, &caller.who, now, of).await?;
    let left_out = app.lab.classes_left_out(&app.store, of).await?;
    let mut tx = app.store.snapshot().await?;
    let expected = app.lab.expected(&mut tx, of).await?;
    let body =
        json!({ "plan": plan, "overlaps": overlaps, "classes_left_out": left_out, "expected": expected });
    Ok(Json(body).into_response())
}

/// `POST /api/v1/sampling/plans/{id}/tasks`. Right: decide sample.
pub(super) async fn set_tasks(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(of): Path<String>,
    sent: Sent<Vec<NewTask>>,
) -> Answer {
    let of = id(&of, &PLAN)?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let batches = app.lab.set_tasks(&mut w.tx, &w.cx, &caller.who, of, sent.value).await?;
    w.done(&caller, StatusCode::OK, "", &json!({ "batches": batches })).await
}

/// `POST /api/v1/sampling/plans/{id}/propose`. Right: decide sample.
pub(super) async fn propose(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(of): Path<String>,
    sent: Sent<Wish>,
) -> Answer {
    let of = id(&of, &PLAN)?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let tasks = app.lab.propose(&mut w.tx, of, &sent.value).await?;
    let count = tasks.len();
    let batches = app.lab.set_tasks(&mut w.tx, &w.cx, &caller.who, of, tasks).await?;
    let expected = app.lab.expected(&mut w.tx, of).await?;
    let body = json!({ "batches": batches, "tasks": count, "expected": expected });
    w.done(&caller, StatusCode::OK, "", &body).await
}

/// Where a plan is to go.
#[derive(Debug, Deserialize)]
pub(super) struct Move {
    state: PlanState,
}

/// `POST /api/v1/sampling/plans/{id}/move`. Right: decide sample.
pub(super) async fn move_plan(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(of): Path<String>,
    sent: Sent<Move>,
) -> Answer {
    let of = id(&of, &PLAN)?;
    let to = sent.value.state;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    app.lab.move_plan(&mut w.tx, &w.cx, &caller.who, of, to).await?;
    w.done(&caller, StatusCode::OK, "", &json!({ "state": to })).await
}

/// `GET /api/v1/sampling/tasks`. Right: view sample.
pub(super) async fn tasks(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let known = ["plan", "region", "class", "stage", "budget", "laboratory", "open", "after", "limit"];
    let p = Params::known(raw.as_deref(), &known)?;
    let text = |name: &str| p.get(name).map(ToOwned::to_owned);
    let f = TaskFilter {
        plan: p.read("plan", "01J8ZK3M0P5Q7R")?,
        region: text("region"),
        class: text("class"),
        stage: p.read::<Stage>("stage", "circulation")?,
        budget: p.read::<Budget>("budget", "city")?,
        laboratory: p.read("laboratory", "01J8ZK3M0P5Q7R")?,
        open: p.read("open", "true")?.unwrap_or(false),
        issued: false,
        after: text("after"),
        limit: p.read("limit", "50")?.unwrap_or_default(),
    };
    Ok(Json(app.lab.tasks(&app.store, &caller.who, app.now(), &f).await?).into_response())
}

/// `GET /api/v1/sampling/progress`. Right: view sample.
pub(super) async fn progress(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["by", "year", "plan", "region", "class"])?;
    p.need("by")?;
    let by = p.read::<Dimension>("by", "region")?.unwrap_or(Dimension::Region);
    let year = p.read("year", "2026")?.unwrap_or_else(|| app.now().china_date().year());
    let f = TaskFilter {
        plan: p.read("plan", "01J8ZK3M0P5Q7R")?,
        region: p.get("region").map(ToOwned::to_owned),
        class: p.get("class").map(ToOwned::to_owned),
        ..TaskFilter::default()
    };
    Ok(Json(app.lab.progress(&app.store, &caller.who, app.now(), by, year, &f).await?).into_response())
}

/// `GET /api/v1/sampling/draws`. Right: view sample.
pub(super) async fn draws(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["region", "task", "state", "after", "limit"])?;
    let f = DrawFilter {
        region: p.get("region").map(ToOwned::to_owned),
        task: p.read("task", "01J8ZK3M0P5Q7R")?,
        state: p.read::<DrawState>("state", "drawn")?,
        after: p.get("after").map(ToOwned::to_owned),
        limit: p.read("limit", "50")?.unwrap_or_default(),
    };
    Ok(Json(app.lab.draws(&app.store, &caller.who, app.now(), &f).await?).into_response())
}

/// `POST /api/v1/sampling/draws`. Right: create sample.
pub(super) async fn freeze(State(app): State<Arc<App>>, caller: Caller, sent: Sent<NewDraw>) -> Answer {
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let draw = app.lab.freeze_draw(&mut w.tx, &w.cx, &caller.who, sent.value).await?;
    let at = format!("/api/v1/sampling/draws/{draw}");
    w.done(&caller, StatusCode::CREATED, &at, &json!({ "id": draw })).await
}

/// `GET /api/v1/sampling/draws/{id}`. Right: view sample.
pub(super) async fn draw(State(app): State<Arc<App>>, caller: Caller, Path(of): Path<String>) -> Answer {
    let (draw, record) = app.lab.draw(&app.store, &caller.who, app.now(), id(&of, &DRAW)?).await?;
    let findings: Vec<String> = lab::verify(&record).iter().map(|f| format!("{f:?}")).collect();
    let (chances, holds) = (lab::chances(&record), findings.is_empty());
    let body =
        json!({ "draw": draw, "record": record, "chances": chances, "holds": holds, "findings": findings });
    Ok(Json(body).into_response())
}

/// The value the source announced.
#[derive(Debug, Deserialize)]
pub(super) struct Announced {
    public: String,
}

/// `POST /api/v1/sampling/draws/{id}/perform`. Right: act sample.
pub(super) async fn perform(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(of): Path<String>,
    sent: Sent<Announced>,
) -> Answer {
    let of = id(&of, &DRAW)?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let record = app.lab.perform_draw(&mut w.tx, &w.cx, &caller.who, of, &sent.value.public).await?;
    w.done(&caller, StatusCode::OK, "", &record).await
}

/// Why a draw is given up.
#[derive(Debug, Deserialize)]
pub(super) struct Reason {
    reason: String,
}

/// `POST /api/v1/sampling/draws/{id}/cancel`. Right: act sample.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(of): Path<String>,
    sent: Sent<Reason>,
) -> Answer {
    let of = id(&of, &DRAW)?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    app.lab.cancel_draw(&mut w.tx, &w.cx, &caller.who, of, &sent.value.reason).await?;
    w.done(&caller, StatusCode::OK, "", &json!({ "state": DrawState::Cancelled })).await
}

/// `GET /api/v1/sampling/statistics`. Right: view sample.
pub(super) async fn statistics(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Answer {
    let p = Params::known(raw.as_deref(), &["by", "kind", "region", "class", "from", "to"])?;
    let by = match p.need("by")? {
        "all" => By::All,
        "month" => By::Month,
        "analyte" => By::Analyte,
        _ => By::Dimension(p.read::<Dimension>("by", "class")?.unwrap_or(Dimension::Class)),
    };
    let f = StatisticsFilter {
        kind: p.read::<SampleKind>("kind", "evaluation")?,
        region: p.get("region").map(ToOwned::to_owned),
        class: p.get("class").map(ToOwned::to_owned),
        produce: None,
        from: p.read("from", "2026-01-01")?,
        to: p.read("to", "2026-12-31")?,
    };
    let rows = app.lab.rates(&app.store, &caller.who, app.now(), by, &f).await?;
    Ok(Json(json!({ "interval": "Wilson 95 %", "rows": rows })).into_response())
}

/// `GET /api/v1/sampling/per-thousand`. Public: the figures name no firm.
pub(super) async fn per_thousand(State(app): State<Arc<App>>, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["region", "year"])?;
    let region = p.get("region").unwrap_or("62");
    let year = p.read("year", "2026")?.unwrap_or_else(|| app.now().china_date().year());
    let rows = app.lab.per_thousand(&app.store, region, year).await?;
    let book = lab::Book::builtin();
    let rule = book.target("batches_per_1000");
    let body = json!({
        "rule": rule.map(|r| json!({
            "id": r.id, "value": r.value, "title": r.title, "note": r.note, "basis": r.basis,
            "status": r.status, "sha256": book.version(),
        })),
        "year": year,
        "rows": rows,
    });
    Ok(Json(body).into_response())
}

/// `GET /api/v1/sampling/bulletins`. Public.
pub(super) async fn bulletins(State(app): State<Arc<App>>, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["after", "limit"])?;
    let limit = p.read("limit", "50")?.unwrap_or_default();
    Ok(Json(lab::public_bulletins(&app.store, p.get("after"), limit).await?).into_response())
}

/// `GET /api/v1/sampling/results`. Public.
pub(super) async fn results(State(app): State<Arc<App>>, RawQuery(raw): RawQuery) -> Answer {
    let known = ["q", "region", "class", "qualified", "from", "to", "all", "after", "limit"];
    let p = Params::known(raw.as_deref(), &known)?;
    let f = PublicFilter {
        text: p.get("q").map(ToOwned::to_owned),
        region: p.get("region").map(ToOwned::to_owned),
        class: p.get("class").map(ToOwned::to_owned),
        qualified: p.read("qualified", "false")?,
        from: p.read("from", "2026-01-01")?,
        to: p.read("to", "2026-12-31")?,
        all: p.read("all", "true")?.unwrap_or(false),
        after: p.get("after").map(ToOwned::to_owned),
        limit: p.read("limit", "50")?.unwrap_or_default(),
        ..PublicFilter::default()
    };
    Ok(Json(lab::published_rows(&app.store, &f).await?).into_response())
}
