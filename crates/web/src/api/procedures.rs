//! Procedures for programs: what each asks, as JSON Schema, and matters opened under it.

use super::caller::Caller;
use super::once::{Begun, Write};
use super::sent::Sent;
use crate::fault::{Answer, Fault};
use crate::pages::openings::resolve_operators;
use crate::state::App;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base::{Id, Text};
use flow::{Authority, Definition, Request};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

const PROCEDURE: Text = Text::of("程序", "procedure");

/// `GET /api/v1/procedures`: what procedures there are. Public.
pub(super) async fn list(State(app): State<Arc<App>>) -> Answer {
    let rows: Vec<Value> = app
        .engine
        .procedures()
        .map(|p| {
            let d = &p.definition;
            json!({
                "id": d.id, "title": d.title, "version": p.hash, "agency": d.agency, "subject": d.subject, "basis": d.basis,
                "valid_from": d.valid_from.to_string(), "opened_by": d.opening.as_ref().map(opened_by),
            })
        })
        .collect();
    Ok(Json(json!({ "rows": rows })).into_response())
}

fn opened_by(opening: &flow::Opening) -> Value {
    if opening.by.is_empty() { json!(["agency"]) } else { json!(opening.by) }
}

/// `GET /api/v1/procedures/{id}`: states, steps with the JSON Schema of their forms, clocks with their clauses. Right: account.
pub(super) async fn show(State(app): State<Arc<App>>, _: Caller, Path(id): Path<String>) -> Answer {
    let procedure = app.engine.procedure(&id).map_err(|_| Fault::not_found(&PROCEDURE))?;
    let mut said = described(&procedure.definition);
    said["version"] = json!(procedure.hash);
    Ok(Json(said).into_response())
}

/// A procedure in what a program needs of it.
fn described(d: &Definition) -> Value {
    let forms: Map<String, Value> = d.forms.iter().map(|f| (f.id.clone(), f.json_schema())).collect();
    let steps: Vec<Value> = d
        .transitions
        .iter()
        .map(|t| {
            json!({
                "id": t.id, "title": t.title, "from": t.from, "to": t.to, "action": t.action, "by": t.by,
                "agency": t.agency, "not_by": t.not_by, "form": t.form, "guard": t.guard, "refusal": t.refusal,
            })
        })
        .collect();
    let opening = d
        .opening
        .as_ref()
        .map(|o| json!({ "by": opened_by(o), "form": o.form, "region": o.region, "operator": o.operator }));
    let documents: Vec<Value> = d
        .documents
        .iter()
        .map(|x| json!({ "id": x.id, "kind": x.kind, "publication": x.publication, "until": x.until }))
        .collect();
    json!({
        "id": d.id, "title": d.title, "basis": d.basis, "agency": d.agency, "subject": d.subject, "opening": opening,
        "states": d.states, "steps": steps, "clocks": d.clocks, "tasks": d.tasks, "documents": documents, "forms": forms,
    })
}

/// A matter to open.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMatter {
    /// Region code; the caller's own when absent and the form has no field for it.
    #[serde(default)]
    region: Option<String>,
    /// The operator concerned.
    #[serde(default)]
    operator: Option<Id>,
    /// What it is about, `kind:id`.
    #[serde(default)]
    subject: Option<String>,
    /// The form of the opening.
    #[serde(default)]
    form: Option<Value>,
}

/// `POST /api/v1/procedures/{id}/matters`: opens a matter. Right: create matter.
pub(super) async fn open(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    sent: Sent<NewMatter>,
) -> Answer {
    let new = sent.value;
    let own = caller.who.grants.first().map(|g| g.region.clone()).unwrap_or_default();
    let region = new.region.unwrap_or(own);
    let procedure = app.engine.procedure_in(&id, &region).map_err(|_| Fault::not_found(&PROCEDURE))?.clone();
    let d = &procedure.definition;
    let mut form = new.form.unwrap_or_else(|| json!({}));
    if let Some(asked) = d.opening.as_ref().and_then(|o| o.form.as_deref()).and_then(|f| d.form(f)) {
        resolve_operators(&app, asked, &mut form).await?;
    }
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let request =
        Request { region, operator: new.operator, subject: new.subject, form, ..Request::default() };
    let authority = Authority::Person { access: &app.access, who: &caller.who };
    let opened = flow::open_by_form(&mut w.tx, &w.cx, &app.engine, authority, &id, request).await?;
    let body = json!({ "matter": opened.matter, "created": opened.created, "version": 1 });
    w.done(&caller, StatusCode::CREATED, &format!("/api/v1/matters/{}", opened.matter), &body).await
}
