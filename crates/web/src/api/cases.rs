//! Cases of an outbreak kept with a matter or signal, for programs.

use super::caller::Caller;
use super::catalogue::{Endpoint, Right};
use super::endpoints::{JSON, get, must, post};
use super::sent::{Params, Sent};
use crate::fault::Answer;
use crate::pages::trace::unclear;
use crate::state::App;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use supply::KeptCases;

/// Endpoints of kept cases.
pub(super) const CASES: &[Endpoint] = &[
    get(
        "/api/v1/cases",
        "trace",
        Right::Account,
        (
            "与办件或监测信号一起保存的病例和当时的排名，最新在前；须有查看该办件或信号的权限",
            "Cases kept with a matter or signal and the ranking of their day, newest first; needs the right to view it",
        ),
        &[must("about", "matter:编号 或 signal:编号", "matter:ID or signal:ID")],
        r#"{"sets":[{"id":"01J8ZK3M0P5Q7R","about":"matter:01J8ZK3M0P5Q7R","lines":["https://id.gs1.org/01/06900000000014/10/LOT1 | 6900000000014 | 2026-11-20"],"summary":{"zh":"最可能的共同来源是虚构面业（71%），可解释 3 个病例中的 3 个。","en":"The most likely common source is Fictitious Flour (71 %); it explains 3 of 3 cases."},"suspects":[{"place":"https://id.gs1.org/414/6900000000014","name":"虚构面业","posterior":0.71,"score":1.0,"cases":3}],"truncated":false,"position":1207,"saved_by":"officer","saved_at":"2026-11-21T00:00:00.000Z"}]}"#,
    ),
    Endpoint {
        keyed: false,
        ..post(
            "/api/v1/cases",
            "trace",
            Right::Account,
            (
                "为办件或监测信号的病例排出共同来源并一起保存；须有办理该办件或信号、查看各病例批次的权限",
                "Ranks the common source of cases and keeps both with a matter or signal; needs the right to act on it and to view every lot",
            ),
            (
                JSON,
                r#"{"about":"matter:01J8ZK3M0P5Q7R","cases":["06900000000014 LOT1 | 6900000000014 | 2026-11-20 | 1 | A"]}"#,
            ),
            (201, r#"{"id":"01J8ZK3M0P5Q7R"}"#),
        )
    },
];

/// `GET /api/v1/cases?about=`. Right: view the matter or signal.
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["about"])?;
    let sets = app.supply.case_sets(&caller.who, app.now(), p.need("about")?).await?;
    Ok(Json(json!({ "sets": sets })).into_response())
}

/// Cases to be kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    about: String,
    cases: Vec<String>,
    #[serde(default)]
    nodes: Option<usize>,
    #[serde(default)]
    depth: Option<usize>,
}

/// `POST /api/v1/cases`. Right: act on the matter or signal, view lot where the lots are.
pub(super) async fn keep(State(app): State<Arc<App>>, caller: Caller, sent: Sent<Kept>) -> Answer {
    let Kept { about, cases, nodes, depth } = sent.value;
    let mut parameters = vec![("case".to_owned(), cases.join("\n"))];
    let bounds = [("nodes", nodes), ("depth", depth)];
    parameters.extend(bounds.into_iter().filter_map(|(name, n)| Some((name.to_owned(), n?.to_string()))));
    match app.supply.save_cases(&caller.context(&app), &caller.who, &about, &parameters).await? {
        KeptCases::Saved(id) => Ok((StatusCode::CREATED, Json(json!({ "id": id }))).into_response()),
        KeptCases::Choose(choices) => Err(unclear(&choices)),
    }
}
