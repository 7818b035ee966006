//! Tasks, matters, documents and the situation, for the systems of authorities.

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
use flow::view::{Cases, NoticeFilter, TaskFilter, TaskState, Whose};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

const TASK: Text = Text::of("任务", "task");
const ITEM: Text = Text::of("任务项", "task item");
const MATTER: Text = Text::of("办件", "matter");
const DOCUMENT: Text = Text::of("文书", "document");
/// Rows a page when nothing is said.
const PAGE: usize = 50;

/// `GET /api/v1/tasks`: soonest clock first. Right: view task.
pub(super) async fn tasks(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let known = ["whose", "state", "overdue", "kind", "region", "q", "matter", "after", "limit"];
    let p = Params::known(raw.as_deref(), &known)?;
    let text = |name: &str| p.get(name).map(ToOwned::to_owned);
    let filter = TaskFilter {
        whose: match p.get("whose") {
            Some("all") => Whose::All,
            Some("mine") => Whose::Mine,
            _ => Whose::Doable,
        },
        state: match p.get("state") {
            Some("done") => TaskState::Done,
            Some("any") => TaskState::Any,
            _ => TaskState::Open,
        },
        overdue: p.read("overdue", "true")?.unwrap_or(false),
        kind: text("kind"),
        region: text("region"),
        text: text("q"),
        matter: p.read("matter", "01J8ZK3M0P5Q7R")?,
        ..TaskFilter::default()
    };
    let limit = p.read("limit", "50")?.unwrap_or(PAGE);
    let (engine, who) = (&app.engine, &caller.who);
    let page = flow::view::tasks_for(
        &app.store,
        engine,
        &app.access,
        who,
        app.now(),
        &filter,
        p.get("after"),
        limit,
    )
    .await?;
    Ok(Json(page).into_response())
}

/// `GET /api/v1/tasks/{id}`: the task with its form and items. Right: view task.
pub(super) async fn task(State(app): State<Arc<App>>, caller: Caller, Path(task): Path<String>) -> Answer {
    let task = id(&task, &TASK)?;
    let view = flow::view::task(&app.store, &app.engine, &app.access, &caller.who, app.now(), task).await?;
    Ok(Json(view).into_response())
}

/// A filled form and the version of the record it was made from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filled {
    /// As last read; another one means that somebody was quicker (409).
    version: i64,
    /// Field values by id; the fields are in the task or matter as read.
    #[serde(default)]
    form: Option<Value>,
}

/// `POST /api/v1/task-items/{id}/report`: one place reported. Right: act task.
pub(super) async fn report(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(item): Path<String>,
    sent: Sent<Filled>,
) -> Answer {
    let item = id(&item, &ITEM)?;
    let form = sent.value.form.unwrap_or_else(|| json!({}));
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let (engine, access) = (&app.engine, &app.access);
    let done =
        flow::report_item(&mut w.tx, &w.cx, engine, access, &caller.who, item, sent.value.version, &form)
            .await?;
    let body = json!({
        "item": done.item, "version": done.version, "task": done.task, "matter": done.matter,
        "task_done": done.task_done, "journal": done.journal.id,
    });
    w.done(&caller, StatusCode::OK, "", &body).await
}

/// `GET /api/v1/matters/{id}`: the matter whole, with the steps the caller may take. Right: view matter.
pub(super) async fn matter(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(matter): Path<String>,
) -> Answer {
    let matter = id(&matter, &MATTER)?;
    let view =
        flow::view::matter(&app.store, &app.engine, &app.access, &caller.who, app.now(), matter).await?;
    Ok(Json(view).into_response())
}

/// `POST /api/v1/matters/{id}/{step}`: one step of the procedure. Right: act or decide matter, as the procedure says.
pub(super) async fn step(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((matter, step)): Path<(String, String)>,
    sent: Sent<Filled>,
) -> Answer {
    let matter = id(&matter, &MATTER)?;
    let form = sent.value.form.unwrap_or_else(|| json!({}));
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let (engine, access, version) = (&app.engine, &app.access, sent.value.version);
    let out = flow::transition(&mut w.tx, &w.cx, engine, access, &caller.who, matter, version, &step, &form)
        .await?;
    let body = json!({
        "matter": out.matter, "version": out.version, "state": out.state, "journal": out.journal.id, "done": out.done,
    });
    w.done(&caller, StatusCode::OK, "", &body).await
}

/// `POST /api/v1/documents/{id}/publish`, by another person than who drafted it. Right: publish document.
pub(super) async fn publish(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(document): Path<String>,
    sent: Sent<Filled>,
) -> Answer {
    let document = id(&document, &DOCUMENT)?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let (engine, access, version) = (&app.engine, &app.access, sent.value.version);
    let out =
        flow::publish_document(&mut w.tx, &w.cx, engine, access, &caller.who, document, version).await?;
    let location = format!("/notices/{}", out.slug);
    let body =
        json!({ "slug": out.slug, "number": out.number, "version": out.version, "journal": out.journal.id });
    w.done(&caller, StatusCode::OK, &location, &body).await
}

/// `GET /api/v1/notices`: published documents, newest first. Public.
pub(super) async fn notices(State(app): State<Arc<App>>, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["kind", "region", "q", "after", "limit"])?;
    let text = |name: &str| p.get(name).map(ToOwned::to_owned);
    let filter = NoticeFilter { kind: text("kind"), region: text("region"), text: text("q") };
    let limit = p.read("limit", "50")?.unwrap_or(PAGE);
    let page = flow::view::notices(&app.store, &filter, p.get("after"), limit).await?;
    Ok(Json(page).into_response())
}

/// `GET /api/v1/situation`: places, reached, recovered, overdue, by region. Right: view task.
pub(super) async fn situation(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Answer {
    let p = Params::known(raw.as_deref(), &["region", "matter", "cases"])?;
    let (region, matter) = (p.get("region").unwrap_or_default(), p.read("matter", "01J8ZK3M0P5Q7R")?);
    let cases = match p.get("cases") {
        Some("running") => Cases::Running,
        Some("ended") => Cases::Ended,
        _ => Cases::Any,
    };
    let picture =
        flow::view::situation(&app.store, &app.access, &caller.who, app.now(), region, matter, cases).await?;
    Ok(Json(picture).into_response())
}
