//! Judgement by the limits in force, for everybody: no account, nothing stored.

use super::sent::{Params, Sent};
use crate::fault::{Answer, Fault};
use crate::state::App;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::Text;
use lab::{DeclaredFilter, DeclaredState};
use limits::{Case, Verdict};
use serde::Deserialize;
use std::sync::Arc;

/// Most cases of one request.
const MOST: usize = 1000;

/// `GET /api/v1/limits/judge`: one result. Public.
pub(super) async fn judge(State(app): State<Arc<App>>, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["id", "food", "analyte", "value", "unit", "lod", "loq", "date"])?;
    let date = p.read("date", "2026-11-21")?.unwrap_or_else(|| app.now().china_date());
    let mut case = Case::new(
        p.need("food")?,
        p.need("analyte")?,
        p.need("value")?,
        p.get("unit").unwrap_or_default(),
        date,
    );
    case.id = p.get("id").unwrap_or_default().to_owned();
    case.lod = p.get("lod").map(ToOwned::to_owned);
    case.loq = p.get("loq").map(ToOwned::to_owned);
    Ok(Json(app.rules.judge(&case)).into_response())
}

/// `GET /api/v1/limits`: what every jurisdiction loaded says of a food and an analyte, side by side. Public.
pub(super) async fn side_by_side(State(app): State<Arc<App>>, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["food", "analyte", "date"])?;
    let date = p.read("date", "2026-11-21")?.unwrap_or_else(|| app.now().china_date());
    let rows = app.rules.side_by_side(p.need("food")?, p.need("analyte")?, date);
    Ok(Json(serde_json::json!({ "rules": app.rules.hash(), "rows": rows })).into_response())
}

/// `GET /api/v1/declared`: enterprise standards that are or were public, with the check of every row. Public.
pub(super) async fn declared(State(app): State<Arc<App>>, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["q", "region", "state", "after", "limit"])?;
    let owned = |name: &str| p.get(name).map(ToOwned::to_owned);
    let state = match p.get("state") {
        None => None,
        Some("published") => Some(DeclaredState::Published),
        Some("withdrawn") => Some(DeclaredState::Withdrawn),
        Some(_) => {
            let text = Text::of("state 应为 published 或 withdrawn", "state is published or withdrawn");
            return Err(Fault::bad("state", text));
        }
    };
    let f = DeclaredFilter {
        text: owned("q"),
        region: owned("region"),
        state,
        after: owned("after"),
        limit: p.read("limit", "50")?.unwrap_or(0),
        ..DeclaredFilter::default()
    };
    Ok(Json(lab::declared_standards(&app.store, &f).await?).into_response())
}

/// Results to be judged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    cases: Vec<Case>,
}

/// `POST /api/v1/limits/judge`: up to 1000 results, answered in order. Public.
pub(super) async fn judge_all(State(app): State<Arc<App>>, sent: Sent<Batch>) -> Answer {
    let cases = sent.value.cases;
    if cases.len() > MOST {
        return Err(Fault::bad(
            "cases",
            Text::of("一次最多 1000 条，请分批发送。", "At most 1000 cases at once; send them in parts."),
        ));
    }
    let rules = app.rules;
    let judged =
        tokio::task::spawn_blocking(move || cases.iter().map(|c| rules.judge(c)).collect::<Vec<Verdict>>());
    let verdicts = judged.await.map_err(Fault::internal)?;
    Ok(Json(serde_json::json!({ "verdicts": verdicts })).into_response())
}
