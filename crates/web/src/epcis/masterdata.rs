//! `/epcis/masterdata`: what capture headers said of places, products and parties, as `SimpleMasterDataQuery` asks.

use super::message;
use super::query::{prefixes, refused};
use super::refusal::Reply;
use super::subscriptions::record_time;
use crate::api::Caller;
use crate::session::urlencoded;
use crate::state::App;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use epcis::query::{Element, MasterData, MasterDataQuery};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// `GET /epcis/masterdata`: the parameters of the standard; `at` gives the versions of a record time. Right: view event.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Reply {
    message::takes_json(&headers)?;
    let pairs = urlencoded(raw.unwrap_or_default().as_bytes());
    let mut at = None;
    let mut rest: Vec<(&str, &str)> = Vec::new();
    for (name, value) in &pairs {
        match name.as_str() {
            "at" => at = Some(record_time("at", value)?),
            "lang" => {}
            _ => rest.push((name, value)),
        }
    }
    let query = MasterDataQuery::from_pairs(rest, &prefixes(&headers)?).map_err(refused)?;
    let now = app.now();
    let found = app.supply.master_data(&caller.who, now, &query, at).await?;
    Ok(Json(json!({
        "@context": [super::events::CONTEXT],
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": now.rfc3339(),
        "epcisBody": { "queryResults": {
            "queryName": "SimpleMasterDataQuery",
            "resultsBody": { "vocabularyList": vocabularies(&found) },
        } },
    }))
    .into_response())
}

fn vocabularies(found: &MasterData) -> Vec<Value> {
    let tables = found.vocabularies().iter();
    tables
        .map(|(kind, elements)| {
            let list: Vec<Value> = elements.iter().map(|(id, e)| element(id, e)).collect();
            json!({ "type": kind, "vocabularyElementList": list })
        })
        .collect()
}

fn element(id: &str, element: &Element) -> Value {
    let mut out = Map::from_iter([("id".to_owned(), Value::from(id))]);
    if !element.attributes.is_empty() {
        let attributes = element.attributes.iter();
        let list: Vec<Value> =
            attributes.map(|(name, value)| json!({ "id": name, "attribute": Value::from(value) })).collect();
        out.insert("attributes".to_owned(), list.into());
    }
    if !element.children.is_empty() {
        out.insert("children".to_owned(), element.children.iter().cloned().collect());
    }
    out.into()
}
