//! Links of the own products and places, as the resolver gives them.

use super::caller::Caller;
use super::once::{Begun, Write};
use super::sent::{Params, Sent, id};
use crate::fault::{Answer, Fault};
use crate::state::App;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base::{Id, Text};
use epcis::ident::DigitalLink;
use registry::NewLink;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

const LINK: Text = Text::of("链接", "link");

/// A link to be entered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entered {
    anchor: String,
    link_type: String,
    href: String,
    #[serde(default)]
    title_zh: String,
    #[serde(default)]
    title_en: String,
    #[serde(default)]
    lang: String,
    #[serde(default)]
    media: String,
    #[serde(default)]
    context: String,
}

/// The path of a code that was typed: a path or a whole Digital Link, its check digits right.
pub(crate) fn anchor(text: &str) -> Answer<String> {
    let text = text.trim();
    let path = match DigitalLink::parse(text) {
        Some(link) => link.path(),
        None => text.to_owned(),
    };
    DigitalLink::read(&path).map(|link| link.path()).map_err(|e| Fault::bad("anchor", e.text()))
}

/// `POST /api/v1/links`. Right: act product.
pub(super) async fn create(State(app): State<Arc<App>>, caller: Caller, sent: Sent<Entered>) -> Answer {
    let e = sent.value;
    let new = NewLink {
        anchor: anchor(&e.anchor)?,
        link_type: e.link_type,
        href: e.href,
        title: Text::new(e.title_zh, e.title_en),
        lang: e.lang,
        media: e.media,
        context: e.context,
    };
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let link = registry::create_link(&mut w.tx, &w.cx, &app.access, &caller.who, new).await?;
    let location = format!("/api/v1/links/{link}");
    w.done(&caller, StatusCode::CREATED, &location, &json!({ "id": link })).await
}

/// `GET /api/v1/links`. Right: an account of a firm; its own links.
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["anchor", "after", "limit"])?;
    let Some(operator) = caller.who.operator else {
        return Ok(Json(json!({ "rows": [], "next": null })).into_response());
    };
    let at = p.get("anchor").map(anchor).transpose()?;
    let limit = p.read::<usize>("limit", "50")?.unwrap_or(50).clamp(1, 500);
    let before: Option<Id> = p.read("after", "01J8ZK3M0P5Q7R")?;
    let mut rows = registry::links_of(&app.store, operator, at.as_deref(), before, limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = if more { rows.last().map(|l| l.id) } else { None };
    Ok(Json(json!({ "rows": rows, "next": next })).into_response())
}

/// `DELETE /api/v1/links/{id}?version=`. Right: act product.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(link): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let p = Params::known(raw.as_deref(), &["version"])?;
    let version = p.read("version", "1")?.unwrap_or(1);
    let cx = caller.context(&app);
    let mut tx = app.store.begin().await?;
    registry::remove_link(&mut tx, &cx, &app.access, &caller.who, id(&link, &LINK)?, version).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
