//! `/epcis/queries`: queries kept under a name, their answers as pages or over a WebSocket.

use super::capture::{PAGE, bad_token};
use super::query::{self, Asked, per_page};
use super::refusal::{Refused, Reply};
use super::{events, message, socket};
use crate::api::Caller;
use crate::session::urlencoded;
use crate::state::App;
use axum::Json;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use base::Text;
use epcis::query::Query;
use epcis::{Context, Node, Problem, ProblemType};
use serde_json::{Value, json};
use std::sync::Arc;
use supply::NamedQuery;

/// The JSON of a body.
pub(super) fn body_of(bytes: &[u8]) -> Result<Node, Refused> {
    let limits = epcis::Limits::default();
    epcis::parse(bytes, &limits).map_err(|p| Refused::from(*p))
}

fn shown(query: &NamedQuery) -> Value {
    json!({ "name": query.name, "query": query.definition })
}

/// The query a definition asks; it was valid when it was kept.
pub(crate) fn compiled(query: &NamedQuery) -> Result<Query, Refused> {
    let node = body_of(query.definition.to_string().as_bytes())?;
    Query::from_json(&node, &Context::standard(epcis::Syntax::Json)).map_err(query::refused)
}

/// `POST /epcis/queries`: 201; 409 when the name is taken. Right: view event.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    message::format(&headers, false)?;
    message::takes_json(&headers)?;
    let node = body_of(&message::read(&app, body).await?)?;
    let name = node.str("name").unwrap_or_default().to_owned();
    if node.get("query").is_none() {
        return Err(Problem::new(
            ProblemType::QueryValidation,
            "/query",
            Text::of("缺少 query。", "The query is missing."),
            Text::of(
                "请写成 {\"name\": \"…\", \"query\": {…}}。",
                "Write {\"name\": \"…\", \"query\": {…}}.",
            ),
        )
        .into());
    }
    let context = query::prefixes(&headers)?;
    Query::from_json(&node, &context).map_err(query::refused)?;
    let mut definition: Value = node.get("query").map(Value::from).unwrap_or_default();
    // prefixes of the header are part of what the query means
    let declared: serde_json::Map<String, Value> = message::text(&headers, "gs1-extensions")
        .unwrap_or_default()
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(prefix, namespace)| (prefix.trim().to_owned(), namespace.trim().into()))
        .collect();
    if !declared.is_empty() {
        let mut parts = match definition["@context"].take() {
            Value::Array(parts) => parts,
            Value::Null => Vec::new(),
            one => vec![one],
        };
        parts.insert(0, declared.into());
        definition["@context"] = parts.into();
    }
    let cx = caller.context(&app);
    let query = app.supply.create_query(&cx, &caller.who, &name, &definition).await?;
    let location = format!("/epcis/queries/{}", crate::ui::encode(&query.name));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(shown(&query))).into_response())
}

/// `GET /epcis/queries`: the caller's, by name. Right: view event.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Reply {
    message::takes_json(&headers)?;
    let pairs = urlencoded(raw.unwrap_or_default().as_bytes());
    let get = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let limit = get("perPage").map_or(Ok(PAGE), per_page)?;
    let after = get("nextPageToken").unwrap_or_default();
    let now = app.now();
    let mut found = app.supply.queries(&caller.who, now, after, limit + 1).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let mut response = Json(found.iter().map(shown).collect::<Vec<_>>()).into_response();
    if let Some(last) = found.last().filter(|_| more) {
        message::next_page(response.headers_mut(), "/epcis/queries", &pairs, &last.name, now);
    }
    Ok(response)
}

/// `GET /epcis/queries/{name}`: its definition. Right: view event.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Reply {
    message::takes_json(&headers)?;
    let query = app.supply.query(&caller.who, app.now(), &name).await?;
    Ok(Json(shown(&query)).into_response())
}

/// `DELETE /epcis/queries/{name}`: with its subscriptions; open sockets close. Right: one's own.
pub(super) async fn end(State(app): State<Arc<App>>, caller: Caller, Path(name): Path<String>) -> Reply {
    app.supply.delete_query(&caller.context(&app), &caller.who, &name).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /epcis/queries/{name}/events`: a page of what it finds; over a WebSocket, what comes. Right: view event.
pub(super) async fn events(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(name): Path<String>,
    RawQuery(raw): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Reply {
    let named = app.supply.query(&caller.who, app.now(), &name).await?;
    if headers.contains_key(header::UPGRADE) {
        return socket::open(app, caller, &headers, named, raw.as_deref(), upgrade).await;
    }
    let pairs = urlencoded(raw.unwrap_or_default().as_bytes());
    let (mut rows, mut token) = (PAGE, None);
    for (parameter, value) in &pairs {
        match parameter.as_str() {
            "perPage" => rows = per_page(value)?,
            "nextPageToken" if value.is_empty() => return Err(bad_token()),
            "nextPageToken" => token = Some(value.clone()),
            "lang" => {}
            other => {
                return Err(query::wrong(
                    other,
                    value,
                    Text::of(
                        "命名查询只接受 perPage 与 nextPageToken；其余条件请写在查询定义里。",
                        "A named query takes perPage and nextPageToken only; further conditions belong in its definition.",
                    ),
                ));
            }
        }
    }
    let asked = Asked { query: compiled(&named)?, per_page: rows, token, pairs };
    let path = format!("/epcis/queries/{}/events", crate::ui::encode(&name));
    events::page(&app, &caller, &headers, &asked, (&named.name, &path)).await
}
